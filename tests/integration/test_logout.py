# SPDX-License-Identifier: Apache-2.0
"""zta-logout: what an issuer says over its back channel holds from its 200 on, in every child."""

import os
import signal
import threading
import time
import urllib.parse

import pytest

from support import leaks
from support.dpop import Prover
from support.local import wait_for
from support.streams import TORN

EVENT = "http://schemas.openid.net/event/backchannel-logout"
CLIENT = "site"
PLACE = "/zta/logout"
TRIALS = 100
VHOST = f"<Location {PLACE}>\nSetHandler zta-logout\n</Location>"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def gateway(zta, **options):
    options.setdefault("global_text", "ZTAVerifyLimit off")
    options["vhost_text"] = VHOST + "\n" + options.get("vhost_text", "")
    options["issuer_text"] = f"ZTALogoutAudience other-site {CLIENT}\n" + options.get("issuer_text", "")
    return zta(stage=options.pop("stage", 1), **options)


def logout_token(issuer, claims=None, drop=(), **options):
    now = int(time.time())
    options.setdefault("alg", "ES256")
    options["header"] = {"typ": "logout+jwt", **options.get("header", {})}
    every = {"aud": CLIENT, "iat": now, "exp": now + 120, "jti": os.urandom(12).hex(), "sid": "s-1",
             "events": {EVENT: {}}, **(claims or {})}
    return issuer.token(every, drop=("client_id", "scope", "roles", "nbf", *drop), **options)


def post(z, token, headers=FORM, method="POST", body=None, target=PLACE):
    data = body if body is not None else urllib.parse.urlencode({"logout_token": token})
    return z.httpd.request(method, target, headers, body=data.encode())


def session(z, sid="s-1", **claims):
    return z.issuer.token({"sid": sid, "auth_time": int(time.time()) - 600, **claims}, alg="ES256")


def assert_refused(z, answer, status=400):
    assert answer.status == status
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Content-Type").startswith("application/json")
    assert set(answer.json()) == {"error"}


@pytest.mark.mpm
@pytest.mark.parametrize("claims, drop, ends", [
    ({}, ("sub",), {"alice s-1", "bob s-1"}),
    ({"sub": "alice"}, ("sid",), {"alice s-1", "alice s-2"}),
    ({"sub": "alice"}, (), {"alice s-1"}),
    ({"sub": "alice", "sid": "s-2"}, (), {"alice s-2"}),
    ({"sub": "carol"}, (), set()),
    ({"sid": "S-1"}, ("sub",), set()),
], ids=["sid", "sub", "both", "another", "nobody", "case"])
def test_a_logout_ends_what_it_names_and_nothing_else(zta, claims, drop, ends):
    z = gateway(zta)
    tokens = {f"{sub} {sid}": session(z, sid, sub=sub) for sub in ("alice", "bob") for sid in ("s-1", "s-2")}
    for token in tokens.values():
        assert z.get("/x", token=token).status == 200
    answer = post(z, logout_token(z.issuer, claims, drop))
    assert (answer.status, answer.body, answer.header("Cache-Control")) == (200, b"", "no-store")
    for name, token in tokens.items():
        assert z.get("/x", token=token).status == (401 if name in ends else 200), name


def test_a_new_token_of_an_ended_session_is_refused_and_a_new_login_is_not(zta):
    z = gateway(zta, issuer_text="ZTALeeway 0")
    assert post(z, logout_token(z.issuer, {"iat": int(time.time()) - 5}, ("sub",))).status == 200
    now = int(time.time())
    refreshed = session(z, jti="anew", auth_time=now)
    assert z.get("/x", token=refreshed).status == 401
    assert post(z, logout_token(z.issuer, {"sub": "alice", "iat": now - 5}, ("sid",))).status == 200
    assert z.get("/x", token=session(z, "s-9")).status == 401
    assert z.get("/x", token=session(z, "s-9", auth_time=now)).status == 200
    untimed = z.issuer.token({"sub": "alice", "sid": "s-9"}, alg="ES256", drop=("auth_time",))
    assert z.get("/x", token=untimed).status == 401


@pytest.mark.timeout(300)
def test_the_next_request_of_the_session_fails_on_every_child_a_hundred_times(zta):
    z = gateway(zta, children=3, threads=8)
    z.httpd.allow_log(*TORN)
    client = z.httpd.client()
    connections = [client.connect() for _ in range(8)]
    late = []
    flowing = {"token": None, "over": None, "stop": False}

    def flow(connection):
        while not flowing["stop"]:
            token, over, started = flowing["token"], flowing["over"], time.monotonic()
            if token is None:
                time.sleep(0.0005)  # between two trials there is nothing to send
                continue
            try:
                r = connection.request("GET", "/x", {"Authorization": f"Bearer {token}"})
            except ConnectionError:  # cut under load: it was open for long when its session ended
                connection = client.connect()
                continue
            status, over = r.status, flowing["over"]
            if over is not None and over[0] == token and started > over[1] and status == 200:
                late.append(token)

    threads = [threading.Thread(target=flow, args=(c,)) for c in connections[4:]]
    for thread in threads:
        thread.start()
    try:
        for trial in range(TRIALS):
            claims = {"sub": f"user-{trial}"}
            token = session(z, f"sid-{trial}", **claims)
            for connection in connections[:4]:
                assert connection.request("GET", "/x", {"Authorization": f"Bearer {token}"}).status == 200
            flowing["over"], flowing["token"] = None, token
            drop = [("sub",), ("sid",), ()][trial % 3]
            answer = post(z, logout_token(z.issuer, {"sid": f"sid-{trial}", **claims}, drop))
            flowing["over"] = (token, time.monotonic())
            assert answer.status == 200
            for connection in connections[:4]:
                assert connection.request("GET", "/x", {"Authorization": f"Bearer {token}"}).status == 401
    finally:
        flowing["stop"] = True
        for thread in threads:
            thread.join()
    assert not late


def malformed(now):
    return {
        "nonce": dict(claims={"nonce": "n"}),
        "nonce null": dict(claims={"nonce": None}),
        "events https": dict(claims={"events": {EVENT.replace("http:", "https:"): {}}}),
        "events array": dict(claims={"events": [EVENT]}),
        "events text": dict(claims={"events": EVENT}),
        "events empty": dict(claims={"events": {}}),
        "event a text": dict(claims={"events": {EVENT: ""}}),
        "event an array": dict(claims={"events": {EVENT: []}}),
        "event null": dict(claims={"events": {EVENT: None}}),
        "no events": dict(drop=("events",)),
        "neither sid nor sub": dict(drop=("sid", "sub")),
        "sid a number": dict(claims={"sid": 7}),
        "sid empty": dict(claims={"sid": ""}),
        "sid too long": dict(claims={"sid": "s" * 256}),
        "sub empty": dict(claims={"sub": ""}),
        "sub a list": dict(claims={"sub": ["alice"]}),
        "expired": dict(claims={"iat": now - 900, "exp": now - 600}),
        "no exp": dict(drop=("exp",)),
        "exp a text": dict(claims={"exp": str(now + 9999)}),
        "long lived": dict(claims={"exp": now + 90000}),
        "no iat": dict(drop=("iat",)),
        "iat ahead": dict(claims={"iat": now + 3000, "exp": now + 3100}),
        "exp before iat": dict(claims={"iat": now, "exp": now - 1}),
        "no jti": dict(drop=("jti",)),
        "jti empty": dict(claims={"jti": ""}),
        "another client": dict(claims={"aud": "stranger"}),
        "the API's audience": dict(claims={"aud": "https://api.example.test"}),
        "no aud": dict(drop=("aud",)),
        "aud with a number": dict(claims={"aud": [CLIENT, 1]}),
        "another issuer": dict(claims={"iss": "https://evil.example"}),
        "no iss": dict(drop=("iss",)),
        "typ of an access token": dict(header={"typ": "at+jwt"}),
        "typ JWT": dict(header={"typ": "JWT"}),
        "typ of a security event": dict(header={"typ": "secevent+jwt"}),
        "no typ": dict(drop_header=("typ",)),
        "none": dict(alg="none"),
        "crit": dict(header={"crit": ["b64"], "b64": False}),
        "bad signature": dict(signature=lambda octets: bytes(len(octets))),
        "cut signature": dict(signature=lambda octets: octets[:-1]),
        "unknown kid": dict(header={"kid": "nobody's"}),
    }


def test_every_malformed_logout_token_is_refused_and_changes_nothing(zta):
    z = gateway(zta)
    token = session(z)
    for name, change in malformed(int(time.time())).items():
        answer = post(z, logout_token(z.issuer, **change))
        assert answer.status == 400, name
        assert_refused(z, answer)
        assert z.get("/x", token=token).status == 200, name
    assert post(z, logout_token(z.issuer)).status == 200
    assert z.get("/x", token=token).status == 401


def test_no_other_token_of_the_issuer_is_a_logout_token_nor_the_other_way_round(zta):
    z = gateway(zta, issuer_text="ZTATokenType any")
    now = int(time.time())
    id_token = z.issuer.token({"aud": CLIENT, "nonce": "n", "sid": "s-1", "iat": now, "exp": now + 120},
                              header={"typ": "JWT"}, alg="ES256")
    event = logout_token(z.issuer, {"events": {"https://schemas.openid.net/secevent/caep/event-type/"
                                               "session-revoked": {}}}, header={"typ": "secevent+jwt"})
    proof = Prover().proof("POST", z.httpd.url + PLACE, session(z))
    for token in (id_token, session(z), event, proof):
        assert_refused(z, post(z, token))
    untyped = logout_token(z.issuer, {"scope": "read", "client_id": "web"}, drop_header=("typ",), drop=())
    for token in (logout_token(z.issuer), untyped):
        assert z.get("/x", token=token).status == 401
    assert z.get("/x", token=session(z)).status == 200
    assert post(z, untyped).status == 200
    assert z.get("/x", token=session(z)).status == 401


def test_a_logout_token_counts_once(zta):
    z = gateway(zta)
    token = logout_token(z.issuer)
    assert post(z, token).status == 200
    assert_refused(z, post(z, token))
    # The same id with another signature is the same message; restarts do not forget it.
    now = int(time.time())
    again = logout_token(z.issuer, {"jti": "id-1", "sid": "s-7", "exp": now + 900, "iat": now})
    assert post(z, again).status == 200
    z.restart()
    assert_refused(z, post(z, token))
    assert_refused(z, post(z, again))
    assert z.get("/x", token=session(z)).status == 401


def test_a_replay_from_many_connections_passes_once(zta):
    z = gateway(zta, children=3, threads=16)
    for _ in range(10):
        token = logout_token(z.issuer, {"sid": os.urandom(4).hex()})
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(post(z, token).status)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] + [400] * 11


def test_requests_that_are_no_form_are_refused(zta):
    z = gateway(zta)
    leaks.allow(r"/access\.log$", "a logout token in the query of a GET is the client's own doing")
    token = logout_token(z.issuer)
    for method in ("GET", "PUT", "DELETE", "HEAD", "PATCH"):
        answer = z.httpd.request(method, PLACE + "?logout_token=" + token)
        assert (answer.status, answer.header("Allow")) == (405, "POST"), method
        assert answer.header("Cache-Control") == "no-store"
    once = "logout_token=" + token
    cases = {
        "JSON": dict(headers={"Content-Type": "application/json"}, body='{"logout_token":"%s"}' % token),
        "the bare token": dict(headers={"Content-Type": "application/logout+jwt"}, body=token),
        "no type": dict(headers={}, body=once),
        "a longer type": dict(headers={"Content-Type": FORM["Content-Type"] + "x"}, body=once),
        "empty": dict(body=""),
        "empty value": dict(body="logout_token="),
        "another name": dict(body="token=" + token),
        "twice": dict(body=once + "&" + once),
        "twice, once escaped": dict(body=once + "&logout%5Ftoken=" + token),
        "broken escape": dict(body=once + "&a=%zz"),
        "NUL": dict(body=once + "&a=%00"),
        "above 64 KiB": dict(body=once + "&a=" + "x" * 65536),
        "in the query": dict(body="", target=PLACE + "?" + once),
    }
    for name, case in cases.items():
        answer = post(z, token, **case)
        assert answer.status == 400, name
        assert_refused(z, answer)
    chunked = {**FORM, "Transfer-Encoding": "chunked"}
    body = "".join(f"1000\r\n{'x' * 4096}\r\n" for _ in range(20)) + "0\r\n\r\n"
    with z.httpd.client().connect() as connection:
        head = "".join(f"{k}: {v}\r\n" for k, v in chunked.items())
        connection.send(f"POST {PLACE} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n{body}")
        assert connection.response("POST").status == 400
    assert post(z, token, body="a=b&" + once.replace(".", "%2E") + "&c").status == 200


def test_issuers_end_no_sessions_of_each_other(zta):
    same = ("ZTAAudience https://api.example.test\nZTAKeys file:conf/jwks.json\n"
            "ZTAAlgorithms RS256 PS256 ES256 ES384 ES512 EdDSA")
    z = gateway(zta, start=False, global_text="ZTAVerifyLimit off\n"
                f'<ZTAIssuer mute "https://mute.example">\n{same}\n</ZTAIssuer>\n'
                f'<ZTAIssuer partner "https://partner.example">\n{same}\nZTALogoutAudience {CLIENT}\n'
                "</ZTAIssuer>")
    z.accept = "corp local partner"
    z.start()
    own = session(z)
    theirs = session(z, iss="https://partner.example")
    assert z.get("/x", token=own).status == z.get("/x", token=theirs).status == 200
    assert_refused(z, post(z, logout_token(z.issuer, {"iss": "https://mute.example"})))
    assert post(z, logout_token(z.issuer, {"iss": "https://partner.example"}, ("sub",))).status == 200
    assert post(z, logout_token(z.issuer, {"iss": "https://partner.example", "sub": "alice"}, ("sid",))).status == 200
    assert z.get("/x", token=own).status == 200
    assert z.get("/x", token=theirs).status == 401


def test_bad_logout_tokens_are_limited_by_address(zta):
    z = gateway(zta, global_text="ZTAVerifyLimit 5/60s")
    token = logout_token(z.issuer, {"aud": "stranger"})
    statuses = [post(z, token).status for _ in range(12)]
    assert statuses[:5] == [400] * 5 and 429 in statuses
    answer = post(z, logout_token(z.issuer))
    assert_refused(z, answer, 429)
    assert answer.header("Retry-After")
    body = urllib.parse.urlencode({"logout_token": logout_token(z.issuer)}).encode()
    assert z.request("POST", PLACE, headers=FORM, body=body, source="127.0.0.9").status == 200


def test_a_graceful_restart_and_a_stop_keep_a_logout(zta):
    z = gateway(zta)
    token = session(z)
    assert post(z, logout_token(z.issuer, drop=("sub",))).status == 200
    for act in (z.reload, z.restart, lambda: (z.httpd.kill9(), z.httpd.start())):
        act()
        assert z.get("/x", token=token).status == 401
    z.ctl("store", "check", "--deep", code={0, 2})


def test_with_the_helper_stopped_or_killed_it_is_committed_or_not_answered_with_200(zta):
    z = gateway(zta, children=2, threads=8)
    z.httpd.allow_log(r"ZTA0053")
    for trial in range(10):
        sid = f"killed-{trial}"
        token = session(z, sid)
        assert z.get("/x", token=token).status == 200
        helper = z.httpd.helpers()[0]
        statuses = []
        thread = threading.Thread(target=lambda: statuses.append(
            post(z, logout_token(z.issuer, {"sid": sid}, ("sub",))).status))
        if trial % 2 == 0:
            os.kill(helper, signal.SIGSTOP)
        thread.start()
        time.sleep(0.004 * trial)  # each time a later moment of it
        os.kill(helper, signal.SIGKILL)
        thread.join()
        assert statuses[0] in (200, 503)
        if statuses[0] == 200:
            assert z.get("/x", token=token).status == 401
        # What was verified is delivered by the next helper, whatever its sender was told.
        wait_for(lambda: z.get("/x", token=token).status == 401, what="the next helper delivers")
        wait_for(lambda: z.httpd.helpers() not in ([], [helper]), what="another helper")


def test_a_stopped_helper_gives_503_within_two_seconds_and_delivers_later(zta):
    z = gateway(zta)
    token = session(z)
    assert z.get("/x", token=token).status == 200
    helper = z.httpd.helpers()[0]
    os.kill(helper, signal.SIGSTOP)
    try:
        started = time.monotonic()
        answer = post(z, logout_token(z.issuer, drop=("sub",)))
        took = time.monotonic() - started
        assert_refused(z, answer, 503)
        assert answer.header("Retry-After") == "1" and 1.9 < took < 4
        assert z.get("/x", token=token).status == 200
    finally:
        os.kill(helper, signal.SIGCONT)
    wait_for(lambda: z.get("/x", token=token).status == 401, what="the logout is delivered")


def test_a_full_mailbox_is_503_and_loses_nothing(zta):
    z = gateway(zta, children=2, threads=50)
    helper = z.httpd.helpers()[0]
    os.kill(helper, signal.SIGSTOP)
    statuses = []
    try:
        threads = [threading.Thread(target=lambda n=n: statuses.append(
            post(z, logout_token(z.issuer, {"sid": f"full-{n}"}, ("sub",))).status)) for n in range(80)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        os.kill(helper, signal.SIGCONT)
    assert statuses == [503] * 80

    def n_refused():
        return sum(z.get("/x", token=session(z, f"full-{n}")).status == 401 for n in range(80))
    assert wait_for(lambda: n_refused() == 64, what="64 letters are delivered")
    assert post(z, logout_token(z.issuer)).status == 200


def test_nothing_else_answers_where_the_handler_stands(zta):
    z = gateway(zta, vhost_text="<Location /zta/logout/x>\nSetHandler none\n</Location>")
    z.httpd.allow_log("ZTA0088")
    assert z.get(PLACE + "/x").status == 403
    assert z.get(PLACE + "/y").status == 405
    assert not z.backend.reached("/zta")
    assert z.get("/x").status == 401


def test_an_operator_lifts_a_logout_and_the_next_one_holds_again(zta):
    z = gateway(zta)
    token = session(z)
    assert z.get("/x", token=token).status == 200
    found = wait_for(lambda: z.json("sessions", "list"), what="the session is stored")
    session_id = found[0]["id"]
    assert post(z, logout_token(z.issuer, drop=("sub",))).status == 200
    assert z.get("/x", token=token).status == 401
    explained = wait_for(lambda: [e for e in z.json("events") if e["reason"] == "revoked"], what="the event")
    assert "revoked by signal" in z.ctl("explain", explained[0]["id"]).stdout
    assert "by signal" in z.ctl("sessions", "show", session_id).stdout
    z.ctl("unrevoke", "--session", session_id)
    assert z.get("/x", token=token).status == 200
    assert "by signal" not in z.ctl("sessions", "show", session_id).stdout
    z.ctl("unrevoke", "--session", session_id, code=1)
    assert post(z, logout_token(z.issuer, drop=("sub",))).status == 200
    assert z.get("/x", token=token).status == 401
    z.ctl("unrevoke", "--session", session_id)
    assert post(z, logout_token(z.issuer, {"sub": "alice"}, ("sid",))).status == 200
    assert z.get("/x", token=token).status == 401
    z.ctl("unrevoke", "--subject", "alice")
    assert z.get("/x", token=token).status == 200
    assert "unrevoke" in z.ctl("audit", "list").stdout


def test_a_session_that_its_issuer_ended_is_shown_and_lifted_whatever_its_names(zta):
    z = gateway(zta)
    names = {"sub": "s" * 250, "client_id": "c" * 250}
    tokens = {sid: session(z, sid, **names) for sid in ("i" * 250, "i" * 249 + "j", "other")}
    for token in tokens.values():
        assert z.get("/x", token=token).status == 200
    key = z.json("keys", "create", "--name", "k")["key"]
    assert z.get("/x", key=key).status == 200
    first, second, other = tokens

    def shown():
        return {s["id"]: s["revoked"] for s in z.json("sessions", "list")}
    wait_for(lambda: len(shown()) == 4, what="the sessions")
    assert set(shown().values()) == {None}
    assert post(z, logout_token(z.issuer, {"sid": first}, ("sub",))).status == 200
    assert post(z, logout_token(z.issuer, {"sid": second, "sub": names["sub"]})).status == 200
    assert [z.get("/x", token=t).status for t in tokens.values()] == [401, 401, 200]
    ended = [name for name, by in shown().items() if by == "by signal"]
    assert len(ended) == 2
    lines = [line for line in z.ctl("sessions", "list").stdout.splitlines() if "by signal" in line]
    assert {line.split()[0] for line in lines} == set(ended)
    for name in ended:
        row = z.json("sessions", "show", name)
        assert row["revoked"] == "by signal"
        assert [(c["kind"], c["by"]) for c in row["revocations"]] == [("signal", None)]
        assert "by signal, a logout of its session" in z.ctl("sessions", "show", name).stdout
    # Each is lifted by itself, and once.
    z.ctl("unrevoke", "--session", ended[0])
    assert sorted(z.get("/x", token=t).status for t in tokens.values()) == [200, 200, 401]
    assert shown()[ended[0]] is None
    z.ctl("unrevoke", "--session", ended[0], code=1)
    z.ctl("unrevoke", "--session", ended[1])
    assert [z.get("/x", token=t).status for t in tokens.values()] == [200, 200, 200]
    assert set(shown().values()) == {None}
    # All of the subject's logins, and no API key.
    assert post(z, logout_token(z.issuer, {"sub": names["sub"]}, ("sid",))).status == 200
    assert sorted(str(by) for by in shown().values()) == ["None"] + ["by signal"] * 3
    assert z.get("/x", key=key).status == 200


@pytest.mark.parametrize("failure, status", [("closed", 503), ("stale=1h", 503)])
def test_without_a_readable_store_nobody_is_taken_for_logged_in(zta, failure, status):
    z = gateway(zta, vhost_text=f"ZTAFailure {failure}")
    z.httpd.allow_log("ZTA00")
    known, out = session(z, "known"), session(z, "out")
    assert z.get("/x", token=known).status == z.get("/x", token=out).status == 200
    assert post(z, logout_token(z.issuer, {"sid": "out"}, ("sub",))).status == 200
    state = z.store.state_path()
    os.rename(state, state + ".away")
    try:
        wait_for(lambda: z.get("/x", token=out).status == status, what="the store is missed")
        assert z.get("/x", token=out).status == status
        z.httpd.wait_for_log("ZTA0070")  # and by the helper, which takes the notices
        assert post(z, logout_token(z.issuer, {"sid": "known"}, ("sub",))).status == 503
    finally:
        os.rename(state + ".away", state)
    wait_for(lambda: z.get("/x", token=out).status == 401, what="the store is back")
