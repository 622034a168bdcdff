# SPDX-License-Identifier: Apache-2.0
"""`ztactl ask` about requests that nobody sent, and `ztactl maturity` about what is on."""

import json

from support.local import wait_for

RULES = """allow readers
  when path /orders/**
  when method GET
  need scope read
  need role clerk

allow "unused"
  when path /keys/**

deny frozen
  when path /orders/frozen
  mode monitor

deny night
  when path /orders/late
  when claim:shift 3

case readers-read
  given subject alice
  given issuer corp
  given path /orders/1
  given scope read
  given role clerk
  expect allow
""".replace('allow "unused"', "allow keys")

PLACES = """
<Location /keys>
  ZTAStage 1
</Location>
<Location /public>
  ZTAStage 0
</Location>
"""


def _server(zta, **options):
    z = zta(stage=2, rules=RULES, vhost_text=PLACES, **options)
    wait_for(lambda: z.json("rules", "list"), what="the rules are published")
    return z


def test_a_question_is_answered_as_the_request_would_be(zta):
    z = _server(zta)
    good = z.json("ask", "subject=alice@corp", "path=/orders/1", "scope=read,write", "role=clerk")
    assert good["verdict"] == {"outcome": "allow", "reason": "ok", "rule": "readers",
                               "file": z.rules_path, "line": 1}
    assert (good["path"], good["stage"]) == ("/", 2) and "monitor" not in good
    poor = z.json("ask", "subject=alice@corp", "path=/orders/1", "scope=read")
    assert poor["verdict"]["reason"] == "not_entitled"
    assert (poor["nearest"], poor["missing"]) == ("readers", "role clerk")
    text = z.ctl("ask", "subject=alice@corp", "path=/orders/1", "scope=read").stdout
    assert "decided   deny: not_entitled" in text and "missing   role clerk" in text
    watched = z.json("ask", "subject=alice@corp", "path=/orders/frozen", "scope=read", "role=clerk")
    assert watched["verdict"]["outcome"] == "allow" and watched["monitor"]["rule"] == "frozen"
    for claim, reason in (("claim:shift=3", "rule_denied"), ("claim:shift=4", "ok")):
        asked = z.json("ask", "subject=alice@corp", "path=/orders/late", "scope=read", "role=clerk",
                       claim)
        assert asked["verdict"]["reason"] == reason, claim
    # The real thing says the same.
    token = z.issuer.token({"sub": "alice", "scope": "read"})
    assert z.get("/orders/1", token=token).status == 403
    nobody = z.json("ask", "path=/orders/1")
    assert nobody["verdict"]["reason"] == "no_credential"


def test_the_place_decides_how_much_is_asked(zta):
    z = _server(zta)
    key = ["apikey=ci", "path=/keys/1"]
    assert z.json("ask", *key)["path"] == "/keys"
    assert z.json("ask", *key)["verdict"]["outcome"] == "allow"
    raised = z.json("ask", *key, "method=POST", "--stage", "2")
    assert (raised["stage"], raised["verdict"]["rule"]) == (2, "keys")
    assert z.json("ask", "path=/elsewhere", "subject=a@corp",
                  "--location", "/keys")["verdict"]["outcome"] == "allow"
    z.ctl("ask", "path=/x", "--location", "/nowhere", code=1)
    z.vhost_text += "\n<Location />\nZTAStage 3\n</Location>"
    z.reload()
    wait_for(lambda: z.json("ask", "path=/elsewhere", "subject=a@corp")["stage"] == 3, what="Location / is what holds")


def test_what_is_no_fact_is_refused(zta):
    z = _server(zta)
    z.ctl("ask", code=2)
    z.ctl("ask", "alice", code=2)
    z.ctl("ask", "colour=blue", code=1)
    assert "colour" in z.ctl("ask", "colour=blue", code=1).stderr
    z.ctl("ask", "path=/x\n  expect deny", code=2)
    z.ctl("ask", "path=/x", "--stage", "9", code=2)
    assert "\x1b" not in z.ctl("ask", "subject=a\x1b[2J@corp", "path=/orders/1", code=1).stderr
    quoted = z.json("ask", "subject=a\"\\ #b@corp", "path=/orders/1")
    assert quoted["verdict"]["reason"] == "not_entitled"


def test_maturity_says_what_is_on_and_no_more(zta):
    z = _server(zta)
    found = {row["pillar"]: row for row in z.json("maturity")["pillars"]}
    assert len(found) == 8
    # Stage 2 is not everywhere, nobody asks how strong a login was, no device is known.
    assert found["Identity"]["level"] == "Initial" and "ZTAStage 2" in found["Identity"]["raise"]
    assert found["Devices"]["level"] == "Traditional" and found["Devices"]["because"] == []
    assert found["Data"]["level"] == "Advanced"
    assert found["Governance"]["level"] == "Advanced"
    markdown = z.ctl("maturity", "--markdown").stdout
    assert "| Devices | Traditional |  | ztactl devices import FILE |" in markdown
    assert "Zero Trust Maturity Model 2.0" in z.ctl("maturity").stdout
    z.ctl("maturity", "--markdown", "--json", code=2)

    z.vhost_text = ""
    z.rules = RULES.replace("need role clerk", "need role clerk\n  need auth-age < 8h")
    z.reload()
    wait_for(lambda: {row["pillar"]: row["level"] for row in z.json("maturity")["pillars"]}["Identity"]
             == "Advanced", what="every place is at stage 2")


def test_maturity_of_a_store_without_a_server_is_traditional(store):
    rows = json.loads(store().run("maturity", "--json").stdout)["pillars"]
    assert {row["level"] for row in rows} <= {"Traditional", "Initial"}
    assert rows[0]["level"] == "Traditional"
