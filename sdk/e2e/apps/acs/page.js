// What the apps show: lines, and buttons with a label.

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
