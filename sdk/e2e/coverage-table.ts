/** The table of `docs/dialects/coverage.md`. */
import { readFileSync } from 'node:fs';
import { appLines } from './app-lines.ts';

/** A row of the dialect tables, and the test that exercises it. */
export interface Row {
  readonly id: string;
  readonly dialect: string;
  readonly item: string;
  readonly test: string;
}

/** From `sdk/`, where the tests run. */
export const rows = (JSON.parse(readFileSync('js/src/dialects/table.json', 'utf8')) as { rows: Row[] }).rows;

const HEAD = `# Dialect coverage

Written by the browser tests: each row of the dialect tables, the test that exercises it over a real server, its
result, and the line of a test app that uses it. The apps are written as authors of the other products' apps write
them; that each line has run in Chromium is checked by \`npm run e2e -- enablex ios acs\` in \`sdk/\`.

| dialect | row | test | result | app line |
| --- | --- | --- | --- | --- |
`;

/** Writes the table; `passed` tells whether a test has. */
export function coverageTable(passed: (test: string) => boolean): string {
  const places = appLines();
  return HEAD + rows.map((row) => line(row, passed(row.test), places.get(row.id))).join('');
}

function line({ dialect, item, test }: Row, passed: boolean, place: string | undefined): string {
  const [file = '', number = ''] = place?.split(':') ?? [];
  const shown = place ? `[${file.replace('sdk/e2e/apps/', '')}:${number}](../../${file}#L${number})` : 'none';
  return `| ${dialect} | ${item.replaceAll('|', '\\|')} | ${test.replace(/^\w+: /, '')} | ${passed ? 'passed' : 'failed'} | ${shown} |\n`;
}
