# SPDX-License-Identifier: Apache-2.0
"""`ztactl revoke` returned: nothing of it is accepted any more, by any child, on any connection."""

import hashlib
import threading
import time

import pytest

from support.issuer import b64u, b64u_decode
from support.local import wait_for
from support.streams import TORN

TRIALS = 1000


def connections(z, n):
    client = z.httpd.client()
    return [client.connect() for _ in range(n)]


def status_on(connection, token, target="/x"):
    return connection.request("GET", target, {"Authorization": f"Bearer {token}"}).status


def status_on_kept(z, kept, i, token, target="/x"):
    """Status of GET target on connection i of kept. A child whose workers are all busy ends its
    idle connections (RFC 9112 section 9.5): then, before any answer, it is asked on a new one."""
    try:
        return status_on(kept[i], token, target)
    except ConnectionError:
        kept[i] = z.httpd.client().connect()
        return status_on(kept[i], token, target)


@pytest.mark.timeout(600)
@pytest.mark.plain
def test_no_request_after_revoke_returned_is_accepted_in_a_thousand_trials(zta):
    """Keep-alive connections spread over all children, each trial one user or session."""
    z = zta(stage=1, children=3, threads=8, global_text="ZTAVerifyLimit off")
    # On a busy machine events are lost under this load, which is told; what counts here are the answers.
    z.httpd.allow_log(*TORN, "ZTA0074: events_dropped")
    kept, flows = connections(z, 4), connections(z, 4)
    accepted_late = []
    flowing = {"token": None, "stop": False, "returned": None, "n": 0}

    def flow(connection):
        while not flowing["stop"]:
            token, started = flowing["token"], time.monotonic()
            if token is None:
                time.sleep(0.0005)  # between two trials there is nothing to send
                continue
            try:
                status = status_on(connection, token)
            except ConnectionError:  # cut under load: it was open for long when it was revoked
                connection = z.httpd.client().connect()
                continue
            flowing["n"] += 1
            returned = flowing["returned"]
            is_late = returned is not None and returned[0] == token and started > returned[1]
            if status == 200 and is_late:
                accepted_late.append((token, status))
            time.sleep(0.003)  # what else the trial needs has a processor, too

    threads = [threading.Thread(target=flow, args=(c,)) for c in flows]
    for thread in threads:
        thread.start()
    try:
        for trial in range(TRIALS):
            by_session = trial % 2 == 1
            claims = {"sub": f"user-{trial}", "auth_time": int(time.time()) - 10}
            if by_session:
                claims["sid"] = f"sid-{trial}"
            token = z.issuer.token(claims, alg="ES256")
            for i in range(len(kept)):
                assert status_on_kept(z, kept, i, token) == 200
            flowing["returned"], flowing["token"] = None, token
            if by_session:
                # ztactl revokes sessions that were seen: the observer writes them about every 100 ms.
                session = session_of(claims)
                wait_for(lambda: is_known(z, session), what="the session")
                z.ctl("revoke", "--session", session, "--reason", "trial", "--yes")
            else:
                z.ctl("revoke", "--subject", f"user-{trial}@corp", "--reason", "trial", "--yes")
            flowing["returned"] = (token, time.monotonic())
            for i in range(len(kept)):
                assert status_on_kept(z, kept, i, token, "/late") == 401, trial
            flowing["token"] = None
    finally:
        flowing["stop"] = True
        for thread in threads:
            thread.join()
    assert not accepted_late
    assert z.backend.reached("/late") == []  # nor was one let in and cut
    assert flowing["n"] > TRIALS


def is_known(z, session):
    return z.ctl("sessions", "show", session, code={0, 1}).returncode == 0


def wait_until_published(z, token):
    """Tokens are told apart by issuers, which the helper publishes in its first moments."""
    wait_for(lambda: z.ctl("revoke", "--token", "-", "--reason", "test", "--dry-run", data=token,
                           code={0, 1}).returncode == 0, what="the issuers")


def session_of(claims, issuer="corp"):
    """The id as docs/architecture.md derives it: version and kind, issuer, client, subject, sid."""
    parts = [b"\x01\x01", issuer.encode(), b"app", claims["sub"].encode(), claims["sid"].encode()]
    data = b"".join(len(p).to_bytes(4, "big") + p for p in parts)
    return hashlib.sha256(data).hexdigest()[:32]


def test_the_session_id_of_events_is_the_documented_one(zta):
    z = zta(stage=1)
    claims = {"sub": "alice", "sid": "s1"}
    assert z.get("/x", token=z.issuer.token(claims)).status == 200
    wait_for(lambda: z.events(), what="the event")
    assert z.events()[0]["session"] == session_of(claims)


@pytest.mark.mpm
def test_each_kind_of_revocation_hits_what_it_names_and_nothing_else(zta):
    z = zta(stage=1)
    now = int(time.time()) - 100
    base = {"sub": "alice", "client_id": "app", "auth_time": now, "jti": "j1"}
    alice = z.issuer.token(base)
    other_client = z.issuer.token({**base, "client_id": "web", "jti": "j2"})
    bob = z.issuer.token({**base, "sub": "bob", "jti": "j3"})
    key = z.json("keys", "create", "--name", "k1")["key"]

    def statuses():
        return [z.get("/x", token=alice).status, z.get("/x", token=other_client).status,
                z.get("/x", token=bob).status, z.get("/x", key=key).status]

    assert statuses() == [200] * 4
    wait_until_published(z, alice)
    for selector, expected in ((["--token", "-"], [401, 200, 200, 200]),
                               (["--client", "app@corp"], [401, 200, 401, 200]),
                               (["--subject", "alice@corp"], [401, 401, 200, 200]),
                               (["--issuer", "corp"], [401, 401, 401, 200])):
        options = {"data": alice} if selector[1] == "-" else {}
        z.ctl("revoke", *selector, "--reason", "test", "--yes", **options)
        assert statuses() == expected, selector
        z.ctl("unrevoke", *selector, "--reason", "test", **options)
        assert statuses() == [200] * 4, selector
    z.ctl("revoke", "--key", "k1", "--reason", "test", "--yes")
    assert statuses() == [200, 200, 200, 401]


@pytest.mark.mpm
def test_a_revoked_token_stays_out_whatever_its_signature_looks_like(zta):
    """ES256 signatures are malleable: (r, s) and (r, n - s) both verify."""
    z = zta(stage=1)
    token = z.issuer.token(alg="ES256")
    head, payload, signature = token.split(".")
    raw = b64u_decode(signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    mirrored = (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    twin = f"{head}.{payload}." + b64u(raw[:32] + mirrored)
    assert [z.get("/x", token=t).status for t in (token, twin)] == [200, 200]
    wait_until_published(z, token)
    z.ctl("revoke", "--token", "-", "--reason", "test", "--yes", data=token)
    assert [z.get("/x", token=t).status for t in (token, twin)] == [401, 401]


def test_a_watermark_is_on_the_login_and_not_on_the_token(zta):
    z = zta(stage=1, issuer_text="ZTALeeway 0")
    login = int(time.time()) - 50
    old = {"sub": "alice", "auth_time": login}
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    assert z.get("/x", token=z.issuer.token(old)).status == 401
    # A refreshed token of the same login, issued later, does not come back in.
    assert z.get("/x", token=z.issuer.token({**old, "iat": int(time.time())})).status == 401
    # A token that does not say when the login was stays refused.
    assert z.get("/x", token=z.issuer.token({"sub": "alice"})).status == 401
    # A new login does: the watermark is whole seconds, so wait until the clock has passed it.
    revoked = int(time.time())
    wait_for(lambda: int(time.time()) > revoked, what="the next second")
    again = z.issuer.token({"sub": "alice", "auth_time": int(time.time())})
    assert z.get("/x", token=again).status == 200


@pytest.mark.timeout(180)
def test_a_refresh_at_a_real_authorization_server_does_not_come_back_in(zta, authserver):
    z = zta(start=False, stage=1, accept="as", credentials=None)
    jwks = z.httpd.path("conf", "as.json")
    authserver.write_jwks(jwks)
    z.global_text = (f'<ZTAIssuer as "{authserver.issuer}">\nZTAKeys file:{jwks}\n'
                     f"ZTAAudience {authserver.audience()}\nZTAAlgorithms RS256\n</ZTAIssuer>")
    z.httpd.allow_log("is not used: none of its algorithms is accepted")
    z.start()
    tokens = authserver.login("alice")
    assert z.get("/x", token=tokens["access_token"]).status == 200
    z.ctl("revoke", "--subject", "alice@as", "--reason", "left the company", "--yes")
    assert z.get("/x", token=tokens["access_token"]).status == 401
    refreshed = authserver.refresh(tokens)
    assert refreshed["access_token"] != tokens["access_token"]
    assert z.get("/x", token=refreshed["access_token"]).status == 401
    z.ctl("unrevoke", "--subject", "alice@as", "--reason", "came back")
    assert z.get("/x", token=refreshed["access_token"]).status == 200


@pytest.mark.mpm
def test_revocations_survive_restart_and_kill(zta):
    z = zta(stage=1)
    token = z.issuer.token({"sub": "alice", "sid": "s1"})
    assert z.get("/x", token=token).status == 200
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    assert z.get("/x", token=token).status == 401
    z.reload()
    assert z.get("/x", token=token).status == 401
    z.httpd.kill9()
    z.start()
    assert z.get("/x", token=token).status == 401
    z.ctl("store", "check", "--deep")


@pytest.mark.mpm
def test_blocks_of_addresses_networks_and_subjects(zta):
    z = zta(stage=1, vhost_text="<Location /public>\nZTAStage 0\n</Location>")
    token = z.issuer.token()
    assert z.get("/x", token=token, source="127.0.0.7").status == 200
    z.ctl("block", "127.0.0.7", "--for", "1h", "--reason", "test", "--yes")
    blocked = z.get("/x", token=token, source="127.0.0.7")
    assert blocked.status == 403
    assert blocked.json()["type"] == "urn:zta:problem:denied"
    assert z.get("/public/x", source="127.0.0.7").status == 403
    assert z.get("/x", token=token, source="127.0.0.8").status == 200
    z.ctl("blocks", "remove", "127.0.0.7", "--reason", "test")
    assert z.get("/x", token=token, source="127.0.0.7").status == 200
    z.ctl("block", "127.0.1.0/24", "--for", "1h", "--reason", "test", "--yes")
    assert z.get("/x", token=token, source="127.0.1.9").status == 403
    z.ctl("block", "alice@corp", "--for", "1h", "--reason", "test", "--yes")
    assert z.get("/x", token=token).status == 403
    assert z.get("/x", token=z.issuer.token({"sub": "bob"})).status == 200


REMEMBERED = """
allow all
  when path /**
  need issuer corp

require managed
  when path /**
  need device managed
"""


def test_what_children_remember_of_a_subject_outlives_no_change(zta):
    """Warm connections to all children; after each command returned, the next request of each."""
    z = zta(stage=4, children=2, rules=REMEMBERED, issuer_text="ZTAClaim device device_id")
    claims = {"sid": "s1", "auth_time": int(time.time()) - 10, "device_id": "LT-1"}
    token = z.issuer.token(claims)
    open_connections = connections(z, 6)
    why = ("--reason", "test")

    def answers():
        return {status_on(connection, token) for connection in open_connections}

    z.ctl("devices", "set", "LT-1", "--managed", "yes", *why)
    assert answers() == {200}
    wait_for(lambda: z.json("sessions", "list"), what="its session")
    session = z.json("sessions", "list")[0]["id"]
    changes = (
        (403, ["devices", "set", "LT-1", "--managed", "no", *why]),
        (200, ["devices", "set", "LT-1", "--managed", "yes", *why]),
        (403, ["block", "alice@corp", "--for", "1h", *why, "--yes"]),
        (200, ["blocks", "remove", "alice@corp", *why]),
        (401, ["sessions", "quarantine", session, "--for", "1h", *why, "--yes"]),
        (200, ["sessions", "release", session]),
        (403, ["rules", "add", "-e", "deny now", "-e", "when path /x", "--for", "1h", *why, "--yes"]),
        (200, ["rules", "remove", "now", *why, "--yes"]),
        (403, ["devices", "remove", "LT-1", *why]),
        (200, ["devices", "set", "LT-1", "--managed", "yes", *why]),
        (401, ["revoke", "--session", session, *why, "--yes"]),
    )
    for status, change in changes:
        for _ in range(3):
            answers()  # remembered by every child
        z.ctl(*change)
        assert answers() == {status}, change


def test_a_block_ends_by_itself(zta):
    z = zta(stage=1)
    token = z.issuer.token()
    z.ctl("block", "alice@corp", "--for", "2s", "--reason", "test", "--yes")
    assert z.get("/x", token=token).status == 403
    wait_for(lambda: z.get("/x", token=token).status == 200, timeout=10, what="the end of the block")
