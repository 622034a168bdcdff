# SPDX-License-Identifier: Apache-2.0
"""The files of a store as a whole beside a real server: compaction and formats."""

from support.lmdb import drop_table, put_record
from support.load import settled


def test_compaction_needs_httpd_stopped_and_keeps_all(zta):
    server = zta(stage=1)
    token = server.issuer.token({"sub": "alice"})
    for i in range(20):
        assert server.get(f"/orders/{i}", token).status == 200
    settled(server)
    server.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    told = server.json("store", "compact", "--dry-run")
    assert told["done"] == "estimated" and told["state_before"] >= told["state_after"] > 0
    refused = server.ctl("store", "compact", code=4).stderr
    assert "is open in" in refused and "stop httpd" in refused, refused
    before = len(server.events("--limit", "0"))
    server.httpd.stop()
    told = server.json("store", "compact", "--reason", "tidy")
    assert told["done"] == "compacted" and told["state_after"] <= told["state_before"]
    server.ctl("store", "check", "--deep")
    assert len(server.events("--limit", "0")) == before
    last = server.json("audit", "list")[0]
    assert (last["action"], last["reason"]) == ("store compact", "tidy"), last
    assert "policy/" in last["target"] and "MiB" in last["target"]
    assert server.json("audit", "verify")["result"] == "consistent"
    server.httpd.start()
    assert server.get("/orders/1", token).status == 401
    assert server.get("/orders/1", server.issuer.token({"sub": "bob"})).status == 200


def test_one_format_is_known_and_a_newer_one_refused(store):
    made = store()
    assert made.json("store", "migrate")["done"] == "current"
    drop_table(made.policy_path(""), "rule_layers")
    assert made.json("store", "migrate", "--dry-run")["done"] == "lacking"
    assert made.json("store", "migrate", "--dry-run")["done"] == "lacking"
    assert made.json("store", "migrate")["done"] == "completed"
    assert made.json("store", "migrate")["done"] == "current"
    put_record(made.policy_path(""), "meta", b"version", b"ZTAS" + (2).to_bytes(4, "big") + b"\x01" + bytes(24))
    refused = made.run("store", "migrate", code=3).stderr
    assert "store format 2, this program knows 1: install the newer mod_zta" in refused, refused
