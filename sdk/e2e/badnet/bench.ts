/** All bad networks, one after the other: writes `docs/benchmarks/bad-networks.md`, `.json` and the plots. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../server.ts';
import { drop, jitter, layers, loss, outage, share, tcp, type Measured, type Setting } from './scenarios.ts';

const SCENARIOS: [string, (setting: Setting) => Promise<Measured>][] = [
  ['drop', (setting) => drop(setting)],
  ['loss-5', (setting) => loss(setting, 0.05, 0.01)],
  ['loss-5-speaking', (setting) => loss(setting, 0.05, 0.01, 30_000, true)],
  ['loss-10', (setting) => loss(setting, 0.1, 0.02)],
  ['loss-20', (setting) => loss(setting, 0.2, 0.06)],
  ['jitter', (setting) => jitter(setting)],
  ['outage', (setting) => outage(setting)],
  ['layers', (setting) => layers(setting)],
  ['share', (setting) => share(setting)],
  ['tcp', (setting) => tcp(setting)],
];

const wanted = process.argv.slice(2).filter((each) => !each.startsWith('--'));
const chosen = SCENARIOS.filter(([name]) => wanted.length === 0 || wanted.some((part) => name.startsWith(part)));
const seed = Number(process.env['SEED'] ?? 1);
const folder = join(ROOT, wanted.length === 0 ? 'docs/benchmarks' : 'test-results/bad-networks');

const outcomes: (Measured & { load: number })[] = [];
for (const [name, run] of chosen) {
  const outcome = await run({ seed, patience: 1, room: `network-${name}` });
  outcomes.push({ ...outcome, load: loadavg()[0] ?? 0 });
  for (const bound of outcome.bounds) console.log(`${bound.holds ? '  ' : '! '}${name}: ${bound.what}: ${bound.seen} (${bound.wanted})`);
}
write();
const failed = outcomes.flatMap(({ bounds }) => bounds).filter(({ holds }) => !holds).length;
console.log(`${failed} bounds did not hold; written to ${folder}`);
process.exit(failed > 0 ? 1 : 0);

function write(): void {
  mkdirSync(folder, { recursive: true });
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;
  for (const { name, svg } of outcomes) writeFileSync(join(folder, `network-${name}.svg`), svg);
  const results = outcomes.map(({ svg: _, ...rest }) => rest);
  writeFileSync(join(folder, 'bad-networks.json'), `${JSON.stringify({ commit, machine, seed, results }, null, 2)}\n`);
  writeFileSync(join(folder, 'bad-networks.md'), page(commit, machine));
}

function page(commit: string, machine: string): string {
  const busiest = Math.max(...outcomes.map(({ load }) => load));
  const rows = outcomes.flatMap(({ name, bounds }) => bounds.map((bound) => `| ${name} | ${bound.what} | ${bound.wanted} | ${bound.seen} | ${bound.holds ? 'yes' : '**no**'} |`));
  const stories = outcomes.map(({ name, story, encoded }) => `## ${name}\n\n${story} The publisher encoded ${Math.round(encoded * 100)} % of its camera's frames.\n\n![${name} over time](network-${name}.svg)\n`);
  return `# Bad networks

Written by \`make bench-networks\`. Chromium receives through a link that does what the scenario says
(\`sideroom-link --help\`); the publisher is another browser on a clean path: three VP8 layers of a camera of
1280×720 at 20 frames a second, and Opus. What is heard and seen comes from \`getStats\`, the estimate from the
server's log, rates and queues from the link, CPU from the browser's processes. Who watches sends nothing unless
the scenario says so: that is harder, because such a browser does not know its round trip and makes no room for
retransmissions; the SDK does (\`longestPlayoutDelayMs\`). All processes share one machine, so that a busy machine
shows as freezes: the load average at the busiest scenario was ${busiest.toFixed(1)}.

Commit ${commit}, ${machine}, seed ${seed}.

| scenario | what | bound | seen | holds |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

${stories.join('\n')}`;
}
