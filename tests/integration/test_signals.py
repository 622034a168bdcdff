# SPDX-License-Identifier: Apache-2.0
"""zta-signals: what transmitters push holds from their 202 on, and is told by ztactl."""

import json
import os
import signal
import time

import pytest

from support.local import wait_for
from support.schema import validate
from support.transmitter import CAEP, RISC, SSF, Transmitter, iss_sub, opaque, section

PLACE = "<Location /zta/signals>\nSetHandler zta-signals\n</Location>\nZTAFeature signals=enforce stepup=enforce"


@pytest.fixture(name="make")
def make_fixture(zta):
    """A started gateway with a transmitter: (z, transmitter)."""
    def make(text="", **options):
        transmitter = Transmitter()
        options.setdefault("vhost_text", PLACE)
        more = options.pop("global_text", "ZTAVerifyLimit off\nZTAGovernor 5%/1h min=50")
        z = zta(stage=options.pop("stage", 1), start=False, **options)
        z.global_text = f"{section(z, transmitter, text)}\n{more}"
        z.start()
        return z, transmitter
    return make


def login(z, subject, sid, **claims):
    claims = {"sub": subject, "sid": sid, "auth_time": int(time.time()) - 600, **claims}
    return z.issuer.token(claims, alg="ES256")


def assert_refused(answer, err):
    assert (answer.status, answer.header("Content-Language")) == (400, "en")
    assert answer.header("Content-Type").startswith("application/json")
    assert set(answer.json()) == {"err", "description"} and answer.json()["err"] == err
    assert answer.header("Cache-Control") == "no-store"


def rows(z):
    return {row["jti"]: row for row in z.json("signals", "list")}


@pytest.mark.mpm
def test_an_event_ends_what_it_names_and_nothing_else(make):
    z, transmitter = make(issuer_text="ZTALeeway 5")
    tokens = {f"{who} {sid}": login(z, who, sid, jti=f"{who}-{sid}", azp="app")
              for who in ("alice", "bob") for sid in ("s-1", "s-2", "s-3")}

    def statuses():
        return {name for name, token in tokens.items() if z.get("/x", token=token).status == 401}

    assert statuses() == set()
    over = set()
    tenant = opaque("t")
    for uri, subject, ends in [
            (CAEP + "session-revoked", opaque("s-1"), {"alice s-1", "bob s-1"}),
            (CAEP + "session-revoked", {"format": "complex", "user": iss_sub(z.issuer, "alice"),
                                        "session": opaque("s-2"), "tenant": tenant}, {"alice s-2"}),
            (CAEP + "token-claims-change", {"format": "jwt_id", "iss": z.issuer.url, "jti": "bob-s-2"}, {"bob s-2"}),
            (RISC + "account-disabled", {"format": "aliases", "identifiers": [
                {"format": "email", "email": "alice@example.com"}, iss_sub(z.issuer, "alice")]}, {"alice s-3"}),
            (RISC + "account-purged", iss_sub(z.issuer, "nobody"), set()),
            (RISC + "account-enabled", iss_sub(z.issuer, "bob"), set())]:
        members = {"claims": {"role": "guest"}} if uri.endswith("claims-change") else {}
        answer = transmitter.push(z.httpd, transmitter.event(uri, members, subject, {"iat": int(time.time()) - 120}))
        assert (answer.status, answer.body) == (202, b""), uri
        over |= ends
        assert statuses() == over, uri
    # Who logs in behind the event is another login, whose token alone may be refreshed.
    now = int(time.time())
    fresh = login(z, "alice", "s-9", auth_time=now, iat=now)
    event = transmitter.event(RISC + "sessions-revoked", {}, iss_sub(z.issuer, "alice"),
                              {"iat": now - 120})
    assert transmitter.push(z.httpd, event).status == 202
    assert z.get("/x", token=fresh).status == 200
    claims = {"claims": {"role": "guest"}}
    event = transmitter.event(CAEP + "token-claims-change", claims, iss_sub(z.issuer, "bob"))
    assert transmitter.push(z.httpd, event).status == 202
    assert z.get("/x", token=tokens["bob s-3"]).status == 401
    assert z.get("/x", token=login(z, "bob", "s-3", iat=now + 5)).status == 200
    # All of that can be looked up, also in the event that was refused.
    table = z.json("signals", "list")
    assert [r["outcome"] for r in table][:1] == ["applied"] and len(table) == 8
    assert {r["outcome"] for r in table} == {"applied", "noted"}
    assert "a transmitter ended its" in z.ctl("explain", "--last", "reason=revoked").stdout
    for act in (z.reload, lambda: (z.httpd.kill9(), z.httpd.start())):
        act()
        assert z.get("/x", token=tokens["alice s-1"]).status == 401
    z.ctl("store", "check", "--deep", code={0, 2})


def test_what_is_refused_is_told_by_its_code_and_changes_nothing(make):
    z, transmitter = make()
    token = login(z, "alice", "s-1")
    good = CAEP + "session-revoked"
    here = opaque("s-1")
    cases = {
        "no JWS": ("x", "invalid_request"),
        "typ": (transmitter.event(good, {}, here, header={"typ": "JWT"}), "invalid_request"),
        "sub": (transmitter.event(good, {}, here, {"sub": "alice"}), "invalid_request"),
        "exp": (transmitter.event(good, {}, here, {"exp": int(time.time()) + 60}), "invalid_request"),
        "two events": (transmitter.event(good, {}, here, {"events": {good: {}, RISC + "opt-in": {}}}),
                       "invalid_request"),
        "milliseconds": (transmitter.event(good, {"event_timestamp": time.time() * 1000}, here), "invalid_request"),
        "old": (transmitter.event(good, {}, here, {"iat": int(time.time()) - 9 * 86400}), "invalid_request"),
        "iss": (transmitter.event(good, {}, here, {"iss": "https://evil.example"}), "invalid_issuer"),
        "aud": (transmitter.event(good, {}, here, {"aud": "https://other.example"}), "invalid_audience"),
        "key": (transmitter.event(good, {}, here, header={"kid": "another"}), "invalid_key"),
        "signature": (transmitter.event(good, {}, here)[:-4] + "AAAA", "invalid_key"),
        "foreign issuer": (transmitter.event(good, {}, {"format": "iss_sub", "iss": "https://x.example",
                                                        "sub": "alice"}), "access_denied"),
        "access token": (token, "invalid_issuer"),
    }
    for name, (event, err) in cases.items():
        answer = transmitter.push(z.httpd, event)
        assert answer.status == 400, (name, answer.body)
        assert_refused(answer, err)
    event = transmitter.event(good, {}, here)
    plain = {405: dict(method="GET"), 415: dict(headers={"Content-Type": "application/json"}),
             413: dict(body="x" * 70000)}
    for status, how in plain.items():
        assert transmitter.push(z.httpd, event, **how).status == status
    assert z.get("/x", token=token).status == 200
    assert z.json("signals", "list") == []
    # No event is a credential.
    assert z.get("/x", token=event).status == 401
    assert transmitter.push(z.httpd, event).status == 202
    assert z.get("/x", token=token).status == 401


def test_a_push_needs_the_agreed_header_and_counts_once(zta):
    transmitter = Transmitter()
    z = zta(stage=1, start=False, vhost_text=PLACE)
    z.httpd.write("conf/push.secret", "Bearer of-the-stream\n")
    os.chmod(z.httpd.path("conf/push.secret"), 0o600)
    z.global_text = section(z, transmitter, "ZTAPushAuthorization file:conf/push.secret") + "\nZTAVerifyLimit off"
    z.start()
    token = login(z, "alice", "s-1")
    event = transmitter.event(CAEP + "session-revoked", {}, opaque("s-1"))
    for headers in ({}, {"Authorization": "Bearer of-the-streaM"}, {"Authorization": "Bearer of-the-stream x"}):
        assert_refused(transmitter.push(z.httpd, event, headers=headers), "authentication_failed")
    assert z.get("/x", token=token).status == 200
    secret = {"Authorization": "Bearer of-the-stream"}
    for _ in range(3):
        answer = transmitter.push(z.httpd, event, headers=secret)
        assert (answer.status, answer.body) == (202, b"")
    z.restart()
    assert transmitter.push(z.httpd, event, headers=secret).status == 202
    assert [r["outcome"] for r in z.json("signals", "list")] == ["applied"]
    assert z.get("/x", token=token).status == 401


def test_the_effect_of_a_202_is_there_however_the_server_dies(make):
    z, transmitter = make(children=2, threads=8)
    z.httpd.allow_log("ZTA0053")
    for trial in range(6):
        token = login(z, "alice", f"k-{trial}")
        assert z.get("/x", token=token).status == 200
        answer = transmitter.push(z.httpd, transmitter.event(CAEP + "session-revoked", {}, opaque(f"k-{trial}")))
        assert answer.status == 202
        if trial % 2 == 0:
            os.kill(z.httpd.helpers()[0], signal.SIGKILL)
        else:
            z.httpd.kill9()
            z.httpd.start()
        assert z.get("/x", token=token).status == 401, trial
    helper = z.httpd.helpers()[0]
    os.kill(helper, signal.SIGSTOP)
    try:
        event = transmitter.event(CAEP + "session-revoked", {}, opaque("late"))
        answer = transmitter.push(z.httpd, event)
        assert answer.status == 503 and answer.header("Retry-After")
    finally:
        os.kill(helper, signal.SIGCONT)
    assert transmitter.push(z.httpd, event).status == 202
    assert z.get("/x", token=login(z, "alice", "late")).status == 401


def test_what_is_about_many_waits_and_what_cannot_be_looked_at_does_nothing(make):
    z, transmitter = make("ZTACriticalMembers org_unit\nZTAStreamQuiet 3s",
                          global_text="ZTAVerifyLimit off\nZTAGovernor 5%/1h min=2")
    z.httpd.allow_log("ZTA012[56]")
    token = login(z, "alice", "s-1", client_id="app")
    user = iss_sub(z.issuer, "alice")
    for name, subject, outcome in [
            ("tenant", {"format": "complex", "tenant": opaque("t")}, "held"),
            ("empty", {"format": "complex"}, "held"),
            ("client", {"format": "complex", "application": opaque("app")}, "held"),
            ("group", {"format": "complex", "group": opaque("g")}, "held"),
            ("unknown", {"format": "complex", "user": user, "robot": opaque("r")}, "discarded"),
            ("critical", {"format": "complex", "user": user, "org_unit": opaque("o")}, "discarded"),
            ("email", {"format": "email", "email": "alice@example.com"}, "unknown subject")]:
        event = transmitter.event(CAEP + "session-revoked", {}, subject, {"jti": name})
        assert transmitter.push(z.httpd, event).status == 202, name
        assert rows(z)[name]["outcome"] == outcome, name
        assert z.get("/x", token=token).status == 200, name
    alerts = lambda: {a["name"]: a["text"] for a in z.json("status")["alerts"]}  # noqa: E731
    wait_for(lambda: "4 signals" in alerts().get("signals_held", ""), what="the alert of what waits")
    # An operator decides, and once.
    shown = z.ctl("signals", "show", rows(z)["tenant"]["id"]).stdout
    assert "held" in shown and "tenant" in shown
    z.ctl("signals", "drop", rows(z)["tenant"]["id"], "--reason", "a mistake of theirs")
    z.ctl("signals", "drop", rows(z)["tenant"]["id"], "--reason", "twice", code=4)
    z.ctl("signals", "apply", rows(z)["unknown"]["id"], "--reason", "it waits for nobody", code=4)
    z.ctl("signals", "apply", rows(z)["group"]["id"], "--reason", "all of them", "--dry-run")
    assert z.get("/x", token=token).status == 200
    validate("signals apply", z.json("signals", "apply", rows(z)["client"]["id"], "--reason", "the app was taken over",
                                     "--yes"))
    assert z.get("/x", token=token).status == 401
    assert rows(z)["client"]["ruling"] == "applied" and rows(z)["tenant"]["ruling"] == "dropped"
    # One after the other, a flood is about many, too: above the governor's share it waits.
    flood = {name: login(z, name, f"f-{name}", client_id="web") for name in ("bob", "carol", "dave", "erin")}
    for name in flood:
        event = transmitter.event(CAEP + "session-revoked", {}, iss_sub(z.issuer, name), {"jti": name})
        assert transmitter.push(z.httpd, event).status == 202
    assert [rows(z)[name]["outcome"] for name in flood] == ["applied"] * 2 + ["held"] * 2
    assert [z.get("/x", token=t).status for t in flood.values()] == [401, 401, 200, 200]
    z.ctl("signals", "apply", rows(z)["dave"]["id"], "--reason", "he left")
    z.ctl("signals", "drop", rows(z)["erin"]["id"], "--reason", "she did not")
    wait_for(lambda: z.get("/x", token=flood["dave"]).status == 401, what="what was applied")
    assert z.get("/x", token=flood["erin"]).status == 200 and rows(z)["dave"]["outcome"] == "applied"
    z.ctl("audit", "verify")
    wait_for(lambda: "nothing came" in alerts().get("stream_silent", ""), what="the alert of a silent stream")
    for status, text in (("paused", "paused"), ("enabled", None)):
        event = transmitter.event(SSF + "stream-updated", {"status": status}, opaque("stream"))
        assert transmitter.push(z.httpd, event).status == 202
        wait_for(lambda: (text or "") in alerts().get("stream_silent", ""), what=status)
    assert transmitter.push(z.httpd, transmitter.event(SSF + "verification", {}, opaque("stream"))).status == 202
    stream = z.json("signals", "streams")[0]
    assert (stream["name"], stream["state"], stream["received"]) == ("tx", "enabled", 14) and stream["verified"]


def test_signals_hold_where_the_feature_is_on(make):
    place = ("<Location /zta/signals>\nSetHandler zta-signals\n</Location>\n"
             "<Location /try>\nZTAFeature signals=monitor\n</Location>\n"
             "<Location /on>\nZTAFeature signals=enforce stepup=enforce\n</Location>")
    z, transmitter = make(vhost_text=place)
    token, other = login(z, "alice", "s-1"), login(z, "bob", "s-2", auth_time=int(time.time()) - 60)
    assert transmitter.push(z.httpd, transmitter.event(CAEP + "session-revoked", {}, opaque("s-1"))).status == 202
    assert [z.get(path, token=token).status for path in ("/off", "/try", "/on", "/off")] == [200, 200, 401, 200]
    wait_for(lambda: any(e["path"] == "/try" for e in z.events()), what="the event")
    tried = next(e for e in z.events() if e["path"] == "/try")
    assert (tried["reason"], tried["monitor"]["reason"]) == ("ok", "revoked")
    # Assurance that fell asks for a newer login.
    members = {"namespace": "NIST-AAL", "current_level": "nist-aal1", "change_direction": "decrease"}
    event = transmitter.event(CAEP + "assurance-level-change", members, iss_sub(z.issuer, "bob"))
    assert transmitter.push(z.httpd, event).status == 202
    answer = z.get("/on/x", token=other)
    assert answer.status == 401 and "insufficient_user_authentication" in answer.header("WWW-Authenticate")
    assert z.get("/off/x", token=other).status == 200
    assert z.get("/on/x", token=login(z, "bob", "s-2", auth_time=int(time.time()) + 30)).status == 200


def test_bad_sections_are_named(zta):
    z = zta(stage=1, start=False, vhost_text=PLACE)
    transmitter = Transmitter()
    good = section(z, transmitter)
    cases = {
        "no ZTAMaySpeakFor": good.replace("ZTAMaySpeakFor corp", ""),
        "no ZTAAudience": good.replace(f"ZTAAudience {transmitter.audience}", ""),
        "no ZTAKeys": good.replace("ZTAKeys file:conf/signals.json", ""),
        "expected the name of an issuer": good.replace("SpeakFor corp", "SpeakFor stranger"),
        "stands there already": good.replace("Transmitter tx", "Transmitter corp", 1),
        "inside <ZTAIssuer NAME URL>": good.replace("ZTAAudience", "ZTATokenType any\nZTAAudience"),
        "expected on or off": good.replace("ZTAAudience", "ZTADraftEvents maybe\nZTAAudience"),
        "expected a duration": good.replace("ZTAAudience", "ZTAStreamQuiet long\nZTAAudience"),
        "expected user, session": good.replace("ZTAAudience", "ZTACriticalMembers robot\nZTAAudience"),
        "expected file:PATH": good.replace("ZTAAudience", "ZTAPushAuthorization secret\nZTAAudience"),
        "expected an https URL": good.replace("ZTAAudience", "ZTAPoll ftp://x\nZTAAudience"),
        "expected stream=ID behind": good.replace("ZTAAudience", "ZTAVerify https://x.example\nZTAAudience"),
        "expected stream=ID and": good.replace("ZTAAudience", "ZTAVerify https://x.example secret=y\nZTAAudience"),
        "'ftp://y', expected an https": good.replace("ZTAAudience", "ZTAVerify ftp://y stream=s\nZTAAudience"),
        "expected token=file:PATH": good.replace("ZTAAudience", "ZTAPoll https://x.example secret=y\nZTAAudience"),
        "inside <ZTATransmitter NAME URL>": good + "\nZTAMaySpeakFor corp",
    }
    for expected, text in cases.items():
        code, output = z.configtest(text)
        assert code != 0 and expected in output, (expected, output)
    assert z.configtest(good)[0] == 0


def test_a_device_that_does_not_comply_is_no_better_than_its_transmitter_says(zta):
    transmitter = Transmitter()
    z = zta(stage=3, start=False, vhost_text=PLACE, issuer_text="ZTAClaim device dev",
            rules="zta 1\nallow all\n  when path /**\nrequire compliant\n  when path /in/**\n  need device compliant\n")
    z.global_text = section(z, transmitter) + "\nZTAVerifyLimit off"
    z.start()
    z.ctl("devices", "set", "laptop", "--compliant", "yes", "--reason", "test")
    token = login(z, "alice", "s-1", dev="laptop")
    device = {"format": "complex", "device": opaque("laptop"), "tenant": opaque("t")}

    def tell(current, when):
        members = {"previous_status": "compliant", "current_status": current, "event_timestamp": when}
        event = transmitter.event(CAEP + "device-compliance-change", members, device)
        assert transmitter.push(z.httpd, event).status == 202
        return z.get("/in/x", token=token).status

    now = int(time.time())
    assert z.get("/in/x", token=token).status == 200
    assert tell("not-compliant", now - 60) == 403
    assert tell("compliant", now - 90) == 403  # it is older news
    assert z.get("/x", token=token).status == 200
    z.ctl("devices", "set", "laptop", "--compliant", "yes", "--managed", "yes", "--reason", "test")
    assert z.get("/in/x", token=token).status == 403
    assert tell("compliant", now - 30) == 200
    assert tell("not-compliant", now - 20) == 403
    validate("signals lift", z.json("signals", "lift", z.json("signals", "list")[0]["id"]))
    assert z.get("/in/x", token=token).status == 200
    assert [r["outcome"] for r in z.json("signals", "list")] == ["applied", "applied", "overruled", "applied"]
    assert z.json("signals", "list")[0]["ruling"] == "lifted"
    # It grants nothing: what the inventory says stays.
    z.ctl("devices", "set", "laptop", "--compliant", "no", "--reason", "test")
    assert tell("compliant", now - 10) == 403


def test_a_risk_that_a_transmitter_sees_counts_until_it_is_low_again(zta):
    transmitter = Transmitter()
    z = zta(stage=4, start=False, vhost_text="<Location /zta/signals>\nSetHandler zta-signals\n</Location>",
            rules="zta 1\nallow all\n  when path /**\nrequire calm\n  when path /in/**\n  need risk < 60\n"
                  "require quiet\n  when path /most/**\n  need risk < 30\n")
    z.global_text = section(z, transmitter) + "\nZTAVerifyLimit off"
    z.start()
    token, other = login(z, "alice", "s-1"), login(z, "bob", "s-2")
    user = iss_sub(z.issuer, "alice")

    def tell(level, when):
        members = {"principal": "USER", "current_level": level, "event_timestamp": when}
        assert transmitter.push(z.httpd, transmitter.event(CAEP + "risk-level-change", members, user)).status == 202
        return [z.get(path, token=token).status for path in ("/x", "/most/x", "/in/x")]

    now = int(time.time())
    assert [z.get(path, token=token).status for path in ("/x", "/most/x", "/in/x")] == [200, 200, 200]
    assert tell("MEDIUM", now - 90) == [200, 403, 200]
    assert tell("HIGH", now - 60) == [200, 403, 403]
    assert tell("LOW", now - 70) == [200, 403, 403]  # it is older news
    assert z.get("/in/x", token=other).status == 200
    wait_for(lambda: any(e["path"] == "/in/x" for e in z.events()), what="the event")
    assert tell("LOW", now - 30) == [200, 200, 200]


@pytest.mark.timeout(120)
def test_events_are_fetched_and_acknowledged_behind_what_they_do(zta, pki):
    transmitter = Transmitter().start(tls=pki.server)
    try:
        z = zta(stage=1, start=False, vhost_text=PLACE)
        z.httpd.allow_log("ZTA0125")
        z.httpd.write("conf/poll.secret", transmitter.token)
        os.chmod(z.httpd.path("conf/poll.secret"), 0o600)
        poll = f"ZTAPoll {transmitter.origin}/poll token=file:conf/poll.secret interval=1s"
        z.global_text = (f"ZTACAFile {pki.ca.cert}\nZTAGovernor 5%/1h min=20\n"
                         + section(z, transmitter, poll, "discover"))
        transmitter.most = 2
        tokens = {n: login(z, "alice", f"s-{n}") for n in range(5)}
        events = {}
        for n in range(5):
            events[n] = transmitter.event(CAEP + "session-revoked", {}, opaque(f"s-{n}"), {"jti": f"j-{n}"})
            transmitter.hold(events[n], f"j-{n}")
        transmitter.hold(transmitter.event(CAEP + "session-revoked", {}, opaque("x"), {"jti": "own"}), "another")
        transmitter.hold("no event", "broken")
        z.start()
        wait_for(lambda: len(transmitter.acks) >= 5 and len(transmitter.errors) == 2, what="acknowledgement")
        assert sorted(transmitter.acks) == [f"j-{n}" for n in range(5)]
        assert {e["err"] for e in transmitter.errors.values()} == {"invalid_request"}
        assert all(z.get("/x", token=token).status == 401 for token in tokens.values())
        # What was acknowledged before its answer was lost comes again, and is acknowledged again.
        transmitter.hold(events[0], "j-0")
        wait_for(lambda: transmitter.acks.count("j-0") == 2, what="acknowledgement")
        assert [r["outcome"] for r in z.json("signals", "list")] == ["applied"] * 5
        # A transmitter that fails is told of and asked again.
        transmitter.status = 500
        stream = lambda: z.json("signals", "streams")[0]  # noqa: E731
        wait_for(lambda: "it answers 500" in (stream()["error"] or ""), what="the failure")
        token = login(z, "alice", "s-9")
        transmitter.status = 200
        transmitter.hold(transmitter.event(CAEP + "session-revoked", {}, opaque("s-9"), {"jti": "j-9"}), "j-9")
        wait_for(lambda: z.get("/x", token=token).status == 401, what="the event")
        wait_for(lambda: stream()["error"] is None and stream()["polled"], what="the end of the failure")
        assert stream()["by"] == "poll"
        # What is refused and comes again all the same is no reason to ask without a pause.
        transmitter.errors.clear()
        polled, since = len(transmitter.polls), time.monotonic()
        transmitter.forgets = False
        transmitter.hold("no event", "stubborn")
        wait_for(lambda: len(transmitter.polls) >= polled + 4, 30, "polls")
        assert time.monotonic() - since > 2 and "stubborn" in transmitter.errors
        headers, asked = transmitter.polls[0]
        assert headers["Content-Type"] == "application/json" and asked["returnImmediately"] is False
    finally:
        transmitter.stop()


@pytest.mark.parametrize("by", ["push", "poll"])
def test_a_stream_is_asked_to_verify_itself_and_its_state_is_good_once(zta, by):
    transmitter = Transmitter().start()
    try:
        z = zta(stage=1, start=False, vhost_text=PLACE)
        z.httpd.allow_log("ZTA012[57]")
        z.httpd.write("conf/verify.secret", transmitter.token)
        os.chmod(z.httpd.path("conf/verify.secret"), 0o600)
        text = f"ZTAVerify {transmitter.origin}/verify stream=s-1 token=file:conf/verify.secret"
        if by == "poll":
            text += f"\nZTAPoll {transmitter.origin}/poll token=file:conf/verify.secret interval=1s"
        z.global_text = f"{section(z, transmitter, text)}\nZTAVerifyLimit off"
        z.start()
        stream = lambda: z.json("signals", "streams")[0]  # noqa: E731
        wait_for(lambda: z.json("signals", "streams") and stream()["can_verify"], what="the stream")
        number = iter(range(100))

        def taken(members, jti=None, claims=None):
            """None, or the code that it is refused with."""
            jti = jti or f"v-{next(number)}"
            event = transmitter.event(SSF + "verification", members, opaque("s-1"), {"jti": jti, **(claims or {})})
            if by == "push":
                answer = transmitter.push(z.httpd, event)
                if answer.status != 202:
                    assert_refused(answer, answer.json()["err"])
                return None if answer.status == 202 else answer.json()["err"]
            n_acks = transmitter.acks.count(jti)
            transmitter.errors.pop(jti, None)
            transmitter.hold(event, jti)
            wait_for(lambda: transmitter.acks.count(jti) > n_acks or jti in transmitter.errors, what=jti)
            return transmitter.errors[jti]["err"] if jti in transmitter.errors else None

        def ask(*names):
            n = len(transmitter.verifications)
            validate("signals verify", z.json("signals", "verify", *names, "--reason", "is it there"))
            wait_for(lambda: len(transmitter.verifications) > n, what="the question")
            headers, asked = transmitter.verifications[-1]
            assert headers["Authorization"] == f"Bearer {transmitter.token}"
            assert headers["Content-Type"] == "application/json"
            assert set(asked) == {"stream_id", "state"} and asked["stream_id"] == "s-1"
            return asked["state"]

        # Nobody asked: what comes of its own accord has no state.
        assert taken({"state": "made-up"}) == "invalid_state" and stream()["verified"] is None
        assert taken({}) is None and stream()["verified"] and stream()["verification"] is None
        z.ctl("signals", "verify", "nobody", "--reason", "x", code=1)
        z.ctl("signals", "verify", "--reason", "x", "--dry-run")
        first = ask("tx")
        assert len(first) == 32 and stream()["verification"] == "outstanding" and stream()["asked"]
        assert taken({"state": first[:-1]}) == "invalid_state"
        assert taken({}) is None and stream()["verification"] == "outstanding"
        # A new question makes the former one worthless.
        second = ask()
        assert second != first and taken({"state": first}) == "invalid_state"
        z.restart()
        assert taken({"state": second}, "good") is None
        assert (stream()["verification"], stream()["error"]) == ("answered", None)
        assert taken({"state": second}, "good") is None  # the same again
        assert taken({"state": second}, "good", {"iat": int(time.time()) - 9}) is None  # signed anew
        assert taken({"state": second}) == "invalid_state"
        assert sum(r["jti"] == "good" for r in z.json("signals", "list")) == 1
        # What was refused once is refused again.
        assert taken({"state": "x"}, "bad") == "invalid_state" and taken({"state": "x"}, "bad") == "invalid_state"
        transmitter.verify_status = 429
        third = ask()
        wait_for(lambda: "it answers 429" in (stream()["ask_error"] or ""), what="the failure")
        assert stream()["verification"] == "failed"
        alerts = lambda: {a["name"]: a["text"] for a in z.json("status")["alerts"]}  # noqa: E731
        wait_for(lambda: "it answers 429" in alerts().get("stream_silent", ""), what="the alert")
        assert taken({"state": third}) is None  # it came all the same
        wait_for(lambda: "stream_silent" not in alerts(), what="the end of the alert")
        assert [a["action"] for a in z.json("audit", "list")].count("signals verify") == 3
        z.ctl("audit", "verify")
        z.ctl("store", "check", "--deep", code={0, 2})
    finally:
        transmitter.stop()
