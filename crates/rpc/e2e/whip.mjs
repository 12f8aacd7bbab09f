// WHIP and WHEP with real clients: ffmpeg publishes into a room and into a breakout, and a page of Chromium
// with nothing but RTCPeerConnection and fetch watches both. A watcher of the parent must not receive the
// media of the breakout.
//
// Needs a server (SIDEROOM_URL, SIDEROOM_KEY, SIDEROOM_SECRET), FFMPEG (a build with WHIP), CHROMIUM, and
// playwright-core in sdk/node_modules.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';

const { chromium } = createRequire(new URL('../../../sdk/package.json', import.meta.url))('playwright-core');
const url = process.env.SIDEROOM_URL ?? 'http://127.0.0.1:7900';
const key = process.env.SIDEROOM_KEY ?? 'dev';
const secret = process.env.SIDEROOM_SECRET;
const ffmpeg = process.env.FFMPEG ?? 'ffmpeg';
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const room = `whip-${process.pid}-${Date.now()}`;
assert(secret, 'set SIDEROOM_SECRET');

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function sign(claims) {
  const text = `${encode({ alg: 'HS256', kid: key })}.${encode({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
const operator = sign({ aud: 'sideroom-api' });
const token = (sub, role = 'participant') => sign({ aud: 'sideroom-client', room, sub, name: sub, role });
async function call(method, body) {
  const response = await fetch(`${url}/sideroom.v1.${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator}` },
    body: JSON.stringify({ room, ...body }),
  });
  const answer = await response.json();
  assert(response.ok, `${method}: ${JSON.stringify(answer)}`);
  return answer;
}
const people = async () => (await call('RoomService/GetRoom')).room.participants ?? [];
async function eventually(what, check, ms = 20_000) {
  for (const end = Date.now() + ms; ; await new Promise((done) => setTimeout(done, 200))) {
    const got = await check();
    if (got) return got;
    assert(Date.now() < end, `${what} did not happen`);
  }
}

/** ffmpeg with a tone and a test picture. */
function publish(frequency, sub, role, query = '') {
  const args = ['-hide_banner', '-loglevel', 'warning', '-re',
    '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=30', '-f', 'lavfi', '-i', `sine=frequency=${frequency}:sample_rate=48000`,
    '-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-tune', 'zerolatency', '-bf', '0', '-g', '30', '-b:v', '300k', '-pix_fmt', 'yuv420p',
    '-c:a', 'libopus', '-ar', '48000', '-ac', '2', '-f', 'whip', '-authorization', token(sub, role), `${url}/whip/${room}${query}`];
  const child = spawn(ffmpeg, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.said = '';
  child.stderr.on('data', (data) => { child.said += data; });
  child.on('exit', (code) => { child.ended = code; });
  return child;
}

const children = [];
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns', '--mute-audio'],
});
try {
  await call('RoomService/CreateRoom', { settings: { videoCodec: 'VIDEO_CODEC_H264' } });
  const definition = { maxRooms: 1, participants: 4, media: { audio: true, screen: true, camera: true } };
  const { breakouts: [breakout] } = await call('BreakoutService/CreateBreakouts', { definition });

  children.push(publish(440, 'encoder', 'participant'));
  children.push(publish(880, 'inside', 'moderator', `?group=${breakout.id}`));
  await eventually('both encoders join', async () => {
    const gone = children.find((child) => child.ended !== undefined);
    assert(!gone, `ffmpeg ended: ${gone?.said}`);
    return (await people()).length === 2;
  });
  const inside = (await people()).find((one) => one.identity === 'inside/whip');
  assert.equal(inside.groupId, breakout.id);
  assert.equal(inside.tracks.length, 2, 'audio and video are published');
  console.log('ffmpeg publishes into the room and into the breakout');

  const page = await browser.newPage();
  page.on('pageerror', (error) => { throw error; });
  await page.goto(`${url}/whep/`).catch(() => {});
  const watch = (query, bearer) => page.evaluate(async ([address, bearer]) => {
    const peer = new RTCPeerConnection();
    for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' });
    const context = new AudioContext({ sampleRate: 48000 });
    const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
    peer.ontrack = ({ track }) => {
      const element = document.createElement(track.kind === 'audio' ? 'audio' : 'video');
      element.srcObject = new MediaStream([track]);
      element.autoplay = true;
      document.body.append(element);
      if (track.kind === 'audio') context.createMediaStreamSource(element.srcObject).connect(analyser);
    };
    await peer.setLocalDescription();
    const answer = await fetch(address, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/sdp' },
      body: peer.localDescription.sdp,
    });
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    const location = new URL(answer.headers.get('location'), address).href;
    await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    window.watchers = window.watchers ?? [];
    return window.watchers.push({ peer, analyser, context, location }) - 1;
  }, [`${url}/whep/${room}${query}`, bearer]);
  /** Frames decoded, and the loudest frequency. */
  const heard = (index) => page.evaluate(async (index) => {
    const { peer, analyser, context } = window.watchers[index];
    let frames = 0;
    (await peer.getStats()).forEach((report) => {
      if (report.type === 'inbound-rtp' && report.kind === 'video') frames += report.framesDecoded ?? 0;
    });
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const peak = bins.indexOf(Math.max(...bins));
    return { frames, level: bins[peak], frequency: peak * context.sampleRate / analyser.fftSize, state: peer.connectionState };
  }, index);

  const parent = await watch('', token('wall'));
  const away = await watch(`?group=${breakout.id}`, token('mirror', 'moderator'));
  const near = (got, hertz) => got.level > -60 && Math.abs(got.frequency - hertz) < 25;
  let last;
  await eventually('the parent is seen and heard', async () => {
    last = await heard(parent);
    return last.frames > 30 && near(last, 440);
  }).catch((error) => { throw new Error(`${error.message} ${JSON.stringify(last)}`); });
  await eventually('the breakout is seen and heard', async () => {
    last = await heard(away);
    return last.frames > 30 && near(last, 880);
  }).catch((error) => { throw new Error(`${error.message} ${JSON.stringify(last)}`); });
  for (let sample = 0; sample < 20; sample += 1) {
    assert(!near(await heard(parent), 880), 'the breakout is heard in the parent');
    assert(!near(await heard(away), 440), 'the parent is heard in the breakout');
    await new Promise((done) => setTimeout(done, 50));
  }
  console.log('Chromium watches both, and neither hears the other', JSON.stringify(await heard(parent)), JSON.stringify(await heard(away)));

  const location = await page.evaluate((index) => window.watchers[index].location, parent);
  assert.equal((await fetch(location, { method: 'DELETE', headers: { authorization: `Bearer ${token('wall')}` } })).status, 200);
  children[0].kill('SIGINT');
  await eventually('the encoder leaves', async () => !(await people()).some((one) => one.identity === 'encoder/whip'));
  assert(!(await people()).some((one) => one.identity.startsWith('wall/')));
  console.log('a deleted session leaves the room, and so does an encoder that stops');
  await call('RoomService/DeleteRoom');
  console.log('ok');
} finally {
  children.forEach((child) => child.kill('SIGKILL'));
  await browser.close();
}
