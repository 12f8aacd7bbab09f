import { CODES, failure } from './errors.js';

/** Methods of the calling SDK's calls that Sideroom's have not, each with the alternative. */
const LACKS: Record<string, string> = {
  startVideo: 'Call native.local.openCamera().',
  stopVideo: "Call native.local.unpublish('camera').",
  startScreenSharing: 'Call native.local.shareScreen().',
  stopScreenSharing: "Call native.local.unpublish('screen').",
  startAudio: "Call native.local.publish('audio', track), or unmute() for the microphone.",
  stopAudio: "Call native.local.unpublish('audio').",
  muteIncomingAudio: 'Mute the elements that play it, or what native.attachAudio() gave.',
  unmuteIncomingAudio: 'Unmute the elements that play it, or what native.attachAudio() gave.',
  muteAllRemoteParticipants: 'Call mute() on each of remoteParticipants; it is a moderator’s.',
  addParticipant: 'Give them a client token for the room; a moderator asks or moves them into a breakout room with native.breakouts.',
  removeParticipant: 'Call native.remove(participant.native.id); it is a moderator’s.',
  sendDtmf: 'Sideroom makes no phone calls.',
  setConstraints: 'Call native.setViews() for what is received.',
};

/** They answer at once, not by a promise. */
const SYNCHRONOUS = new Set(['addParticipant', 'stopAudio']);

/** Installs a method for each that fails and names the alternative. */
export function installLacks(prototype: object): void {
  for (const [name, instead] of Object.entries(LACKS)) {
    const refuse = (): Promise<never> => {
      const error = failure(`This call has no ${name}(). ${instead}`, CODES.misuse);
      if (SYNCHRONOUS.has(name)) throw error;
      return Promise.reject(error);
    };
    Object.defineProperty(prototype, name, { value: refuse, configurable: true, writable: true });
  }
}
