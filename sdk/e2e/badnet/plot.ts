/** Lines over time as SVG: small, with a grid, and readable on light and dark pages. */
import type { Series } from './measure.ts';

/** A chart of one or more lines over time. */
export interface Plot {
  title: string;
  unit: string;
  /** Values are divided by this before they are written. */
  scale: number;
  series: Series[];
  /** The path's capacity, or a bound, drawn as steps: pairs of second and value. */
  steps?: { name: string; at: [number, number][] };
}

const [WIDTH, HEIGHT] = [720, 220];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 150, 30, 34];
const COLOURS = ['#2f6fed', '#d9480f', '#2b8a3e', '#9c36b5'];
const GREY = '#868e96';

/** Several plots below one another, with one time axis each. */
export function svg(plots: Plot[]): string {
  const bodies = plots.map((plot, index) => `<g transform="translate(0 ${index * HEIGHT})">${draw(plot)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${plots.length * HEIGHT}" font-family="system-ui, sans-serif" font-size="11" fill="${GREY}">\n${bodies.join('\n')}\n</svg>\n`;
}

function draw({ title, unit, scale, series, steps }: Plot): string {
  const lines = series.map(({ at, values, name }) => ({ name, points: at.map((second, index) => [second, (values[index] ?? 0) / scale] as const) }));
  const limit = (steps?.at ?? []).map(([second, value]) => [second, value / scale] as const);
  const all = [...lines.flatMap(({ points }) => points), ...limit];
  const end = Math.max(1, ...all.map(([second]) => second));
  const top = roundUp(Math.max(0, ...all.map(([, value]) => value)));
  const x = (second: number): string => (LEFT + (second / end) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string => (HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * top);
    return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="${GREY}" stroke-opacity=".25"/><text x="${LEFT - 6}" y="${at}" dy="4" text-anchor="end">${written(share * top)}</text>`;
  });
  const every = [1, 2, 5, 10, 20, 60].find((step) => end / step <= 10) ?? 120;
  const seconds = Array.from({ length: Math.floor(end / every) + 1 }, (_, index) => index * every);
  const times = seconds.map((second) => `<text x="${x(second)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${second} s</text>`);
  const drawn = lines.map(({ points }, index) => `<polyline fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="1.5" points="${points.map(([second, value]) => `${x(second)},${y(value)}`).join(' ')}"/>`);
  const names = lines.map(({ name }, index) => key(index, name, COLOURS[index % COLOURS.length] ?? GREY));
  if (steps && limit.length > 0) {
    const path = limit.map(([second, value], index) => (index === 0 ? `M${x(second)} ${y(value)}` : `H${x(second)}V${y(value)}`));
    drawn.unshift(`<path fill="none" stroke="${GREY}" stroke-dasharray="4 3" d="${path.join('')}H${x(end)}"/>`);
    names.push(key(lines.length, steps.name, GREY));
  }
  return `<text x="${LEFT}" y="18" font-size="13" font-weight="600">${title}, ${unit}</text>${[...grid, ...times, ...drawn, ...names].join('')}`;
}

function key(index: number, name: string, colour: string): string {
  const y = TOP + 8 + index * 17;
  return `<path d="M${WIDTH - RIGHT + 10} ${y}h16" stroke="${colour}" stroke-width="2"/><text x="${WIDTH - RIGHT + 31}" y="${y + 4}">${name}</text>`;
}

/** The next of 1, 2, 5 times a power of ten. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

const written = (value: number): string => String(Math.round(value * 100) / 100);
