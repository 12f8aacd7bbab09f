/**
 * Every way in which a peer connection is replaced leaves live pictures: a camera and a screen that were on before
 * the server restarted, or before both media and socket were lost, are seen again without anybody touching them.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launch } from './browser.ts';
import { openKit } from './kit.ts';
import { startServer, type RealServer } from './server.ts';

/** Longer than a slow machine takes. */
const PATIENCE_MS = 90_000;
const limits = { timeout: 240_000 };

let server: RealServer;
let browser: Browser;
let sender: Page;
let viewer: Page;

declare global {
  // eslint-disable-next-line no-var
  var sockets: WebSocket[];
}

before(async () => {
  server = await startServer();
  browser = await launch();
  [sender, viewer] = [(await openKit(browser, server.url)).page, (await openKit(browser, server.url)).page];
  for (const page of [sender, viewer]) {
    await page.evaluate(() => {
      const Socket = WebSocket;
      globalThis.sockets = [];
      globalThis.WebSocket = class extends Socket {
        constructor(...given: ConstructorParameters<typeof Socket>) {
          super(...given);
          sockets.push(this);
        }
      };
    });
  }
  await sender.evaluate(async () => {
    await kit.join({ room: 'replaced', name: 'sue', audioSlots: 1, videoSlots: 2 }, []);
    const { room } = kit.person('sue');
    for (const [kind, colour] of [['camera', 'red'], ['screen', 'blue']] as const) {
      await room.local.publish(kind, kit.patch(colour, 320, 180, 15).captureStream().getVideoTracks()[0] as MediaStreamTrack);
    }
  });
  await viewer.evaluate(async () => {
    await kit.join({ room: 'replaced', name: 'vic', audioSlots: 1, videoSlots: 2 }, []);
    const sue = [...kit.person('vic').room.participants.values()].find(({ identity }) => identity === 'sue');
    for (const kind of ['camera', 'screen'] as const) {
      const video = Object.assign(document.createElement('video'), { id: kind, muted: true, autoplay: true, srcObject: sue?.stream(kind) });
      document.body.append(video);
    }
  });
  await advances('at first');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Both elements, untouched since the beginning, show ten new frames. */
async function advances(when: string): Promise<void> {
  const stuck = await viewer.evaluate(async (patience) => {
    const result: string[] = [];
    for (const video of document.querySelectorAll('video[id]') as NodeListOf<HTMLVideoElement>) {
      let frames = 0;
      const count = (): void => {
        frames += 1;
        if (frames < 10) video.requestVideoFrameCallback(count);
      };
      video.requestVideoFrameCallback(count);
      if (await kit.until(() => frames >= 10, patience)) continue;
      const tracks = (video.srcObject as MediaStream).getTracks().map(({ readyState, muted }) => `${readyState}${muted ? ' muted' : ''}`);
      result.push(`${video.id}: ${frames} frames, tracks ${tracks.join(', ')}`);
    }
    return result;
  }, PATIENCE_MS);
  assert.deepEqual(stuck, [], when);
  const tracks = await viewer.evaluate(() => [...document.querySelectorAll<HTMLVideoElement>('video[id]')].map(({ srcObject }) => (srcObject as MediaStream).getTracks().map(({ readyState }) => readyState)));
  assert.deepEqual(tracks, [['live'], ['live']], `${when}: one live track each, no ended one`);
}

/** Waits until the page's client has another peer connection than before, over which media flow. */
async function replaced(page: Page, name: string, action: () => Promise<unknown>): Promise<void> {
  await page.evaluate((who) => {
    const { room } = kit.person(who);
    Object.assign(globalThis, { former: room.peer });
  }, name);
  await action();
  await page.waitForFunction((who) => {
    const { peer, phase } = kit.person(who as string).room;
    const { former } = globalThis as unknown as { former: unknown };
    return peer !== former && phase.name === 'connected' && peer?.connection.connectionState === 'connected';
  }, name, { timeout: PATIENCE_MS });
}

/** The socket and the media of a page are gone. */
const lose = (page: Page, name: string) => (): Promise<void> =>
  page.evaluate((who) => {
    kit.person(who).room.peer?.connection.close();
    sockets.at(-1)?.close();
  }, name);

test('a camera and a screen are live again after the server has restarted', limits, async () => {
  await replaced(sender, 'sue', () => replaced(viewer, 'vic', () => server.restart()));
  await advances('after a restart');
});

test('a camera and a screen are live again after the viewer lost socket and media', limits, async () => {
  await replaced(viewer, 'vic', lose(viewer, 'vic'));
  await advances('after the viewer came back');
});

test('a camera and a screen are live again after the sender lost socket and media', limits, async () => {
  await replaced(sender, 'sue', lose(sender, 'sue'));
  await advances('after the sender came back');
});
