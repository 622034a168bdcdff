# SPDX-License-Identifier: Apache-2.0
"""The audit trails of a fleet's nodes: who sets one back is found out by the others, and by itself."""

import os

import pytest

from support.fleet import Fleet
from support.local import wait_for
from support.redis import Redis
from support.store import Store

_REASON = ("--reason", "test")


@pytest.fixture
def nodes(directory):
    engine = Redis().start()
    fleet = Fleet([f"engine 127.0.0.1:{engine.port}"])
    try:
        for i in range(2):
            store = Store(os.path.join(directory, f"store-{i}"))
            store.init()
            if fleet.operator_key is None:
                fleet.create(store)
            fleet.join(f"proxy-{i}", store).start()
        fleet.await_alike()
        yield fleet.nodes
    finally:
        fleet.remove()
        engine.remove()


def _block(node, last):
    node.store.run("block", f"203.0.113.{last}", "--for", "1h", *_REASON)


def _entries(node):
    return len(node.store.json("audit", "list", "--limit", "0"))


def _audit_of(node, name):
    return next((row for row in node.status()["audits"] if row["node"] == name), None)


def _await_head(node, other):
    """That the node knows the other's trail as it is now."""
    wait_for(lambda: (_audit_of(node, other.name) or {}).get("entries") == _entries(other),
             what=f"{node.name} knows the head of {other.name}", timeout=30)


def test_a_trail_that_was_set_back_is_found_out(nodes, directory):
    first, second = nodes
    _block(second, 1)
    _await_head(first, second)
    os.chmod(directory, 0o777)
    backup = os.path.join(directory, "backup")
    second.store.run("store", "backup", backup)
    for last in range(2, 5):
        _block(second, last)
    _await_head(first, second)
    assert second.store.json("audit", "verify")["result"] == "consistent"
    assert not _audit_of(first, "proxy-1")["rewound"]

    second.stop()
    second.store.run("store", "restore", backup, "--yes")
    assert second.store.json("audit", "verify")["result"] == "consistent"  # nobody told it yet
    second.start()
    _block(second, 9)
    wait_for(lambda: _audit_of(first, "proxy-1")["rewound"], what="the other one tells", timeout=30)
    assert "audit      of proxy-1 was set back" in first.store.run("fleet", "status").stdout
    assert not _audit_of(first, "proxy-0")["rewound"]
    verified = wait_for(lambda: (lambda v: v if v["result"] == "incomplete" else None)(
        second.store.json("audit", "verify", code=None)), what="its own heads came back", timeout=30)
    assert len(verified["missing_head"]) == 64
