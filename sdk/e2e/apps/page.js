// What the apps show: lines, buttons with a label, and fields to write in.
document.body.replaceChildren();

/** Adds a line. */
export function say(line) {
  (window.lines ??= []).push(line);
}

/** Adds a button. */
export function button(label, click) {
  const element = document.createElement('button');
  element.textContent = label;
  element.addEventListener('click', click);
  document.body.append(element);
}

/** Adds a field; call what it returns for its text. */
export function field(label) {
  const element = document.createElement('input');
  element.setAttribute('aria-label', label);
  document.body.append(element);
  return () => element.value;
}
