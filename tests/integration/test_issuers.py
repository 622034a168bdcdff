# SPDX-License-Identifier: Apache-2.0
"""Keys of issuers by discovery and by URL: fetched by the helper, swapped into every child, kept
over restarts, and never a reason to let anybody in."""

import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from support import proc
from support.issuer import Key
from support.issuerserver import JWKS, OAUTH, OIDC, Answer, IssuerServer
from support.lmdb import drop_table
from support.local import wait_for

DOWN = r"ZTA007[78]: issuer_(keys_stale|refresh_failing)"
LIMIT_OFF = "ZTAVerifyLimit off"


@pytest.fixture
def served(zta, pki):
    """Factory: a gateway that is not started yet and the server of its issuer's keys."""
    started = []

    def make(keys="discover", path="", form=OIDC, tls=False, global_text="", is_up=True,
             **options):
        z = zta(start=False, keys=keys, **options)
        server = IssuerServer(z.issuer, path, pki.server if tls else None, form)
        if keys == "url":
            z.keys = server.origin + JWKS
        z.global_text = "\n".join([LIMIT_OFF, global_text])
        started.append(server)
        if is_up:
            server.start()
        return z, server

    yield make
    for server in started:
        server.stop()


def issuer_of(z, name="corp"):
    found = [i for i in z.json("issuers") if i["name"] == name]
    return found[0] if found else {"state": None, "keys": [], "failures": 0, "error": None}


def wait_for_state(z, state, name="corp"):
    return wait_for(lambda: issuer_of(z, name)["state"] == state and issuer_of(z, name),
                    what=f"issuer {name} {state}")


def wait_for_pass(z, token):
    """Until the token is accepted; on the way there it may only be unavailable."""
    def passes():
        answer = z.get("/x", token=token)
        assert answer.status in (200, 503), answer.status
        return answer.status == 200
    wait_for(passes, what="the token to pass")


def statuses(z, token, n=60):
    """Of so many requests over fresh connections: every child gets its share."""
    return {z.get("/x", token=token, fresh=True).status for _ in range(n)}


# ---- where keys come from ----

@pytest.mark.mpm
@pytest.mark.parametrize("keys, path, form", [
    ("discover", "", OIDC), ("discover", "/tenant", OIDC), ("discover", "/tenant/", OIDC),
    ("discover", "", OAUTH), ("discover", "/tenant", OAUTH), ("url", "/other", OIDC)])
def test_keys_come_from_where_the_issuer_says(served, keys, path, form):
    z, server = served(keys, path, form)
    server.clock_offset_s = 42
    z.start()
    wait_for_state(z, "good")
    assert z.get("/x", token=z.issuer.token()).status == 200
    forger = Key("RS256", kid=z.issuer.key("RS256").kid)
    assert z.get("/x", token=z.issuer.token(key=forger)).status == 401
    assert z.get("/x", token=z.issuer.token({"iss": server.url + "/"})).status == 401
    shown = issuer_of(z)
    assert shown["url"] == server.url and shown["failures"] == 0 and shown["error"] is None
    assert shown["jwks_uri"] == server.origin + JWKS
    assert (shown["introspection_endpoint"] is None) == (keys == "url")
    assert 40 <= shown["skew_s"] <= 43 and 0 <= shown["age_s"] < 30
    assert {(k["kid"], k["alg"]) for k in shown["keys"]} == {
        (k.kid, k.alg) for k in z.issuer.keys.values()}
    text = z.ctl("issuers").stdout
    assert re.search(r"corp +good +6: .* \+4[0-3] s ", text), text
    # Discovery is asked for once, and nothing but it and the keys.
    assert {p for p, _ in server.requests} <= {server.place, JWKS, f"{path.rstrip('/')}{OIDC}"}
    assert z.get("/x", token=z.issuer.token()).status == 200


def test_keys_over_tls_need_a_certificate_that_verifies(served, pki):
    z, server = served(tls=True)
    z.httpd.allow_log(DOWN)
    z.start()
    shown = wait_for_state(z, "no keys")
    assert "certificate" in shown["error"]
    answer = z.get("/x", token=z.issuer.token())
    assert answer.status == 503 and int(answer.header("Retry-After")) > 0
    z.global_text += f"\nZTACAFile {pki.ca.cert}"
    z.reload()
    wait_for_state(z, "good")
    assert z.get("/x", token=z.issuer.token()).status == 200


@pytest.mark.parametrize("answers, error", [
    (lambda s: {s.place: Answer(s.metadata(issuer=s.url + "/"))}, "its issuer is"),
    (lambda s: {s.place: Answer(s.metadata(issuer="https://evil.test"))}, "its issuer is"),
    (lambda s: {s.place: Answer(s.metadata(jwks_uri="http://evil.test/k"))}, "its jwks_uri is"),
    (lambda s: {s.place: Answer(s.metadata(jwks_uri="file:///etc/passwd"))}, "its jwks_uri is"),
    (lambda s: {s.place: Answer(status=302, headers={"Location": "https://evil.test/"})},
     "another host"),
    (lambda s: {JWKS: Answer(status=302, headers={
        "Location": f"http://localhost:{s.port}/elsewhere"})}, "another host"),
    (lambda s: {JWKS: Answer(b" " * 262145)}, "above 262144 bytes"),
    (lambda s: {s.place: Answer(b" " * 262145)}, "above 262144 bytes"),
    (lambda s: {JWKS: Answer(b"<html>")}, "no JWKS"),
    (lambda s: {JWKS: Answer({"keys": []})}, "no JWKS"),
    (lambda s: {JWKS: Answer({"keys": [{"kty": "oct", "k": "AAAA"}]})}, "can be used"),
    (lambda s: {JWKS: Answer(status=500)}, "it answers 500"),
    (lambda s: {JWKS: Answer(status=304)}, "it answers 304"),
    (lambda s: {s.place: Answer(status=404)}, "it answers 404"),
])
def test_what_is_wrong_with_an_answer_is_shown_and_nothing_comes_in(served, answers, error):
    z, server = served()
    server.answers = answers(server)
    z.httpd.allow_log(DOWN)
    z.start()
    shown = wait_for_state(z, "no keys")
    assert error in shown["error"] and shown["failures"] > 0
    answer = z.get("/x", token=z.issuer.token())
    assert answer.status == 503 and answer.header("Retry-After")
    assert z.get("/x", key=None, token=None).status == 401
    alerts = wait_for(lambda: z.json("status")["alerts"], what="the alert")
    assert [a["name"] for a in alerts] == ["issuer_keys_stale"] and error in alerts[0]["text"]
    # Mended, it serves without anybody doing anything.
    server.answers = {}
    wait_for_pass(z, z.issuer.token())
    wait_for(lambda: not z.json("status")["alerts"], what="the end of the alert")


def test_an_issuer_that_hangs_holds_nobody_up(served):
    z, server = served()
    server.answers[JWKS] = Answer(b"{}", delay=20)
    z.httpd.allow_log(DOWN)
    z.start()
    begun = time.monotonic()
    answer = z.get("/x", token=z.issuer.token())
    assert answer.status == 503 and answer.header("Retry-After")
    assert time.monotonic() - begun < 2
    # Nor a restart, though the helper is in the middle of an attempt.
    assert wait_for(lambda: server.count() > 0, what="the attempt")
    begun = time.monotonic()
    z.reload()
    assert time.monotonic() - begun < 5, "the helper waited for its attempt to end"
    wait_for(lambda: issuer_of(z)["error"], 15, what="the end of the attempt")
    assert "timed out" in issuer_of(z)["error"].lower()


# ---- rotation ----

@pytest.mark.mpm
def test_keys_rotate_in_every_child_without_a_restart(served):
    z, server = served()
    z.start()
    wait_for_state(z, "good")
    old = z.issuer.token()
    assert statuses(z, old) == {200}
    z.issuer.rotate()
    new = z.issuer.token()
    fetched = server.count()
    answer = z.get("/x", token=new)
    assert answer.status == 503 and answer.header("Retry-After") == "1"
    wait_for_pass(z, new)
    assert statuses(z, new) == {200}
    # The withdrawn key is gone from every child, also where its token was known as good.
    assert statuses(z, old) == {401}
    assert server.count() == fetched + 1


def test_an_issuer_that_publishes_both_keys_serves_both(served):
    z, server = served()
    z.start()
    wait_for_state(z, "good")
    old, former = z.issuer.token(), [k.jwk() for k in z.issuer.keys.values()]
    z.issuer.rotate()
    server.answers[JWKS] = Answer(z.issuer.jwks(former))
    new = z.issuer.token()
    wait_for_pass(z, new)
    assert statuses(z, old) == statuses(z, new) == {200}


def test_fifty_unknown_kids_ask_for_one_fetch(served):
    z, server = served()
    z.start()
    wait_for_state(z, "good")
    assert statuses(z, z.issuer.token()) <= {200, 503}
    before = server.count(), server.count(server.place)
    seen = []

    def flood(n):
        for i in range(10):
            key = Key("ES256", z.issuer.key("ES256").private, kid=f"garbage-{n}-{i}")
            seen.append(z.get("/x", token=z.issuer.token(key=key, alg="ES256"), fresh=True))

    threads = [threading.Thread(target=flood, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: z.get("/x", token=z.issuer.token(
        key=Key("ES256", z.issuer.key("ES256").private, kid="garbage"), alg="ES256")).status == 401,
        what="the answer to an unknown kid")
    assert len(seen) == 50 and {a.status for a in seen} <= {401, 503}
    assert all(a.header("Retry-After") == "1" for a in seen if a.status == 503)
    assert (server.count(), server.count(server.place)) == (before[0] + 1, before[1] + 1)
    assert z.get("/x", token=z.issuer.token()).status == 200


def test_keys_that_did_not_change_are_not_sent_again(served):
    z, server = served()
    server.headers = {"ETag": '"v1"', "Cache-Control": "max-age=120"}
    z.start()
    shown = wait_for_state(z, "good")
    assert "If-None-Match" not in [h for p, h in server.requests if p == JWKS][-1]
    server.answers[JWKS] = Answer(status=304, headers=server.headers)
    fetched = server.count()
    z.ctl("issuers", "refresh", "corp")
    wait_for(lambda: server.count() > fetched, what="the refresh")
    assert [h for p, h in server.requests if p == JWKS][-1]["If-None-Match"] == '"v1"'
    wait_for(lambda: issuer_of(z)["last_attempt"] > shown["last_attempt"], what="its result")
    assert issuer_of(z)["state"] == "good" and len(issuer_of(z)["keys"]) == 6
    assert z.get("/x", token=z.issuer.token()).status == 200


# ---- outages ----

def test_an_issuer_that_is_down_at_a_restart_has_its_keys_in_the_store(served):
    z, server = served()
    z.httpd.allow_log(DOWN)
    z.start()
    wait_for_state(z, "good")
    server.stop()
    z.restart()
    assert statuses(z, z.issuer.token()) == {200}
    wait_for_state(z, "failing")
    assert "refresh_failing" in wait_for(lambda: z.json("status")["alerts"])[0]["name"]
    assert z.ctl("status", "--check", code=1)
    # Another source of keys under the same name does not take them over.
    z.keys = f"http://127.0.0.1:{server.port}/others"
    z.restart()
    wait_for_state(z, "no keys")
    assert statuses(z, z.issuer.token(), 10) == {503}


def test_keys_that_are_too_old_are_unavailable_and_never_unauthorised(served):
    z, server = served(issuer_text="ZTAKeysStale 3s")
    z.httpd.allow_log(DOWN)
    z.start()
    wait_for_state(z, "good")
    token = z.issuer.token()
    assert z.get("/x", token=token).status == 200
    server.stop()
    seen = []

    def is_over():
        answer = z.get("/x", token=token)
        seen.append(answer.status)
        return answer.status != 200 and answer
    answer = wait_for(is_over, 15, what="the end of the grace time")
    assert answer.status == 503 and int(answer.header("Retry-After")) > 0
    assert set(seen) == {200, 503}
    # A token that was never seen, and one that nobody signed.
    assert z.get("/x", token=z.issuer.token()).status == 503
    assert z.get("/x", token=z.issuer.token(key=Key("RS256"))).status == 503
    wait_for_state(z, "too old")
    wait_for(lambda: "issuer_keys_stale" in [a["name"] for a in z.json("status")["alerts"]],
             what="the alert")
    server.start()
    wait_for_pass(z, token)


def test_other_issuers_and_api_keys_go_on_while_one_is_down(served):
    z, server = served(is_up=False)
    z.accept = "corp file local"
    z.global_text += (f'\n<ZTAIssuer file "https://file.test">\nZTAAudience {z.issuer.audience}\n'
                      f"ZTAKeys file:{z.issuer.path}\n"
                      "ZTAAlgorithms RS256 PS256 ES256 ES384 ES512 EdDSA\n</ZTAIssuer>")
    z.httpd.allow_log(DOWN)
    z.start()
    key = z.json("keys", "create", "--name", "k")["key"]
    wait_for(lambda: z.get("/x", key=key).status == 200, what="the API key")
    assert z.get("/x", token=z.issuer.token({"iss": "https://file.test"})).status == 200
    assert z.get("/x", token=z.issuer.token()).status == 503
    shown = wait_for_state(z, "good", "file")
    assert shown["fetched"] and not shown["next_attempt"] and len(shown["keys"]) == 6
    refused = z.ctl("issuers", "refresh", "file", code=4)
    assert "graceful restart" in refused.stderr


# ---- operators ----

def test_an_operator_refreshes_and_the_audit_trail_says_so(served):
    z, server = served()
    z.start()
    wait_for_state(z, "good")
    token, fetched = z.issuer.token(), server.count()
    z.issuer.rotate()
    dry = z.json("issuers", "refresh", "corp", "--dry-run")
    assert dry["dry_run"] and "action" not in dry
    done = z.json("issuers", "refresh", "corp", "--reason", "key leaked")
    wait_for(lambda: server.count() == fetched + 1, what="the fetch")
    wait_for(lambda: z.get("/x", token=token).status == 401, what="the end of the old key")
    entry = [e for e in z.json("audit", "list") if e["id"] == done["action"]][0]
    assert (entry["action"], entry["target"], entry["reason"]) == (
        "issuers refresh", "issuer corp", "key leaked")
    z.ctl("issuers", "refresh")
    wait_for(lambda: server.count() == fetched + 2, what="the fetch of all")
    unknown = z.ctl("issuers", "refresh", "nobody", code={1, 2})
    assert "nobody" in unknown.stderr
    assert z.json("audit", "verify")["result"] == "consistent"


# ---- upgrade ----

def test_a_store_made_before_keys_were_kept_opens_and_keeps_them(served):
    z, server = served()
    drop_table(z.store.state_path(""), "keysets")
    assert z.json("issuers") == []
    assert z.json("status")["running"] is False
    z.start()
    wait_for_state(z, "good")
    assert statuses(z, z.issuer.token()) == {200}
    server.stop()
    z.httpd.allow_log(DOWN)
    z.restart()
    assert statuses(z, z.issuer.token()) == {200}


# ---- processes ----

@pytest.mark.mpm
def test_graceful_restarts_lose_no_keys(served):
    z, server = served()
    # Three generations at once: httpd's own table of children may be full for a moment.
    z.httpd.allow_log("AH00288")
    z.start()
    wait_for_state(z, "good")
    token, seen, is_over = z.issuer.token(), [], threading.Event()

    def ask():
        while not is_over.is_set():
            seen.append(z.get("/x", token=token, fresh=True).status)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(3):
            z.reload(wait_old=False)
    finally:
        is_over.set()
        thread.join()
    assert set(seen) == {200} and len(seen) > 10
    z.issuer.rotate()
    wait_for_pass(z, z.issuer.token())


def test_a_helper_that_is_killed_fetches_again(served):
    z, server = served()
    z.httpd.allow_log("ZTA0053")
    z.start()
    wait_for_state(z, "good")
    fetched = server.count()
    helper = [p for p in z.httpd.helpers() if proc.name(p) == "zta-helper"][0]
    proc.kill(helper)
    wait_for(lambda: server.count() > fetched, what="the next helper's fetch")
    z.issuer.rotate()
    wait_for_pass(z, z.issuer.token())


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_only_the_helper_speaks_to_the_issuer(served):
    z, server = served()
    z.start()
    wait_for_state(z, "good")
    path = z.httpd.path("strace")
    pids = [a for p in z.httpd.workers() for a in ("-p", str(p))]
    with subprocess.Popen(["strace", "-f", "-e", "trace=connect,sendto", "-o", path, *pids],
                          stderr=subprocess.PIPE, text=True) as tracer:
        said = tracer.stderr.readline()
        if "not permitted" in said:
            pytest.skip(f"strace may not attach here: {said.strip()}")
        fetched = server.count()
        z.issuer.rotate()
        wait_for_pass(z, z.issuer.token())
        z.get("/x", token=z.issuer.token(key=Key("RS256")))
        tracer.send_signal(signal.SIGINT)
    assert server.count() == fetched + 1
    with open(path, encoding="utf-8") as f:
        traced = f.read()
    assert f"htons({z.backend.port})" in traced
    assert f"htons({server.port})" not in traced


# ---- a real authorization server ----

def test_discovery_rotation_and_outage_of_a_real_authorization_server(zta, pki, own_authserver):
    server = own_authserver()
    z = zta(start=False, accept="as", credentials="header", global_text=(
        f"{LIMIT_OFF}\nZTACAFile {pki.ca.cert}\n<ZTAIssuer as {server.issuer}>\n"
        f"ZTAAudience {server.audience()}\nZTAKeys discover\n</ZTAIssuer>"))
    # The server publishes keys of algorithms that are not accepted here.
    z.httpd.allow_log(DOWN, "ZTA0081: issuer as")
    z.start()
    wait_for_state(z, "good", "as")
    old = server.client_token()
    assert statuses(z, old, 20) == {200}
    server.stop()
    server.start()  # with keys of its own making
    new = server.client_token()
    wait_for_pass(z, new)
    assert statuses(z, old, 20) == {401}
    server.stop()
    z.restart()
    assert statuses(z, new, 20) == {200}
    assert wait_for_state(z, "failing", "as")["skew_s"] in (-1, 0, 1)
