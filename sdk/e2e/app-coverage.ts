/** Which lines of the test apps that name a row of the dialect tables have run in a page. */
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { basename } from 'node:path';
import { appLines } from './app-lines.ts';

/** The part of Chromium's block coverage that is read. */
interface ScriptCoverage {
  readonly url: string;
  readonly source?: string;
  readonly functions: readonly { readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[] }[];
}

const INLINE = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)/;

export class AppCoverage {
  readonly #folder: string;
  readonly #ran = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(scripts: readonly ScriptCoverage[]): void {
    for (const script of scripts) if (script.url.endsWith('/meeting.js')) this.#addScript(script);
  }

  /** Rows whose line has never run, each with the line. */
  missing(): string[] {
    const rows = [...appLines(this.#folder)];
    return rows.filter(([, place]) => !this.#ran.has(basename(place))).map(([row, place]) => `${row} at ${place}`);
  }

  #addScript({ source = '', functions }: ScriptCoverage): void {
    const encoded = INLINE.exec(source)?.[1];
    if (!encoded) throw new Error('The bundle of an app has no source map.');
    const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMapPayload);
    const ranges = functions.flatMap((each) => each.ranges);
    let offset = 0;
    source.split('\n').forEach((line, index) => {
      const column = line.search(/\S/);
      const entry = column < 0 ? undefined : (map.findEntry(index, column) as Partial<SourceMapping>);
      const { originalSource, originalLine = 0 } = entry ?? {};
      if (originalSource && countAt(ranges, offset + column) > 0) this.#ran.add(`${basename(originalSource)}:${originalLine + 1}`);
      offset += line.length + 1;
    });
  }
}

/** How often the innermost block around an offset has run. */
function countAt(ranges: readonly { startOffset: number; endOffset: number; count: number }[], offset: number): number {
  const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= offset && offset < endOffset);
  return around.sort((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset))[0]?.count ?? 0;
}
