# SPDX-License-Identifier: Apache-2.0
"""Live rules of a fleet: what an operator changes at one proxy is in force at all."""

import os

import pytest

from support.fleet import Fleet
from support.local import wait_for
from support.redis import Redis

_REASON = ("--reason", "test")


@pytest.fixture
def engine():
    redis = Redis().start()
    yield redis
    redis.remove()


@pytest.fixture
def fleet(engine):
    made = Fleet([f"engine 127.0.0.1:{engine.port}"])
    yield made
    made.remove()


def _join_all(fleet, proxies, **roles):
    fleet.create(proxies[0].store)
    nodes = [fleet.join(f"proxy-{i}", z.store, role=roles.get(f"role_{i}")).start()
             for i, z in enumerate(proxies)]
    fleet.await_alike()
    return nodes


def _deny(path, name=None):
    name = name or path.strip("/")
    return ("-e", f"deny {name}", "-e", f"when path {path}")


def _add(node, path, *more, name=None, life="--permanent"):
    return node.store.json("rules", "add", *_deny(path, name), *life.split(), *_REASON, "--yes", *more)


def _status(proxy, path):
    return proxy.get(path, proxy.issuer.token({"sub": "alice"})).status


def _await_status(proxies, path, status):
    for proxy in proxies:
        wait_for(lambda proxy=proxy: _status(proxy, path) == status, what=f"{status} of {path}",
                 timeout=60)


def _history(node):
    return node.store.json("rules", "history")


def _in_force(node):
    return next(row for row in _history(node) if row["state"] in ("in force", "waits for confirmation"))


def _tell(row):
    """What is the same of a version at every node."""
    return row["node"], row["time"], row["what"]


def _rules_of(node):
    return {row["state"]: row for row in node.status()["rules"]}


def _proxies(zta, number, **options):
    return [zta(stage=2, rules="allow reads\n  when method GET\n", **options) for _ in range(number)]


def test_a_rule_of_one_proxy_refuses_at_all_until_it_is_taken_back_anywhere(zta, fleet):
    proxies = _proxies(zta, 2)
    nodes = _join_all(fleet, proxies)
    assert [_status(p, "/orders") for p in proxies] == [200, 200]
    _add(nodes[0], "/orders")
    _await_status(proxies, "/orders", 403)
    row = _in_force(nodes[1])
    assert row["node"] == "proxy-0" and row["by"] and row["reason"] == "test"
    # Each node's operators go on from what is in force everywhere.
    nodes[1].store.run("rules", "disable", "orders", "--permanent", *_REASON, "--yes")
    _await_status(proxies, "/orders", 200)
    nodes[0].store.run("rules", "enable", "orders", *_REASON, "--yes")
    _await_status(proxies, "/orders", 403)
    nodes[1].store.run("rules", "monitor", "orders", "--for", "1h", *_REASON, "--yes")
    _await_status(proxies, "/orders", 200)
    nodes[1].store.run("rules", "enforce", "orders", "--permanent", *_REASON, "--yes")
    _await_status(proxies, "/orders", 403)
    nodes[1].store.run("rules", "remove", "orders", *_REASON, "--yes")
    _await_status(proxies, "/orders", 200)
    back = next(row["version"] for row in _history(nodes[0]) if row["what"].startswith("rule orders")
                and row["node"] == "proxy-0")
    nodes[0].store.run("rules", "rollback", str(back), *_REASON, "--yes")
    _await_status(proxies, "/orders", 403)
    fleet.await_alike()
    assert _tell(_in_force(nodes[0])) == _tell(_in_force(nodes[1]))
    assert [row["refused"] for row in (n.status() for n in nodes)] == [[], []]


def test_two_changes_in_a_partition_are_a_conflict_that_can_be_decided(zta, fleet, engine):
    proxies = _proxies(zta, 3)
    nodes = _join_all(fleet, proxies)
    _add(nodes[0], "/common")
    _await_status(proxies, "/common", 403)
    engine.kill()
    _add(nodes[0], "/first")
    _add(nodes[1], "/second")  # the later one
    assert [_status(p, "/first") for p in proxies] == [403, 200, 200]
    assert [_status(p, "/second") for p in proxies] == [200, 403, 200]
    engine.start()
    _await_status(proxies, "/second", 403)
    _await_status(proxies, "/first", 200)
    _await_status(proxies, "/common", 403)
    fleet.await_alike()
    for node in nodes:
        rows = {row["what"]: row for row in _history(node)}
        assert rows["rule second"]["state"] == "in force" and rows["rule second"]["node"] == "proxy-1"
        assert rows["rule first"]["state"] == "conflict" and rows["rule first"]["node"] == "proxy-0"
        assert rows["rule first"]["conflict"] == rows["rule second"]["version"]
        assert f"conflict: {rows['rule second']['version']} was made without it" in \
            node.store.run("rules", "history").stdout
        wait_for(lambda node=node: "conflict" in _rules_of(node), what="the conflict in the status")
    # The other one, at a third node, by its number there.
    other = next(row["version"] for row in _history(nodes[2]) if row["what"] == "rule first")
    nodes[2].store.run("rules", "rollback", str(other), *_REASON, "--yes")
    _await_status(proxies, "/first", 403)
    _await_status(proxies, "/second", 200)
    for node in nodes:
        wait_for(lambda node=node: "conflict" not in _rules_of(node), what="it was decided")


def test_what_does_not_fit_at_a_node_is_kept_shown_and_not_in_force(zta, fleet):
    with_list = zta(stage=3, rules="list offices 127.0.0.0/8\nallow reads\n  when method GET\n")
    without = zta(stage=3, rules="allow reads\n  when method GET\n")
    nodes = _join_all(fleet, (with_list, without))
    _add(nodes[0], "/first")
    _await_status((with_list, without), "/first", 403)
    nodes[0].store.run("rules", "add", "-e", "deny lists", "-e", "when path /lists",
                       "-e", "when network list:offices", "--permanent", *_REASON, "--yes")
    _await_status((with_list,), "/lists", 403)
    row = wait_for(lambda: _rules_of(nodes[1]).get("does not fit here"), what="it is shown")
    assert row["node"] == "proxy-0" and "offices" in row["problem"]
    assert _status(without, "/lists") == 200
    assert _status(without, "/first") == 403  # what was in force is so still
    assert {r["what"]: r["state"] for r in _history(nodes[1])}["rule lists"] == "does not fit here"
    # What is built there without it would take it out of force elsewhere.
    done = nodes[1].store.run("rules", "add", *_deny("/more"), "--permanent", *_REASON, "--yes", code=4)
    assert "of another node is later" in done.stderr
    # Taken along by what makes it fit.
    nodes[0].store.run("rules", "remove", "lists", *_REASON, "--yes")
    _add(nodes[0], "/fits")
    _await_status((with_list, without), "/fits", 403)
    _add(nodes[1], "/more")
    _await_status((with_list, without), "/more", 403)


def test_a_trial_that_nobody_confirms_ends_at_all(zta, fleet):
    proxies = _proxies(zta, 2)
    nodes = _join_all(fleet, proxies)
    _add(nodes[0], "/lasting")
    _await_status(proxies, "/lasting", 403)
    _add(nodes[0], "/tried", "--confirm-within", "3s")
    _await_status(proxies, "/tried", 403)
    _await_status(proxies, "/tried", 200)
    _await_status(proxies, "/lasting", 403)
    assert [row["state"] for row in _history(nodes[1])[:2]] == ["took itself back", "in force"]
    _add(nodes[0], "/kept", "--confirm-within", "1h")
    _await_status(proxies, "/kept", 403)
    nodes[1].store.run("rules", "confirm", *_REASON, "--yes")  # at the other one
    wait_for(lambda: _in_force(nodes[0])["state"] == "in force", what="it is confirmed at both")
    _add(nodes[1], "/brief", life="--for 2s")
    _await_status(proxies, "/brief", 403)
    _await_status(proxies, "/brief", 200)
    _await_status(proxies, "/kept", 403)


def test_a_place_that_is_stepped_back_is_so_at_all_that_have_it(zta, fleet):
    rules = "zta 1\nallow all\n  when path /**\ndeny deep\n  when path /deep/**\ndeny other\n  when path /other/**\n"
    place = "<Location /deep>\nZTAStage 2\n</Location>\n"
    proxies = [zta(stage=2, rules=rules, vhost_text=text) for text in (place, place, "")]
    nodes = _join_all(fleet, proxies)
    _await_status(proxies, "/deep/x", 403)
    nodes[0].store.run("mode", "monitor", "--location", "/deep", "--for", "1h", *_REASON, "--yes")
    _await_status(proxies[:2], "/deep/x", 200)
    fleet.await_alike()
    # Nothing else is stepped back, and who has no such place goes on.
    assert [_status(z, "/other/x") for z in proxies] == [403] * 3
    assert _status(proxies[2], "/deep/x") == 403
    assert [_rules_of(node)["in force"]["problem"] for node in nodes] == [None] * 3
    assert [row["location"] for row in nodes[1].store.json("mode")] == ["/deep"]
    nodes[1].store.run("mode", "enforce", "--location", "/deep", *_REASON, "--yes")
    _await_status(proxies, "/deep/x", 403)
    assert all(node.status()["refused"] == [] for node in nodes)


def test_who_may_only_restrict_changes_rules_at_himself_alone(zta, fleet):
    proxies = _proxies(zta, 2)
    nodes = _join_all(fleet, proxies, role_1="restrict")
    _add(nodes[1], "/orders")
    _await_status((proxies[1],), "/orders", 403)
    refused = wait_for(lambda: nodes[0].status()["refused"], what="it is refused and told")
    assert [row["what"] for row in refused] == ["what grants, of a node that may only restrict"]
    assert _status(proxies[0], "/orders") == 200 and _history(nodes[0]) == []


@pytest.mark.timeout(240)
def test_a_thousand_rules_reach_a_proxy_that_comes_late(zta, fleet, directory):
    proxies = _proxies(zta, 2)
    fleet.create(proxies[0].store)
    first = fleet.join("proxy-0", proxies[0].store).start()
    path = os.path.join(directory, "many.zta")
    with open(path, "w", encoding="ascii") as f:
        f.write("zta 1\n" + "".join(f"deny rule-{i}\n  when path /many/{i}\n  note \"{i:060}\"\n"
                                    for i in range(1000)))
    os.chmod(path, 0o644)
    first.store.run("rules", "apply", path, "--permanent", *_REASON, "--yes")
    fleet.join("proxy-1", proxies[1].store).start()
    _await_status(proxies, "/many/999", 403)
    fleet.await_alike()
    assert _in_force(fleet.nodes[1])["entries"] == 1000
