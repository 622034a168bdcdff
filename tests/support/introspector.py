# SPDX-License-Identifier: Apache-2.0
"""An introspection endpoint (RFC 7662) that answers as told, however wrong, and counts."""

import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from support.issuerserver import Answer
from support.local import free_port

AUDIENCE = "https://api.example.test"


class Introspector:
    """answers[token] is a dict (JSON with status 200) or an Answer; default is what any other token
    gets. delay (s) holds every answer up. questions is the list of (headers, form) so far; most is
    how many were under way at once. Connections stay open for more questions; n_connections is how
    many there were. tls: a Certificate."""

    def __init__(self, tls=None):
        self.port = free_port()
        self.tls = tls
        self.url = f"{'https://localhost' if tls else 'http://127.0.0.1'}:{self.port}/introspect"
        self.answers = {}
        self.default = {"active": False}
        self.delay = 0
        self.questions = []
        self.most = 0
        self.n_connections = 0
        self._connections = set()
        self._now = 0
        self._lock = threading.Lock()
        self._server = None

    @staticmethod
    def good(**changes):
        """What an active token of alice gets; None takes a member away."""
        answer = {"active": True, "sub": "alice", "client_id": "web", "scope": "read write",
                  "aud": AUDIENCE, "exp": int(time.time()) + 600, "token_type": "Bearer",
                  "roles": ["staff"], **changes}
        return {name: value for name, value in answer.items() if value is not None}

    def count(self, token=None):
        return sum(1 for _, form in list(self.questions)
                   if token is None or form.get("token") == [token])

    def _answer(self, form):
        answer = self.answers.get(form.get("token", [""])[0], self.default)
        return answer if isinstance(answer, Answer) else Answer(answer)

    def _enter(self, headers, form):
        with self._lock:
            self.questions.append((headers, form))
            self._now += 1
            self.most = max(self.most, self._now)

    def _leave(self):
        with self._lock:
            self._now -= 1

    def start(self):
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # headers and body go out apart

            def setup(self):
                super().setup()
                with endpoint._lock:
                    endpoint.n_connections += 1
                    endpoint._connections.add(self.connection)

            def finish(self):
                with endpoint._lock:
                    endpoint._connections.discard(self.connection)
                super().finish()

            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(),
                                keep_blank_values=True, strict_parsing=True)
                endpoint._enter(dict(self.headers), form)
                try:
                    answer = endpoint._answer(form)
                    time.sleep(answer.delay + endpoint.delay)
                finally:
                    endpoint._leave()
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json",
                                    "Content-Length": str(len(answer.body)),
                                    **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *unused):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 256

            def handle_error(self, *unused):
                pass  # a client that has waited enough

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
            self.drop()

    def n_open(self):
        with self._lock:
            return len(self._connections)

    def drop(self):
        """Ends the connections that there are, as a restart does."""
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # the client was faster


def opaque(name):
    """A token that is none but for its endpoint, the same for the same name."""
    return f"{name}-0123456789-opaque-token"


def dumped(answer, **replaced):
    """The JSON text of an answer with parts of it replaced as text."""
    text = json.dumps(answer)
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text.encode()
