# SPDX-License-Identifier: Apache-2.0
"""A back end that records every request to the byte, and can read paths the way Tomcat does."""

import base64
import hashlib
import json
import re
import socket
import socketserver
import threading
from urllib.parse import parse_qsl, unquote_to_bytes

from support import leaks
from support.client import FROM_BACKEND
from support.local import free_port, wait_for

_WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX_BIG = 1 << 30


def tomcat_path(target):
    """The path a lenient Tomcat serves for a request target; None where it refuses.

    The order matters: path parameters are cut before the one decoding, dots resolved after."""
    path = target.split("?", 1)[0].split("#", 1)[0]
    path = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*", "", path) or "/"
    path = re.sub(r";[^/]*", "", path)
    decoded = unquote_to_bytes(path.encode("latin-1"))
    if b"\0" in decoded or not decoded.startswith((b"/", b"\\")):
        return None
    out = []
    segments = decoded.replace(b"\\", b"/").split(b"/")
    for segment in segments:
        if segment == b"..":
            if not out:
                return None
            out.pop()
        elif segment not in (b"", b"."):
            out.append(segment)
    slash = b"/" if out and segments[-1] in (b"", b".", b"..") else b""
    return (b"/" + b"/".join(out) + slash).decode("utf-8", "replace")


class Received:
    """A request as it arrived: target and header names exactly as on the wire."""

    def __init__(self, method, target, version, headers, peer):
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.peer = peer
        self.body = b""
        self.trailers = []
        self.path = target.split("?", 1)[0]
        self.query = dict(parse_qsl(target.partition("?")[2], keep_blank_values=True))
        self.interpreted = tomcat_path(target)

    def all(self, name):
        """Every value of a header, in order."""
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def header(self, name, default=None):
        return next(iter(self.all(name)), default)

    def as_json(self):
        return {"method": self.method, "target": self.target, "headers": self.headers,
                "trailers": self.trailers, "body": self.body.decode("latin-1"),
                "interpreted": self.interpreted}

    def __repr__(self):
        return f"<{self.method} {self.target} -> {self.interpreted}>"


class _Malformed(Exception):
    pass


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        self.server.owner.enter(self.connection)
        try:
            while self._serve_one():
                pass
        except (OSError, ValueError):
            pass
        except _Malformed:
            self._answer(400, {"error": "malformed"}, is_last=True)
        finally:
            self.server.owner.leave(self.connection)

    def _line(self):
        line = self.rfile.readline(1 << 20)
        if not line:
            raise OSError("closed")
        return line.rstrip(b"\r\n").decode("latin-1")

    def _fields(self):
        fields = []
        while True:
            line = self._line()
            if not line:
                return fields
            name, colon, value = line.partition(":")
            if not colon:
                raise _Malformed(line)
            fields.append((name, value.strip(" \t")))

    def _body(self, request):
        if "100-continue" in request.header("Expect", "").lower():
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in request.header("Transfer-Encoding", "").lower():
            while True:
                size = int(self._line().split(";")[0], 16)
                if size == 0:
                    request.trailers = self._fields()
                    return
                request.body += self.rfile.read(size)
                self._line()
        request.body = self.rfile.read(int(request.header("Content-Length", "0")))

    def _serve_one(self):
        parts = self._line().split(" ")
        if len(parts) != 3:
            raise _Malformed(parts)
        request = Received(*parts, self._fields(), self.client_address)
        self._body(request)
        owner = self.server.owner
        owner.record(request)
        if owner.is_tomcat and request.interpreted is None:
            self._answer(400, {"error": "refused", "target": request.target})
            return True
        return self._dispatch(request, request.interpreted or request.path)

    def _dispatch(self, request, path):
        """True when the connection goes on. Special paths work below any prefix."""
        if self.server.owner.failing:
            self._answer(self.server.owner.failing, request.as_json(), request)
            return True
        if request.header("Upgrade") and not path.endswith("/no-upgrade"):
            return self._echo(request)
        status = re.search(r"/status/([2-5]\d\d)$", path)
        if status:
            self._answer(int(status.group(1)), request.as_json(), request)
        elif path.endswith("/slow"):
            self.server.owner.stopping.wait(float(request.query.get("ms", 1000)) / 1000)
            self._answer(200, request.as_json(), request)
        elif path.endswith("/sse"):
            return self._events(request)
        elif path.endswith("/big"):
            self._big(request, min(int(request.query.get("n", 1 << 20)), _MAX_BIG))
        elif path.endswith("/set"):
            self._answer(200, request.as_json(), request, extra=list(request.query.items()))
        else:
            self._answer(200, request.as_json(), request)
        return "close" not in request.header("Connection", "").lower()

    def _head(self, status, fields):
        lines = [f"HTTP/1.1 {status} {FROM_BACKEND}"] + [f"{n}: {v}" for n, v in fields]
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def _answer(self, status, value, request=None, is_last=False, extra=()):
        body = b"" if status in (204, 304) else json.dumps(value).encode()
        fields = [("Content-Type", "application/json"), *extra]
        if status not in (204, 304):
            fields.append(("Content-Length", len(body)))
        if is_last:
            fields.append(("Connection", "close"))
        self._head(status, fields)
        if not request or request.method != "HEAD":
            self.wfile.write(body)

    def _big(self, request, size):
        self._head(200, [("Content-Type", "application/octet-stream"), ("Content-Length", size)])
        block = b"x" * 65536
        while size > 0 and request.method != "HEAD":
            self.wfile.write(block[:size])
            size -= len(block)

    def _events(self, request):
        """Chunked events every ms until the count n is reached or the client goes."""
        self._head(200, [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")])
        count = int(request.query.get("n", 1 << 30))
        pause = float(request.query.get("ms", 100)) / 1000
        for i in range(count):
            data = f"data: {i}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            if self.server.owner.stopping.wait(pause):
                return False
        self.wfile.write(b"0\r\n\r\n")
        return True

    def _echo(self, request):
        fields = [("Upgrade", request.header("Upgrade")), ("Connection", "Upgrade")]
        key = request.header("Sec-WebSocket-Key")
        if key:
            digest = hashlib.sha1((key + _WEBSOCKET_GUID).encode()).digest()
            fields.append(("Sec-WebSocket-Accept", base64.b64encode(digest).decode()))
        self._head(101, fields)
        while True:
            data = self.rfile.read1(65536)
            if not data:
                return False
            self.wfile.write(data)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address, owner):
        self.owner = owner
        super().__init__(address, _Handler)


class Backend:
    """Listens on 127.0.0.1:port from construction to stop().

    mode "tomcat" dispatches on the interpreted path and answers 400 where Tomcat refuses; while
    failing is a status, that is all it answers."""

    def __init__(self, mode="plain"):
        self.is_tomcat = mode == "tomcat"
        self.failing = None
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._received = []
        self._connections = set()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = _Server(("127.0.0.1", self.port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self):
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def enter(self, connection):
        with self._lock:
            self._connections.add(connection)

    def leave(self, connection):
        with self._lock:
            self._connections.discard(connection)

    def record(self, request):
        with self._lock:
            self._received.append(request)
        leaks.credential(request.header("X-ZTA-Assertion", ""), "an assertion")

    @property
    def requests(self):
        """A copy of everything received so far, oldest first."""
        with self._lock:
            return list(self._received)

    @property
    def last(self):
        with self._lock:
            return self._received[-1]

    def clear(self):
        with self._lock:
            self._received.clear()

    def wait_for_requests(self, count, timeout=10):
        wait_for(lambda: len(self.requests) >= count, timeout, f"{count} requests at the back end")
        return self.requests

    def reached(self, prefix):
        """The requests whose interpreted path is prefix or lies below it, in any case."""
        prefix = prefix.rstrip("/").lower()
        return [r for r in self.requests
                if r.interpreted and (r.interpreted.lower() + "/").startswith(prefix + "/")]
