# SPDX-License-Identifier: Apache-2.0
"""What the console is opened on: traffic that goes on, of people, programs and attackers."""

import contextlib
import random
import subprocess
import sys
import threading
import time

from support.store import ztactl

_PAUSE_S = 0.02
_TRY = """
The console is next, on traffic that goes on. Three things to try:
  2, then Enter on a refused row   says why it was refused, and by which line of which rule
  3, then R on a session           revokes it: the very next request of that user fails
  ?                                every key; q ends the console and the demo
"""


def is_watched():
    """Somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def open_console(gateway, show):
    """Says what to try, waits for Enter and hands the terminal to ztactl until it ends."""
    show.say(_TRY)
    show.say("Enter opens it.")
    with _traffic(gateway):
        sys.stdin.readline()
        subprocess.run([ztactl(), "--store", gateway.store.directory], check=False)


@contextlib.contextmanager
def _traffic(gateway):
    ending = threading.Event()
    sender = threading.Thread(target=_send, args=(gateway, ending))
    sender.start()
    try:
        yield
    finally:
        ending.set()
        sender.join()


def _people(gateway):
    """(token, source, targets) of those who come again and again."""
    def token(subject, number, **claims):
        return gateway.issuer.token({"sub": subject, "client_id": "shop", "sid": f"live-{number}",
                                     "exp": int(time.time()) + 86400, **claims})

    buyers = ("/orders/1", "/orders/2", "/orders/7/items", "/catalog", "/catalog/search?q=tea")
    people = [(token(f"user{n:02}", n, scope="orders:read"), f"127.0.1.{n + 1}", buyers)
              for n in range(24)]
    people.append((token("carol", 90, scope="orders:read", roles=["contractor"]), "127.0.2.1",
                   ("/orders/export", "/orders/1")))
    people.append((token("dora", 91, roles=["auditor"]), "127.0.2.2", ("/reports/1", "/reports/2")))
    people.append((token("erik", 92, scope="read"), "127.0.2.3", ("/orders/1", "/reports/3")))
    return people


def _attacks(gateway):
    """(token, source, target): what must not pass; few enough not to meet the limit on failures."""
    forged = gateway.issuer.token({"sub": "root"})[:-6] + "AAAAAA"
    expired = gateway.issuer.token({"sub": "alice", "exp": int(time.time()) - 3600})
    return [(forged, "127.0.3.1", "/orders/1"), (expired, "127.0.3.2", "/orders/1"),
            (None, "127.0.3.3", "/orders/..;/admin"), (None, "127.0.3.4", "/orders/1")]


def _send(gateway, ending):
    people, attacks = _people(gateway), _attacks(gateway)
    while not ending.wait(_PAUSE_S):
        chance = random.random()
        if chance < 0.05:
            token, source, target = random.choice(attacks)
        elif chance < 0.15:
            token, source, target = None, "127.0.4.1", "/health"
        else:
            token, source, targets = random.choice(people)
            target = random.choice(targets)
        gateway.get(target, token=token, source=source, tls=True)
