"""As much of RFC 6455 as a client of the gateway needs: text messages, pings, no extensions."""

import base64
import json
import os
import socket
import struct
import time

from blocks import Wrong
from server import PATIENCE_S


class WebSocket:
    def __init__(self, port: int, path: str) -> None:
        self.stream = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.stream.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.buffer = b""
        head = self._until(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise Wrong(f"the gateway does not upgrade: {head.decode()}")
        self.received: list[dict] = []

    def _until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(end)
        return head

    def _more(self) -> None:
        data = self.stream.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def _exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _frame(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.stream.sendall(head + mask + masked)

    def send(self, message: dict) -> None:
        self._frame(1, json.dumps(message).encode())

    def receive(self) -> dict:
        """The next message; it is kept as well. EOFError when the server has closed."""
        while True:
            first, second = self._exactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self._exactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self._exactly(8))
            payload = self._exactly(size)
            if first & 0xF == 8:
                raise EOFError
            if first & 0xF == 9:
                self._frame(10, payload)
            if first & 0xF == 1:
                message = json.loads(payload)
                self.received.append(message)
                return message

    def find(self, what: str, matches) -> dict:
        """The next message that matches."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                message = self.receive()
            except TimeoutError:
                break
            except EOFError:
                raise Wrong(f"the gateway closed before {what}; it said {self.received[-2:]}") from None
            if matches(message):
                return message
        raise Wrong(f"the gateway did not send {what}; it said {self.received[-3:]}")

    def ask(self, message: dict) -> dict:
        self.send(message)
        request = message.get("requestId")
        if message["type"] == "ping":
            return self.find("a pong", lambda got: got["type"] == "pong")
        if message["type"] == "resume":
            return self.find("an answer to resume", lambda got: got["type"] in ("resumed", "error"))
        if message["type"] == "leave":
            return self.find("a goodbye", lambda got: got["type"] == "closing")
        return self.find(f"an answer to {message}", lambda got: got.get("requestId") == request)

    def close(self) -> None:
        self.stream.close()
