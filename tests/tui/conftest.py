# SPDX-License-Identifier: Apache-2.0
"""One server with a little traffic for all cases, a terminal for each."""

import subprocess
import time

import pytest

from support.backend import Backend
from support.gateway import Gateway
from support.leaks import check_files, nothing_leaks  # noqa: F401
from support.local import make_dir, remove_dir
from support.pki import Pki
from terminal import Terminal, program

_RULES = "allow read\n  when path /orders/**\n  need scope read\n"


class Live:
    """gateway, and tokens of two users: alice may read orders, bob may not."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.store = gateway.store.directory
        self.alice = self.token("alice", "read", "phone")
        self.bob = self.token("bob", "", "laptop")

    def token(self, subject, scope, sid):
        return self.gateway.issuer.token({"sub": subject, "client_id": "shop", "scope": scope,
                                          "sid": sid, "exp": int(time.time()) + 3600})

    def get(self, path, token=None, headers=()):
        return self.gateway.get(path, token, headers=headers)


@pytest.fixture(scope="session")
def live():
    directory = make_dir("tui")
    backend = Backend()
    gateway = Gateway(Pki(directory), backend, stage=2, rules=_RULES)
    try:
        gateway.init_store()
        gateway.start()
        gateway.ctl("keys", "create", "--name", "billing", "--for", "90d")
        gateway.ctl("block", "203.0.113.0/24", "--for", "1h", "--reason", "stuffing", "--yes")
        server = Live(gateway)
        for i in range(6):
            server.get(f"/orders/{i}", server.alice)
            server.get(f"/orders/{i}", server.bob)
        yield server
        gateway.httpd.stop()
        gateway.httpd.check_log_clean()
        check_files(gateway.root)
    finally:
        gateway.httpd.remove()
        backend.stop()
        remove_dir(directory)


@pytest.fixture
def directory():
    path = make_dir("tui-case")
    yield path
    remove_dir(path)


@pytest.fixture(scope="session")
def filled():
    """A folder with a store that is the same in every run; it is not changed."""
    path = make_dir("tui-filled")
    fill(path)
    yield path
    remove_dir(path)


@pytest.fixture(scope="session")
def empty():
    """A folder with a store on which no server has run and nothing was done."""
    path = make_dir("tui-empty")
    fill(path, "none")
    yield path
    remove_dir(path)


@pytest.fixture
def filled_anew(directory):
    """The same in a store that the case may change."""
    fill(directory)
    return directory


def fill(path, *arguments):
    subprocess.run([program("fill_store"), "store", *arguments], cwd=path, check=True, timeout=60)


@pytest.fixture
def terminal(directory):
    """Factory: terminal([width, height], **options of terminal.Terminal)."""
    made = []

    def make(*size, **options):
        made.append(Terminal(directory, *size, **options))
        return made[-1]
    yield make
    for each in made:
        each.end()
