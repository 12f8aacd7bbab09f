// An app that makes mistakes: its own stay its own, and the SDK's errors say what to do.
import { Features, joinCall } from '@sideroom/client/dialects/acs';
import { button, say } from '../page.js';

const mainCall = await joinCall(location.origin, window.token);
const feature = mainCall.feature(Features.BreakoutRooms);
let kept;

feature.on('breakoutRoomsUpdated', () => {
  throw new Error('a listener that throws'); // row: acs.listeners
});
feature.on('breakoutRoomsUpdated', async () => {
  throw new Error('a listener that rejects');
});
feature.on('breakoutRoomsUpdated', (event) => {
  if (Array.isArray(event.data)) event.data.length = 0;
  event.type = 'mine';
});
feature.on('breakoutRoomsUpdated', ({ type, data }) => {
  if (type === 'assignedBreakoutRooms') kept = data;
  say(`heard ${type} ${data.displayName} ${data.state}`);
});

/** Says how something fails. */
async function attempt(label, action) {
  try {
    await action();
    say(`${label}: fine`);
  } catch (error) {
    say(`${label}: ${error.code}/${error.subCode} ${error.resultCategories}`); // row: acs.resultCategories acs.46250 acs.46251 acs.46254 acs.46255 acs.46256 acs.46257 acs.46258 acs.46259 acs.46260
  }
}
button('feature', () => attempt('feature', () => mainCall.feature(Features.BreakoutRooms)));
button('join', () => attempt('join', () => kept.join()));
button('hold', () => attempt('hold', () => mainCall.hold()));
button('resume', () => attempt('resume', () => mainCall.resume()));
button('describe', () => attempt('describe', () => feature.describe({ displayName: 'Nowhere' }).join()));
button('hang up', () => attempt('hang up', () => kept.call.hangUp())); // row: acs.hangUp.disabled
button('hang up, unawaited', () => {
  kept.call.hangUp();
  mainCall.resume();
});
button('video', () => kept.call.startVideo().catch((error) => say(error.message))); // row: acs.lacks
button('copy', () => say(JSON.stringify({ ...kept, threadId: '', id: '' })));
say('ready');
