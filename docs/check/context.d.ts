// The programs of the docs take these from the app around them. The check gives each a real value.

/** A client token, signed by the app's own server. The check's is a moderator's. */
declare const token: string;
/** Asks the app's own server for such a token. */
declare function fetchToken(): Promise<string>;
/** An element of the app's page. */
declare const video: HTMLVideoElement;
