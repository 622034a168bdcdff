# SPDX-License-Identifier: Apache-2.0
"""`ztactl sessions` says by what a session is revoked, before and after it is refused for that."""

import time

from support.local import wait_for


def _revoked(z):
    """What the list says of each subject and API key."""
    return {row["apikey"] or row["subject"]: row["revoked"] for row in z.json("sessions", "list")}


def test_an_operators_revocation_is_shown_at_once_and_until_it_is_taken_back(zta):
    z = zta(stage=1)
    claims = {"sub": "alice", "client_id": "app", "auth_time": int(time.time()) - 100}
    tokens = {"alice": z.issuer.token({**claims, "sid": "s1"}),
              "bob": z.issuer.token({**claims, "sub": "bob", "client_id": "web"})}
    key = z.json("keys", "create", "--name", "ci")["key"]
    for token in tokens.values():
        assert z.get("/x", token=token).status == 200
    assert z.get("/x", key=key).status == 200
    wait_for(lambda: _revoked(z) == {"alice": None, "bob": None, "ci": None}, what="the sessions")
    rows = {row["apikey"] or row["subject"]: row for row in z.json("sessions", "list")}
    for who, selector, word in (
            ("alice", ["--session", rows["alice"]["id"]], "session"),
            ("bob", ["--session", rows["bob"]["id"]], "session"),
            ("alice", ["--token", rows["alice"]["token_id"]], "token"),
            ("alice", ["--subject", "alice@corp"], "subject"),
            ("alice", ["--client", "app@corp"], "client"),
            ("ci", ["--key", "ci"], "key"),
            ("ci", ["--issuer", "local"], "issuer")):
        shown = {"alice": None, "bob": None, "ci": None, who: f"by {word}"}
        done = z.json("revoke", *selector, "--reason", f"lost {word}", "--yes")
        assert _revoked(z) == shown, selector
        row = z.json("sessions", "show", rows[who]["id"])
        assert row["revoked"] == f"by {word}" and row["last_reason"] == "ok"
        [cause] = row["revocations"]
        assert (cause["kind"], cause["reason"]) == (word, f"lost {word}")
        assert (cause["target"], cause["action"]) == (done["target"], done["action"])
        assert cause["by"] and cause["since"] and cause["undo"] == done["undo"]
        text = z.ctl("sessions", "show", rows[who]["id"]).stdout
        assert f"action {done['action']}: lost {word}" in text and done["undo"] in text
        assert f"by {word}" in z.ctl("sessions", "list").stdout
        z.ctl("unrevoke", *selector)
        assert _revoked(z) == {"alice": None, "bob": None, "ci": None}, selector
    # All of an issuer, and after they were refused.
    z.ctl("revoke", "--issuer", "corp", "--reason", "test", "--yes")
    assert _revoked(z) == {"alice": "by issuer", "bob": "by issuer", "ci": None}
    assert [z.get("/x", token=token).status for token in tokens.values()] == [401, 401]
    z.ctl("unrevoke", "--issuer", "corp")
    assert _revoked(z) == {"alice": None, "bob": None, "ci": None}
    assert z.json("sessions", "show", rows["bob"]["id"])["revocations"] == []
    # A key that is ended for good.
    z.ctl("keys", "revoke", "ci", "--reason", "in a log")
    assert _revoked(z)["ci"] == "by key"
    [cause] = z.json("sessions", "show", rows["ci"]["id"])["revocations"]
    assert cause["undo"] is None and cause["reason"] == "in a log"


def test_a_login_after_the_revocation_is_not_shown_as_revoked(zta):
    z = zta(stage=1)
    now = int(time.time())
    before = z.issuer.token({"sub": "alice", "sid": "old", "auth_time": now - 500})
    late = z.issuer.token({"sub": "alice", "sid": "late", "auth_time": now - 400})
    assert z.get("/x", token=before).status == 200
    wait_for(lambda: len(z.json("sessions", "list")) == 1, what="the session")
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    time.sleep(1.1)  # times of sessions are whole seconds
    assert z.get("/x", token=late).status == 401
    wait_for(lambda: len(z.json("sessions", "list")) == 2, what="the late session")
    assert [row["revoked"] for row in z.json("sessions", "list")] == ["by subject"] * 2
    z.ctl("unrevoke", "--subject", "alice@corp")
    assert [row["revoked"] for row in z.json("sessions", "list")] == [None] * 2
