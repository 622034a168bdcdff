# SPDX-License-Identifier: Apache-2.0
"""Who broke into httpd on a node, and who can write anything into the engine, grants nothing in the
fleet: not where he is and nowhere else; what he tries is counted."""

import json
import os
import sys

import pytest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.intruder import as_httpd, dump
from support.local import wait_for
from support.statements import BLOCK, NODE, OPERATOR, REVOCATION, Statement, key_of, node_value
from support.store import ztactl

_REASON = ("--reason", "test")

# What he tries with every file below policy/, and with the agent; prints what he could do.
_TRIES = """
import json, os, socket, sys
policy, agent, port, password, *secrets = sys.argv[1:]
done = []
def attempt(name, act):
    try:
        act()
        done.append(name)
    except OSError:
        pass
for name in sorted(os.listdir(policy)):
    path = os.path.join(policy, name)
    attempt("read " + name, lambda: open(path, "rb").close())
    attempt("write " + name, lambda: open(path, "r+b").close())
    attempt("rename " + name, lambda: os.rename(path, path + ".away"))
    attempt("remove " + name, lambda: os.unlink(path))
attempt("create", lambda: open(os.path.join(policy, "fleet.key.new"), "xb").close())
attempt("open up", lambda: os.chmod(policy, 0o777))
for path in (*secrets, password):
    attempt("read " + os.path.basename(path), lambda: open(path, "rb").close())
attempt("signal", lambda: os.kill(int(agent), 0))
for name in ("mem", "environ", "fd"):
    attempt("look into " + name, lambda: (os.listdir if name == "fd" else open)(f"/proc/{agent}/{name}"))
connection = socket.create_connection(("127.0.0.1", int(port)), 5)
connection.sendall(b"XADD zta:corp:stream * s x\\r\\n")
if not connection.recv(100).startswith(b"-NOAUTH"):
    done.append("write into the engine")
print(json.dumps(done))
"""


def _statements(engine, topic):
    """Those of a topic in the engine's records."""
    found = [Statement.read(data) for data in engine.command("HVALS", "zta:corp:records")]
    return [statement for statement in found if statement.topic == topic]


def _listening(pid):
    """How many sockets a process listens at."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        inodes.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    n = 0
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as f:
            for row in list(f)[1:]:
                words = row.split()
                n += words[3] == "0A" and f"socket:[{words[9]}]" in inodes
    return n


@pytest.fixture
def office(zta, fleet):
    """Two proxies of a fleet at which alice is revoked and an address blocked."""
    proxies = [zta(stage=1) for _ in range(2)]
    fleet.create(proxies[0].store)
    for i, z in enumerate(proxies):
        fleet.join(f"proxy-{i}", z.store).start()
    fleet.await_alike()
    proxies[0].ctl("revoke", "--subject", "alice@corp", *_REASON)
    proxies[0].ctl("block", "203.0.113.7", "--for", "1h", *_REASON)
    tokens = [z.issuer.token({"sub": "alice"}) for z in proxies]

    def answers():
        return [z.get("/", token).status for z, token in zip(proxies, tokens)]
    wait_for(lambda: answers() == [401, 401], what="she is refused at both")
    fleet.await_alike()
    return proxies, answers


def _policies(fleet):
    """What each store holds that decides."""
    return [[node.store.json(*words) for words in (("blocks", "list"), ("keys", "list"), ("devices", "list"))]
            for node in fleet.nodes]


@pytest.mark.skipif(os.geteuid() != 0, reason="users that differ need root")
def test_who_broke_into_httpd_grants_nothing_in_the_fleet(office, fleet, engine):
    proxies, answers = office
    node, z = fleet.nodes[0], proxies[0]
    before = _policies(fleet)
    password = next(line.split()[1] for line in fleet.engine_lines if line.startswith("password-file"))
    tried = as_httpd(sys.executable, "-c", _TRIES, z.store.policy_path(""), str(node.agent.pid),
                      str(engine.port), password, fleet.key)
    assert tried.returncode == 0, tried.stderr
    could = json.loads(tried.stdout)
    # The lock file is for readers, too; what the agent says of itself is for operators' eyes.
    assert set(could) <= {"read data.mdb", "read lock.mdb", "write lock.mdb", "read fleet.status"}, could
    assert "read data.mdb" in could, "the test could not even do what httpd does"

    # Operators' commands, and the agent itself with a file of his own.
    for words in (("unrevoke", "--subject", "alice@corp"), ("blocks", "remove", "203.0.113.7"),
                  ("keys", "create", "--name", "x", "--owner", "x"), ("fleet", "leave", "--yes"),
                  ("fleet", "join", node.config), ("fleet", "agent", node.config)):
        done = as_httpd(ztactl(), "--store", z.store.directory, *words, *_REASON[:2 * (words[0] != "fleet")])
        assert done.returncode in (1, 3), (words, done)

    # What he can write: state/, where he puts what would be a release if it stood in policy/.
    revocation, block = _statements(engine, REVOCATION)[0], _statements(engine, BLOCK)[0]
    note = [((2 ** 62).to_bytes(8, "big"), bytes((REVOCATION, 1)) + revocation.key),
            ((2 ** 62 + 1).to_bytes(8, "big"), bytes((BLOCK, 1)) + block.key)]
    stolen = Ed25519PrivateKey.generate()
    said = [(s.name, s.sealed(stolen)) for s in (revocation.gone(), block.gone())]
    for folder, code in (("policy", False), ("state", True)):
        for name, rows in (("fleet_outbox", note), ("fleet_statements", sorted(said)), ("revocations", [])):
            loaded = as_httpd("mdb_load", "-s", name, os.path.join(z.store.directory, folder),
                               data=dump(name, rows))
            assert (loaded.returncode == 0) == code, (folder, name, loaded)

    # The agent has no part in the memory that httpd's processes share, and nobody can call it.
    with open(f"/proc/{node.agent.pid}/maps", encoding="ascii") as f:
        shared = {line.split()[-1] for line in f if line.split()[1][3] == "s"}
    assert not any("/dev/zero" in path or "memfd" in path or "SYSV" in path for path in shared), shared
    assert _listening(node.agent.pid) == 0

    # The agent says something afterwards, so that all it could have said before is there.
    z.ctl("block", "203.0.113.8", "--for", "1h", *_REASON)
    proxies[1].ctl("block", "203.0.113.9", "--for", "1h", *_REASON)
    wait_for(lambda: {"203.0.113.8", "203.0.113.9"} <= {row["target"] for n in fleet.nodes
                                                        for row in n.store.json("blocks", "list")},
             what="what operators do arrives")
    fleet.await_alike()
    assert answers() == [401, 401]
    for now, then in zip(_policies(fleet), before):
        assert now[1:3] == then[1:3]
        assert {row["target"] for row in now[0]} == {"203.0.113.7", "203.0.113.8", "203.0.113.9"}
    assert [n.status()["refused"] for n in fleet.nodes] == [[]] * len(fleet.nodes)


def _attempts(engine, node, sensor, fleet):
    """(what somebody puts into the engine, what the nodes say of it), newest times first."""
    revocation, block = _statements(engine, REVOCATION)[0], _statements(engine, BLOCK)[0]
    stranger, operator = Ed25519PrivateKey.generate(), key_of(fleet.key)
    key, sensor_key = (key_of(n.store.policy_path("fleet.key")) for n in (node, sensor))
    sensors = next(s for s in _statements(engine, NODE) if b"sensor" in s.value)
    origin = os.urandom(16)
    forged, unknown = "not signed by who it names", "of a node that is not enrolled"
    promoted = sensors.but(value=node_value(sensor_key, name=b"sensor"), version_ns=sensors.version_ns + 1)
    enrolled = sensors.but(key=origin, value=node_value(stranger), version_ns=sensors.version_ns + 1)
    year_ns = 365 * 86400 * 10 ** 9
    return [
        (revocation.gone().sealed(None), forged),
        (revocation.gone().sealed(stranger), forged),
        (block.gone().sealed(sensor_key), forged),
        (revocation.gone().sealed(key, fleet=b"other"), forged),
        (revocation.gone().but(key=block.key, topic=BLOCK).said() + revocation.gone().sealed(key)[-64:],
         forged),
        (revocation.gone(origin=origin).sealed(stranger), unknown),
        (revocation.gone(origin=OPERATOR).sealed(stranger), unknown),
        (enrolled.sealed(stranger), forged),
        (enrolled.but(origin=origin).sealed(stranger), forged),
        (enrolled.sealed(operator, fleet=b"other"), forged),
        (promoted.sealed(sensor_key), forged),
        (promoted.but(origin=sensors.key).sealed(sensor_key), forged),
        (revocation.gone(origin=sensors.key).sealed(sensor_key),
         "what grants, of a node that may only restrict"),
        (block.but(version_ns=block.version_ns + year_ns, origin=sensors.key).sealed(sensor_key),
         "of a clock that is ahead"),
        (block.but(value=b"nonsense", origin=sensors.key).sealed(sensor_key), "malformed"),
        (b"\2" + block.gone().sealed(key)[1:], "of a later release"),
    ]


def test_who_writes_into_the_engine_grants_nothing_in_the_fleet(office, fleet, engine, store):
    proxies, answers = office
    sensor = fleet.join("sensor", store("sensor"), role="restrict").start()
    # A release that was true once: blocked, released, blocked anew.
    proxies[0].ctl("blocks", "remove", "203.0.113.7", *_REASON)
    wait_for(lambda: all(s.is_gone for s in _statements(engine, BLOCK)), what="the release is said")
    replayed = next(data for data in engine.command("HVALS", "zta:corp:records")
                    if Statement.read(data).topic == BLOCK)
    proxies[0].ctl("block", "203.0.113.7", "--for", "1h", *_REASON)
    fleet.await_alike()
    before = _policies(fleet)
    attempts = _attempts(engine, fleet.nodes[0], sensor, fleet)
    attempts += [(replayed, "older than what is known")]
    for data, _ in attempts:
        engine.command("XADD", "zta:corp:stream", "*", "s", data)
        engine.command("HSET", "zta:corp:records", os.urandom(48), data)
    expected = {}
    for _, what in attempts:
        expected[what] = expected.get(what, 0) + 1
    for node in fleet.nodes:
        # Who said something himself knows it, however often he hears it.
        known = {"older than what is known"} if node is fleet.nodes[0] else set()

        def refused(node=node, known=known):
            found = {row["what"]: row["statements"] for row in node.status()["refused"]}
            return all(found.get(what, 0) >= n for what, n in expected.items() if what not in known)
        wait_for(refused, what=f"{expected} refused, counted and shown at {node.name}", timeout=30)
        assert node.status()["problem"] is None
    assert _policies(fleet) == before and answers() == [401, 401]
    # One that finds the records so, without having heard the stream, believes no more.
    late = fleet.join("late", store("late")).start()
    wait_for(lambda: late.digest() == fleet.nodes[0].digest(), timeout=30, what="it has all that is true")
    assert {row["what"] for row in wait_for(lambda: late.status()["refused"], what="what it refused")} \
        >= {"not signed by who it names", "of a node that is not enrolled"}
    assert [row["target"] for row in late.store.json("blocks", "list")] == ["203.0.113.7"]
    assert answers() == [401, 401]


def test_an_older_record_is_told_from_a_replay(office, fleet, engine):
    """What stands in an old copy of the engine, and what somebody sends again."""
    proxies, answers = office
    [older] = [s for s in engine.command("HVALS", "zta:corp:records") if Statement.read(s).topic == BLOCK]
    proxies[0].ctl("blocks", "remove", "203.0.113.7", *_REASON)
    fleet.await_alike()
    engine.command("HSET", "zta:corp:records", os.urandom(48), older)
    wait_for(lambda: all(node.status()["outdated"] for node in fleet.nodes[1:]), what="all is compared")
    assert [node.status()["refused"] for node in fleet.nodes] == [[]] * len(fleet.nodes)
    engine.command("XADD", "zta:corp:stream", "*", "s", older)
    for node in fleet.nodes[1:]:
        [row] = wait_for(lambda node=node: node.status()["refused"], what="the replay is counted")
        assert row == {"what": "older than what is known", "statements": 1}
    assert "outdated   " in proxies[1].ctl("fleet", "status").stdout
    # What is said behind it was heard behind it. Who said the older one himself knows it.
    proxies[1].ctl("block", "203.0.113.8", "--for", "1h", *_REASON)
    fleet.await_alike()
    assert fleet.nodes[0].status()["refused"] == []
    for node in fleet.nodes:
        assert [row["target"] for row in node.store.json("blocks", "list")] == ["203.0.113.8"]
    assert answers() == [401, 401]
