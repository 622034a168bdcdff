# SPDX-License-Identifier: Apache-2.0
"""What a step of the clock may not change."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.clock import HOUR, token
from support.dpop import Prover
from support.introspector import AUDIENCE, Introspector, opaque
from support.load import counters
from support.local import wait_for

STEPS = [HOUR, -HOUR]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_fills_no_bucket_and_empties_none(clocked, step):
    z, clock = clocked(rules="limit few\n  key subject\n  rate 3/h burst 3\n")
    good = token(z, clock)
    other = token(z, clock, sub="bob")
    assert [z.get("/x", token=good).status for _ in range(4)] == [200, 200, 200, 429]
    assert z.get("/x", token=other).status == 200
    clock.set(step)
    refused = z.get("/x", token=good)
    assert refused.status == 429
    assert 1 <= int(refused.header("Retry-After")) <= HOUR // 3
    assert [z.get("/x", token=other).status for _ in range(3)] == [200, 200, 429]
    clock.set(0)
    assert z.get("/x", token=good).status == 429


@pytest.mark.parametrize("step", STEPS)
def test_a_step_hides_no_failed_verification(clocked, step):
    z, clock = clocked(stage=1, global_text="ZTAVerifyLimit 3/1h")
    assert [z.get("/x", token=f"a.b.{i}").status for i in range(4)] == [401, 401, 401, 429]
    clock.set(step)
    assert z.get("/x", token="a.b.9").status == 429


@pytest.mark.parametrize("step", STEPS)
def test_a_watermark_only_rises(clocked, step):
    z, clock = clocked(stage=1, issuer_text="ZTALeeway 0")
    old = token(z, clock)
    before = clock.now()
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes", env=clock.env)
    assert z.get("/x", token=old).status == 401
    clock.set(step)
    assert z.get("/x", token=old).status == 401
    # Again, at another time: never an earlier login than what was shut out.
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes", env=clock.env)
    assert z.get("/x", token=old).status == 401
    latest = max(before, clock.now())
    assert z.get("/x", token=token(z, clock, auth_time=latest - 1)).status == 401
    clock.set(0)
    assert z.get("/x", token=old).status == 401
    assert z.get("/x", token=token(z, clock, auth_time=before - 1)).status == 401
    z.ctl("audit", "verify", env=clock.env)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_neither_verifies_anew_nor_keeps_what_has_expired(clocked, step):
    z, clock = clocked(stage=1)
    long, short = token(z, clock), token(z, clock, exp=clock.now() + HOUR // 2)
    assert [z.get("/x", token=t).status for t in (long, short)] == [200, 200]
    clock.set(step)
    assert z.get("/x", token=long).status == 200
    assert z.get("/x", token=short).status == (401 if step > 0 else 200)
    clock.set(0)
    assert z.get("/x", token=long).status == 200
    # Events go on, in whatever order their times are now.
    newest = z.get("/x", token=long).header("X-ZTA-Id")
    wait_for(lambda: z.ctl("explain", newest, code=None).returncode == 0, what="the newest event")
    wait_for(lambda: z.json("status", env=clock.env)["running"], what="a heartbeat")
    found = counters(z, events_stored=6 if step < 0 else 5)
    # What has expired is looked at once more, nothing else is.
    assert found["verified"] == (3 if step > 0 else 2)
    assert found["events_dropped_store"] == found["events_dropped_full"] == 0


@pytest.mark.parametrize("nonce", ["", " nonce"])
@pytest.mark.parametrize("step", [*STEPS, 30, -30, 70, -70])
def test_a_step_opens_no_replay_of_a_proof(clocked, step, nonce):
    origin = "https://api.example.test"
    z, clock = clocked(stage=1, global_text="ZTAVerifyLimit off",
                       vhost_text=f"ZTAOrigin {origin}\nZTADPoP required{nonce}")
    prover = Prover()
    good = token(z, clock, cnf={"jkt": prover.jkt})
    known = [None]

    def proof():
        return prover.headers("GET", f"{origin}/x", good, nonce=known[0],
                              claims={"iat": clock.now() + 5})

    def passes():
        answer = z.get("/x", headers=proof())
        known[0] = answer.header("DPoP-Nonce") or known[0]
        return answer.status == 200

    wait_for(passes, what="proofs are taken")
    used = [proof() for _ in range(2)]
    assert [z.get("/x", headers=h).status for h in used] == [200, 200]
    unused = proof()
    for offset in (step, 0, -step, 0):
        clock.set(offset)
        for headers in used:
            assert z.get("/x", headers=headers).status == 401, offset
        # Nor does it shut out who makes a proof now.
        wait_for(passes, what="a new proof")
    # One that was never used is good while its time is: at the time it was made for, and once.
    assert [z.get("/x", headers=unused).status for _ in range(2)] == [200, 401]


@pytest.mark.timeout(120)
def test_what_its_issuer_said_of_a_token_is_asked_again_in_a_minute(clocked):
    endpoint = Introspector().start()
    try:
        z, clock = clocked(start=False, global_text="ZTAVerifyLimit off")
        z.issuer.audience = AUDIENCE
        z.issuer_text = (f"ZTAIntrospect {endpoint.url} client=gw secret=file:"
                         f"{z.httpd.write('conf/secret', 'secret', 0o600)}")
        z.start()
        endless = {name: value for name, value in endpoint.good().items() if name != "exp"}
        endpoint.answers[opaque("a")] = endless
        assert [z.get("/x", token=opaque("a")).status for _ in range(3)] == [200] * 3
        clock.set(40)
        assert z.get("/x", token=opaque("a")).status == 200 and endpoint.count() == 1
        # Its issuer has revoked it: at the latest now nobody passes with it.
        endpoint.answers[opaque("a")] = {"active": False}
        clock.set(62)
        assert z.get("/x", token=opaque("a")).status == 401 and endpoint.count() == 2
        # A clock that was ahead when it was said makes that last no longer (a minute of a test:
        # no clock but the real one tells how long something is kept).
        clock.set(HOUR)
        endpoint.answers[opaque("b")] = endless
        assert z.get("/x", token=opaque("b")).status == 200
        endpoint.answers[opaque("b")] = {"active": False}
        began = time.monotonic()
        clock.set(0)
        wait_for(lambda: z.get("/x", token=opaque("b")).status == 401, 75, what="its end")
        assert time.monotonic() - began < 70
    finally:
        endpoint.stop()


def test_many_users_of_one_address_are_asked_about_anew_at_once(clocked):
    endpoint = Introspector().start()
    try:
        z, clock = clocked(start=False, children=2, threads=100, global_text="ZTAVerifyLimit off")
        z.issuer.audience = AUDIENCE
        z.issuer_text = (f"ZTAIntrospect {endpoint.url} client=gw secret=file:"
                         f"{z.httpd.write('conf/secret', 'secret', 0o600)}")
        z.start()
        users = [opaque(f"user-{n}") for n in range(4)]
        for user in users:
            endpoint.answers[user] = endpoint.good(exp=clock.now() + 4 * HOUR)
            assert z.get("/x", token=user).status == 200
        clock.set(62)
        endpoint.delay = 1.5
        garbage = [opaque(f"garbage-{n}") for n in range(8)]
        with ThreadPoolExecutor(16) as pool:
            refused = [pool.submit(z.get, "/x", token=each, fresh=True) for each in garbage]
            wait_for(lambda: endpoint.count() >= len(users) + 2, what="two questions of garbage")
            statuses = list(pool.map(lambda user: z.get("/x", token=user, fresh=True).status, users))
        assert statuses == [200] * len(users)
        assert sorted({each.result().status for each in refused}) == [401, 503]
        assert all(endpoint.count(user) == 2 for user in users)
    finally:
        endpoint.stop()


@pytest.mark.parametrize("step", STEPS)
def test_a_block_ends_by_the_clock_and_keeps_its_end(clocked, step):
    z, clock = clocked(stage=1)
    good = token(z, clock)
    z.ctl("block", "alice@corp", "--for", "30m", "--reason", "test", "--yes", env=clock.env)
    assert z.get("/x", token=good).status == 403
    clock.set(step)
    assert z.get("/x", token=good).status == (200 if step > 0 else 403)
    clock.set(0)
    assert z.get("/x", token=good).status == 403


def test_books_and_store_stand_steps_to_and_fro(clocked):
    z, clock = clocked(stage=1)
    good = token(z, clock)
    for step in (0, HOUR, -HOUR, HOUR // 2, 0):
        clock.set(step)
        for _ in range(20):
            assert z.get("/x", token=good).status == 200
    wait_for(lambda: len(z.events("--limit", "1000")) == 100, what="all events")
    ids = {e["id"] for e in z.events("--limit", "1000")}
    assert len(ids) == 100
    session = z.json("sessions", "list")
    assert len(session if isinstance(session, list) else [session]) == 1
    z.httpd.stop()
    z.ctl("store", "check", "--deep")
    z.start()
    assert z.get("/x", token=good).status == 200
