# SPDX-License-Identifier: Apache-2.0
"""The web side of an Issuer: metadata and keys over HTTP or TLS, as told, and what was asked."""

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.local import free_port

OIDC = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
JWKS = "/jwks"


class Answer:
    """What a path gets: a body (JSON unless it is bytes), a status, more headers; delay in s."""

    def __init__(self, body=b"", status=200, headers=(), delay=0):
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.headers = dict(headers)
        self.delay = delay


class IssuerServer:
    """Serves the keys of an Issuer, whose url becomes this server's. answers[path] overrides what
    it would say; requests is the list of (path, headers) so far. tls: a Certificate."""

    def __init__(self, issuer, path="", tls=None, form=OIDC, port=None):
        self.issuer = issuer
        self.path = path
        self.tls = tls
        self.form = form
        self.port = port or free_port()
        self.origin = f"{'https://localhost' if tls else 'http://127.0.0.1'}:{self.port}"
        issuer.url = self.url = f"{self.origin}{path}"
        self.answers = {}
        self.headers = {}
        self.clock_offset_s = 0
        self.requests = []
        self._server = None

    def metadata(self, **changes):
        return {"issuer": self.url, "jwks_uri": f"{self.origin}{JWKS}",
                "introspection_endpoint": f"{self.origin}/introspect", **changes}

    @property
    def place(self):
        """Where its metadata stand: behind the path (OpenID Connect), else before it (RFC 8414)."""
        path = self.path.rstrip("/")
        return f"{path}{OIDC}" if self.form == OIDC else f"{OAUTH}{path}"

    def _answer(self, path):
        if path in self.answers:
            return self.answers[path]
        if path == self.place:
            return Answer(self.metadata())
        if path == JWKS:
            return Answer(self.issuer.jwks(), headers=self.headers)
        return Answer(b"not here", 404)

    def count(self, path=JWKS):
        return sum(1 for p, _ in list(self.requests) if p == path)

    def start(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.requests.append((self.path, dict(self.headers)))
                answer = server._answer(self.path)
                time.sleep(answer.delay)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if answer.status != 304:
                    self.wfile.write(answer.body)

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + server.clock_offset_s)

            def log_message(self, *unused):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *unused):
                pass  # a client that does not trust the certificate, or has enough

        self._server = Quiet(("127.0.0.1", self.port), Handler)
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls.cert, self.tls.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
