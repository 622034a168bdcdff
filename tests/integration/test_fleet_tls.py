# SPDX-License-Identifier: Apache-2.0
"""TLS to the engine, as docs/fleet.md sets it up with stunnel: with the right certificate, and no other."""

import os
import re
import shutil
import subprocess

import pytest

from support.fleet import Fleet, engine_lines, engine_of_fleets
from support.local import ROOT, free_port, wait_for
from support.pki import Pki

_REASON = ("--reason", "test")
_SECTION = re.compile(r"```ini\n(\[zta-fleet\]\n.*?)```", re.DOTALL)


class Tunnel:
    """stunnel with the lines of docs/fleet.md, but for addresses, authority and name."""

    def __init__(self, directory, engine, authority, name="localhost"):
        self.port = free_port()
        with open(os.path.join(ROOT, "docs", "fleet.md"), encoding="utf-8") as f:
            text = _SECTION.search(f.read()).group(1)
        for word, value in (("accept", f"127.0.0.1:{self.port}"), ("connect", f"127.0.0.1:{engine.tls_port}"),
                            ("CAfile", authority), ("checkHost", name)):
            text, n = re.subn(rf"(?m)^({word}\s*= ).*$", rf"\g<1>{value}", text)
            assert n == 1, f"docs/fleet.md has no {word}"
        self._log = os.path.join(directory, f"stunnel-{self.port}.log")
        config = os.path.join(directory, f"stunnel-{self.port}.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write(f"foreground = yes\npid =\noutput = {self._log}\n{text}")
        program = shutil.which("stunnel4") or shutil.which("stunnel")
        assert program, "no stunnel: the package stunnel4 is missing"
        self._process = subprocess.Popen([program, config], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def said(self):
        with open(self._log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        self._process.terminate()
        self._process.wait(20)


@pytest.fixture
def engine(pki):
    redis = engine_of_fleets(tls=pki).start()
    yield redis
    redis.remove()


@pytest.fixture
def tunnelled(fleet, engine, directory, store):
    """Factory: a node whose agent reaches the engine by a tunnel."""
    tunnels = []

    def make(number, authority, **options):
        tunnels.append(Tunnel(directory, engine, authority, **options))
        made = store(f"store-{number}")
        if fleet.operator_key is None:
            fleet.create(made)
        fleet.engine_lines = [f"engine 127.0.0.1:{tunnels[-1].port}", *engine_lines(engine, directory)[1:]]
        return fleet.join(f"proxy-{number}", made).start(), tunnels[-1]
    yield make
    for tunnel in tunnels:
        tunnel.stop()


def test_statements_go_by_tls(tunnelled, fleet, pki):
    first, _ = tunnelled(0, pki.ca.cert)
    second, _ = tunnelled(1, pki.ca.cert)
    first.store.run("block", "203.0.113.1", "--for", "1h", *_REASON)
    wait_for(lambda: second.store.json("blocks", "list"), what="the block at the other one")
    fleet.await_alike()
    assert first.status()["problem"] is None


@pytest.mark.parametrize("name, says", [("another authority", "certificate verify failed"),
                                        ("another name", "certificate verify failed")])
def test_nobody_else_is_spoken_to(tunnelled, engine, pki, directory, name, says):
    other = os.path.join(directory, "other")
    os.mkdir(other)
    if name == "another name":
        node, tunnel = tunnelled(0, pki.ca.cert, name="engine.example.com")
    else:
        node, tunnel = tunnelled(0, Pki(other).ca.cert)
    wait_for(lambda: node.status()["problem"], what="the agent cannot reach the engine", timeout=30)
    wait_for(lambda: says in tunnel.said(), what="why stunnel refuses")
    assert node.status()["engine"] is None and node.status()["waiting"] == 1
    assert engine.command("KEYS", "*") == []
