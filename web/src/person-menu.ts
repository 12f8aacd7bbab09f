/** Everything that a moderator can do to somebody; what dragging does as well, for keyboards and phones. */
import type { Participant, Room } from '@sideroom/client';
import { h, short } from './dom.js';
import { removeDialog } from './hosting.js';
import type { Talk } from './talk.js';
import { notify, openDialog, run } from './notices.js';

type Act = (label: string, action: () => Promise<unknown>, kind?: string) => HTMLElement;

/** Opens the menu of a person. It follows what changes meanwhile, and closes when they leave. */
export function personMenu(room: Room, person: Participant, talk: Talk): void {
  const dialog = openDialog(person.name, (close) => {
    const act: Act = (label, action, kind = '') => h('button', { type: 'button', class: kind, 'data-key': label, onclick: () => (close(), run(action)) }, label);
    return [
      h('p', { class: 'dim small' }, `${person.isModerator ? 'Moderator' : 'Participant'}, in ${room.groupName(person.groupId)}`),
      ...help(room, person, act),
      ...(person.isMe || !room.me.grants.addressAll ? [] : [act('Speak to them only', async () => talk.speak({ people: [person.id] }))]),
      ...moves(room, person, act),
      ...(person.isMe ? [] : rights(room, person, act, close)),
    ];
  }, () => stop());
  const stop = room.on('changed', () => (room.participants.has(person.id) ? dialog.update() : dialog.close()));
}

function help(room: Room, person: Participant, act: Act): HTMLElement[] {
  if (!person.helpRaised || person.isMe) return [];
  const go = person.groupId === room.me.groupId ? [] : [act('Go there and help', () => room.breakouts.answerHelp(person.id, { join: true }), 'primary')];
  return [...go, act('Mark the call for help as answered', () => room.breakouts.answerHelp(person.id))];
}

function moves(room: Room, person: Participant, act: Act): HTMLElement[] {
  const targets = [{ id: 'parent', name: room.groupName('parent') }, ...room.breakouts.all.filter(({ isOpen }) => isOpen)].filter(({ id }) => id !== person.groupId);
  const asks = person.isAway || person.isMe || room.me.isAway ? [] : room.breakouts.all.filter(({ isOpen, invitedIdentities }) => isOpen && !invitedIdentities.includes(person.identity));
  const prepared = person.isMe ? [] : room.breakouts.all.filter(({ isOpen, assignedIdentities }) => !isOpen && !assignedIdentities.includes(person.identity));
  return [
    ...prepared.map((breakout) => act(`Assign to ${short(breakout.name)}`, () => breakout.assign([person.identity]))),
    ...targets.map(({ id, name }) => act(`Move to ${short(name)}`, () => room.breakouts.move({ [person.id]: id }))),
    ...asks.map((breakout) =>
      act(`Ask to join ${short(breakout.name)}`, async () => {
        await breakout.invite([person.id]);
        notify(`${short(person.name)} is asked to join ${short(breakout.name)}.`);
      }),
    ),
  ];
}

function rights(room: Room, person: Participant, act: Act, close: () => void): HTMLElement[] {
  const muted = person.track('audio')?.mutedByModerator ?? false;
  const dark = person.track('camera')?.mutedByModerator ?? false;
  const remove = (): void => {
    close();
    removeDialog(room, person);
  };
  return [
    person.track('audio') ? act(muted ? 'Let them speak again' : 'Mute for everybody', () => room.muteOther(person.id, ['audio'], !muted)) : null,
    person.track('camera') ? act(dark ? 'Let them show their camera again' : 'Turn off their camera', () => room.muteOther(person.id, ['camera'], !dark)) : null,
    person.isModerator ? null : act(person.grants.createSideRooms ? 'Let them make no more side rooms' : 'Let them make side rooms', () => room.setGrants(person.id, { createSideRooms: !person.grants.createSideRooms })),
    act(person.isModerator ? 'Make a participant' : 'Make a moderator', () => room.setRole(person.id, person.isModerator ? 'participant' : 'moderator')),
    h('button', { type: 'button', class: 'danger', 'data-key': 'remove', onclick: remove }, 'Remove from the meeting…'),
  ].filter((each): each is HTMLElement => each !== null);
}
