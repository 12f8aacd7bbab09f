"""aiortc (a stack of its own: DTLS 1.2, no transport-cc, REMB only) sends and receives audio and video."""
import asyncio
import fractions

import aiortc
import av
import numpy
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from sideroom_e2e import Member, Server, eventually, mids


class Tone(AudioStreamTrack):
    """440 Hz."""

    async def recv(self):
        frame = await super().recv()
        rate, count = frame.sample_rate, frame.samples
        at = (frame.pts + numpy.arange(count)) / rate
        wave = (8000 * numpy.sin(2 * numpy.pi * 440 * at)).astype(numpy.int16)
        tone = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        tone.pts, tone.sample_rate, tone.time_base = frame.pts, rate, fractions.Fraction(1, rate)
        return tone


class Peer:
    def __init__(self, server, name):
        self.member = Member(server, "aiortc", name)
        # With its default policy aiortc leaves every other section out of the bundle.
        bundle = aiortc.RTCBundlePolicy.MAX_BUNDLE
        self.pc = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(bundlePolicy=bundle))
        self.samples, self.frames = [], 0
        self.pc.on("track", lambda track: asyncio.ensure_future(self.take(track)))

    async def take(self, track):
        while True:
            try:
                frame = await track.recv()
            except aiortc.mediastreams.MediaStreamError:
                return
            if track.kind == "video":
                self.frames += 1
            else:
                self.samples.append((frame.to_ndarray().reshape(-1)[::2], frame.sample_rate))

    async def join(self, recvonly):
        self.pc.addTransceiver(Tone(), direction="sendonly")
        self.pc.addTransceiver(VideoStreamTrack(), direction="sendonly")
        for kind in recvonly:
            self.pc.addTransceiver(kind, direction="recvonly")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        offer = self.pc.localDescription.sdp
        sends = [mid for mid, _, direction in mids(offer) if direction == "sendonly"]
        answer = await asyncio.to_thread(
            self.member.join, offer, list(zip(sends, ["AUDIO", "CAMERA"]))
        )
        await self.pc.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))
        await eventually("connected", lambda: self.pc.connectionState == "connected")
        await asyncio.to_thread(self.member.publish, "AUDIO", "CAMERA")

    def hears(self):
        """The loudest frequency of the last second, if there is a sound."""
        if len(self.samples) < 60:
            return None
        last = self.samples[-50:]
        wave = numpy.concatenate([samples for samples, _ in last]).astype(float)
        if numpy.abs(wave).max() < 500:
            return None
        power = numpy.abs(numpy.fft.rfft(wave * numpy.hanning(len(wave))))
        return power.argmax() * last[0][1] / len(wave)


async def main():
    with Server() as server:
        one, two = Peer(server, "one"), Peer(server, "two")
        await one.join(["audio", "video"])
        await two.join(["audio", "video"])
        for peer in (one, two):
            heard = await eventually("a tone is heard", peer.hears, 20)
            assert abs(heard - 440) < 15, f"heard {heard:.0f} Hz"
            await eventually("pictures are decoded", lambda: peer.frames > 20, 20)
            stats = (await peer.pc.getStats()).values()
            lost = [one.packetsLost for one in stats if one.type == "inbound-rtp"]
            assert lost and max(lost) == 0, f"lost {lost}"
        await asyncio.gather(one.pc.close(), two.pc.close())
    print("aiortc: 440 Hz and pictures both ways, nothing lost")


asyncio.run(main())
