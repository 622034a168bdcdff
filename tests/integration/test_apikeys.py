# SPDX-License-Identifier: Apache-2.0
"""API keys from their making to their end, as requests meet them."""

import time

import pytest

from support.leaks import allow
from support.local import wait_for

RULES = """
allow readers
  when path /read/**
  need scope read

allow writers
  when path /write/**
  need role writer

allow named
  when path /named/**
  need apikey deploy

allow owner
  when path /owner/**
  need subject billing
"""


@pytest.mark.mpm
def test_a_key_has_the_roles_scopes_name_and_owner_it_was_given(zta, backend):
    z = zta(stage=2, rules=RULES)
    key = z.json("keys", "create", "--name", "deploy", "--owner", "billing", "--scope", "read")["key"]
    statuses = {p: z.get(f"/{p}/x", key=key).status for p in ("read", "write", "named", "owner")}
    assert statuses == {"read": 200, "write": 403, "named": 200, "owner": 200}
    assert z.get("/read/x", key=key).status == 200
    assert backend.last.header("X-ZTA-Issuer") == "local"
    assert backend.last.header("X-ZTA-Subject") == "billing"
    assert backend.last.header("X-Api-Key") is None
    writer = z.json("keys", "create", "--name", "w", "--role", "writer")["key"]
    assert z.get("/write/x", key=writer).status == 200
    assert backend.last.header("X-ZTA-Subject") == "w"


@pytest.mark.mpm
def test_a_key_is_accepted_in_its_header_and_as_bearer_and_nowhere_else(zta):
    z = zta(stage=1)
    key = z.json("keys", "create", "--name", "k")["key"]
    assert z.get("/x", key=key).status == 200
    assert z.get("/x", token=key).status == 200
    allow(r"access\.log$", "a query in which nobody looks for a key is as any other")
    assert z.get(f"/x?api_key={key}").status == 401
    assert z.get("/x", headers={"X-Other-Key": key}).status == 401
    assert z.get("/x", key=key, token=z.issuer.token()).status == 400
    assert z.get("/x", headers=[("X-Api-Key", key), ("X-Api-Key", key)]).status == 400


def test_a_place_that_does_not_accept_keys_refuses_them(zta):
    z = zta(stage=1, vhost_text="<Location /tokens>\nZTAAccept corp\nZTACredentials header\n</Location>")
    key = z.json("keys", "create", "--name", "k")["key"]
    assert z.get("/x", key=key).status == 200
    assert z.get("/tokens/x", token=key).status == 401
    assert z.get("/tokens/x", key=key).status == 401


def _other(text):
    """The text with another last character."""
    return text[:-1] + ("y" if text[-1] == "x" else "x")


def test_wrong_keys_look_alike_to_the_client(zta):
    z = zta(stage=1, global_text="ZTAVerifyLimit off")
    key = z.json("keys", "create", "--name", "k", "--cidr", "127.0.9.0/24")["key"]
    assert z.get("/x", key=key, source="127.0.9.1").status == 200
    _, identifier, secret, check = key.split("_")
    revoked = z.json("keys", "create", "--name", "gone")["key"]
    z.ctl("keys", "revoke", "gone", "--reason", "test")
    bad = {
        "outside its networks": key,
        "revoked": revoked,
        "bad checksum": f"zta_{identifier}_{secret}_{_other(check)}",
        "other secret": f"zta_{identifier}_{_other(secret)}_{check}",
        "short": key[:-3],
        "not a key": "zta_",
        "long": key + "A" * 5000,
    }
    answers = {}
    for name, text in bad.items():
        answer = z.get("/x", key=text)
        body = {k: v for k, v in answer.json().items() if k not in ("instance", "request_id")}
        answers[name] = (answer.status, answer.all("WWW-Authenticate"), str(body))
    assert len({str(a) for a in answers.values()}) == 1, answers
    assert answers["revoked"][0] == 401
    assert any('ApiKey realm="localhost", error="invalid_token"' in c for c in answers["revoked"][1])
    # The operator learns which it was.
    z.get("/x", key=revoked)
    wait_for(lambda: "is revoked" in z.ctl("explain", "--last", "reason=revoked", code={0, 1}).stdout,
             what="the explanation")


@pytest.mark.mpm
def test_rotation_with_and_without_grace(zta):
    z = zta(stage=1)
    first = z.json("keys", "create", "--name", "k")["key"]
    second = z.json("keys", "rotate", "k", "--grace", "1h")["key"]
    assert [z.get("/x", key=k).status for k in (first, second)] == [200, 200]
    third = z.json("keys", "rotate", "k")["key"]
    assert [z.get("/x", key=k).status for k in (first, second, third)] == [401, 401, 200]


def test_a_key_expires(zta):
    z = zta(stage=1, global_text="ZTAVerifyLimit off")
    key = z.json("keys", "create", "--name", "k", "--for", "2s")["key"]
    assert z.get("/x", key=key).status == 200
    wait_for(lambda: z.get("/x", key=key).status == 401, what="the end of the key")
    wait_for(lambda: z.json("events")[-1]["reason"] == "expired_credential", what="the event")


def test_the_last_use_is_noted(zta):
    z = zta(stage=1)
    key = z.json("keys", "create", "--name", "k")["key"]
    before = int(time.time())
    assert z.get("/x", key=key).status == 200
    wait_for(lambda: z.json("keys", "show", "k").get("last_used"), what="the last use")
    assert z.json("keys", "show", "k")["last_used"] >= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(before))


@pytest.mark.mpm
def test_the_secret_is_nowhere_but_with_its_owner(zta):
    z = zta(stage=1)
    key = z.json("keys", "create", "--name", "k")["key"]
    secret = key.split("_")[2].encode()
    assert z.get("/x", key=key).status == 200
    wait_for(z.events, what="the event")
    for path in (z.store.policy_path(), z.store.state_path(), z.httpd.path("logs", "error.log"),
                 z.httpd.path("logs", "access.log")):
        with open(path, "rb") as file:
            assert secret not in file.read(), path
