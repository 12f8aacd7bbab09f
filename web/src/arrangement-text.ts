/** Reads rooms and their people from a pasted list or CSV, and says what is wrong in which line. */

/** A room, and those who belong there, as they are written. */
export interface ArrangedRoom {
  name: string;
  people: string[];
}

/** A line that cannot be used; lines count from 1. */
export interface LineError {
  line: number;
  message: string;
}

/** The result of reading. With errors nothing is applied. */
export interface Arrangement {
  rooms: ArrangedRoom[];
  errors: LineError[];
}

/** The most that a room and its list may have. */
export interface Limits {
  rooms: number;
  people: number;
}

const NAME_LETTERS = 60;
const HEADINGS = /^"?(room|breakout|group)"?\s*[,;\t]/i;

/**
 * Two ways of writing, line by line: `Room: Ada, Bob, Eve`, or CSV with a room and a person, `Red,Ada` (also with
 * semicolons or tabs; a heading is skipped). Empty lines and those that begin with # are left out.
 */
export function readArrangement(written: string, limits: Limits): Arrangement {
  const rooms = new Map<string, ArrangedRoom>();
  const errors: LineError[] = [];
  const seen = new Map<string, number>();
  const lines = written.split(/\r?\n/);
  lines.forEach((raw, index) => {
    const line = index + 1;
    const fail = (message: string): void => void errors.push({ line, message });
    const content = raw.trim();
    if (!content || content.startsWith('#') || (HEADINGS.test(content) && rooms.size === 0)) return;
    const [room, ...people] = cellsOf(content);
    if (room === undefined) return fail('A quotation mark is not closed.');
    if (!room) return fail('The name of the room is missing.');
    if ([...room].length > NAME_LETTERS) return fail(`The name of the room has more than ${NAME_LETTERS} letters.`);
    if (!people.some(Boolean)) return fail(`Nobody is named for ${room}. Write “${room}: Ada, Bob” or “${room},Ada”.`);
    const kept = rooms.get(room) ?? { name: room, people: [] };
    if (!rooms.has(room) && rooms.size === limits.rooms) return fail(`${room} would be room ${rooms.size + 1}; there is space for ${limits.rooms}.`);
    rooms.set(room, kept);
    for (const person of people.filter(Boolean)) {
      const before = seen.get(person.toLowerCase());
      if (before !== undefined) fail(`${person} is in line ${before} already.`);
      else if (kept.people.length === limits.people) fail(`${room} is full: it holds ${limits.people}.`);
      else {
        seen.set(person.toLowerCase(), line);
        kept.people.push(person);
      }
    }
  });
  if (!rooms.size && !errors.length) errors.push({ line: 1, message: 'There is no room yet. Write one line for each room, such as “Red: Ada, Bob”.' });
  return { rooms: [...rooms.values()], errors };
}

/** The cells of a line; nothing if a quotation mark stays open. */
function cellsOf(line: string): string[] {
  const list = /^([^":,;\t]+):(.*)$/.exec(line);
  if (list) return [list[1] ?? '', ...split(list[2] ?? '', [',', ';'])].map((each) => each.trim());
  const separator = [';', '\t'].find((each) => line.includes(each)) ?? ',';
  return split(line, [separator]).map((each) => each.trim());
}

function split(line: string, separators: readonly string[]): string[] {
  const cells = [''];
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] as string;
    if (letter === '"' && quoted && line[at + 1] === '"') (cells[cells.length - 1] += '"'), (at += 1);
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && separators.includes(letter)) cells.push('');
    else cells[cells.length - 1] += letter;
  }
  return quoted ? [] : cells;
}
