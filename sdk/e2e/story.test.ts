/** Five people, two breakouts, and every step of the story: who hears whom, known by their tones. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launch } from './browser.ts';
import { limitMs } from './pace.ts';
import { Person, beginStep, checkRecords, expectHearing, type Hearing } from './person.ts';
import { startServer, type RealServer } from './server.ts';

let server: RealServer;
let browser: Browser;
const people: Person[] = [];
const person = (name: string): Person => people.find((each) => each.name === name) as Person;
const [ada, bob, cleo, dan, eve] = ['ada', 'bob', 'cleo', 'dan', 'eve'].map((name) => () => person(name)) as [() => Person, () => Person, () => Person, () => Person, () => Person];
const EVERYBODY = ['ada', 'bob', 'cleo', 'dan', 'eve'];

/** The expected hearing: everybody in a group hears its others; `also` names exceptions. */
function hearing(groups: string[][], also: Hearing = {}): Hearing {
  const heard = Object.fromEntries(groups.flatMap((group) => group.map((name) => [name, group.filter((other) => other !== name)])));
  for (const [name, more] of Object.entries(also)) heard[name] = [...new Set([...(heard[name] ?? []), ...more])];
  return heard;
}

const timings: [string, number][] = [];

/** One step of the story and the hearing that it leads to. */
async function step(what: string, expected: Hearing, action: () => Promise<unknown>): Promise<void> {
  beginStep(people);
  await action();
  timings.push([what, await expectHearing(people, expected, what)]);
}

before(async () => {
  server = await startServer();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('the whole story', { timeout: 600_000 }, async (t) => {
  for (const name of EVERYBODY) people.push(await Person.join(browser, server.url, 'story', name, name === 'ada' ? 'moderator' : 'participant'));
  const joined = await ada().do(() => sideroom.joinedMs);
  assert.ok(joined < limitMs(2_000), `the first meeting was joined in ${joined} ms`);
  console.log(`# the first meeting was joined in ${Math.round(joined)} ms`);
  let rooms: string[] = [];

  await t.test('everybody hears everybody in the parent', () => step('joined', hearing([EVERYBODY]), async () => {}));

  await t.test('two breakouts, an invitation that is accepted', () =>
    step('invite and accept', hearing([['ada', 'cleo', 'dan', 'eve'], ['bob']]), async () => {
      rooms = await ada().do(async () => (await sideroom.room.breakouts.create({ rooms: 2, capacity: 4, media: { audio: true, screen: true, canvas: true } })).map(({ id }: { id: string }) => id));
      const accepted = bob().page.getByRole('button', { name: 'Join', exact: true }).click();
      await ada().do(({ room, id }) => sideroom.room.breakouts.find(room).invite([id]), { room: rooms[0] as string, id: bob().id });
      await accepted;
      await bob().page.waitForFunction(() => sideroom.room.me.isAway);
    }),
  );

  await t.test('an invitation that is declined changes nothing, and the moderator learns of it', () =>
    step('reject', hearing([['ada', 'cleo', 'dan', 'eve'], ['bob']]), async () => {
      const declined = dan().page.getByRole('button', { name: 'Decline' }).click();
      const told = ada().do(() => new Promise<string>((resolve) => sideroom.room.breakouts.once('invitationRejected', (event: { participantId: string }) => resolve(event.participantId))));
      await ada().do(({ room, id }) => sideroom.room.breakouts.find(room).invite([id]), { room: rooms[0] as string, id: dan().id });
      await declined;
      assert.equal(await told, dan().id);
    }),
  );

  await t.test('a forced invitation moves at once', () =>
    step('force', hearing([['ada', 'dan', 'eve'], ['bob', 'cleo']]), () =>
      ada().do(({ room, id }) => sideroom.room.breakouts.find(room).invite([id], { force: true }), { room: rooms[0] as string, id: cleo().id }),
    ),
  );

  await t.test('whoever is away hears the parent when it says so, and nobody hears them there', () =>
    step('resume the parent', hearing([['ada', 'dan', 'eve'], ['bob', 'cleo']], { bob: ['ada', 'dan', 'eve'] }), () => bob().do(() => sideroom.room.setGate({ paused: false }))),
  );

  await t.test('the parent muted', () =>
    step('mute the parent', hearing([['ada', 'dan', 'eve'], ['bob', 'cleo']]), () => bob().do(() => sideroom.room.setGate({ audioMuted: true }))),
  );

  await t.test('the parent unmuted, then paused', async () => {
    await step('unmute the parent', hearing([['ada', 'dan', 'eve'], ['bob', 'cleo']], { bob: ['ada', 'dan', 'eve'] }), () => bob().do(() => sideroom.room.setGate({ audioMuted: false })));
    await step('pause the parent', hearing([['ada', 'dan', 'eve'], ['bob', 'cleo']]), () => bob().do(() => sideroom.room.setGate({ paused: true })));
  });

  await t.test('another breakout beside the first', () =>
    step('second breakout', hearing([['ada', 'eve'], ['bob', 'cleo'], ['dan']]), () =>
      ada().do(({ room, id }) => sideroom.room.breakouts.move({ [id]: room }), { room: rooms[1] as string, id: dan().id }),
    ),
  );

  await t.test('a moderator addresses every group, and stops', async () => {
    await step('address all', hearing([['ada', 'eve'], ['bob', 'cleo'], ['dan']], { bob: ['ada'], cleo: ['ada'], dan: ['ada'] }), () => ada().do(() => sideroom.room.breakouts.addressAll()));
    await step('stop addressing', hearing([['ada', 'eve'], ['bob', 'cleo'], ['dan']]), () => ada().do(() => sideroom.room.breakouts.stopAddressing()));
  });

  await t.test('a moderator listens in without being heard, and stops', async () => {
    await step('listen in', hearing([['ada', 'eve'], ['bob', 'cleo'], ['dan']], { ada: ['bob', 'cleo'] }), () => ada().do((room) => sideroom.room.breakouts.listenIn(room), rooms[0] as string));
    await step('stop listening', hearing([['ada', 'eve'], ['bob', 'cleo'], ['dan']]), () => ada().do(() => sideroom.room.breakouts.stopListening()));
  });

  await t.test('a mute by the person itself, and by the moderator', async () => {
    await step('mute oneself', { ada: ['eve'], eve: ['ada'], bob: [], cleo: ['bob'], dan: [] }, () => cleo().do(() => sideroom.room.local.mute('audio')));
    await step('unmute oneself', hearing([['ada', 'eve'], ['bob', 'cleo'], ['dan']]), () => cleo().do(() => sideroom.room.local.unmute('audio')));
    await step('muted by a moderator', { ada: [], eve: ['ada'], bob: ['cleo'], cleo: ['bob'], dan: [] }, () => ada().do((id) => sideroom.room.muteOther(id, ['audio']), eve().id));
    await step('unmuted by a moderator', hearing([['ada', 'eve'], ['bob', 'cleo'], ['dan']]), () => ada().do((id) => sideroom.room.muteOther(id, ['audio'], false), eve().id));
  });

  await t.test('screen and canvas reach the own group only, told apart by colour', () => colours(rooms));

  await t.test('a move from breakout to breakout in one step', () =>
    step('move', hearing([['ada', 'eve'], ['bob'], ['cleo', 'dan']]), () =>
      ada().do(({ room, id }) => sideroom.room.breakouts.move({ [id]: room }), { room: rooms[1] as string, id: cleo().id }),
    ),
  );

  await t.test('a dropped socket comes back, and nothing is heard that was not before', () =>
    step('reconnect', hearing([['ada', 'eve'], ['bob'], ['cleo', 'dan']]), async () => {
      const back = cleo().do(() => new Promise<string>((resolve) => sideroom.room.on('phase', (phase: { name: string; how: string }) => phase.name === 'connected' && resolve(phase.how))));
      await cleo().cutSocket();
      assert.equal(await back, 'resumed');
    }),
  );

  await t.test('a tab that is reloaded is back in its breakout', () =>
    step('reload', hearing([['ada', 'eve'], ['bob'], ['cleo', 'dan']]), async () => {
      const id = dan().id;
      await dan().reload();
      assert.equal(dan().id, id);
      assert.equal(await dan().do(() => sideroom.room.me.groupId), rooms[1]);
    }),
  );

  await t.test('leaving by oneself', () =>
    step('leave', hearing([['ada', 'bob', 'eve'], ['cleo', 'dan']]), () => bob().do(() => sideroom.room.breakouts.mine.leave())),
  );

  await t.test('clear brings everybody back and keeps the breakouts', () =>
    step('clear', hearing([EVERYBODY]), async () => {
      await ada().do(() => sideroom.room.breakouts.clear());
      assert.equal(await ada().do(() => sideroom.room.breakouts.all.length), 2);
    }),
  );

  await t.test('destroy after people are away again', async () => {
    await step('away again', hearing([['ada', 'dan', 'eve'], ['bob', 'cleo']]), () =>
      ada().do(({ room, ids }) => sideroom.room.breakouts.move(Object.fromEntries(ids.map((id: string) => [id, room]))), { room: rooms[0] as string, ids: [bob().id, cleo().id] }),
    );
    await step('destroy', hearing([EVERYBODY]), () => ada().do(() => sideroom.room.breakouts.destroy()));
  });

  await t.test('not one sample with a voice that did not belong, in the whole test', async () => {
    const samples = await checkRecords(people);
    assert.ok(samples > 500, `${samples} samples`);
    console.log(`# ${samples} samples; slowest step ${Math.max(...timings.map(([, ms]) => ms))} ms`);
  });

  await t.test('no page logged an error', () => {
    for (const each of people) assert.deepEqual(each.errors, [], each.name);
  });
});

type Colour = [number, number, number] | null;

const isRed = (colour: Colour): boolean => Boolean(colour && colour[0] > 150 && colour[2] < 110);
const isBlue = (colour: Colour): boolean => Boolean(colour && colour[2] > 150 && colour[0] < 110);

/** Bob shares a red screen and a blue canvas in his breakout; Ada a blue screen in the parent. */
async function colours(rooms: string[]): Promise<void> {
  assert.equal(rooms.length, 2);
  await bob().do(() => sideroom.publishPatch('screen', '#d02020'));
  await bob().do(() => sideroom.publishPatch('canvas', '#2030d0'));
  await ada().do(() => sideroom.publishPatch('screen', '#2030d0'));
  const sees = (viewer: Person, publisher: Person, kind: string): Promise<Colour> => viewer.do(({ id, kind: which }) => sideroom.colour(id, which), { id: publisher.id, kind });
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + 30_000;
    while (!(await holds())) {
      if (Date.now() > deadline) assert.fail(what);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await until('cleo sees a red screen', async () => isRed(await sees(cleo(), bob(), 'screen')));
  await until('cleo sees a blue canvas', async () => isBlue(await sees(cleo(), bob(), 'canvas')));
  await until('eve sees a blue screen', async () => isBlue(await sees(eve(), ada(), 'screen')));
  for (const outsider of [eve(), dan()]) {
    for (const kind of ['screen', 'canvas']) assert.equal(await sees(outsider, bob(), kind), null, `${outsider.name} sees ${kind} of the breakout`);
  }
  assert.equal(await sees(cleo(), ada(), 'screen'), null, 'cleo sees the parent although it is paused');
  await bob().do(() => Promise.all([sideroom.room.local.unpublish('screen'), sideroom.room.local.unpublish('canvas')]));
  await ada().do(() => sideroom.room.local.unpublish('screen'));
}
