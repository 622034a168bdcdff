# SPDX-License-Identifier: Apache-2.0
"""`ztactl whatif`: recorded requests of a running server, judged again by the same rules or others."""

import itertools
import random
import time

from support.local import wait_for

RULES = """list offices 127.0.0.0/8

allow read-orders
  when path /orders/** /monitored/** /context/**
  when method GET
  need scope orders:read

allow clerks
  when path /orders/** /monitored/** /context/**
  when method GET POST PUT
  need role clerk
  or   claim:dept sales

allow machines
  when path /orders/**
  when credential apikey

deny archived
  when path /orders/old/**
  when not role auditor

require office
  when path /context/**
  need network list:offices
  need country CH

require json
  when path /monitored/**
  when method POST
  need content-type application/json

require recent
  when path /orders/secret
  need auth-age < 1h
  mode monitor

limit slow
  when path /orders/slow
  key ip
  rate 1/h
"""

PLACES = """
<Location /public>
  ZTAStage 0
</Location>
<Location /watched>
  ZTAStage 0
  ZTAMonitor 2
</Location>
<Location /keys>
  ZTAStage 1
</Location>
<Location /monitored>
  ZTAStage 1
  ZTAMonitor 3
</Location>
<Location /context>
  ZTAStage 3
</Location>
"""

PATHS = ("/orders/1", "/orders/old/2", "/orders/secret", "/orders/slow", "/monitored/3", "/context/4",
         "/keys/5", "/public/6", "/watched/7", "/else/8", "/orders/" + "long/" * 60)


def _tokens(z):
    now = int(time.time())
    subjects = []
    for scope, roles, dept in itertools.product(("orders:read", "other"), ([], ["clerk", "auditor"]),
                                                (None, "sales")):
        claims = {"sub": f"user{len(subjects)}", "client_id": "web", "scope": scope, "roles": roles,
                  "auth_time": now - (10 if dept else 7200)}
        subjects.append(z.issuer.token({**claims, "dept": dept} if dept else claims))
    return subjects


def _mixed(z, n):
    source = random.Random(7)
    tokens = [*_tokens(z), None, z.issuer.token({"sub": "late", "exp": 1000})]
    key = z.json("keys", "create", "--name", "ci")["key"]
    for _ in range(n):
        headers = {"User-Agent": source.choice(("curl/8", "", "x" * 700))}
        if source.random() < 0.5:
            headers["Content-Type"] = source.choice(("application/json", "text/plain; charset=utf-8"))
        method = source.choice(("GET", "GET", "HEAD", "POST", "PUT"))
        who = {"key": key} if source.random() < 0.15 else {"token": source.choice(tokens)}
        z.request(method, source.choice(PATHS), headers=headers,
                  body=b"{}" if method in ("POST", "PUT") else None, **who)


def _recorded(z, n):
    wait_for(lambda: z.json("whatif", z.rules_path)["period"]["requests"] >= n, what="all is recorded")


def test_the_rules_in_force_change_nothing_and_others_what_they_should(zta, directory):
    z = zta(stage=2, rules=RULES, vhost_text=PLACES, issuer_text="ZTAClaim roles roles")
    z.httpd.allow_log("ZTA0006")
    n = 400
    _mixed(z, n)
    _recorded(z, n)
    same = z.json("whatif", z.rules_path, "--gate")
    assert same["requests"] == n and same["period"]["requests"] == n
    assert same["to_deny"]["requests"] == same["to_allow"]["requests"] == 0, same
    assert same["monitored_to_deny"] == same["monitored_to_allow"] == 0, same
    # Nothing is lost between those that could be judged and those that never came so far.
    assert same["judged"] + same["decided_before_rules"] + same["not_decidable"]["requests"] == n
    assert same["judged"] > n / 3 and same["decided_before_rules"] > n / 20
    assert same["not_decidable"]["credential_not_kept"] == 0
    assert same["not_decidable"]["fact_not_recorded"] == 0
    assert 0 < same["not_decidable"]["unrecorded"] < n / 5  # of the path that is too long
    rows = z.events("--limit", "0")
    allowed = [row for row in rows if row["path"] == "/orders/1" and row["outcome"] == "allow"]

    draft = f"{directory}/draft.zta"
    with open(draft, "w", encoding="utf-8") as file:
        file.write(RULES + "\ndeny frozen\n  when path /orders/1\n")
    frozen = z.json("whatif", draft, "--last", "1h")
    n_allowed = sum(row["n"] for row in allowed)
    assert frozen["to_deny"]["requests"] == n_allowed > 0
    assert frozen["to_allow"]["requests"] == 0
    assert frozen["by_rule"] == [{"name": "frozen", "to_deny": n_allowed, "to_allow": 0}]
    assert frozen["by_reason"] == [{"name": "rule_denied", "to_deny": n_allowed, "to_allow": 0}]
    example = frozen["to_deny"]["examples"][0]
    assert z.json("explain", example["id"])["path"] == "/orders/1"
    assert (example["before"]["outcome"], example["after"]["rule"]) == ("allow", "frozen")
    z.ctl("whatif", draft, "--gate", code=1)
    subject = allowed[0]["subject"]
    of_one = z.json("whatif", draft, "--filter", f"subject={subject}")
    assert of_one["by_subject"] == [
        {"name": f"{subject}@{allowed[0]['issuer']}",
         "to_deny": sum(row["n"] for row in allowed if row["subject"] == subject),
         "to_allow": 0}]
    text = z.ctl("whatif", draft).stdout
    assert f"ALLOWED -> REFUSED: {n_allowed} requests" in text and "REFUSED -> ALLOWED: none" in text

    with open(draft, "w", encoding="utf-8") as file:
        file.write(RULES.replace("need scope orders:read", "need scope orders:read other"))
    wider = z.json("whatif", draft)
    assert wider["to_allow"]["requests"] > 0 and wider["to_deny"]["requests"] == 0
    assert {row["name"] for row in wider["by_rule"]} <= {"read-orders", "clerks"}

    # A claim that no rule named then was not looked for: only who is asked for it is undecided.
    with open(draft, "w", encoding="utf-8") as file:
        file.write(RULES + "\nrequire floor\n  when path /orders/1\n  need claim:floor 3\n")
    unknown = z.json("whatif", draft)
    assert 0 < unknown["not_decidable"]["fact_not_recorded"] < n / 5


def test_without_traffic_rules_or_store_it_says_so(zta, directory, store):
    z = zta(stage=2, rules=RULES)
    wait_for(lambda: z.json("rules", "list"), what="the rules are published")
    assert "nothing is recorded" in z.ctl("whatif", z.rules_path, "--last", "1m").stdout
    bad = f"{directory}/bad.zta"
    with open(bad, "w", encoding="utf-8") as file:
        file.write("allow x\n  when pth /a\n")
    assert "bad.zta:2:8" in z.ctl("whatif", bad, code=1).stderr
    z.ctl("whatif", z.rules_path, "--last", "soon", code=1)
    z.ctl("whatif", z.rules_path, "--filter", "colour=blue", code=2)
    z.ctl("whatif", code=2)
    z.store.directory = f"{directory}/nowhere"
    z.ctl("whatif", z.rules_path, code=3)
