/** A whiteboard to draw on, sent as a canvas track. */
import type { Room } from '@sideroom/client';
import { h, iconButton, leaveFocus } from './dom.js';
import { run } from './notices.js';

const INKS: [string, string][] = [['#1d2a26', 'Black'], ['#1f6f5c', 'Green'], ['#2f5fb3', 'Blue'], ['#b3372f', 'Red']];

/** The drawing surface; hidden until it is shared. */
export class Whiteboard {
  readonly element = h('div', { class: 'whiteboard', hidden: true });
  readonly canvas = h('canvas', { width: 1280, height: 720, 'aria-label': 'Whiteboard. Draw with a mouse, pen or finger.', role: 'img' });
  readonly #paper: CanvasRenderingContext2D;
  #ink = INKS[0]?.[0] ?? '#000';

  constructor(
    private readonly room: Room,
    private readonly shown: () => void,
  ) {
    this.#paper = this.canvas.getContext('2d') as CanvasRenderingContext2D;
    this.clear();
    const tools = h('div', { class: 'tools row tight', role: 'toolbar', 'aria-label': 'Whiteboard' });
    for (const [colour, name] of INKS) tools.append(this.#swatch(colour, name, tools));
    tools.append(
      h('button', { type: 'button', class: 'plain', onclick: () => this.clear() }, 'Clear'),
      iconButton('close', 'Stop sharing the whiteboard', () => run(() => this.toggle())),
    );
    this.element.append(this.canvas, tools);
    this.canvas.addEventListener('pointerdown', (event) => this.#draw(event));
  }

  /** Shares the whiteboard, or stops that. */
  async toggle(): Promise<void> {
    const { local } = this.room;
    if (local.isPublished('canvas')) {
      leaveFocus(this.element);
      this.element.hidden = true;
      return local.unpublish('canvas');
    }
    this.element.hidden = false;
    this.shown();
    await local.shareCanvas(this.canvas);
    this.#dot(-10, -10);
  }

  /** Clears the board. */
  clear(): void {
    this.#paper.fillStyle = '#fdfdfb';
    this.#paper.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #swatch(colour: string, name: string, tools: Element): HTMLButtonElement {
    const button = h('button', { type: 'button', class: 'swatch', title: name, 'aria-label': `${name} ink`, 'aria-pressed': String(colour === this.#ink) });
    button.style.setProperty('--ink', colour);
    button.addEventListener('click', () => {
      this.#ink = colour;
      for (const other of tools.querySelectorAll('.swatch')) other.setAttribute('aria-pressed', String(other === button));
    });
    return button;
  }

  #dot(x: number, y: number): void {
    this.#paper.fillStyle = this.#ink;
    this.#paper.fillRect(x, y, 1, 1);
  }

  #draw(start: PointerEvent): void {
    this.canvas.setPointerCapture(start.pointerId);
    let [x, y] = this.#at(start);
    const paper = this.#paper;
    const move = (event: PointerEvent): void => {
      const [toX, toY] = this.#at(event);
      paper.strokeStyle = this.#ink;
      paper.lineWidth = event.pointerType === 'pen' ? 2 + event.pressure * 5 : 4;
      paper.lineCap = 'round';
      paper.beginPath();
      paper.moveTo(x, y);
      paper.lineTo(toX, toY);
      paper.stroke();
      [x, y] = [toX, toY];
    };
    move(start);
    this.canvas.addEventListener('pointermove', move);
    const end = (): void => this.canvas.removeEventListener('pointermove', move);
    this.canvas.addEventListener('pointerup', end, { once: true });
    this.canvas.addEventListener('pointercancel', end, { once: true });
  }

  #at(event: PointerEvent): [number, number] {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * 1280, ((event.clientY - box.top) / box.height) * 720];
  }
}
