# SPDX-License-Identifier: Apache-2.0
"""What is sent, and what must come of it. Each function is one act of the walk-through."""

import time
import uuid

from support.issuer import b64u, b64u_decode


def stage_0(play):
    play.show.heading("Stage 0, off: a public path; headers and paths are kept clean all the same")
    forged = [("X-ZTA-Subject", "root"), ("x_zta_roles", "admin")]
    play.ask("nobody", "/health", 200, "ok", "nothing", headers=forged)
    play.api_got("X-ZTA-Subject", None)
    play.api_got("x_zta_roles", None)
    play.note("sent along: X-ZTA-Subject: root, x_zta_roles: admin; the API got neither")
    play.ask("nobody", "/health/..%2Forders/1", 400, "bad_request", "slash")
    play.ask("nobody", "/health/..;/orders/1", 400, "bad_request", "parameter")


def stage_1(play):
    play.show.heading("Stage 1, basic: every request carries a valid credential")
    alice = play.token("alice", "orders:read")
    play.ask("nobody", "/catalog", 401, "no_credential", "No credential")
    play.ask("alice, token", "/catalog", 200, "ok", "alice@corp", token=alice)
    play.api_got("X-ZTA-Subject", "alice")
    play.api_got("Authorization", None)
    play.note("the API got X-ZTA-Subject: alice, X-ZTA-Client: shop, and no Authorization")
    play.ask("token expired", "/catalog", 401, "expired_credential", "exp",
             token=play.token("alice", exp=int(time.time()) - 3600))
    play.ask("signature forged", "/catalog", 401, "bad_credential", "signature",
             token=_changed(alice))
    play.ask("alg none", "/catalog", 401, "bad_credential", "alg",
             token=play.gateway.issuer.token(alg="none", signature=b"none"))
    play.ask("other audience", "/catalog", 401, "wrong_audience", "aud",
             token=play.token("alice", aud="https://shop.example.test"))
    play.ask("unknown issuer", "/catalog", 401, "unknown_issuer", "iss",
             token=play.token("alice", issuer=play.foreign_issuer()))
    key = play.key("billing", "--role", "orders-admin")
    play.ask("API key", "/catalog", 200, "ok", "API key billing", key=key)
    play.ask("API key, mistyped", "/catalog", 401, "bad_credential", "key",
             key=key[:-1] + ("A" if key[-1] != "A" else "B"))
    bob = play.token("bob")
    for nth in ("first", "second", "third"):
        play.ask(f"bob, {nth}", "/catalog/search", 200, "ok", "bob@corp", token=bob)
    play.ask("bob, too fast", "/catalog/search", 429, "rate_limited", "limit searches-per-subject",
             token=bob)
    return key


def stage_2(play, key):
    play.show.heading("Stage 2, identity: rules decide; what no rule allows is denied")
    alice = play.token("alice", "orders:read")
    play.ask("alice, reads", "/orders/1", 200, "ok", "read-orders", token=alice)
    play.ask("alice, writes", "/orders/1", 403, "not_entitled", "write-orders", token=alice,
             method="PUT")
    play.ask("API key, role", "/orders/1", 200, "ok", "write-orders", key=key, method="PUT")
    play.ask("bob, no scope", "/orders/1", 403, "insufficient_scope", "scope orders:read",
             token=play.token("bob"))
    play.ask("carol, contractor", "/orders/export", 403, "rule_denied",
             "no-contractors-at-exports",
             token=play.token("carol", "orders:read", roles=["contractor"], amr=["pwd", "mfa"]))
    play.ask("alice, no MFA", "/orders/export", 403, "rule_denied", "mfa-for-export",
             token=play.token("alice", "orders:read", amr=["pwd"]))
    play.ask("alice, elsewhere", "/invoices", 403, "no_rule", "No allow rule", token=alice)


def stage_3(play):
    play.show.heading("Stage 3, context: the same identity, judged by where it comes from and on what")
    erin = {"roles": ["hr"], "device_id": "laptop-7"}
    play.order("devices", "set", "laptop-7", "--owner", "erin@corp", "--managed", "yes")
    play.ask("erin, laptop", "/payroll/1", 200, "ok", "read-payroll",
             token=play.token("erin", **erin))
    play.ask("erin, own phone", "/payroll/1", 403, "device_unknown", "managed-device",
             token=play.token("erin", roles=["hr"], device_id="phone"))
    play.ask("erin, abroad", "/payroll/1", 403, "country_denied", "from-home",
             token=play.token("erin", **erin), source="127.0.0.7")
    play.order("devices", "set", "laptop-7", "--managed", "no")
    play.ask("erin, laptop", "/payroll/1", 403, "device_noncompliant", "managed-device",
             token=play.token("erin", **erin))


def stage_4(play):
    play.show.heading("Stage 4, adaptive: a stronger login where it matters, risk, measures that end")
    frank = {"roles": ["treasurer"], "sid": "frank-1"}
    now = int(time.time())
    strong = play.token("frank", acr="urn:example:mfa", auth_time=now - 60, **frank)
    play.ask("frank, password", "/payments/1", 401, "step_up_required", "strong-login",
             token=play.token("frank", acr="urn:example:pwd", auth_time=now - 60, **frank))
    play.ask("frank, MFA", "/payments/1", 200, "ok", "pay", token=strong)
    told = play.ask("frank, backup?", "/payments/backup.zip", 401, "step_up_required", "calm",
                    token=strong)
    play.note("nobody has a reason to ask for that: a honeypot; his session is risky from now on")
    play.order("risk", "show", told["session"])
    play.ask("frank, MFA", "/payments/2", 401, "step_up_required", "calm", token=strong)
    play.ask("frank, new login", "/payments/2", 200, "ok", "pay",
             token=play.token("frank", acr="urn:example:mfa", auth_time=int(time.time()) + 1,
                              **frank))
    stranger = [("X-Forwarded-For", "203.0.113.8")]
    for nth in ("first", "second", "third", "fourth", "fifth"):
        play.ask(f"{nth} forged token", "/payments/1", 401, "bad_credential", "signature",
                 token=_changed(play.token("alice")), headers=stranger)
    held = play.measure("block", "203.0.113.8")
    play.ask("from 203.0.113.8", "/payments/2", 403, "blocked", "scanners", headers=stranger)
    play.order("automation", "undo", held, "--reason", "our own scanner")
    play.ask("from 203.0.113.8", "/payments/2", 401, "no_credential", "No credential",
             headers=stranger)


def monitor(play):
    play.show.heading("Monitor mode: stage 1 is enforced, stage 2 only noted")
    play.ask("bob, no auditor", "/reports/2", 200, "ok", "would be not_entitled",
             token=play.token("bob"))
    play.ask("dora, auditor", "/reports/2", 200, "ok", "dora@corp",
             token=play.token("dora", roles=["auditor"]))


def operator(play, key):
    play.show.heading("An operator steps in: the very next request fails")
    laptop, phone = str(uuid.uuid4()), str(uuid.uuid4())
    told = play.ask("alice, laptop", "/orders/1", 200, "ok", "read-orders",
                    token=play.token("alice", "orders:read", sid=laptop))
    play.order("revoke", "--session", told["session"], "--reason", "laptop lost")
    play.ask("laptop, refreshed", "/orders/1", 401, "revoked", "by session",
             token=play.token("alice", "orders:read", sid=laptop))
    play.ask("alice, phone", "/orders/1", 200, "ok", "read-orders",
             token=play.token("alice", "orders:read", sid=phone))
    play.order("revoke", "--key", "billing", "--reason", "found in a log")
    play.ask("API key", "/orders/1", 401, "revoked", "by key", key=key, method="PUT")
    play.order("rules", "add", "-e", "deny orders-closed", "-e", "when path /orders/**", "--for", "1h",
               "--reason", "stock-taking", "--yes")
    play.ask("alice, phone", "/orders/1", 403, "rule_denied", "orders-closed",
             token=play.token("alice", "orders:read", sid=phone))
    play.order("undo", "--yes")
    play.ask("alice, phone", "/orders/1", 200, "ok", "read-orders",
             token=play.token("alice", "orders:read", sid=phone))
    play.order("block", "127.0.0.9", "--for", "1h", "--reason", "scanner", "--yes")
    play.ask("from 127.0.0.9", "/health/live", 403, "blocked", "blocked", source="127.0.0.9")
    play.ask("from 127.0.0.1", "/health/ready", 200, "ok", "nothing")


def _changed(token):
    """The token with another subject, under its old signature."""
    head, payload, signature = token.split(".")
    payload = b64u_decode(payload).replace(b"alice", b"admin")
    return f"{head}.{b64u(payload)}.{signature}"


def play_all(play):
    stage_0(play)
    key = stage_1(play)
    stage_2(play, key)
    stage_3(play)
    stage_4(play)
    monitor(play)
    operator(play, key)
