/** A whole session over the fake gateway: joining, publishing, breakouts, gates, chat. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { FakePeerConnection, FakeTrack } from '../../fake/browser.ts';
import { SideroomError, type Breakout, type Invitation, type Room } from '../src/index.ts';
import { next, until, world, type World } from './support.ts';

let here: World;
afterEach(() => here.leaveAll());

const microphone = (): MediaStreamTrack => new FakeTrack('audio') as unknown as MediaStreamTrack;

test('one offer has four sending lines, the slots, and a hint for each line that sends', async () => {
  here = world();
  await here.join('ada', 'moderator', { audioSlots: 3, videoSlots: 2 });
  const join = here.gateway.received[0];
  const sections = join?.['offer'].split('m=').slice(1) as string[];
  assert.deepEqual(sections.map((line) => line.split(' ')[0]), ['audio', 'video', 'video', 'video', 'audio', 'audio', 'audio', 'video', 'video']);
  assert.equal(sections.filter((line) => line.includes('a=sendonly')).length, 4);
  assert.deepEqual(join?.['tracks'], [
    { mid: '0', kind: 'TRACK_KIND_AUDIO' },
    { mid: '1', kind: 'TRACK_KIND_CAMERA' },
    { mid: '2', kind: 'TRACK_KIND_SCREEN' },
    { mid: '3', kind: 'TRACK_KIND_CANVAS' },
  ]);
  const camera = FakePeerConnection.all.at(-1)?.transceivers[1];
  assert.deepEqual(camera?.init.sendEncodings?.map(({ rid }) => rid), ['q', 'h', 'f']);
});

test('preferring a codec keeps rtx in the list', async () => {
  here = world();
  await here.join('ada', 'moderator', { preferredVideoCodec: 'VP9' });
  const codecs = FakePeerConnection.all.at(-1)?.transceivers[1]?.codecs as { mimeType: string }[];
  assert.equal(codecs[0]?.mimeType, 'video/VP9');
  assert.equal(codecs.filter(({ mimeType }) => mimeType === 'video/rtx').length, 2);
});

test('what one publishes the other receives in a ready-made stream', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const joined = bob.participants.get(ada.me.id);
  assert.equal(joined?.name, 'ada');
  const stream = joined?.stream('audio');
  await ada.local.publish('audio', microphone());
  await until(bob, () => joined?.receives('audio') === true);
  assert.equal(stream?.getTracks().length, 1);
  assert.equal(joined?.isLive('audio'), true);
  await ada.local.mute('audio');
  await until(bob, () => joined?.isLive('audio') === false);
  assert.equal(joined?.receives('audio'), false);
  await ada.local.unmute('audio');
  await until(bob, () => joined?.receives('audio') === true);
  await ada.local.unpublish('audio');
  await until(bob, () => stream?.getTracks().length === 0);
});

test('a breakout takes voices away from the parent, and its members hear nothing of it', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const eve = await here.join('eve');
  for (const room of [ada, bob, eve]) await room.local.publish('audio', microphone());
  const [breakout] = await ada.breakouts.create({ rooms: 1, capacity: 4, media: { audio: true } });
  assert.ok(breakout);
  const invited = new Promise<void>((resolve) => {
    bob.breakouts.once('invitation', (invitation) => {
      assert.equal(invitation.requestor, ada.me.id);
      void invitation.accept({ audio: true }).then(() => resolve());
    });
  });
  await breakout.invite([bob.me.id]);
  await invited;
  await until(eve, () => eve.participants.get(bob.me.id)?.receives('audio') === false);
  assert.equal(eve.participants.get(bob.me.id)?.isAway, true);
  await until(bob, () => bob.me.gate.paused);
  assert.equal(bob.participants.get(ada.me.id)?.receives('audio'), false);
  assert.equal(bob.breakouts.mine?.id, breakout.id);
  assert.deepEqual(bob.breakouts.invitations, []);
  await bob.setGate({ paused: false });
  await until(bob, () => bob.participants.get(ada.me.id)?.receives('audio') === true);
  await bob.breakouts.mine?.leave();
  await until(eve, () => eve.participants.get(bob.me.id)?.receives('audio') === true);
  assert.equal((await ada.moves()).length, 2);
});

test('a refused command is an error with code, sentence and the codes of both dialects', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const [breakout] = await ada.breakouts.create({ rooms: 1, capacity: 2, state: 'closed', selfSelect: true });
  await assert.rejects(bob.command('BreakoutService/JoinBreakout', { breakoutId: breakout?.id }), (error: SideroomError) => {
    assert.equal(error.code, 'BreakoutClosed');
    assert.deepEqual(error.acs, { code: 412, subCode: 46256 });
    return error instanceof SideroomError;
  });
  await assert.rejects(ada.breakouts.create({ rooms: 11, capacity: 2 }), { code: 'BreakoutLimitReached', enablex: 1726 });
});

test('a track that cannot be published is taken back', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const fail = here.gateway.room('math');
  const original = fail.command.bind(fail);
  fail.command = (who, id, method, body) => original(who, id, method === 'ParticipantService/Publish' ? 'No/Such' : method, body);
  await assert.rejects(ada.local.publish('audio', microphone()), { code: 'InvalidArgument' });
  assert.equal(ada.local.isPublished('audio'), false);
  assert.equal(ada.peer?.sender('audio')?.track, null);
});

test('a moderator sees who speaks in other groups, and their own list is of their own group', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const eve = await here.join('eve');
  const [breakout] = await ada.breakouts.create({ rooms: 1, capacity: 4 });
  await ada.breakouts.move({ [bob.me.id]: breakout?.id ?? '' });
  const say = (groupId: string, participantIds: string[]): void => here.gateway.room('math').participants.get(ada.me.id)?.send?.({ type: 'speakers', groupId, participantIds });
  const speaking = (): string[] => [...ada.participants.values()].filter(({ isSpeaking }) => isSpeaking).map(({ name }) => name);
  say('parent', [eve.me.id]);
  say(breakout?.id ?? '', [bob.me.id]);
  await until(ada, () => speaking().length === 2);
  assert.deepEqual(ada.speakers.map(({ name }) => name), ['eve']);
  say('parent', []);
  await until(ada, () => speaking().length === 1);
  assert.deepEqual(speaking(), ['bob']);
  assert.deepEqual(ada.speakers, []);
});

test('layers that nobody receives are switched off, the smallest never', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const who = here.gateway.room('math').participants.get(ada.me.id);
  const active = (): (boolean | undefined)[] | undefined => ada.peer?.sender('camera')?.getParameters().encodings.map(({ active }) => active);
  who?.send?.({ type: 'layersWanted', kind: 'TRACK_KIND_CAMERA', layers: 4 });
  who?.send?.({ type: 'speakers', groupId: 'parent', participantIds: [ada.me.id] });
  await next(ada, 'speakers');
  assert.deepEqual(active(), [true, false, true]);
  who?.send?.({ type: 'layersWanted', kind: 'TRACK_KIND_CAMERA' });
  who?.send?.({ type: 'speakers', groupId: 'parent' });
  await next(ada, 'speakers');
  assert.deepEqual(active(), [true, false, false]);
});

test('an unplugged microphone is replaced, or unpublished with a sentence', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const track = microphone();
  await ada.local.publish('audio', track);
  (track as unknown as FakeTrack).end();
  const problem = await next(ada, 'problem');
  assert.equal(problem.code, 'WebRtcMissing');
  await until(ada, () => ada.me.track('audio') === undefined);
  assert.equal(ada.local.isPublished('audio'), false);
});

test('chat reaches the group, an announcement everybody', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const heard = next(bob, 'message');
  await ada.sendMessage('hello');
  assert.deepEqual([(await heard).from?.name, (await heard).text, (await heard).groupId], ['ada', 'hello', 'parent']);
  const announced = next(bob, 'message');
  await ada.sendMessage('time is up', 'everyone');
  assert.equal((await announced).groupId, '');
});

test('a join and a leave are over when one is there, even if the answer overtakes the events', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const [breakout] = await ada.breakouts.create({ rooms: 1, capacity: 3 });
  here.gateway.answersFirst = true;
  await breakout?.join();
  assert.equal(ada.me.groupId, breakout?.id);
  await ada.setGate({ paused: false });
  assert.equal(ada.me.gate.paused, false);
  await breakout?.leave();
  assert.equal(ada.me.groupId, 'parent');
});

async function invited(): Promise<{ ada: Room; bob: Room; breakout: Breakout; invitation: Invitation }> {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const [breakout] = await ada.breakouts.create({ rooms: 1, capacity: 3 });
  assert.ok(breakout);
  const asked = next(bob.breakouts, 'invitation');
  await breakout.invite([bob.me.id]);
  return { ada, bob, breakout, invitation: await asked };
}

test('an invitation that is accepted twice at once is accepted, and does not come back', async () => {
  const { ada, bob, breakout, invitation } = await invited();
  const over = next(bob.breakouts, 'invitationOver');
  const told = next(ada.breakouts, 'invitationEnded');
  await Promise.all([invitation.accept(), invitation.accept()]);
  await invitation.accept();
  await over;
  assert.deepEqual(await told, { participantId: bob.me.id, breakoutId: breakout.id, end: 'accepted' });
  assert.equal(bob.breakouts.mine?.id, breakout.id);
  await bob.breakouts.mine?.leave();
  assert.deepEqual(bob.breakouts.invitations, []);
  await bob.refresh();
  assert.deepEqual(bob.breakouts.invitations, []);
});

test('a forced invitation is accepted by the move, and accepting it waits for that', async () => {
  const { ada, bob, breakout } = await invited();
  const forced = next(bob.breakouts, 'invitation');
  await breakout.invite([bob.me.id], { force: true });
  const inside = await (await forced).accept();
  assert.equal(inside.isMine, true);
  assert.deepEqual(bob.breakouts.invitations, []);
  await until(ada, () => breakout.members.length === 1);
});

test('moderators see who is pending, and take the invitation back', async () => {
  const { ada, bob, breakout } = await invited();
  await until(ada, () => breakout.invitedIdentities.includes('bob'));
  const told = next(ada.breakouts, 'invitationEnded');
  await breakout.withdraw([bob.me.id]);
  assert.equal((await told).end, 'withdrawn');
  await until(bob, () => bob.breakouts.invitations.length === 0);
  await until(ada, () => breakout.invitedIdentities.length === 0);
  assert.equal(bob.breakouts.find(breakout.id), undefined);
});

test('those inside learn who listens in, also who came later, and so does a snapshot', async () => {
  const { ada, bob, breakout, invitation } = await invited();
  const listener = (): string | undefined => bob.participants.get(ada.me.id)?.listeningInGroupId;
  await breakout.listenIn();
  assert.equal(listener(), '');
  await invitation.accept();
  await until(bob, () => listener() === breakout.id);
  await bob.refresh();
  assert.equal(listener(), breakout.id);
  await ada.breakouts.stopListening();
  await until(bob, () => listener() === '');
});

test('those who return are seen with the tracks and mutes that they have now, by people who were elsewhere', async () => {
  here = world();
  const ada = await here.join('ada', 'moderator');
  const bob = await here.join('bob');
  const eve = await here.join('eve');
  const [breakout] = await ada.breakouts.create({ rooms: 1, capacity: 3 });
  await ada.breakouts.move({ [bob.me.id]: breakout?.id ?? '' });
  await until(eve, () => eve.participants.get(bob.me.id)?.isAway === true);
  await bob.local.publish('audio', microphone());
  await bob.local.mute('audio');
  await until(bob, () => bob.me.track('audio')?.mutedByPublisher === true);
  assert.deepEqual(eve.participants.get(bob.me.id)?.tracks, []);
  await bob.breakouts.mine?.leave();
  await until(eve, () => eve.participants.get(bob.me.id)?.groupId === 'parent');
  assert.equal(eve.participants.get(bob.me.id)?.track('audio')?.mutedByPublisher, true);
});
