# SPDX-License-Identifier: Apache-2.0
"""Rules of stage 4 in a running server: a signal that a rule raises, and the login that answers it."""

import time

from support.local import wait_for

RULES = """allow all
  when path /**
require calm
  when path /orders/**
  need risk < 40
  else step-up acr=gold max-age=1h
deny baited
  when path /admin/**
  when signal honeypot
signal honeypot weight 90
  when path /.env
"""


def test_a_bait_that_a_rule_names_costs_a_login(zta):
    server = zta(stage=4, rules=RULES)
    now = int(time.time())
    thief = server.issuer.token(dict(sub="alice", sid="s1", acr="gold", auth_time=now - 60))
    assert server.get("/orders/1", thief).status == 200
    assert server.get("/admin/1", thief).status == 200
    # Judged on that very request by who asks for it, and kept for the session.
    server.get("/.env", thief)
    asked = wait_for(lambda: (answer := server.get("/orders/1", thief)).status == 401 and answer,
                     what="the risk of the session")
    assert "insufficient_user_authentication" in asked.header("WWW-Authenticate")
    assert 'acr_values="gold"' in asked.header("WWW-Authenticate")
    assert server.get("/admin/1", thief).status == 403
    # Only a login behind the bait answers it, of this acr, and only by its own token.
    later = int(time.time()) + 5
    weak = server.issuer.token(dict(sub="alice", sid="s1", acr="tin", auth_time=later))
    good = server.issuer.token(dict(sub="alice", sid="s1", acr="gold", auth_time=later))
    assert server.get("/orders/1", weak).status == 403  # it came in answer, and is too weak
    assert server.get("/orders/1", good).status == 200
    assert server.get("/orders/1", thief).status == 401
    event = wait_for(lambda: [e for e in server.events() if e["reason"] == "step_up_required"],
                     what="the challenge")[0]
    assert event["rule"] == "calm"


def test_only_a_configured_target_is_notified(zta):
    rules = "respond r\n  on risk > 80 by session\n  do notify soc\n"
    gateway = zta(start=False, stage=4, rules=rules)
    code, said = gateway.configtest()
    assert code != 0 and "rules.zta:3:13: found 'soc', expected the name of a configured ZTANotify" in said
    code, said = gateway.configtest(f"ZTANotify soc {gateway.httpd.path('logs', 'soc.log')}")
    assert code == 0, said
