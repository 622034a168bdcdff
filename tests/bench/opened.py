# SPDX-License-Identifier: Apache-2.0
"""What is open and what cutting it costs: 1,000 idle tunnels of one subject at one server."""

import time
from statistics import median

import servers
from support.backend import Backend
from support.client import request_bytes
from support.gateway import Gateway, credentials
from support.local import wait_for
from support.pki import Pki
from support.streams import TORN, await_ends, open_many, websocket

_TUNNELS = 1000
_ROUNDS = 3
# How long nothing but the cutters runs: their share of a processor is measured over it.
_IDLE_S = 5
_PATIENCE_S = 60
_BUDGET_S = 1


def _of_a_processor(server):
    """Share of a processor that the children of a server without requests take, in percent."""
    server.settle()
    before = server.cpu_us()
    time.sleep(_IDLE_S)
    return (server.cpu_us() - before) / _IDLE_S / 1e4


def _round(z, number):
    """(percent of a processor while all are open, seconds until the last is cut)."""
    subject = f"subject-{number}"
    asked = request_bytes("GET", "/ws", websocket(credentials(z.issuer.token({"sub": subject}))))
    sockets = open_many(z.httpd.port, asked, _TUNNELS)
    try:
        share = _of_a_processor(servers.Apache(z.httpd))
        z.ctl("revoke", "--subject", f"{subject}@corp", "--reason", "bench")
        left, took_s = await_ends(sockets, _PATIENCE_S)
        assert left == 0, f"{left} of {_TUNNELS} go on"
        wait_for(lambda: z.json("status")["counters"]["cut"] == number * _TUNNELS, _PATIENCE_S, "their ends")
        return share, took_s
    finally:
        for each in sockets:
            each.close()


def rows(directory):
    """(title, figure) pairs."""
    back = Backend()
    gateway = Gateway(Pki(directory), back, stage=1, proxy="retry=0 upgrade=websocket", children=6,
                      threads=200, log_level="warn", mpm="event")
    try:
        gateway.httpd.allow_log(*TORN)
        gateway.init_store()
        gateway.start()
        nothing = _of_a_processor(servers.Apache(gateway.httpd))
        found = [_round(gateway, number) for number in range(1, _ROUNDS + 1)]
        gateway.httpd.stop()
        gateway.httpd.check_log_clean()
    finally:
        gateway.httpd.remove()
        back.stop()
    took = [took_s for _, took_s in found]
    verdict = "held" if max(took) <= _BUDGET_S else "**missed**"
    yield (f"{_TUNNELS:,} tunnels of a subject that is revoked: the last cut after, s",
           f"{median(took):.2f} ({min(took):.2f} to {max(took):.2f}; budget {_BUDGET_S} {verdict})")
    yield (f"6 children with {_TUNNELS:,} idle tunnels, of a processor",
           f"{median(share for share, _ in found):.2f} % (without any {nothing:.2f} %)")
    for title, ns in servers.printed("bench_open"):
        yield f"to be ready to be cut, µs: {title}", f"{int(ns) / 1000:.2f}"
