/** The way of a page into a room: its token, and the path of its media through a link. */

/** All UDP candidates of the answer lead to the link; there is no other way past it. */
export function redirect(via: string): void {
  const [address = '', port = ''] = via.split(':');
  const set: (description: RTCSessionDescriptionInit) => Promise<void> = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (this: RTCPeerConnection, description: RTCSessionDescriptionInit): Promise<void> {
    const lines = (description.sdp ?? '').split('\r\n').flatMap((line) => {
      if (!line.startsWith('a=candidate:')) return [line];
      const parts = line.split(' ');
      if (parts[2] !== 'udp') return [];
      parts[4] = address;
      parts[5] = port;
      return [parts.join(' ')];
    });
    return set.call(this, { type: description.type, sdp: lines.join('\r\n') });
  };
}

export async function token({ room, name }: { room: string; name: string }): Promise<string> {
  const body = { room, name, identity: name, role: 'participant' };
  const response = await fetch('/dev/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return ((await response.json()) as { token: string }).token;
}
