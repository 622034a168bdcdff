# SPDX-License-Identifier: Apache-2.0
"""The scriptable ztactl on a real store: exit codes, JSON, audit, guards, interruption."""

import fcntl
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import time

import pytest

from support import proc
from support.local import USERS, wait_for
from support.store import Store, ztactl

HOSTILE = "a\x1b[2J\x1b]0;x\x07\r\nb\u202e\u009bc\"\\'$(id)`"


def verify(store, entries=None):
    result = store.json("audit", "verify")
    assert result["result"] == "consistent"
    if entries is not None:
        assert result["entries"] == entries
    return result


def test_init_refuses_an_existing_store_and_unknown_users(store, directory):
    made = store()
    done = made.run("store", "init", "--owner", USERS.owner, "--group", USERS.group,
                    "--httpd", USERS.httpd, code=4)
    assert "already" in done.stderr
    other = Store(f"{directory}/other")
    assert "no user" in other.run("store", "init", "--owner", "nobody-here", code=1).stderr
    assert not os.path.exists(other.directory)


def test_a_missing_store_is_exit_3_and_says_what_to_do(directory):
    missing = Store(f"{directory}/nowhere")
    for command in (["status"], ["sessions", "list"], ["keys", "create", "--name", "x"],
                    ["audit", "verify"]):
        assert "ztactl store init" in missing.run(*command, code=3).stderr
    missing.run("store", "check", code=3)


def test_usage_errors_are_exit_2(store):
    made = store()
    for command in (["frobnicate"], ["keys"], ["keys", "create"], ["status", "--deep"],
                    ["status", "x"], ["sessions", "show"], ["block", "10.0.0.1"],
                    ["events", "--filter", "statsu=1"], ["events", "--limit", "ten"],
                    ["revoke", "--reason", "x"], ["explain"], ["explain", "a", "b"], []):
        made.run(*command, code=2)
    assert "did you mean 'sessions list'" in made.run("sesions", "list", code=2).stderr
    assert "did you mean 'status'" in made.run("events", "--filter", "statsu=1", code=2).stderr
    verify(made, 1)


def test_help_names_every_command_and_option(store):
    text = Store("/nonexistent").run("help").stdout
    commands = re.findall(r"^  (\w+(?: \w+)?)  ", text, re.M)
    assert {"status", "revoke", "keys create", "audit verify"} <= set(commands)
    for command in commands:
        assert f"ztactl {command}" in Store("/nonexistent").run("help", *command.split()).stdout
    assert "--dry-run" in Store("/nonexistent").run("block", "--help").stdout


def test_json_is_valid_on_every_listing(store):
    made = store()
    assert made.json("keys", "list") == []
    assert made.json("blocks", "list") == []
    assert made.json("sessions", "list") == []
    assert made.json("events") == []
    assert made.json("rules", "list") == []
    assert made.json("version")["store_format"] == 1
    status = made.json("status")
    assert status["running"] is False and status["separated"] is USERS.is_separated
    assert made.json("audit", "list")[0]["action"] == "store init"
    made.run("status", "--check", code=1)


def test_the_life_of_a_key_is_audited(store):
    made = store()
    key = made.json("keys", "create", "--name", "ci", "--owner", "team", "--scope", "a:b",
                    "--role", "r", "--cidr", "10.0.0.0/8", "--for", "90d")
    assert re.fullmatch(r"zta_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", key["key"])
    made.run("keys", "create", "--name", "ci", code=4)
    shown = made.json("keys", "show", "ci")
    assert (shown["owner"], shown["roles"], shown["cidrs"]) == ("team", ["r"], ["10.0.0.0/8"])
    assert "key" not in shown
    rotated = made.json("keys", "rotate", key["id"], "--grace", "1h")
    assert rotated["key"] != key["key"] and rotated["id"] == key["id"]
    made.run("keys", "revoke", "ci", "--reason", "done with it")
    made.run("keys", "revoke", key["id"], code=4)
    made.run("keys", "rotate", key["id"], code=4)
    assert made.json("keys", "list")[0]["state"] == "revoked"
    made.run("keys", "create", "--name", "ci")
    entries = made.json("audit", "list")
    assert [e["action"] for e in entries] == ["keys create", "keys revoke", "keys rotate",
                                              "keys create", "store init"]
    assert entries[1]["reason"] == "done with it" and "role r" in entries[1]["before"]
    verify(made, 5)
    # No secret is anywhere in the store.
    for name in (made.policy_path(), made.state_path()):
        with open(name, "rb") as file:
            data = file.read()
        for text in (key["key"], rotated["key"]):
            assert text.split("_")[2].encode() not in data


def test_a_dry_run_changes_nothing(store):
    made = store()
    made.run("keys", "create", "--name", "ci")
    before = verify(made, 2)["head"]
    for command in (["keys", "create", "--name", "x"], ["keys", "rotate", "ci"],
                    ["keys", "revoke", "ci"], ["revoke", "--key", "ci", "--reason", "x"],
                    ["block", "10.0.0.1", "--for", "1h", "--reason", "x"],
                    ["unrevoke", "--key", "ci"], ["blocks", "remove", "10.0.0.1"]):
        made.run(*command, "--dry-run")
        assert made.json(*command, "--dry-run")["dry_run"] is True
    assert verify(made, 2)["head"] == before


def test_a_key_under_a_revocation_is_shown_as_revoked(store):
    made = store()
    made.run("keys", "create", "--name", "ci", "--owner", "team")
    for target in (["--key", "ci"], ["--subject", "team@local"]):
        assert made.json("keys", "show", "ci")["state"] == "living"
        made.run("revoke", *target, "--reason", "x", "--yes")
        assert made.json("keys", "show", "ci")["state"] == "revoked"
        assert made.json("keys", "list")[0]["state"] == "revoked"
        made.run("unrevoke", *target)


def test_the_printed_undo_undoes(store):
    made = store()
    made.run("keys", "create", "--name", "ci")
    for command in (["revoke", "--key", "ci", "--reason", "x"],
                    ["revoke", "--subject", "al ice's@corp", "--reason", "x"],
                    ["block", "192.0.2.0/24", "--for", "1h", "--reason", "x"]):
        done = made.json(*command)
        assert made.json("audit", "list")[0]["id"] == done["action"]
        undo = done["undo"].replace("ztactl ", f"{ztactl()} ", 1)
        subprocess.run(undo, shell=True, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(undo, shell=True, check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    assert made.json("blocks", "list") == []
    verify(made, 8)


def test_guards_ask_without_a_terminal_for_yes(store):
    made = store()
    for target in ("127.0.0.1", "::1", "0.0.0.0/0"):
        made.run("block", target, "--for", "1h", "--reason", "x", code=4)
    verify(made, 1)
    made.run("block", "127.0.0.1", "--for", "1h", "--reason", "x", "--yes")
    # The refusal of a network that is none says which one may have been meant.
    assert "10.0.0.0/8" in made.run("block", "10.0.0.1/8", "--for", "1h", "--reason", "x",
                                    code=1).stderr


@pytest.mark.parametrize("typed, code", [("yes\n", 0), ("y\n", 4), ("\n", 4), ("\x04", 4)])
def test_on_a_terminal_the_word_has_to_be_typed(store, typed, code):
    made = store()
    controller, terminal = pty.openpty()
    process = subprocess.Popen([ztactl(), "--store", made.directory, "block", "127.0.0.1", "--for",
                                "1h", "--reason", "x"], stdin=terminal, stderr=terminal,
                               stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        asked = b""
        while b"to go on:" not in asked:
            asked += os.read(controller, 4096)
        assert b"Type yes" in asked
        os.write(controller, typed.encode())
        assert process.wait(timeout=10) == code
    finally:
        os.close(terminal)
        os.close(controller)
    assert len(made.json("blocks", "list")) == (1 if code == 0 else 0)
    verify(made, 2 if code == 0 else 1)


def test_a_busy_writer_is_named_and_not_waited_for_without_end(store):
    made = store()
    path = made.policy_path("writer.lock")
    with open(path, "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(b"console, pid 4711 (edit)\n")
        lock.flush()
        done = made.run("keys", "create", "--name", "x", code=4, timeout=30)
        assert "console, pid 4711" in done.stderr
        assert made.json("keys", "list") == []
        # Reading waits for nobody.
        made.run("audit", "verify")
    made.run("keys", "create", "--name", "x")
    verify(made, 2)


def is_waiting_with(process, path):
    """True while a process that has this file open sleeps."""
    assert process.poll() is None, "it did not wait"
    folder = f"/proc/{process.pid}/fd"
    is_open = any(os.path.realpath(f"{folder}/{fd}") == path for fd in os.listdir(folder))
    return is_open and proc.stat(process.pid)[0] == "S"


def test_a_busy_writer_is_waited_for(store):
    made = store()
    path = os.path.realpath(made.policy_path("writer.lock"))
    with open(path, "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = made.start("keys", "create", "--name", "x")
        try:
            wait_for(lambda: is_waiting_with(process, path), what="ztactl waits for its turn")
            fcntl.flock(lock, fcntl.LOCK_UN)
        finally:
            said = process.communicate(timeout=30)
        assert process.returncode == 0, said
    verify(made, 2)


HOLDER = """
import fcntl, signal, sys
lock = open(sys.argv[1], "r+b")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
signal.pause()
"""


def test_a_stopped_holder_lets_go_when_it_is_killed(store):
    made = store()
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, made.policy_path("writer.lock")],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        holder.send_signal(signal.SIGSTOP)
        made.run("keys", "create", "--name", "x", code=4)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    made.run("keys", "create", "--name", "x")
    verify(made, 2)


@pytest.mark.timeout(120)
def test_killed_at_any_moment_the_audit_chain_verifies(store):
    made = store()
    rng = random.Random(7)
    for i in range(60):
        process = made.start("keys", "create", "--name", f"k{i}")
        time.sleep(rng.random() * 0.02)  # any moment of it
        process.send_signal(signal.SIGKILL)
        process.communicate()
    entries = verify(made)["entries"]
    keys = made.json("keys", "list")
    # A key and its entry are there together or not at all.
    assert entries == 1 + len(keys)
    made.run("store", "check", "--deep")
    made.run("keys", "create", "--name", "after")
    verify(made, entries + 1)


def test_a_stop_signal_never_splits_a_change(store):
    made = store()
    for i in range(20):
        process = made.start("keys", "create", "--name", f"k{i}", "--json")
        time.sleep(i * 0.001)  # each time a later moment of it
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate()
        keys = [k["name"] for k in made.json("keys", "list")]
        if process.returncode == 0:
            assert f"k{i}" in keys and json.loads(out)["name"] == f"k{i}"
    verify(made, 1 + len(made.json("keys", "list")))


def test_hostile_strings_are_kept_and_made_safe(store):
    made = store()
    made.run("keys", "create", "--name", HOSTILE, code=2)
    made.run("keys", "create", "--name", "ok", "--owner", HOSTILE, "--role", HOSTILE,
             "--reason", HOSTILE)
    made.run("revoke", "--subject", f"{HOSTILE}@corp", "--reason", HOSTILE)
    made.run("block", f"{HOSTILE}@corp", "--for", "1h", "--reason", HOSTILE)
    assert made.json("keys", "show", "ok")["owner"] == HOSTILE
    assert made.json("blocks", "list")[0]["reason"] == HOSTILE
    for command in (["keys", "list"], ["keys", "show", "ok"], ["blocks", "list"],
                    ["audit", "list"]):
        text = made.run(*command).stdout
        assert not set(text) & set("\x1b\x07\r\u202e\u009b")
        assert "\\x1b[2J" in text
    error = made.run("sessions", "show", HOSTILE, code=1).stderr
    assert "\x1b" not in error and error.count("\n") == 1
    verify(made, 4)


@pytest.mark.skipif(not USERS.is_separated, reason="needs root")
def test_only_the_owner_and_root_get_in(store):
    made = store()
    for user in (USERS.httpd, "nobody"):
        assert made.run("status", code=3, user=user).stderr
        made.run("keys", "create", "--name", "x", code=3, user=user)
    subprocess.run([ztactl(), "--store", made.directory, "keys", "create", "--name", "x"],
                   user=USERS.owner, group=USERS.group, extra_groups=[], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    entry = made.json("audit", "list")[0]
    assert entry["login"] == USERS.owner
    made.run("keys", "create", "--name", "y", env={"SUDO_USER": "alice"})
    assert made.json("audit", "list")[0]["sudo_user"] == "alice"


@pytest.mark.skipif(not USERS.is_separated, reason="needs root")
def test_a_symlinked_policy_is_refused(store, directory):
    made = store()
    os.rename(f"{made.directory}/policy", f"{directory}/moved")
    os.symlink(f"{directory}/moved", f"{made.directory}/policy")
    assert "no directory" in made.run("status", code=3).stderr
    made.run("store", "check", code=3)


def test_backup_and_restore(store, directory):
    made = store()
    made.run("keys", "create", "--name", "first")
    os.chmod(directory, 0o777)
    made.run("store", "backup", f"{directory}/copy")
    made.run("keys", "create", "--name", "second")
    made.run("store", "restore", f"{directory}/copy", code=4)
    missing = made.run("store", "restore", f"{directory}/none", "--yes", code=3)
    assert "no backup" in missing.stderr and "init" not in missing.stderr
    made.run("store", "restore", f"{directory}/copy", "--yes")
    assert [k["name"] for k in made.json("keys", "list")] == ["first"]
    assert os.path.exists(made.policy_path("data.mdb.before-restore"))
    verify(made, 3)
    last = made.json("audit", "list")[0]
    assert (last["action"], last["target"]) == ("store restore", f"{directory}/copy")
    made.run("store", "check", "--deep")


def test_rules_check_points_at_the_fault(store, directory):
    made = store()
    good = f"{directory}/good.zta"
    bad = f"{directory}/bad.zta"
    with open(good, "w", encoding="utf-8") as file:
        file.write("allow read\n  when path /a/**\n  need scope a:b\n")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("allow other\n  when pth /a/**\n")
    assert made.json("rules", "check", good)["rules"] == 1
    done = made.run("rules", "check", good, bad, code=1)
    assert f"{bad}:2:8" in done.stderr and "did you mean 'path'" in done.stderr
    made.run("rules", "check", f"{directory}/absent.zta", code=1)
    made.run("rules", "check", directory, code=1)


def test_rules_check_reads_the_files_of_lists(store, directory):
    made = store()
    path = f"{directory}/r.zta"
    os.mkdir(f"{directory}/lists")
    with open(path, "w", encoding="utf-8") as file:
        file.write("list l x file:lists/l.txt\nlist m file:lists/l.txt\n"
                   "deny a\n  when role list:l list:m\n"
                   "case c\n  given role two\n  expect deny by a\n")
    assert f"{directory}/lists/l.txt: it cannot be read: No such file" in \
        made.run("rules", "check", path, code=1).stderr
    with open(f"{directory}/lists/l.txt", "w", encoding="utf-8") as file:
        file.write("one\ntwo three\n")
    assert f"{directory}/lists/l.txt:2:5: found 'three'" in \
        made.run("rules", "check", path, code=1).stderr
    with open(f"{directory}/lists/l.txt", "w", encoding="utf-8") as file:
        file.write("one\ntwo # three\n")
    checked = made.json("rules", "check", path)
    assert (checked["files"], checked["lists"], checked["rules"]) == (1, 2, 1)
    made.run("rules", "test", path)
    made.run("rules", "check", f"file:{path}", code=2)


def test_rules_check_warns_and_ends_with_0(store, directory):
    made = store()
    path = f"{directory}/r.zta"
    with open(path, "w", encoding="utf-8") as file:
        file.write("deny posts\n  when method POST\n  until 2020-01-01T00:00Z\n"
                   "allow one\n  need role x\nallow two\n  need role x\n")
    done = made.run("rules", "check", path)
    assert re.findall(r"^(\S+): warning: (\w+): ", done.stderr, re.M) == \
        [(f"{path}:2", "posts"), (f"{path}:1", "posts"), (f"{path}:6", "two")]
    assert re.search(r"^warnings +3$", done.stdout, re.M)
    warnings = made.json("rules", "check", path)["warnings"]
    assert [(w["warning"], w["rule"], w["line"]) for w in warnings] == \
        [("methods_left_out", "posts", 2), ("ended", "posts", 1), ("same_as_another", "two", 6)]
    assert warnings[2]["text"] == f"changes nothing: one ({path}:4) has the same conditions"


RULES_WITH_CASES = """\
allow   read
  when  path /a/**
  need  scope a:b

case    reads
  given  path /a/x
  given  scope a:b
  expect allow ok by read

case    reads-elsewhere
  given  path /b
  given  scope a:b
  expect allow

case    lacks-a-scope
  given  path /a/x
  given  role clerk
  at     2026-01-01T00:00Z
  stage  2
  expect deny by read
"""


def test_rules_test_judges_the_cases(store, directory):
    made = store()
    path = f"{directory}/r.zta"

    def write(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    write(RULES_WITH_CASES)
    assert made.json("rules", "check", path)["cases"] == 3
    done = made.run("rules", "test", path, "--json", code=1)
    assert json.loads(done.stderr) == {"note": "2 of 3 cases failed."}
    found = json.loads(done.stdout)
    assert [(c["name"], c["result"], c["line"]) for c in found] == \
        [("reads", "ok", 5), ("reads-elsewhere", "failed", 10), ("lacks-a-scope", "failed", 15)]
    assert found[0]["found"] == {"outcome": "allow", "reason": "ok", "rule": "read",
                                 "rule_file": path, "rule_line": 1}
    assert found[0]["expected"] == {"outcome": "allow", "reason": "ok", "rule": "read"}
    assert found[1]["found"] == {"outcome": "deny", "reason": "no_rule", "rule": None,
                                 "rule_file": None, "rule_line": None}
    assert found[1]["expected"] == {"outcome": "allow", "reason": None, "rule": None}
    assert found[2]["found"]["reason"] == "insufficient_scope"
    assert (found[2]["nearest"], found[2]["missing"]) == ("read", "scope a:b")
    table = made.run("rules", "test", path, code=1).stdout.splitlines()
    assert len(table) == 4 and f"allow ok by read ({path}:1)" in table[1]

    write(RULES_WITH_CASES.split("case    reads-elsewhere")[0])
    assert made.run("rules", "test", path).stderr == "1 of 1 cases are as expected.\n"
    write(RULES_WITH_CASES.split("case")[0])
    assert "no case" in made.run("rules", "test", path, code=2).stderr
    made.run("rules", "test", code=2)
    write("case x\n  given weather 40\n  expect allow\n")
    assert f"{path}:2:9: found 'weather', expected an attribute" in \
        made.run("rules", "test", path, code=1).stderr
    made.run("rules", "test", f"{directory}/absent.zta", code=1)


def test_rules_test_takes_issuers_from_rules_and_cases(store, directory):
    """Names of several issuers are told apart without a server that published its own."""
    path = f"{directory}/r.zta"
    with open(path, "w", encoding="utf-8") as file:
        file.write("allow corp-only\n  when path /\n  when subject alice@corp\n"
                   "case hers\n  given subject alice\n  given issuer corp\n  expect allow\n"
                   "case others\n  given subject alice\n  given issuer partner\n"
                   "  expect deny no_rule\n")
    store().run("rules", "test", path)


def test_a_reader_that_goes_away_is_no_fault_of_ours(store):
    made = store()
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen([ztactl(), "--store", made.directory, "audit", "list"],
                               stdout=write, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    os.close(write)
    _, error = process.communicate(timeout=10)
    assert process.returncode == 1 and error == b""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([ztactl(), "--store", made.directory, "keys", "create", "--name",
                               "lost"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b"could not be shown: rotate it" in done.stderr


def test_following_ends_on_a_signal(store):
    made = store()
    process = made.start("events", "--follow")
    assert "TIME" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=5) == 0
    process.stdout.close()
    process.stderr.close()


def test_a_rule_that_is_only_monitored_for_long_is_warned_of(store, directory):
    made = store()
    path = os.path.join(directory, "old.zta")
    with open(path, "w", encoding="utf-8") as file:
        file.write("deny a\n  when path /a\n  mode monitor\n"
                   "deny b\n  when path /b\n  mode monitor\n  until 2100-01-01T00:00Z\n"
                   "deny c\n  when path /c\n")

    def warned(days):
        os.utime(path, (time.time() - days * 86400,) * 2)
        return [(w["warning"], w["rule"]) for w in made.json("rules", "check", path)["warnings"]]
    assert warned(29) == []
    assert warned(31) == [("on_trial_for_long", "a")]
