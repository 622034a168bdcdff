# SPDX-License-Identifier: Apache-2.0
"""Sessions chosen by a filter, listed, revoked in one change and taken back; the audit trail and kept heads."""

import json
import os
import shlex
import subprocess

from conftest import fill
from support.schema import validate
from terminal import FIXTURE_NOW_S, program


def run(directory, *words, code=0):
    done = subprocess.run([program("ztactl"), "--store", f"{directory}/store", *words, "--json"],
                          capture_output=True, text=True, check=False, timeout=60,
                          env={**os.environ, "ZTA_TEST_CLOCK": str(FIXTURE_NOW_S)})
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout if code == 0 else done.stderr.splitlines()[0])


def revoked(directory):
    return {each["id"] for each in run(directory, "sessions", "list", "--limit", "0")
            if each["revoked"] == "by session"}


def test_sessions_are_listed_by_a_filter(filled):
    every = run(filled, "sessions", "list", "--limit", "0")
    for text, holds in (("client=web denied>0", lambda s: s["client"] == "web" and s["denied"] > 0),
                        ("not subject=user-*", lambda s: not s["subject"].startswith("user-")),
                        ("address=10.0.0.0/26", lambda s: s["address"].split(".")[:3] == ["10", "0", "0"]
                         and int(s["address"].split(".")[3]) < 64),
                        ("risk>50", lambda s: s["risk"] > 50), ("risk<=0", lambda s: s["risk"] == 0),
                        ("not risk<1 issuer=corp", lambda s: s["risk"] >= 1 and s["issuer"] == "corp"),
                        ("requests>=80", lambda s: s["requests"] >= 80)):
        listed = run(filled, "sessions", "list", "--limit", "0", "--filter", text)
        assert listed == [each for each in every if holds(each)] and listed, text
    assert "no field 'reasons'" in run(filled, "sessions", "list", "--filter", "reasons=ok", code=2)["error"]
    wrong = run(filled, "sessions", "list", "--filter", "subject=alice country=CH", code=2)["error"]
    assert "no field 'country'" in wrong and "fields here: session subject issuer" in wrong and "risk" in wrong
    run(filled, "events", "--filter", "subject=alice reason=device* risk>50 not country=CH,DE")


def test_devices_are_sorted_over_all_of_them(filled_anew):
    filled = filled_anew
    for i in range(12):
        run(filled, "devices", "set", f"z{11 - i}", *(["--compliant", ("yes", "no")[i % 2]] if i % 3 else []),
            *(["--os", ("linux", "ios")[i % 2], "--os-version", f"{i % 5}.1"] if i % 4 else []))
    every = run(filled, "devices", "list", "--limit", "0")
    assert len(every) > 12
    for field in ("id", "owner", "managed", "compliant", "os", "os_version", "changed", "changed_by"):
        wanted = sorted(every, key=lambda d: (d[field] is None, str(d[field]), d["id"]))
        for most in (3, 5, 0):
            listed = run(filled, "devices", "list", "--sort", field, "--limit", str(most))
            # Of those that changed in the same second the list does not tell the order.
            told = field if field == "changed" else "id"
            assert [each[told] for each in listed] == [each[told] for each in wanted[:most or None]], field
    assert "expected one of id owner" in run(filled, "devices", "list", "--sort", "note", code=2)["error"]


def test_a_filter_revokes_in_one_change_and_its_undo_line_takes_all_back(filled_anew):
    words = ["revoke", "kind=sid", "subject=user-*", "--reason", "stuffing"]
    wanted = {each["id"] for each in run(filled_anew, "sessions", "list", "--limit", "0", "--filter",
                                         "kind=sid subject=user-*")}
    assert len(wanted) > 8 and not revoked(filled_anew)
    planned = run(filled_anew, *words, "--dry-run")
    assert planned["hits"] + planned["hits_expired"] == len(wanted) and planned["dry_run"]
    assert not revoked(filled_anew)
    assert planned["undo"] is None
    run(filled_anew, *words, code=4)
    run(filled_anew, *words, "--max", str(planned["hits"] - 1), "--yes", code=4)
    assert not revoked(filled_anew)
    done = run(filled_anew, *words, "--max", str(planned["hits"]), "--yes")
    validate("revoke", done)
    assert revoked(filled_anew) == wanted and f"and {len(wanted) - 8} more" in done["target"]
    undo = shlex.split(done["undo"])
    assert undo[-1] == f"{done['action']}-{done['action'] + len(wanted) - 1}"
    assert run(filled_anew, "undo", undo[-1], "--dry-run")["target"].startswith(f"{len(wanted)} ")
    assert revoked(filled_anew) == wanted
    validate("undo", run(filled_anew, "undo", undo[-1]))
    assert not revoked(filled_anew)
    assert "taken back before" in run(filled_anew, "undo", undo[-1], code=1)["error"]
    assert run(filled_anew, "audit", "verify")["result"] == "consistent"
    # One, or a few, are taken back by name.
    few = run(filled_anew, "revoke", "subject=user-3*", "kind=sid", "--reason", "x", "--yes")
    assert few["undo"].count("unrevoke --session") == len(revoked(filled_anew)) <= 8


def test_a_filter_that_says_nothing_or_too_much_revokes_nobody(filled_anew, directory):
    for words, code in ((["subject=nobody"], 1), (["nonsense=1"], 2), (["subject=alice", "--session", "f" * 32], 2)):
        assert run(filled_anew, "revoke", *words, "--reason", "x", "--yes", code=code)["exit"] == code
    for argument in ("0-3", "5-4", "1-1001", "x-2", "3-"):
        assert run(filled_anew, "undo", argument, code=2)["exit"] == 2, argument
    assert not revoked(filled_anew)
    other = f"{directory}/many"
    os.mkdir(other)
    fill(other, "1100")
    said = run(other, "revoke", "subject=user-*", "--reason", "x", "--yes", code=4)["error"]
    assert "more than 1000 in one change" in said and not revoked(other)


def test_a_trail_that_lost_its_newest_entries_is_seen_by_a_head_that_was_kept(filled_anew, directory):
    kept = f"{directory}/kept"

    def verify(code=0, text=None):
        if text is not None:
            with open(kept, "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([program("ztactl"), "--store", f"{filled_anew}/store", "audit", "verify",
                               "--anchor", kept, "--json"], capture_output=True, text=True, check=False,
                              timeout=30)
        assert done.returncode == code, done.stderr
        if not done.stdout:
            return json.loads(done.stderr)["error"]
        validate("audit verify", json.loads(done.stdout))
        return json.loads(done.stdout)

    first = run(filled_anew, "audit", "verify")
    subprocess.run(["cp", "-a", f"{filled_anew}/store", f"{filled_anew}/former"], check=True)
    run(filled_anew, "block", "192.0.2.1", "--for", "1h", "--reason", "x")
    second = run(filled_anew, "audit", "verify")
    both = f"kept: {json.dumps(first)}\nhead={second['head'].upper()} {second['head']}\n"
    assert verify(text=both)["result"] == "complete"
    assert verify(text=first["head"])["entries"] == second["entries"]
    # The store of before, in the place of the one of now: consistent, but not complete.
    subprocess.run(["rm", "-r", f"{filled_anew}/store"], check=True)
    os.rename(f"{filled_anew}/former", f"{filled_anew}/store")
    assert run(filled_anew, "audit", "verify")["result"] == "consistent"
    assert verify(text=first["head"])["result"] == "complete"
    lost = verify(code=1, text=both)
    assert (lost["result"], lost["missing_head"]) == ("incomplete", second["head"])
    assert "no head" in verify(code=1, text="a" * 63 + " " + "b" * 65)
