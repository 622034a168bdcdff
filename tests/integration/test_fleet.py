# SPDX-License-Identifier: Apache-2.0
"""Several proxies with one will: what is done at one holds at all, and a cut cable loses nothing."""

import json
import os
import random
import signal
import socket
import stat
import time

import pytest

from support.clock import token as clock_token
from support.fleet import Fleet, held
from support.gateway import credentials
from support.local import USERS, wait_for
from support.redis import Redis
from support.store import Store
from support.streams import TORN, Http1, websocket

_REASON = ("--reason", "test")


@pytest.fixture
def stores(directory):
    def make(number):
        store = Store(os.path.join(directory, f"store-{number}"))
        store.init()
        return store
    return make


def _join(fleet, stores, number, **options):
    store = stores(number)
    if fleet.operator_key is None:
        fleet.create(store)
    return fleet.join(f"proxy-{number}", store, **options).start()


def _blocked(node):
    return {row["target"] for row in node.store.json("blocks", "list")}


def _block(node, last):
    node.store.run("block", f"203.0.113.{last}", "--for", "1h", *_REASON)


def _unblock(node, last, code=0):
    node.store.run("blocks", "remove", f"203.0.113.{last}", *_REASON, code=code)


def test_a_revocation_at_one_proxy_is_a_refusal_at_all(zta, fleet):
    first, second = (zta(stage=1) for _ in range(2))
    fleet.create(first.store)
    nodes = [fleet.join(f"proxy-{i}", z.store).start() for i, z in enumerate((first, second))]
    fleet.await_alike()
    token = second.issuer.token({"sub": "alice"})
    assert second.get("/", token).status == 200
    first.ctl("revoke", "--subject", "alice@corp", *_REASON)
    wait_for(lambda: second.get("/", token).status == 401, what="the refusal at the other proxy")
    second.ctl("unrevoke", "--subject", "alice@corp", *_REASON)
    wait_for(lambda: second.get("/", token).status == 200, what="she is let in where it was taken back")
    fleet.await_alike()
    status = nodes[1].status()
    assert status["fleet"] == "corp" and status["agent_runs"] and status["refused"] == []
    wait_for(lambda: [node["alike"] for node in nodes[1].status()["nodes"]] == [True, True],
             what="both nodes in the status")
    assert {node["name"] for node in nodes[1].status()["nodes"]} == {"proxy-0", "proxy-1"}
    assert all(node["lag_ms"] < 5000 for node in nodes[1].status()["nodes"])
    nodes[1].store.run("fleet", "status", "--check")
    assert nodes[1].stop()["taken"] >= 2
    held(nodes[1].store, "leave", *_REASON)
    nodes[1].store.run("fleet", "status", code=1)
    fleet.nodes.remove(nodes[1])


def test_who_did_not_hear_for_too_long_refuses_where_that_is_asked_for(clocked, fleet, engine):
    z, clock = clocked(stage=1, vhost_text="""<Location /strict>
ZTAFailure stale=1h fleet=1h
</Location>
<Location /strict/not>
ZTAFailure fleet=any
</Location>
<Location /metrics>
ZTAStage 0
SetHandler zta-metrics
Require local
</Location>""")
    token = clock_token(z, clock)
    paths = ("/x", "/strict", "/strict/not")

    def answers():
        return [z.get(path, token).status for path in paths]

    def as_of():
        return z.json("fleet", "status", env=clock.env)["as_of"]

    assert answers() == [200, 503, 200], "nothing was heard of a fleet yet"
    fleet.create(z.store)
    node = fleet.join("proxy-0", z.store).start()
    wait_for(lambda: answers() == [200, 200, 200], what="it is heard of")
    assert as_of() and "\nzta_fleet_as_of_timestamp_seconds 1" in z.get("/metrics").text
    engine.command("XADD", "zta:corp:stream", "*", "s", "no statement")
    wait_for(lambda: "\nzta_fleet_refused_total 1\n" in z.get("/metrics").text, timeout=30, what="it is counted")
    assert "\nzta_fleet_held 0\n" in z.get("/metrics").text
    engine.kill()
    for minutes, refuses in ((59, False), (61, True), (-59, False), (-61, True), (0, False)):
        clock.set(60 * minutes)
        assert answers() == [200, 503 if refuses else 200, 200], minutes
    clock.set(3660)
    refused = z.get("/strict", token)
    assert refused.header("Retry-After") and refused.json()["title"] == "Temporarily unavailable"
    wait_for(lambda: [e for e in z.events() if e["reason"] == "fleet_stale"], what="the event")
    node.kill()
    engine.start()
    fleet.nodes[0].start(env=clock.env)  # its clock is the machine's, too
    wait_for(lambda: answers() == [200, 200, 200], what="it is heard of again")
    held(z.store, "leave", *_REASON, "--yes")
    wait_for(lambda: answers() == [200, 503, 200], what="who left a fleet hears nothing of it")


@pytest.mark.timeout(240)
def test_what_is_open_ends_when_the_fleet_was_not_heard_of_for_too_long(clocked, fleet, engine):
    z, clock = clocked(stage=1, proxy="retry=0 upgrade=websocket", vhost_text="""<Location />
ZTAFailure stale=1h
</Location>
<Location /ws>
ZTAFailure stale=1h fleet=1h
</Location>
<Location /sse>
ZTAFailure stale=1h fleet=3h
</Location>""")
    z.httpd.allow_log(*TORN)
    fleet.create(z.store)
    fleet.join("proxy-0", z.store).start()
    headers = credentials(clock_token(z, clock))
    wait_for(lambda: z.get("/ws", headers=headers).status != 503, what="it is heard of")
    tunnel, events = Http1(z, "/ws", websocket(headers)), Http1(z, "/sse?ms=50", headers)
    engine.kill()
    clock.set(60 * 59)
    assert z.get("/ws", headers=headers).status != 503 and not tunnel.is_over
    clock.set(60 * 61)
    wait_for(lambda: tunnel.is_over, what="the tunnel is cut")
    assert not events.is_over
    event = wait_for(lambda: [e for e in z.events() if (e["detail"] or "").startswith("cut: ")], what="its event")[0]
    assert (event["path"], event["detail"]) == ("/ws", "cut: the fleet was not heard of for too long")
    clock.set(60 * 181)
    wait_for(lambda: events.is_over, what="the stream is cut")
    clock.set(0)
    tunnel.close()
    events.close()


def test_without_the_engine_each_goes_on_and_an_empty_one_is_filled_again(fleet, stores, engine):
    nodes = [_join(fleet, stores, i) for i in range(3)]
    _block(nodes[0], 1)
    fleet.await_alike()
    engine.kill()
    for i, node in enumerate(nodes):
        _block(node, 10 + i)
        wait_for(lambda node=node: node.status()["problem"], what="the agent tells that it is alone")
        assert node.status()["waiting"] == 1
        node.store.run("fleet", "status", "--check", code=1)
    nodes[2].kill()  # its agent, too; and what it knew is in its store
    engine.start()  # with nothing of what it had
    fleet.nodes[2].start()
    fleet.await_alike()
    expected = {f"203.0.113.{n}" for n in (1, 10, 11, 12)}
    assert [_blocked(node) for node in nodes] == [expected] * 3
    engine.command("FLUSHALL")
    late = _join(fleet, stores, 3)
    wait_for(lambda: _blocked(late) == expected, what="a new node learns what all know", timeout=60)
    fleet.await_alike()


def test_an_agent_that_was_killed_hears_nothing_twice_that_it_took(fleet, stores):
    first, second = (_join(fleet, stores, i) for i in range(2))
    fleet.await_alike()
    for _ in range(3):
        _block(first, 7)
        _unblock(first, 7)
    _block(first, 8)
    wait_for(lambda: _blocked(second) == {"203.0.113.8"}, what="all of it is heard")
    second.kill()
    second.start()
    _block(first, 9)
    wait_for(lambda: "203.0.113.9" in _blocked(second), what="it goes on")
    heard = time.time()

    def told():
        with open(second.store.policy_path("fleet.status"), encoding="utf-8") as f:
            return json.load(f)["time"] > heard
    wait_for(told, what="what its agent says of itself", timeout=20)
    status = second.status()
    assert status["refused"] == []


def test_nodes_with_trouble_come_first(fleet, stores, engine):
    first, second, third = (_join(fleet, stores, i) for i in range(3))
    fleet.await_alike()

    def states():
        return [(row["name"], row["state"]) for row in held(first.store, "nodes")]
    wait_for(lambda: sorted(states()) == [(f"proxy-{i}", "alike") for i in range(3)], timeout=30,
             what="all are alike")
    own = next(row for row in held(first.store, "nodes") if row["this"])
    assert own["name"] == "proxy-0" and own["agent_runs"] and own["fleet"] == "corp"
    assert own["engine"] == f"127.0.0.1:{engine.port}" and own["refused_here"] == []
    fleet.enrol(third, "none", first)
    wait_for(lambda: states()[-1] == ("proxy-2", "removed"), what="it was taken out")
    third.kill()
    second.kill()
    # What stands at the engine is signed by nobody; a stranger's line is shown as such.
    engine.command("HSET", "zta:corp:nodes", "ab" * 16, '{"name": "eve", "time": 1, "sum": "00"}')
    wait_for(lambda: states()[0] == ("eve", "unknown"), what="the stranger comes first")
    wait_for(lambda: states()[1] == ("proxy-1", "silent"), what="the one that is silent", timeout=40)
    engine.command("DEL", "zta:corp:nodes")
    wait_for(lambda: states()[0] == ("proxy-1", "unheard"), what="the engine forgot it")


def test_who_may_not_is_not_heard(fleet, stores, engine):
    first, second = (_join(fleet, stores, i) for i in range(2))
    sensor = _join(fleet, stores, 2, role="restrict")
    fleet.await_alike()
    _block(sensor, 1)
    wait_for(lambda: "203.0.113.1" in _blocked(first), what="a block of who may restrict")
    _unblock(sensor, 1)
    refused = wait_for(lambda: first.status()["refused"], what="its release is refused and told")
    assert [row["what"] for row in refused] == ["what grants, of a node that may only restrict"]
    assert "203.0.113.1" in _blocked(first)

    # Who can write to the engine, and nothing else, can neither make nor change a statement.
    records = engine.command("HVALS", "zta:corp:records")
    one = bytearray(max(records, key=len))
    one[-80] ^= 1
    for data in (bytes(one), b"nonsense", b"", bytes(100_000)):
        _send_raw(engine, data)
    engine.command("HSET", "zta:corp:records", "of nobody", "nothing")
    wait_for(lambda: sum(row["statements"] for row in second.status()["refused"]) >= 4,
             what="what is forged is refused")
    assert _blocked(second) == _blocked(first) and second.status()["problem"] is None

    # A node that nobody enrolled says nothing; one that was expelled nothing more.
    _block(second, 2)
    wait_for(lambda: "203.0.113.2" in _blocked(first), what="a block of a node")
    fleet.enrol(second, "none", first)
    wait_for(lambda: second.status()["statements"] == first.status()["statements"], what="it is known")
    _block(second, 3)
    wait_for(lambda: any("not enrolled" in row["what"] for row in first.status()["refused"]),
             what="it is not heard any more")
    assert "203.0.113.3" not in _blocked(first)


def _send_raw(engine, data):
    with socket.create_connection(("127.0.0.1", engine.port), 5) as connection:
        words = ([b"AUTH", engine.password.encode()],
                 [b"XADD", b"zta:corp:stream", b"*", b"s", data])
        for parts in words:
            connection.sendall(b"*%d\r\n" % len(parts) +
                               b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            assert connection.recv(100)[:1] in b"+$"


@pytest.mark.skipif(os.geteuid() != 0, reason="users that differ need root")
def test_httpds_user_reaches_neither_key_nor_policy(fleet, stores):
    node = _join(fleet, stores, 0)
    key = node.store.policy_path("fleet.key")
    info = os.stat(key)
    assert stat.S_IMODE(info.st_mode) == 0o600 and info.st_uid == USERS.owner_uid
    denied = node.store.run("fleet", "enrol", "x", user=USERS.httpd, code=None)
    assert denied.returncode != 0
    agent = node.store.run("fleet", "agent", node.config, user=USERS.httpd, code=None)
    assert agent.returncode == 3 and "Permission denied" in agent.stderr


@pytest.mark.timeout(240)
def test_sentinels_lead_to_the_engine_that_took_over(stores):
    master = Redis().start()
    replica = Redis(replica_of=master).start()
    sentinel = Redis(sentinel=True, extra=f"""sentinel monitor zta 127.0.0.1 {master.port} 1
sentinel down-after-milliseconds zta 500
sentinel failover-timeout zta 5000""").start()
    fleet = Fleet([f"sentinel zta 127.0.0.1:{sentinel.port}"])
    try:
        nodes = [_join(fleet, stores, i) for i in range(2)]
        _block(nodes[0], 1)
        fleet.await_alike()
        wait_for(lambda: replica.command("HLEN", "zta:corp:records") ==
                 master.command("HLEN", "zta:corp:records"), what="the replica follows")
        master.kill()
        _block(nodes[0], 2)
        wait_for(lambda: "203.0.113.2" in _blocked(nodes[1]), timeout=60, what="it goes by the replica")
        fleet.await_alike()
        wait_for(lambda: nodes[1].status()["engine"] == f"127.0.0.1:{replica.port}", what="the replica's name")
    finally:
        fleet.remove()
        for server in (sentinel, replica, master):
            server.remove()


@pytest.mark.timeout(240)
def test_whatever_breaks_nothing_that_was_confirmed_is_lost(fleet, stores, engine):
    """Agents and the engine die, the engine loses all or stands still, while operators work."""
    chance = random.Random(20261122)
    nodes = [_join(fleet, stores, i) for i in range(3)]
    fleet.await_alike()
    expected = set()
    for _ in range(12):
        breaks = chance.choice(["agent", "engine", "flush", "stop", "none"])
        victim = chance.choice(nodes)
        if breaks == "agent":
            victim.kill()
        elif breaks == "engine":
            engine.kill()
        elif breaks == "flush":
            engine.command("FLUSHALL")
        elif breaks == "stop":
            engine.signal(signal.SIGSTOP)
        for _ in range(4):
            last = chance.randrange(30)
            if chance.random() < 0.7:
                _block(chance.choice(nodes), last)
                expected.add(last)
            elif last in expected and breaks == "none":
                fleet.await_alike()
                _unblock(chance.choice(nodes), last)
                expected.discard(last)
        if breaks == "agent":
            victim.start()
        elif breaks == "engine":
            engine.start()
        elif breaks == "stop":
            engine.signal(signal.SIGCONT)
    fleet.await_alike(timeout=120)
    assert [_blocked(node) for node in nodes] == [{f"203.0.113.{n}" for n in expected}] * 3
    for node in nodes:
        node.stop()
        node.store.run("store", "check", "--deep")


@pytest.mark.parametrize("line, message", [
    ("fleet a b", "found 'fleet'; expected a word and its value"),
    ("fleet a/b", "found 'a/b'; expected at most 64 letters"),
    ("engine nowhere", "found 'nowhere'; expected HOST:PORT"),
    ("engine h:0", "found 'h:0'; expected HOST:PORT"),
    ("engine h:1\nsentinel a h:1", "expected one engine or one list of sentinels"),
    ("sentinel a", "expected sentinel NAME HOST:PORT"),
    ("operator-key short", "expected the 43 characters"),
    ("password-file relative", "expected a path from the root"),
    ("colour blue", "found 'colour'; expected fleet, node, operator-key"),
    ("node a", "there is no line 'fleet NAME'"),
])
def test_a_bad_file_is_told_with_its_line(directory, stores, line, message):
    path = os.path.join(directory, "fleet.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write(line + "\n")
    done = stores(0).run("fleet", "join", path, code=1)
    assert message in done.stderr and path in done.stderr
