# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 client that sends exactly the bytes it is told, a pool on top, and curl for h2."""

import json
import queue
import socket
import ssl
import subprocess
from urllib.parse import urlsplit

from support import leaks

_READ = 65536
# The words behind the status of what a Backend answers, which holds all that was sent to it.
FROM_BACKEND = "Answer"


class Truncated(ConnectionError):
    """The peer closed before a whole response was there."""


class Response:
    """status, reason, version, headers and trailers as (name, value) lists, body as bytes."""

    def __init__(self, version, status, reason, headers, body=b"", trailers=()):
        self.version = version
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body
        self.trailers = list(trailers)
        self.interim = []

    def all(self, name):
        """Every value of a header, in order."""
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def header(self, name, default=None):
        return next(iter(self.all(name)), default)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.version} {self.status} {self.headers} {self.text[:400]!r}>"


def tls_context(pki, client=None, alpn=("http/1.1",)):
    """A context that trusts the test CA and optionally presents a client certificate."""
    context = ssl.create_default_context(cafile=pki.ca.cert)
    context.set_alpn_protocols(list(alpn))
    if client:
        context.load_cert_chain(client.cert, client.key)
    return context


class Connection:
    """One connection: send() bytes as they are, response() parses one answer."""

    def __init__(self, host, port, tls=None, source=None, timeout=15, server_name="localhost"):
        source = (source, 0) if source else None
        self.socket = socket.create_connection((host, port), timeout, source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=server_name)
        self._buffer = b""
        self.is_reusable = True

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.is_reusable = False
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def local_port(self):
        return self.socket.getsockname()[1]

    def _fill(self):
        data = self.socket.recv(_READ)
        self._buffer += data
        return bool(data)

    def read_line(self):
        while b"\n" not in self._buffer:
            if not self._fill():
                raise Truncated(f"closed after {self._buffer[:200]!r}")
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def read_exactly(self, size):
        while len(self._buffer) < size:
            if not self._fill():
                raise Truncated(f"closed {size - len(self._buffer)} bytes early")
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def read_to_end(self):
        """Everything until the peer closes; a reset counts as the end."""
        try:
            while self._fill():
                pass
        except ConnectionResetError:
            pass
        data, self._buffer = self._buffer, b""
        return data

    def is_closed_by_peer(self):
        """True when the peer has closed and nothing is left to read."""
        if self._buffer:
            return False
        timeout = self.socket.gettimeout()
        self.socket.settimeout(0.001)
        try:
            return not self._fill()
        except (TimeoutError, ssl.SSLWantReadError, BlockingIOError):
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(timeout)

    def _read_fields(self):
        fields = []
        while True:
            line = self.read_line()
            if not line:
                return fields
            name, _, value = line.partition(b":")
            fields.append((name.decode("latin-1"), value.strip().decode("latin-1")))

    def _read_chunked(self):
        body = b""
        while True:
            size = int(self.read_line().split(b";")[0], 16)
            if size == 0:
                return body, self._read_fields()
            body += self.read_exactly(size)
            self.read_exactly(2)

    def head(self):
        """Status line and headers of the next answer, the body left on the connection."""
        version, status, *reason = self.read_line().split(b" ", 2)
        return Response(version.decode(), int(status), b"".join(reason).decode("latin-1"),
                        self._read_fields())

    def response(self, method="GET"):
        """The next final answer; interim ones stand in its `interim`."""
        interim = []
        r = self.head()
        while 100 <= r.status < 200 and r.status != 101:
            interim.append(r)
            r = self.head()
        r.interim = interim
        if method == "HEAD" or r.status in (101, 204, 304):
            pass
        elif "chunked" in r.header("Transfer-Encoding", "").lower():
            r.body, r.trailers = self._read_chunked()
        elif r.header("Content-Length") is not None:
            r.body = self.read_exactly(int(r.header("Content-Length")))
        else:
            r.body = self.read_to_end()
            self.is_reusable = False
        connection = ",".join(r.all("Connection")).lower()
        if "close" in connection or r.version == "HTTP/1.0" or r.status == 101:
            self.is_reusable = False
        if r.reason != FROM_BACKEND:
            leaks.output(_octets(r), f"the answer {r.status}")
        return r

    def request(self, method, target, headers=(), body=None, host="localhost"):
        """Sends one request and returns its answer; nothing is normalised or checked."""
        self.send(request_bytes(method, target, headers, body, host))
        return self.response(method)


def _octets(r):
    """An answer without the cookies it sets, which are for the client to have."""
    fields = [f"{n}: {v}" for n, v in (*r.headers, *r.trailers) if n.lower() != "set-cookie"]
    return "\n".join([*fields, ""]).encode("latin-1") + r.body


def pairs(headers):
    """Headers as a list of (name, value), from a dict or a list that may hold duplicates."""
    return list(headers.items()) if isinstance(headers, dict) else list(headers or ())


def request_bytes(method, target, headers=(), body=None, host="localhost"):
    """The octets of a request. Host and Content-Length are added unless given in headers."""
    fields = pairs(headers)
    leaks.sent(target, fields)
    given = {n.lower() for n, _ in fields}
    if host is not None and "host" not in given:
        fields.insert(0, ("Host", host))
    body = body.encode() if isinstance(body, str) else body
    if body is not None and not given & {"content-length", "transfer-encoding"}:
        fields.append(("Content-Length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1"] + [f"{n}: {v}" for n, v in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


class Client:
    """Requests to one server over kept-alive connections; usable from many threads."""

    def __init__(self, port, host="127.0.0.1", tls=None, source=None, timeout=15):
        self._arguments = {"host": host, "port": port, "tls": tls, "source": source,
                           "timeout": timeout}
        self._idle = queue.LifoQueue()

    def connect(self):
        """A connection of its own, for the caller to close."""
        return Connection(**self._arguments)

    def get(self, target, headers=(), **options):
        return self.request("GET", target, headers, **options)

    def request(self, method, target, headers=(), body=None, host="localhost", fresh=False):
        """One request; fresh opens a connection for it alone."""
        if fresh:
            with self.connect() as connection:
                return connection.request(method, target, headers, body, host)
        while True:
            connection, is_pooled = self._take()
            try:
                r = connection.request(method, target, headers, body, host)
            except (ConnectionError, ssl.SSLError):
                connection.close()
                # The server may close an idle connection at any time: only a new one counts.
                if is_pooled:
                    continue
                raise
            except BaseException:
                connection.close()
                raise
            if connection.is_reusable:
                self._idle.put(connection)
            else:
                connection.close()
            return r

    def _take(self):
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                return self.connect(), False
            if not connection.is_closed_by_peer():
                return connection, True
            connection.close()

    def close(self):
        """Closes the idle connections; the client stays usable."""
        while not self._idle.empty():
            self._idle.get_nowait().close()


def h2(url, headers=(), method="GET", body=None, pki=None, client=None, source=None):
    """One request over HTTP/2 by curl: TLS with ALPN for https, prior knowledge for http."""
    is_tls = urlsplit(url).scheme == "https"
    leaks.sent(url, pairs(headers))
    command = ["curl", "-q", "-sS", "-i", "--path-as-is", "--max-time", "20", "--noproxy", "*",
               "--http2" if is_tls else "--http2-prior-knowledge"]
    command += ["-I"] if method == "HEAD" else ["-X", method]
    for name, value in pairs(headers):
        command += ["-H", f"{name}: {value}" if value else f"{name};"]
    if is_tls:
        command += ["--cacert", pki.ca.cert]
    if client:
        command += ["--cert", client.cert, "--key", client.key]
    if source:
        command += ["--interface", source]
    if body is not None:
        command += ["--data-binary", "@-"]
    data = body.encode() if isinstance(body, str) else body
    done = subprocess.run(command + [url], input=data, capture_output=True, check=False)
    if done.returncode:
        raise ConnectionError(f"curl {done.returncode}: {done.stderr.decode()}")
    return _parse_curl(done.stdout)


def _parse_curl(output):
    interim = []
    while True:
        head, _, output = output.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, *reason = first.split(" ", 2)
        headers = [tuple(p.strip() for p in line.split(":", 1)) for line in lines]
        r = Response(version, int(status), "".join(reason), headers, output)
        if r.status >= 200:
            r.interim = interim
            return r
        interim.append(r)
