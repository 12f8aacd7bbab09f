/** Pages that carry the measuring kit of `page/`, opened on a real server. */
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { watchErrors } from './browser.ts';
import type { Kit } from './page/kit.ts';

declare global {
  // eslint-disable-next-line no-var
  var kit: Kit;
}

/** A page on the server's origin with nothing of the demo in it, and the kit. */
export async function openKit(browser: Browser, url: string): Promise<{ page: Page; errors: string[] }> {
  const bundle = await build({ entryPoints: ['e2e/page/kit.ts'], bundle: true, format: 'iife', write: false, target: 'es2022' });
  const page = await browser.newPage({ bypassCSP: true, viewport: { width: 640, height: 480 } });
  // The join page gives way: only its origin is wanted.
  await page.goto(`${url}/`);
  await page.evaluate(() => document.body.replaceChildren());
  const errors = watchErrors(page);
  await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' });
  return { page, errors };
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which `part` of them lie. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** One line for the log: a measurement, and its distribution. */
export function print(what: string, values: readonly number[]): void {
  const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)].map((value) => value.toFixed(1));
  console.log(`# ${what}: median ${middle}, p90 ${quantile(values, 0.9).toFixed(1)}, p99 ${quantile(values, 0.99).toFixed(1)}, least ${least}, most ${most}`);
}
