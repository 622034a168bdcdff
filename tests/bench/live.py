# SPDX-License-Identifier: Apache-2.0
"""From a request of a client to the screens of operators: a real server, its helper and its store,
and consoles that were there before, in terminals of 160x50 that answer at once. Requests come at
random moments, one at a time; a screen has one when the last byte of its row is there."""

import random
import string
import time

from console import Console, verdict
from support.backend import Backend
from support.gateway import Gateway
from support.local import make_dir, remove_dir, wait_for
from support.pki import Pki

_REQUESTS = 300
_BUDGET_MS = 300
_PATIENCE_S = 5
_PAUSES_S = (0.02, 0.25)  # two commits of the helper and more
_RULES = "allow read\n  when path /**\n  need scope read\n"
_SEED = 7
_SIZE = (160, 50)
# View: its key, and the scope of who asks: one shows every request, the other the refused ones.
_VIEWS = (("Traffic", b"2", "read"), ("Overview", b"1", "none"))


def _names(numbers):
    """Words of which no two in a row have a letter in common at a place: where one takes the
    other's row, a terminal gets all of it."""
    halves = string.ascii_lowercase[:13], string.ascii_lowercase[13:]
    for i in range(_REQUESTS):
        yield "".join(numbers.choice(halves[i % 2]) for _ in range(14))


def _token(gateway, scope, session):
    """Each of a session of its own: of many alike refusals of one source only some are kept."""
    return gateway.issuer.token({"sub": "alice", "client_id": "shop", "scope": scope, "sid": session,
                                 "exp": int(time.time()) + 3600})


def _measure(gateway, key, scope):
    """(milliseconds from sending, from the answer) of each request."""
    numbers = random.Random(_SEED)
    gateway.get("/first", _token(gateway, scope, "first"))
    wait_for(lambda: gateway.events("--limit", "1"), _PATIENCE_S, "the first request in the store")
    console = Console(gateway.store.directory, *_SIZE)
    console.press(key, b"/first", quiet_s=0.2)
    found = []
    for name in _names(numbers):
        token = _token(gateway, scope, name)
        console.burst(time.monotonic(), within_s=numbers.uniform(*_PAUSES_S))
        sent = time.monotonic()
        answer = gateway.get(f"/{name}", token)
        answered = time.monotonic()
        assert answer.status == (200 if scope == "read" else 403), answer.status
        shown_ms = console.burst(sent, name.encode(), 0, _PATIENCE_S)
        assert name.encode() in console.seen, f"/{name} is not on the screen after {_PATIENCE_S} s"
        found.append((shown_ms, shown_ms - (answered - sent) * 1000))
    console.end()
    return found


def _told(values):
    values = sorted(values)
    return (f"{values[len(values) // 2]:.0f}, of 100 requests 99 within {values[len(values) * 99 // 100]:.0f}, "
            f"at most {values[-1]:.0f} {verdict(values[len(values) * 99 // 100], _BUDGET_MS)}")


def rows():
    """(title, figure) pairs."""
    directory, back = make_dir("live"), Backend()
    gateway = Gateway(Pki(directory), back, stage=2, rules=_RULES, log_level="warn", mpm="event")
    try:
        gateway.init_store()
        gateway.start()
        for view, key, scope in _VIEWS:
            found = _measure(gateway, key, scope)
            for title, values in (("sending", [sent for sent, _ in found]),
                                  ("the answer", [answered for _, answered in found])):
                yield f"console: {view}, from {title} of a request to the screen, ms", _told(values)
        gateway.httpd.stop()
        gateway.httpd.check_log_clean()
    finally:
        gateway.httpd.remove()
        back.stop()
        remove_dir(directory)
