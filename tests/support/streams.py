# SPDX-License-Identifier: Apache-2.0
"""What stays open: tunnels, streams of events, downloads and uploads, by HTTP/1.1 and HTTP/2."""

import base64
import os
import re
import selectors
import socket
import struct
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from support.client import Connection, pairs, request_bytes, tls_context
from support.local import wait_for

# What mod_proxy says of connections that end under it.
TORN = (r"AH01110", r"AH01095", r"AH01102", r"AH00898")


class Open:
    """Something open: received counts its bytes, ended_at is when its client saw the end of it."""

    def __init__(self):
        self.received = 0
        self.is_whole = False
        self.ended_at = None

    @property
    def is_over(self):
        return self.ended_at is not None

    def wait_for_bytes(self, n_more=1):
        wanted = self.received + n_more
        wait_for(lambda: self.received >= wanted or self.is_over, 20, f"{wanted} bytes")
        assert not self.is_over, "it ended"

    def end(self, is_whole=False):
        if self.ended_at is None:
            self.is_whole = is_whole
            self.ended_at = time.monotonic()


class Http1(Open):
    """One request on a connection of its own, read by a thread from behind its answer's head.

    upload: its body never ends and is sent byte by byte; slow: it is hardly ever read."""

    def __init__(self, z, target, headers, tls=False, upload=False, slow=False,
                 wait=True, source=None):
        super().__init__()
        server = z.httpd
        self._connection = Connection(
            "127.0.0.1", server.tls_port if tls else server.port, source=source, timeout=60,
            tls=tls_context(server.pki) if tls else None)
        self._is_slow = slow
        self._is_closing = False
        if upload:
            headers = [*pairs(headers), ("Content-Length", "1000000000")]
            self._connection.send(request_bytes("POST", target, headers))
            self.status = None
        else:
            self._connection.send(request_bytes("GET", target, headers))
            self.status = self._connection.head().status if wait else None
        self._threads = [threading.Thread(target=self._read)]
        if upload:
            self._threads.append(threading.Thread(target=self._write))
        for thread in self._threads:
            thread.start()

    def _read(self):
        try:
            while not self._is_closing and (
                    data := self._connection.socket.recv(1000 if self._is_slow else 65536)):
                self.received += len(data)
                if self._is_slow:
                    time.sleep(0.05)
        except OSError:
            pass
        self.end()

    def _write(self):
        try:
            while not self.is_over:
                self._connection.send(b"x")
                self.received += 1
                time.sleep(0.02)
        except OSError:
            pass
        self.end()

    def send(self, data):
        self._connection.send(data)

    def close(self):
        self._is_closing = True
        try:
            # Reset, lest what was never read keeps the server waiting for room.
            self._connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                               struct.pack("ii", 1, 0))
            self._connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        for thread in self._threads:
            thread.join()
        self._connection.close()


def websocket(headers=()):
    """The header fields that ask for a WebSocket."""
    return [*pairs(headers), ("Connection", "Upgrade"), ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode())]


def frame(text):
    """A masked text frame of RFC 6455, as a client sends it."""
    data, mask = text.encode(), os.urandom(4)
    assert len(data) < 126
    return (struct.pack("!BB", 0x81, 0x80 | len(data)) + mask
            + bytes(c ^ mask[i % 4] for i, c in enumerate(data)))


def open_many(port, request, count):
    """Sockets behind the head of a 101; nobody reads them."""
    sockets = []
    for _ in range(count):
        each = socket.create_connection(("127.0.0.1", port), 60)
        each.sendall(request)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += each.recv(1)
        assert re.match(rb"HTTP/1.1 101 ", head), head
        sockets.append(each)
    return sockets


def await_ends(sockets, patience_s):
    """(how many go on, seconds from now until the last of the others had ended)."""
    since = time.monotonic()
    left, took = len(sockets), 0
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ)
        while left and time.monotonic() - since < patience_s:
            for ready, _ in selector.select(1):
                selector.unregister(ready.fileobj)
                left, took = left - 1, time.monotonic() - since
    return left, took


class Stream(Open):
    """One stream of an Http2."""

    def __init__(self, number, takes):
        super().__init__()
        self.number = number
        self.takes = takes
        self.status = None
        self.reset_code = None


class Http2:
    """One connection of HTTP/2 with any number of streams; cleartext with prior knowledge, or TLS."""

    def __init__(self, z, tls=False):
        server = z.httpd
        self._socket = Connection(
            "127.0.0.1", server.tls_port if tls else server.port, timeout=60,
            tls=tls_context(server.pki, alpn=("h2",)) if tls else None).socket
        self._h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self._lock = threading.RLock()
        self.streams = {}
        self.is_closed = False
        with self._lock:
            self._h2.initiate_connection()
            # A stream whose window is closed must not close that of the others.
            self._h2.increment_flow_control_window(1 << 30)
            self._flush()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _flush(self):
        data = self._h2.data_to_send()
        if data:
            self._socket.sendall(data)

    def _read(self):
        try:
            while data := self._socket.recv(65536):
                with self._lock:
                    for event in self._h2.receive_data(data):
                        self._take(event)
                    self._flush()
        except (OSError, h2.exceptions.H2Error):
            pass
        self.is_closed = True
        for stream in list(self.streams.values()):
            stream.end()

    def _take(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if stream is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            stream.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            stream.received += len(event.data)
            if event.flow_controlled_length and stream.takes:
                self._h2.acknowledge_received_data(event.flow_controlled_length, stream.number)
        elif isinstance(event, h2.events.StreamReset):
            stream.reset_code = int(event.error_code)
            stream.end()
        elif isinstance(event, h2.events.StreamEnded):
            stream.end(is_whole=True)

    def open(self, target, headers=(), method="GET", protocol=None, has_body=False,
             takes=True):
        """A new stream; protocol makes it an extended CONNECT (RFC 8441), takes=False leaves the
        window closed behind the first bytes."""
        fields = [(":method", "CONNECT" if protocol else method), (":path", target),
                  (":scheme", "https"), (":authority", "localhost")]
        if protocol:
            fields.append((":protocol", protocol))
        fields += [(name.lower(), value) for name, value in pairs(headers)]
        with self._lock:
            stream = Stream(self._h2.get_next_available_stream_id(), takes)
            self.streams[stream.number] = stream
            self._h2.send_headers(stream.number, fields, end_stream=not (protocol or has_body))
            self._flush()
        return stream

    def send(self, stream, data):
        """False once the stream takes no more."""
        try:
            with self._lock:
                self._h2.send_data(stream.number, data)
                self._flush()
            return True
        except (OSError, h2.exceptions.H2Error):
            return False

    def has_setting(self, code):
        return self._h2.remote_settings.get(code, 0) != 0

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._reader.join()
        self._socket.close()
