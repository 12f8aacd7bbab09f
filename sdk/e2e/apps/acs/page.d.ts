/** Adds a line. */
export function say(line: string): void;
/** Adds a button. */
export function button(label: string, click: () => void): void;
