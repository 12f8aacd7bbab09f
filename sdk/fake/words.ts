/** Types shared by the stand-in's room and its commands. */
export type Json = Record<string, any>;

export class Refused extends Error {
  constructor(
    readonly reason: string,
    readonly enablexCode = 0,
    readonly acs: [number, number] = [0, 0],
    /** The lines of a list that cannot be read. */
    readonly lines: readonly Json[] = [],
  ) {
    super(`${reason}: refused by the fake server.`);
  }
}

export interface FakeParticipant {
  id: string;
  identity: string;
  displayName: string;
  moderator: boolean;
  /** Has the grant `createBreakouts`; a moderator needs none. */
  creates: boolean;
  groupId: string;
  gate: Json;
  joinPaused: boolean;
  tracks: Json[];
  taken: Json;
  connected: boolean;
  assigned: string;
  listening: string;
  addressing: string[];
  help: boolean;
  /** The intercom by which they speak. */
  intercom: Json | undefined;
  /** The speaker whom they answer. */
  replyingTo: string;
  slots: { mid: string; media: string; source: string }[];
  send: ((message: Json) => void) | undefined;
}

export const KINDS = ['AUDIO', 'CAMERA', 'SCREEN', 'CANVAS'];
export const FLAG: Record<string, string> = { AUDIO: 'audio', CAMERA: 'camera', SCREEN: 'screen', CANVAS: 'canvas' };
export const kindOf = (track: Json): string => track['kind'].slice('TRACK_KIND_'.length);

export function showTrack({ id, kind, mutedByPublisher, mutedByModerator }: Json): Json {
  return { id, kind, mutedByPublisher, mutedByModerator };
}

export const moderators = (who: FakeParticipant): boolean => who.moderator;
