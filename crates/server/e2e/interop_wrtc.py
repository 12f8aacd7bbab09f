"""wrtc (libwebrtc, native): three simulcast layers and audio both ways, with an ECDSA and an RSA certificate."""
import asyncio

import webrtc
from sideroom_e2e import Member, Server, eventually, mids

ECDSA = webrtc.EcKeyGenParams("ECDSA", named_curve="P-256")
RSA = webrtc.RsaHashedKeyGenParams(
    "RSASSA-PKCS1-v1_5", modulus_length=2048, public_exponent=bytes([1, 0, 1]), hash="SHA-256"
)
# Below 960 x 540 libwebrtc sends two layers at most.
CAMERA = webrtc.MediaTrackConstraints(width=1280, height=720)
LAYERS = [("q", 4.0), ("h", 2.0), ("f", 1.0)]


class Peer:
    def __init__(self, server, room, name):
        self.member = Member(server, room, name)

    async def join(self, certificate):
        made = await webrtc.RTCPeerConnection.generate_certificate(certificate)
        self.pc = webrtc.RTCPeerConnection(webrtc.RTCConfiguration(certificates=[made]))
        constraints = webrtc.MediaStreamConstraints(audio=True, video=CAMERA)
        self.stream = await webrtc.media_devices.get_user_media(constraints)
        audio = self.stream.get_audio_tracks()[0]
        video = self.stream.get_video_tracks()[0]
        encodings = [
            webrtc.RTCRtpEncodingParameters(rid=rid, scale_resolution_down_by=scale)
            for rid, scale in LAYERS
        ]
        send = webrtc.RTCRtpTransceiverInit
        self.pc.add_transceiver(audio, send(direction="sendonly"))
        self.pc.add_transceiver(video, send(direction="sendonly", send_encodings=encodings))
        for kind in ("audio", "video"):
            self.pc.add_transceiver(kind, send(direction="recvonly"))
        await self.pc.set_local_description(await self.pc.create_offer())
        offer = self.pc.local_description.sdp
        sends = [mid for mid, _, direction in mids(offer) if direction == "sendonly"]
        answer = await asyncio.to_thread(
            self.member.join, offer, list(zip(sends, ["AUDIO", "CAMERA"]))
        )
        description = webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer)
        await self.pc.set_remote_description(description)
        await eventually("connected", lambda: str(self.pc.connection_state).endswith("connected"))
        await asyncio.to_thread(self.member.publish, "AUDIO", "CAMERA")

    async def stats(self, kind):
        report = await self.pc.get_stats()
        return [one for one in report.values() if one.type == kind]


async def both_ways(server, room, certificate):
    one, two = Peer(server, room, "one"), Peer(server, room, "two")
    await one.join(certificate)
    await two.join(certificate)
    for peer in (one, two):

        async def decoded():
            inbound = await peer.stats("inbound-rtp")
            pictures = sum(getattr(one, "frames_decoded", 0) or 0 for one in inbound)
            sounds = sum(one.packets_received or 0 for one in inbound if one.kind == "audio")
            return pictures > 20 and sounds > 50

        async def layers():
            outbound = await peer.stats("outbound-rtp")
            sent = [one for one in outbound if one.kind == "video" and one.packets_sent]
            return len({one.rid for one in sent}) == 3

        await eventually("pictures and sound arrive", decoded, 25)
        await eventually("three layers are sent", layers, 25)
    transport = (await one.stats("transport"))[0]
    for peer in (one, two):
        peer.pc.close()
    return transport.srtp_cipher, transport.tls_version


async def main():
    with Server() as server:
        for name, certificate in (("ECDSA", ECDSA), ("RSA", RSA)):
            cipher, version = await both_ways(server, "wrtc-" + name, certificate)
            print(f"wrtc, {name}: three layers, pictures and sound both ways; {cipher}, TLS {version}")


asyncio.run(main())
