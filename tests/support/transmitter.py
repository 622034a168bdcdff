# SPDX-License-Identifier: Apache-2.0
"""A transmitter of signals (SSF 1.0): security events, pushed or held for whoever polls."""

import json
import os
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import leaks
from support.issuer import Key, _shared_key, b64u, sign
from support.local import free_port

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
METADATA = "/.well-known/ssf-configuration"


def opaque(name):
    return {"format": "opaque", "id": name}


def iss_sub(issuer, subject):
    return {"format": "iss_sub", "iss": issuer.url, "sub": subject}


class Transmitter:
    """Makes events of one issuer; its keys are its own unless given. As a server (start) it tells
    of its keys and hands out `queue` to polls, which say what they took: acks, errors, polls. Who
    asks it to verify its stream is answered by verify_status and kept in verifications."""

    def __init__(self, audience="https://proxy.example.test", url="https://signals.example.test", key=None):
        self.audience = audience
        self.url = url
        self.key = key or _shared_key("ES256")
        self.token = "poll-secret"
        self.queue = {}
        self.acks, self.errors, self.polls = [], {}, []
        self.status = 200
        self.verifications, self.verify_status = [], 204
        self.most = 100
        self.forgets = True  # what it is told was refused
        self._server = None

    def jwks(self):
        return {"keys": [self.key.jwk()]}

    def event(self, uri, members=None, subject=None, claims=None, drop=(), **options):
        """A security event token; subject None: an unnamed session."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": self.audience, "iat": now, "jti": os.urandom(8).hex(),
                  "sub_id": subject or opaque("none"), "events": {uri: members or {}}, **(claims or {})}
        claims = {k: v for k, v in claims.items() if k not in drop}
        head = {"typ": "secevent+jwt", "alg": self.key.alg, "kid": self.key.kid, **options.pop("header", {})}
        return compact(head, claims, options.pop("key", self.key))

    def push(self, httpd, token, target="/zta/signals", headers=None, method="POST", body=None):
        fields = {"Content-Type": "application/secevent+jwt", "Accept": "application/json", **(headers or {})}
        return httpd.request(method, target, fields, body=(token if body is None else body).encode())

    def hold(self, token, jti):
        self.queue[jti] = token

    def start(self, tls=None):
        transmitter = self
        port = free_port()
        self.origin = f"{'https://localhost' if tls else 'http://127.0.0.1'}:{port}"
        self.url = self.origin

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body):
                body = b"" if status == 204 else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                documents = {METADATA: {"issuer": transmitter.url, "jwks_uri": f"{transmitter.origin}/jwks",
                                        "spec_version": "1_0"}, "/jwks": transmitter.jwks()}
                known = self.path in documents
                self.answer(200 if known else 404, documents.get(self.path, {}))

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/verify":
                    transmitter.verifications.append((dict(self.headers), asked))
                    return self.answer(transmitter.verify_status, {})
                transmitter.polls.append((dict(self.headers), asked))
                if self.headers.get("Authorization") != f"Bearer {transmitter.token}":
                    return self.answer(401, {})
                for jti in asked.get("ack", []):
                    transmitter.queue.pop(jti, None)
                    transmitter.acks.append(jti)
                for jti, error in asked.get("setErrs", {}).items():
                    if transmitter.forgets:
                        transmitter.queue.pop(jti, None)
                    transmitter.errors[jti] = error
                until = time.monotonic() + 2
                while (not transmitter.queue and not asked.get("returnImmediately")
                       and time.monotonic() < until):
                    time.sleep(0.02)
                items = list(transmitter.queue.items())
                sets = dict(items[:transmitter.most])
                self.answer(transmitter.status, {"sets": sets, "moreAvailable": len(items) > len(sets)})

            def log_message(self, *unused):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *unused):
                pass  # a client that was stopped while it waited

        self._server = Quiet(("127.0.0.1", port), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.cert, tls.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def compact(head, claims, key):
    data = f"{b64u(json.dumps(head))}.{b64u(json.dumps(claims))}"
    private = key.private if isinstance(key, Key) else key
    signature = b64u(sign(head["alg"], private, data.encode()))
    return leaks.credential(f"{data}.{signature}", "a token of a transmitter")


def section(z, transmitter, text="", keys=None):
    """What names it in the configuration of a gateway, where it may speak for issuer corp."""
    if keys is None:
        z.httpd.write("conf/signals.json", json.dumps(transmitter.jwks()))
        keys = "file:conf/signals.json"
    return (f'<ZTATransmitter tx "{transmitter.url}">\nZTAKeys {keys}\nZTAAudience {transmitter.audience}\n'
            f"ZTAMaySpeakFor corp\n{text}\n</ZTATransmitter>")
