# SPDX-License-Identifier: Apache-2.0
"""Measures that are held for a time: by operators, and by `respond` rules under the governor."""

import time

from support.local import wait_for


def _held(z):
    return {(row["what"], row["of"], row["target"]) for row in z.json("automation", "list")}


def _of_reason(z, reason):
    return [event for event in z.events("--limit", "0") if event["reason"] == reason]


def test_operators_hold_sessions_and_the_threat_level_for_a_time(zta):
    z = zta(stage=1)
    claims = {"sub": "alice", "client_id": "app", "auth_time": int(time.time()) - 100}
    one, other = (z.issuer.token({**claims, "sid": sid}) for sid in ("s1", "s2"))
    assert [z.get("/x", token=token).status for token in (one, other)] == [200, 200]
    wait_for(lambda: len(z.json("sessions", "list")) == 2, what="both sessions")
    first = z.json("sessions", "list")[0]["id"]

    # A quarantine bites on the next request, hits that session alone, and is undone by any of three.
    for undo in (["sessions", "release", first], ["automation", "undo"], ["undo"]):
        z.ctl("sessions", "quarantine", first, "--reason", "odd", code=2)
        done = z.json("sessions", "quarantine", first, "--for", "1h", "--reason", "odd", "--yes")
        answers = {z.get("/x", token=token).status for token in (one, other)}
        assert answers == {200, 401} and done["undo"].endswith(f"sessions release {first}")
        [row] = z.json("automation", "list")
        assert (row["what"], row["of"], row["target"]) == ("quarantine", "session", first)
        assert row["source"] == "operator" and row["reason"] == "odd" and row["id"].startswith("h")
        z.ctl(*(undo if undo[0] == "sessions" else [*undo, row["id"]]))
        assert [z.get("/x", token=token).status for token in (one, other)] == [200, 200]
        assert z.json("automation", "list") == []
    z.ctl("sessions", "release", first, code=1)
    wait_for(lambda: len(_of_reason(z, "quarantined")) == 3, what="the refusals")
    assert "automation list" in _of_reason(z, "quarantined")[0]["detail"]

    assert z.json("threat-level")[0]["level"] == "normal"
    z.ctl("threat-level", "set", "normal", "--for", "1h", "--reason", "drill", code=2)
    z.ctl("threat-level", "set", "high", "--for", "1h", "--reason", "drill")
    wait_for(lambda: z.json("threat-level", "show")[0]["level"] == "high", what="the level")
    z.ctl("threat-level", "clear")
    wait_for(lambda: z.json("threat-level")[0]["level"] == "normal", what="the level's end")
    actions = {entry["action"] for entry in z.json("audit", "list")}
    assert {"sessions quarantine", "sessions release", "automation undo", "threat-level set",
            "threat-level clear"} <= actions
    z.ctl("store", "check", "--deep")
