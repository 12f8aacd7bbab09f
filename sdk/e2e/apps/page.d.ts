/** Adds a line. */
export function say(line: string): void;
/** Adds a button. */
export function button(label: string, click: () => void): void;
/** Adds a field; call what it returns for its text. */
export function field(label: string): () => string;
