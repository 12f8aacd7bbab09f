/**
 * The test apps in `apps/` are written as authors of the other products' apps write them. A line that uses rows of
 * the dialect tables names them in a comment at its end: `// row: acs.on acs.off`.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The first line that uses each row, as a path from the root of the repository with a line number. */
export function appLines(folder = 'e2e/apps'): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!/\.(js|ts)$/.test(name)) continue;
    readFileSync(join(folder, name), 'utf8').split('\n').forEach((line, index) => {
      const rows = /\/\/ row: (.*)$/.exec(line)?.[1]?.trim().split(/\s+/) ?? [];
      for (const row of rows) if (!found.has(row)) found.set(row, `sdk/${folder}/${name}:${index + 1}`);
    });
  }
  return found;
}
