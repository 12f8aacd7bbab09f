import type { Breakout } from './breakout.js';
import type { Invitation } from './invitations.js';
import type { TrackKind } from './kinds.js';
import type { Knock } from './knocks.js';
import type { KnockEnd } from './presence.js';
import type { BreakoutSettings, GroupId, InvitationEnd } from './wire.js';

/** Events of breakouts. */
export interface BreakoutsEvents {
  /** Anything changed that a list of breakouts would show. */
  changed: void;
  created: { breakouts: readonly Breakout[]; by: string };
  updated: { breakout: Breakout };
  destroyed: { breakoutIds: readonly string[]; memberIds: readonly string[]; by: string };
  settingsChanged: { settings: BreakoutSettings };
  /** This participant is asked, or about to be moved, into a breakout. */
  invitation: Invitation;
  /** An invitation of this client was answered, here or elsewhere, withdrawn, or expired. */
  invitationOver: { breakoutId: string };
  /** An invitation of anybody ended. The invitee, moderators and the owner learn of this. */
  invitationEnded: { participantId: string; breakoutId: string; end: InvitationEnd };
  /** A participant was invited. Moderators learn of this. */
  invited: { participantId: string; breakout: Breakout; requestor: string; forced: boolean };
  invitationRejected: { participantId: string; breakoutId: string };
  /** This participant is assigned to a breakout, or no longer; or that breakout opened, closed or changed. */
  assigned: { breakout: Breakout | undefined };
  /** The end comes near, or is reached (`inGrace`): everybody is returned after `remainingMs`. */
  timer: { endsAtMs: number; remainingMs: number; inGrace: boolean };
  addressAll: { participantId: string; kinds: readonly TrackKind[] };
  listening: { participantId: string; groupId: GroupId; listening: boolean };
  help: { participantId: string; groupId: GroupId; text: string; raised: boolean; answeredBy: string };
  /** A participant knocks. They, the people inside and moderators learn of this. */
  knock: Knock;
  /** A knock ended. */
  knockEnded: { breakoutId: string; participantId: string; end: KnockEnd };
}
