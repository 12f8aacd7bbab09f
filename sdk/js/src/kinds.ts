/** The four kinds of track that a participant publishes. */
export type TrackKind = 'audio' | 'camera' | 'screen' | 'canvas';

/** All of them, in the order of the connection's sending m-lines. */
export const TRACK_KINDS: readonly TrackKind[] = ['audio', 'camera', 'screen', 'canvas'];

/** The media types of mutes and gates: "video" means camera, screen and canvas together. */
export type Media = 'audio' | 'video';

/** The media type of a kind. */
export function mediaOf(kind: TrackKind): Media {
  return kind === 'audio' ? 'audio' : 'video';
}
