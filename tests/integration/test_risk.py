# SPDX-License-Identifier: Apache-2.0
"""The risk of requests on a real server: what one shows is judged at once, kept, told to the API and to
operators, and rebuilt from recorded requests alone."""

import pytest

from support import mmdb
from support.local import wait_for

BERN, SYDNEY, ELSEWHERE = "192.0.2.7", "198.51.100.7", "203.0.113.7"
RULES = """allow all
  when path /**

require calm
  when path /calm/**
  need risk < 40

signal honeypot
  when path /wp-admin/**
signal agent-update weight 0
signal waf weight 60

deny travellers
  when path /home/**
  when signal impossible-travel
"""


@pytest.fixture
def z(zta):
    made = zta(start=False, stage=4, rules=RULES, modules=("remoteip", "authn_core", "setenvif"),
               vhost_text="<Location /lines>\nRequire zta-risk < 40\n</Location>\n"
                          "<Location /watched>\nZTAFeature risk=monitor\n</Location>\n"
                          "<Location /without>\nZTAFeature risk=off\n</Location>\n")
    places = mmdb.write(made.httpd.path("conf", "places.mmdb"), {
        "192.0.2.0/24": mmdb.city("CH", 46.948, 7.4474), "198.51.100.0/24": mmdb.city("AU", -33.8688, 151.2093),
        "203.0.113.0/24": mmdb.city("US", 40.7, -74, 1500)})
    made.global_text = (f"RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\nZTAGeoDB {places}\n"
                        "SetEnvIf X-Waf ^([0-9]+)$ waf=$1\nZTAWafScore env:waf")
    made.httpd.allow_log("AH01630: client denied by server configuration")
    made.start()
    return made


class Person:
    """A session that comes from anywhere with any agent."""

    def __init__(self, z, sid):
        self.z = z
        self.token = z.issuer.token({"sid": sid, "sub": sid})
        self.sid = sid

    def get(self, target, address=BERN, agent="curl/8.5.0", headers=()):
        return self.z.get(target, token=self.token, headers=[
            ("X-Forwarded-For", address), ("User-Agent", agent), *headers])

    def risk(self, *arguments, **options):
        """What the API was told of this request."""
        assert self.get("/x", *arguments, **options).status == 200
        return self.z.backend.last.header("X-ZTA-Risk")

    @property
    def session(self):
        return wait_for(lambda: [s for s in self.z.json("sessions", "list") if s["subject"] == self.sid],
                        what="the session")[0]["id"]

    def factors(self):
        return {f["signal"]: f for f in self.z.json("risk", "show", self.session)["factors"]}

    def settle(self):
        """All that was asked so far is in the store."""
        mark = self.get("/settle").header("X-ZTA-Id")
        wait_for(lambda: any(e["id"] == mark for e in self.z.json("events")), what="the last event")

    def explained(self):
        return self.z.json("risk", "explain", self.session)


def test_what_a_session_shows_is_judged_kept_told_and_rebuilt(z):
    alice, bob = Person(z, "alice"), Person(z, "bob")
    # A forged score never passes, and nothing is risky yet.
    assert alice.risk(headers=[("X_ZTA_RISK", "7"), ("x-zta-risk", "9")]) == "0"
    assert bob.risk(ELSEWHERE) == "0"
    alice.settle()
    bob.settle()
    # On the very request: nobody is in Sydney at once; a country's centre is no place.
    assert alice.get("/calm/x", SYDNEY).status == 403
    assert alice.get("/home/x", SYDNEY).status == 403
    assert bob.risk(BERN, agent="curl/8.5.0") == "0"
    alice.settle()
    assert alice.get("/calm/x").status == 403, "it is kept"
    assert [alice.get("/lines/x").status, bob.get("/lines/x").status] == [403, 200]
    # Watching adds no header in either direction; without the feature nothing is known.
    for place, is_scored in (("/watched/x", True), ("/without/x", False)):
        answer = alice.get(place)
        assert answer.status == 200 and z.backend.last.header("X-ZTA-Risk") is None
        event = wait_for(lambda: [e for e in z.json("events") if e["id"] == answer.header("X-ZTA-Id")],
                         what="its event")[0]
        assert (event["risk"] is not None) == is_scored, event
    travel = alice.factors()["impossible-travel"]
    assert travel["weight"] == 50 and travel["evidence"].startswith(("CH to AU, 16", "AU to CH, 16")), travel
    # Another agent within the session, and what a firewall says.
    assert int(alice.risk(agent="python-requests/2.31")) >= 64
    assert bob.risk(headers=[("X-Waf", "10")]) == "0", "it is known when the request is over"
    bob.settle()
    wait_for(lambda: "agent-change" in alice.factors() and "waf" in bob.factors(), what="the factors")
    assert bob.risk(agent="curl/8.6.0") == bob.risk(), "a rule mutes the signal"
    # A trap, set by a rule: on the very request, and kept.
    carol = Person(z, "carol")
    assert [carol.get(path).status for path in ("/calm/x", "/wp-admin/setup", "/wp-admin/calm")] == [200] * 3
    assert z.backend.last.header("X-ZTA-Risk") == "80"
    carol.settle()
    assert carol.get("/calm/x").status == 403
    assert carol.factors()["honeypot"]["evidence"] == "/wp-admin/setup"
    alice.settle()
    # From recorded requests alone, factor by factor.
    for person in (alice, bob, carol):
        explained = person.explained()
        assert explained["equal"] and explained["rebuilt"] == explained["live"] > 0, explained
        assert all(f["request"] and f["live"] == "equal" for f in explained["factors"])
    raised = next(f for f in alice.explained()["factors"] if f["signal"] == "agent-change")["request"]
    said = z.ctl("explain", raised).stdout
    assert "risk " in said and "raised    agent-change, 30 points, half-life 3600 s: python-requests" in said, said
    said = z.json("explain", raised)
    assert {r["signal"] for r in said["raised"]} >= {"agent-change"} and "agent-change" in said["signals"]
    # The address of the firewall's finding has it, too, and no score.
    of_address = z.json("risk", "show", BERN)
    assert of_address["score"] is None and {f["signal"] for f in of_address["factors"]} == {"honeypot", "waf"}
    shown = z.json("sessions", "show", alice.session)
    assert shown["risk"] >= 60 and f"score {shown['risk']}" in z.ctl("risk", "show", alice.session).stdout
    assert "equal, factor by factor" in z.ctl("risk", "explain", alice.session).stdout
    for arguments, code in ((("show", "nobody"), 1), (("explain", "0" * 32), 1), (("explain", "x"), 1)):
        z.ctl("risk", *arguments, code=code)
