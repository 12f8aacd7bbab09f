/** A picture that moves a little: a soft gradient with somebody in front of it. Better to look at than test bars. */
export function picture(hue: number): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 640, height: 360 });
  const paper = canvas.getContext('2d') as CanvasRenderingContext2D;
  let step = 0;
  const ellipse = (colour: string, x: number, y: number, rx: number, ry: number): void => {
    paper.fillStyle = colour;
    paper.beginPath();
    paper.ellipse(x, y, rx, ry, 0, 0, 7);
    paper.fill();
  };
  const draw = (): void => {
    const light = paper.createLinearGradient(0, 0, 640, 360);
    light.addColorStop(0, `hsl(${hue} 26% 68%)`);
    light.addColorStop(1, `hsl(${hue + 30} 30% 40%)`);
    paper.fillStyle = light;
    paper.fillRect(0, 0, 640, 360);
    const sway = Math.sin(step / 12) * 6;
    ellipse(`hsl(${hue + 20} 22% 26%)`, 320 + sway, 385, 150, 150);
    ellipse('hsl(26 32% 66%)', 320 + sway, 168, 58, 74);
    ellipse(`hsl(${hue + 200} 12% 22%)`, 320 + sway, 112, 62, 34);
    step += 1;
  };
  draw();
  setInterval(draw, 100);
  return canvas.captureStream(10).getVideoTracks()[0] as MediaStreamTrack;
}
