// What the programs of the docs take from the app around them. The check gives each a real value.

/** A client token, signed by the app's own server. The check's is a moderator's. */
declare const token: string;
/** An element of the app's page. */
declare const video: HTMLVideoElement;
