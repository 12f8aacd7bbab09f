/**
 * The fake gateway inside a page, with a few people who are not there: a second peer connection answers
 * the page's offer and sends their pictures and voices. For screenshots and smoke tests without a server.
 */
import { FakeGateway } from './gateway.ts';
import { picture } from './picture.ts';
import type { FakeParticipant } from './words.ts';

const BOTS = [
  ['Grace Hopper', 0],
  ['Alan Turing', 140],
  ['Emmy Noether', 25],
  ['Katherine Johnson', 265],
  ['Edsger Dijkstra', 320],
] as const;

const answering = new Map<string, RTCPeerConnection>();

const gateway = new FakeGateway(async (offer, participant) => {
  const peer = new RTCPeerConnection();
  answering.set(participant.id, peer);
  await peer.setRemoteDescription({ type: 'offer', sdp: offer });
  for (const transceiver of peer.getTransceivers()) {
    const slot = new RegExp(`a=mid:${transceiver.mid}\\r\\n(?:(?!\\r\\nm=)[^])*?a=recvonly`).test(offer);
    transceiver.direction = slot ? 'sendonly' : 'recvonly';
  }
  await peer.setLocalDescription(await peer.createAnswer());
  await new Promise<void>((resolve) => {
    if (peer.iceGatheringState === 'complete') return resolve();
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
    setTimeout(resolve, 500);
  });
  return peer.localDescription?.sdp ?? '';
});

const pictures = new Map<string, MediaStreamTrack>();
const room = gateway.room('physics');
room.settings['maxActiveTalkers'] = 6;
const bots = BOTS.map(([name, hue], index) => {
  const bot = room.join(name.toLowerCase(), name, false);
  for (const track of bot.tracks) track['published'] = track['kind'] === 'TRACK_KIND_AUDIO' || (track['kind'] === 'TRACK_KIND_CAMERA' && index !== 3);
  if (index === 1) bot.tracks.forEach((track) => track['kind'] === 'TRACK_KIND_AUDIO' && (track['mutedByPublisher'] = true));
  room.regroup(bot);
  pictures.set(bot.id, picture(hue));
  return bot;
});

const route = room.route.bind(room);
room.route = () => {
  route();
  for (const listener of room.participants.values()) carry(listener);
};

/** Puts the sources of the slots on the answering connection. */
function carry(listener: FakeParticipant): void {
  const peer = answering.get(listener.id);
  for (const slot of listener.slots) {
    const [who = '', kind = ''] = slot.source.split('|')[0]?.split(' ') ?? [];
    const track = kind === 'TRACK_KIND_AUDIO' ? null : (pictures.get(who) ?? null);
    const sender = peer?.getTransceivers().find(({ mid }) => mid === slot.mid)?.sender;
    if (sender && sender.track !== track) void sender.replaceTrack(track);
  }
}

Object.assign(globalThis, { WebSocket: gateway.webSocket(), fakeServer: { gateway, room, bots, connections: answering } });

const realFetch = globalThis.fetch.bind(globalThis);
globalThis.fetch = async (input, init) => {
  if (String(input) !== '/dev/token') return realFetch(input, init);
  const person = JSON.parse(String(init?.body)) as { room: string; identity: string; name: string; role: string };
  return new Response(JSON.stringify({ token: JSON.stringify(person) }));
};
