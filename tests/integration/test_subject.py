# SPDX-License-Identifier: Apache-2.0
"""What is stored about a person is shown, and taken away, beside a real server; likewise what is old."""

from support.load import settled
from support.local import wait_for


def _known(server, subject):
    done = server.ctl("subject", "export", f"{subject}@corp", "--json", code=None)
    return server.json("subject", "export", f"{subject}@corp") if done.returncode == 0 else []


def _kinds(server, subject):
    return {each["kind"] for each in _known(server, subject)}


def _ask(server, subject, n):
    token = server.issuer.token({"sub": subject, "client_id": "web", "sid": f"{subject}-1"})
    return [server.get(f"/orders/{i}", token).header("X-ZTA-Id") for i in range(n)]


def test_a_person_sees_all_and_is_forgotten_and_nobody_else(zta):
    server = zta(stage=1)
    ids = {name: _ask(server, name, 30) for name in ("alice", "malice", "bob")}
    settled(server)
    server.ctl("devices", "set", "laptop-1", "--owner", "alice@corp")
    server.ctl("revoke", "--subject", "alice@corp", "--reason", "laptop stolen", "--yes")
    server.ctl("revoke", "--subject", "malice@corp", "--reason", "another", "--yes")
    wait_for(lambda: {"session", "request"} <= _kinds(server, "alice"), what="what was recorded")
    known = _known(server, "alice")
    assert {each["kind"] for each in known} >= {"session", "request", "revocation", "device", "audit"}
    asked = [each for each in known if each["kind"] == "request"]
    assert {each["event"]["id"] for each in asked} == set(ids["alice"])
    assert all(each["event"]["subject"] == "alice" and not each["stays"] for each in asked)
    assert "malice" not in str(known), "what is said of others is theirs"
    plan = server.json("subject", "forget", "alice@corp", "--dry-run")
    assert plan["dry_run"] and "request 30" in plan["target"] and "revocation 1" in plan["effect"], plan
    assert len(_known(server, "alice")) == len(known)
    server.ctl("subject", "forget", "alice@corp", code=4)
    server.ctl("subject", "forget", "alice@corp", "--reason", "her wish", "--yes")
    wait_for(lambda: not _kinds(server, "alice") & {"session", "request", "refusals", "baseline"},
             what="nothing is recorded of alice")
    assert _kinds(server, "alice") >= {"revocation", "device", "audit"}
    last = server.json("audit", "list")[0]
    assert last["action"] == "subject forget" and "alice" not in str(last) and last["reason"] == "her wish"
    for name in ("malice", "bob"):
        assert sum(each["kind"] == "request" for each in _known(server, name)) == 30
        assert server.json("explain", ids[name][7])["subject"] == name
    server.ctl("explain", ids["alice"][7], code=1)
    assert server.json("audit", "verify")["result"] == "consistent"
    token = server.issuer.token({"sub": "alice", "sid": "alice-1", "auth_time": 1, "client_id": "web"})
    assert server.get("/orders/1", token).status == 401
    server.httpd.stop()
    server.ctl("store", "check", "--deep")
    server.httpd.allow_log("ZTA0190")


def test_nobody_is_known_by_a_wrong_name(zta):
    server = zta(stage=1)
    refused = server.ctl("subject", "export", "nobody@corp", code=1).stderr
    assert "nothing is known of subject 'nobody@corp'" in refused


def test_what_is_older_than_an_operator_says_goes(zta):
    server = zta(stage=1)
    _ask(server, "alice", 20)
    settled(server)
    assert "expected --last" in server.ctl("store", "prune", code=2).stderr
    wait_for(lambda: "20 recorded requests, 1 sessions" in
             server.json("store", "prune", "--last", "1s", "--dry-run")["target"], what="a second to pass")
    assert len(server.events("--limit", "0")) == 20
    server.ctl("store", "prune", "--last", "1s", code=4)
    server.ctl("store", "prune", "--last", "1s", "--yes")
    wait_for(lambda: not server.events("--limit", "0") and not server.json("sessions", "list"),
             what="what is old is gone")
    _ask(server, "alice", 3)
    settled(server)
    assert len(server.events("--limit", "0")) == 3
    server.ctl("store", "check", "--deep")
