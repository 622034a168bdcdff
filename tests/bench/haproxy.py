# SPDX-License-Identifier: Apache-2.0
"""HAProxy as a reverse proxy in front of the same back end, alone or with its jwt_verify."""

import os
import signal
import subprocess

from servers import Server
from support.client import Client
from support.local import USERS, free_port, make_dir, remove_dir, wait_for, write

_ALGS = ("RS256", "ES256")
_CONFIG = """\
global
    nbthread 2
    log stdout format raw daemon
{user}
defaults
    mode http
    log global
    log-format "%ci %{{+Q}}r %ST"
    timeout connect 5s
    timeout client 60s
    timeout server 60s

frontend clients
    bind 127.0.0.1:{port}
    http-request deny deny_status 403 if {{ path_beg /denied/ }}
{checks}
    default_backend api

backend api
    http-reuse always
    server api 127.0.0.1:{back}
"""
_CLAIMS = """\
    http-request deny deny_status 401 unless { req.hdr(authorization) -m found }
    http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
    http-request deny deny_status 401 unless { http_auth_bearer,jwt_payload_query('$.iss') -m str %(iss)s }
    http-request deny deny_status 401 unless { http_auth_bearer,jwt_payload_query('$.aud') -m str %(aud)s }
    http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
"""
_SIGNATURE = """\
    http-request set-var(txn.good) http_auth_bearer,jwt_verify(txn.alg,"%(pem)s") if { var(txn.alg) -m str %(alg)s }
"""
_VERDICT = "    http-request deny deny_status 401 unless { var(txn.good) -m int 1 }"


class Haproxy(Server):
    """One process of two threads; `is_open`: it lets everything in."""

    def __init__(self, back, issuer=None):
        self.is_open = issuer is None
        self.directory = make_dir("haproxy")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = None
        self._client = Client(self.port)
        user = f"    user {USERS.httpd}\n" if USERS.is_separated else ""
        write(self._path("haproxy.cfg"), _CONFIG.format(
            port=self.port, back=back.port, checks=self._checks(issuer) if issuer else "", user=user))

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _checks(self, issuer):
        lines = [_CLAIMS % {"iss": issuer.url, "aud": issuer.audience}]
        for alg in _ALGS:
            pem = write(self._path(f"{alg}.pem"), issuer.key(alg).public_pem())
            lines.append(_SIGNATURE % {"pem": pem, "alg": alg})
        return "".join([*lines, _VERDICT])

    def start(self):
        with open(self._path("log"), "wb") as log:
            self._process = subprocess.Popen(["haproxy", "-db", "-f", self._path("haproxy.cfg")],
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.workers = [self._process.pid]
        wait_for(self._answers, 10, "HAProxy ready")

    def _answers(self):
        self.check_processes()
        try:
            return self.ask("/denied/x").status == 403
        except OSError:
            return False

    def check_processes(self):
        if self._process.poll() is not None:
            with open(self._path("log"), encoding="utf-8", errors="replace") as log:
                raise AssertionError(f"HAProxy ended: {log.read()[-2000:]}")

    def ask(self, path, fields=()):
        return self._client.get(path, fields)

    def dropped(self):
        return 0

    def stop(self):
        self._client.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)

    def remove(self):
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        remove_dir(self.directory)


def haproxy(back, _issuer):
    return Haproxy(back)


def haproxy_jwt(back, issuer):
    return Haproxy(back, issuer)
