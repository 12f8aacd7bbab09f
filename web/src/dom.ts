/** Building the pages: elements, icons, and changing them in place. */

type Child = Node | string | number | null | undefined | false;
type Props = Record<string, unknown>;

/**
 * An element. Props that start with `on` are listeners, `class` and everything with a dash are
 * attributes, the rest are properties; `null`, `undefined` and `false` attributes are left out.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith('on')) listen(element, name.slice(2), value as Handler);
    else if (name === 'class' || name === 'role' || name === 'for' || name.includes('-')) {
      if (value !== false) element.setAttribute(name, String(value));
    } else (element as unknown as Props)[name] = value;
  }
  element.append(...present(children));
  return element;
}

type Handler = (event: Event) => void;

/** The handlers given to `h`: `morph` carries them from one tree to the other. */
const handlers = new WeakMap<Element, Map<string, Handler>>();

function listen(element: Element, type: string, handler: Handler): void {
  const known = handlers.get(element) ?? new Map<string, Handler>();
  handlers.set(element, known);
  if (!known.has(type)) element.addEventListener(type, (event) => handlers.get(element)?.get(type)?.(event));
  known.set(type, handler);
}

/** An SVG element. */
export function s(tag: string, attributes: Record<string, string | number> = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...present(children));
  return element;
}

function present(children: Child[]): (Node | string)[] {
  return children.flatMap((child) =>
    child === null || child === undefined || child === false
      ? []
      : [typeof child === 'number' ? String(child) : child],
  );
}

/** Makes these the children of `parent`. Those that are there already stay, and keep focus and playback. */
export function fill(parent: Element, ...children: Child[]): void {
  place(parent, present(children).map(nodeOf));
}

const nodeOf = (child: Node | string): Node => (typeof child === 'string' ? document.createTextNode(child) : child);

function place(parent: Element, nodes: Node[]): void {
  const focused = document.activeElement;
  const wanted = new Set(nodes);
  for (const old of [...parent.childNodes]) {
    if (wanted.has(old)) continue;
    leaveFocus(old);
    old.remove();
  }
  nodes.forEach((node, index) => {
    const there = parent.childNodes[index] ?? null;
    if (there !== node) parent.insertBefore(node, there);
  });
  // Moving an element takes its focus.
  if (focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

/**
 * Takes the focus out of something that is about to go or to hide: to the dialog that it stands in, or to the
 * meeting. Left to the browser the focus would fall back to the start of the page.
 */
export function leaveFocus(gone: Node): void {
  if (!gone.contains(document.activeElement)) return;
  const around = document.activeElement?.closest<HTMLElement>('dialog') ?? document.getElementById('main');
  if (around && !gone.contains(around)) around.focus({ preventScroll: true });
}

/**
 * Makes the children of `parent` equal to `next`. Elements that stay are changed and not replaced, so that
 * focus, a press that has begun, and what a screen reader has read stay with them. A `data-key` says which
 * element is which; without it the first one of the same tag is taken.
 */
export function morph(parent: Element, ...next: Child[]): void {
  const wanted = present(next).map(nodeOf);
  const left = [...parent.childNodes];
  const placed = wanted.map((node) => {
    const index = left.findIndex((old) => isSame(old, node));
    const [kept] = index < 0 ? [] : left.splice(index, 1);
    if (kept) become(kept, node);
    return kept ?? node;
  });
  place(parent, placed);
}

function isSame(old: Node, next: Node): boolean {
  if (!(old instanceof Element) || !(next instanceof Element)) return old.nodeType === next.nodeType;
  return old.tagName === next.tagName && old.getAttribute('data-key') === next.getAttribute('data-key');
}

function become(old: Node, next: Node): void {
  if (old === next) return;
  if (!(old instanceof Element) || !(next instanceof Element)) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...next.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  handlers.get(old)?.forEach((_, type) => listen(old, type, () => {}));
  handlers.get(next)?.forEach((handler, type) => listen(old, type, handler));
  if (next instanceof HTMLInputElement) (old as HTMLInputElement).checked = next.checked;
  morph(old, ...next.childNodes);
  // A choice that is open, or a slider that is held, belongs to the person.
  const chosen = next instanceof HTMLSelectElement || (next instanceof HTMLInputElement && next.type === 'range');
  if (chosen && old !== document.activeElement) (old as HTMLSelectElement).value = next.value;
}

/** A name that is cut where it does not fit; the whole of it is its title. */
export function cut(text: string, tag: 'span' | 'h1' | 'h3' | 'b' = 'span'): HTMLElement {
  return h(tag, { class: 'cut', title: text }, text);
}

/** A name inside a sentence: cut after some 40 letters. */
export function short(name: string): string {
  const letters = [...name];
  return letters.length > 40 ? `${letters.slice(0, 39).join('')}…` : name;
}

const PATHS = {
  mic: 'M12 15a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3ZM6 11.5V12a6 6 0 0 0 12 0v-.5M12 18v3M9 21h6',
  camera: 'M4 7.5h9.5a1.5 1.5 0 0 1 1.5 1.5v6a1.5 1.5 0 0 1-1.5 1.5H4A1.5 1.5 0 0 1 2.5 15V9A1.5 1.5 0 0 1 4 7.5ZM15 11l6-3.2v8.4L15 13',
  screen: 'M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1ZM9 20.5h6M12 14V8.5M9.5 11 12 8.5l2.500 2.500',
  pen: 'M4 20l1.200-4.500L16.500 4.200a1.800 1.800 0 0 1 2.500 0l.8.8a1.800 1.800 0 0 1 0 2.500L8.500 18.800 4 20ZM14.500 6.300l3.200 3.200',
  chat: 'M5 4.500h14A1.500 1.500 0 0 1 20.500 6v9a1.500 1.500 0 0 1-1.500 1.500h-7L7.500 20v-3.500H5A1.500 1.500 0 0 1 3.500 15V6A1.500 1.500 0 0 1 5 4.500Z',
  people: 'M9 11.500a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400ZM3 19.500c0-3.300 2.700-5.500 6-5.500s6 2.200 6 5.500M15.500 5.500a3 3 0 0 1 0 5.800M17.500 14.400c2.100.7 3.500 2.600 3.500 5.100',
  rooms: 'M4 4.500h8.500v15H4zM15.500 4.500H20v6h-4.500zM15.500 13.500H20v6h-4.500z',
  leave: 'M14 4.500H6.500A1.500 1.500 0 0 0 5 6v12a1.500 1.500 0 0 0 1.500 1.500H14M10.500 12H20M16.500 8.500 20 12l-3.500 3.500',
  hand: 'M8 12V6.500a1.500 1.500 0 0 1 3 0V11M11 11V5a1.500 1.500 0 0 1 3 0v6M14 11V6.500a1.500 1.500 0 0 1 3 0V14a6.500 6.500 0 0 1-6.500 6.500c-2.600 0-3.900-1-5.200-3.200l-2-3.500a1.400 1.400 0 0 1 2.400-1.500L8 15',
  megaphone: 'M4 10v4h3l8 4.500v-13L7 10H4ZM18.500 9.500a3.500 3.500 0 0 1 0 5M8 14.500l1 5h2.500l-1-4',
  ear: 'M7 9.500a5 5 0 0 1 10 0c0 3.200-3.300 4-3.300 7A3.200 3.200 0 0 1 8 18.500M10 9.500a2 2 0 0 1 4 0c0 1.500-1.500 1.800-1.500 3.300',
  pause: 'M9 5.500v13M15 5.500v13',
  play: 'M8 5.500v13l10-6.500z',
  close: 'M6 6l12 12M18 6L6 18',
  back: 'M10 6l-6 6 6 6M4.500 12H20',
  clock: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM12 7.500V12l3 2',
  speaker: 'M4 9.500v5h3.500L12 18.500v-13L7.500 9.500H4ZM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  sliders: 'M4 7.500h9M17 7.500h3M4 16.500h3M11 16.500h9M15 5.500v4M9 14.500v4',
  shuffle: 'M4 7h3c5 0 5 10 10 10h3M4 17h3c1.800 0 3-1.300 4-3M13 10c1-1.700 2.200-3 4-3h3M17.500 4.500 20 7l-2.500 2.500M17.500 14.500 20 17l-2.500 2.500',
  pin: 'M9 4h6l-1 6 3 3H7l3-3-1-6ZM12 13v7',
  plus: 'M12 5v14M5 12h14',
  warning: 'M12 4.500 21 19.500H3L12 4.500ZM12 10v4.500M12 17v.1',
  eye: 'M2.500 12s3.500-6 9.500-6 9.500 6 9.500 6-3.500 6-9.500 6-9.500-6-9.500-6ZM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  wall: 'M3.500 4.500h7.500v6.500H3.500zM13 4.500h7.500v6.500H13zM3.500 13h7.500v6.500H3.500zM13 13h7.500v6.500H13z',
  lock: 'M6.500 11h11v8.500h-11zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** A line icon in the colour of the text. `off` strikes it through. */
export function icon(name: IconName, off = false): SVGElement {
  return s(
    'svg',
    { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' },
    s('path', { d: PATHS[name] }),
    off && s('path', { d: 'M4 4l16 16', class: 'strike' }),
  );
}

/** A button with an icon, an accessible name and a tooltip. */
export function iconButton(name: IconName, label: string, onclick: () => void, props: Props = {}): HTMLButtonElement {
  return h('button', { type: 'button', class: 'icon-button', title: label, 'aria-label': label, onclick, ...props }, icon(name));
}

/** Two letters for somebody without a picture. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return ((words[0]?.[0] ?? '?') + (words.length > 1 ? (words.at(-1)?.[0] ?? '') : '')).toUpperCase();
}

/** A calm colour that is always the same for one name. */
export function hueOf(name: string): number {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 3600;
  return hash % 360;
}
