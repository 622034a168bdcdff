# SPDX-License-Identifier: Apache-2.0
"""Every command with --json, on stores without a server: documents, failures, exit codes."""

import json
import os
import subprocess

import pytest

from support.local import USERS
from support.schema import definitions, validate
from terminal import FIXTURE_NOW_S, program

_WHY = ["--reason", "test", "--yes"]
_RULES = "allow x\n  when path /x\ncase c\n  given path /x\n  expect allow\n"


def run(store, *arguments, data=None, **env):
    return subprocess.run([program("ztactl"), "--store", store, *arguments], timeout=60, check=False,
                          capture_output=True, text=True, input=data if data is not None else "",
                          env={**os.environ, "ZTA_TEST_CLOCK": str(FIXTURE_NOW_S), "TZ": "UTC", **env})


def commands():
    """As the program itself lists them: the command's words and what it takes."""
    done = run("/nonexistent", "help", "--json")
    listed = json.loads(done.stdout)
    validate("help", listed)
    return {each["command"]: each for each in listed}


def lines(store):
    """A command line for each command, in an order in which each finds what it works on."""
    session = json.loads(run(store, "sessions", "list", "--json", "--limit", "1").stdout)[0]["id"]
    event = json.loads(run(store, "events", "--json", "--limit", "1").stdout)[0]["id"]
    notices = json.loads(run(store, "signals", "list", "--json").stdout)
    held = [each["id"] for each in notices if each["outcome"] == "held"]
    rules = f"{store}/../rules.zta"
    with open(rules, "w", encoding="utf-8") as file:
        file.write(_RULES)
    live = ["--for", "1h", *_WHY]
    return [
        "status", "version", "help", "maturity", "changes", "rates", "report", "issuers", "events", "threat-level",
        "threat-level show", "sessions list", "keys list", "devices list", "blocks list",
        "blocks list --all", "automation history", "rules list", "rules history", "mode", "limits list",
        "signals list", "signals streams", "audit list", "audit verify", "fleet nodes", "fleet held",
        "readiness", "rules export",
        "help keys", "completion zsh", "store check", "devices show laptop-0042", "keys show billing",
        ["store", "backup", f"{store}/../backup"], "store compact --dry-run", "store compact", "store migrate",
        ["signals", "show", notices[0]["id"]],
        ["signals", "drop", held[0], "--reason", "x"],
        ["sessions", "show", session], ["risk", "show", session], ["risk", "explain", session],
        ["explain", event], ["ask", "path=/orders/1", "method=GET"],
        ["rules", "check", rules], ["rules", "test", rules], ["whatif", rules],
        ["sessions", "revoke", session, *_WHY], ["sessions", "show", session],
        ["unrevoke", "--session", session, "--reason", "x"], ["revoke", "subject=user-*", *_WHY],
        ["revoke", "--subject", "alice@corp", *_WHY],
        ["sessions", "quarantine", session, "--for", "1h", *_WHY], "automation list",
        ["sessions", "release", session, *_WHY],
        ["sessions", "quarantine", session, "--for", "1h", *_WHY],
        ["automation", "undo", "h2", *_WHY],
        ["block", "192.0.2.9", "--for", "1h", *_WHY], ["blocks", "remove", "192.0.2.9", "--reason", "x"],
        ["threat-level", "set", "high", "--for", "1h", *_WHY], ["threat-level", "clear", *_WHY],
        ["keys", "create", "--name", "one", "--scope", "a"], ["keys", "create", "--name", "two", "--dry-run"],
        ["keys", "rotate", "one", "--grace", "1h"], ["keys", "show", "one"],
        ["keys", "revoke", "one", "--reason", "x"],
        ["devices", "set", "d1", "--os", "linux"], ["devices", "show", "d1"],
        ["devices", "remove", "d1"], ["undo", "--reason", "x", "--yes"],
        ["subject", "export", "alice@corp"], ["subject", "forget", "alice@corp", "--dry-run"],
        ["subject", "forget", "alice@corp", *_WHY], ["store", "prune", "--last", "2d", *_WHY],
        ["issuers", "refresh"], ["baselines", "forget", "--all", *_WHY],
        ["limits", "reset", "--all", *_WHY],
        ["rules", "add", rules, *live], ["rules", "diff", rules],
        ["rules", "add", "-e", "limit l", "-e", "when path /y", "-e", "key ip", "-e", "rate 5/m", *live],
        ["limits", "show", "l"], "limits list", ["rules", "show", "x"], ["rules", "history", "1"],
        ["rules", "apply", rules, *live], ["rules", "monitor", "x", *live],
        ["rules", "enforce", "x", *live], ["rules", "disable", "x", *live],
        ["rules", "enable", "x", *_WHY], ["rules", "remove", "x", *_WHY],
        ["rules", "rollback", "1", *_WHY, "--confirm-within", "5m"], ["rules", "confirm", "--reason", "x"],
        ["mode", "monitor", *live], "mode", "rules list", "rules history", ["mode", "enforce", *_WHY],
        "changes", "audit list", "status",
    ]


# What only a running server, its issuers and transmitters leave behind; integration tests hold
# those commands to the schema.
_ELSEWHERE = {"token", "baselines show", "signals apply", "signals lift", "signals verify",
              "devices import", "store init", "store restore", "config check"} | \
    {f"fleet {word}" for word in ("create", "join", "sign", "enrol", "leave", "status", "digest",
                               "agent", "held apply", "held drop")}


def test_every_command_prints_what_its_schema_says(filled_anew):
    store = f"{filled_anew}/store"
    known = commands()
    assert {f"ztactl-{name.replace(' ', '-')}" for name in known} == \
        {name for name in definitions() if name.startswith("ztactl-")}
    unseen = set(known) - _ELSEWHERE
    for line in lines(store):
        words = line.split() if isinstance(line, str) else line
        done = run(store, *words, "--json")
        name = next(" ".join(words[:n]) for n in (3, 2, 1) if " ".join(words[:n]) in known)
        assert done.returncode in ((0, 1) if name in ("rules diff", "rules test") else (0,)), \
            (words, done.returncode, done.stdout, done.stderr)
        try:
            document = json.loads(done.stdout)
        except ValueError as error:
            raise AssertionError(f"{words}: {done.stdout!r} {done.stderr!r}") from error
        validate(name, document)
        unseen.discard(name)
        if "dry_run" in document:
            assert document["undo"] is None or document["undo"].startswith("ztactl --store"), document
            assert "action" in document or document["dry_run"] or document["effect"], document
        for each in done.stderr.splitlines():
            validate("complaint", json.loads(each))
    assert not unseen, f"no line for {unseen}"


def test_the_rest_without_a_server(filled_anew):
    store = f"{filled_anew}/store"
    one = "id,os\nd7,linux\n"
    for arguments, data in ((["devices", "import", "-"], one), (["store", "backup", f"{filled_anew}/b"], ""),
                            (["store", "restore", f"{filled_anew}/b", "--yes"], "")):
        done = run(store, *arguments, "--json", data=data)
        assert done.returncode == 0, done.stderr
        validate(" ".join(arguments[:2]), json.loads(done.stdout))
    done = run(f"{filled_anew}/new", "store", "init", "--owner", USERS.owner, "--group", USERS.group,
               "--httpd", USERS.httpd, "--json")
    validate("store init", json.loads(done.stdout))


# Exit codes, one fault a command: usage 2, no store 3, not found 1, refused by a guard 4.
_NOT_FOUND = [
    "sessions show ffffffffffffffffffffffffffffffff", "keys show none", "devices show none",
    "devices remove none", "keys revoke none", "keys rotate none", "undo 9999", "rules rollback 999 --reason x",
    "rules remove none --reason x", "automation undo m99", "blocks remove 192.0.2.77",
    "unrevoke --key none", "signals show 00000000", "limits show none", "explain 01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "rules check /nonexistent.zta",
    "baselines show nobody", "issuers refresh none",
]
_GUARDED = [
    "block 127.0.0.1 --for 1h --reason x", "sessions revoke ONE OTHER --reason x --max 1",
    "sessions revoke ONE OTHER --reason x", "baselines forget --all --reason x", "limits reset --all",
    "store init --owner 0 --group 0 --httpd 0", "keys create --name billing", "store restore /nonexistent",
]


def test_exit_codes_are_as_documented(filled_anew, directory):
    store = f"{filled_anew}/store"
    for name, command in commands().items():
        words = name.split()
        done = run(store, *words, "--nonsense", "--json")
        assert done.returncode == 2, name
        done = run(store, *words, *["x"] * 70, "--json")
        most = command["arguments"].endswith("...") or "..." in command["arguments"]
        assert done.returncode == 2 or most, (name, done.returncode)
        validate("complaint", json.loads(done.stderr.splitlines()[0]))
        least = [] if command["arguments"].startswith("[") else \
            ["x"] * len([w for w in command["arguments"].split() if w != "|"][:1])
        if name in ("help", "version", "completion", "store init", "rules check", "rules test", "ask", "config check",
                    "fleet create", "fleet sign"):
            continue
        needs = {"keys create": ["--name", "n"], "block": ["--for", "1h"], "revoke": ["--key", "k"],
                 "unrevoke": ["--key", "k"], "explain": ["--last"], "sessions quarantine": ["--for", "1h"],
                 "threat-level set": ["--for", "1h"], "rules add": ["-e", "deny x", "--permanent"]}
        files = name in ("rules diff", "rules apply", "whatif", "devices import")
        if files:
            least = [f"{directory}/f"]
            with open(least[0], "w", encoding="utf-8") as file:
                file.write("allow x\n  when path /x\n")
        taken = [o["option"] for o in command["options"]]
        why = (["--reason", "x"] if "reason" in taken else []) + (["--yes"] if "yes" in taken else [])
        more = ["--permanent"] if name in ("rules apply", "rules monitor", "rules enforce",
                                           "rules disable") else []
        done = run(f"{directory}/nowhere", *words, *least, *needs.get(name, []), *why, *more, "--json",
                   data="id\nd\n")
        assert done.returncode == 3, (name, done.returncode, done.stderr)
    ids = [each["id"] for each in json.loads(run(store, "sessions", "list", "--json").stdout)]
    for code, table in ((1, _NOT_FOUND), (4, _GUARDED)):
        for line in table:
            words = [{"ONE": ids[0], "OTHER": ids[1]}.get(word, word) for word in line.split()]
            done = run(store, *words, "--json")
            assert done.returncode == code, (line, done.returncode, done.stdout, done.stderr)
            complaints = [json.loads(each) for each in done.stderr.splitlines()]
            assert [c["exit"] for c in complaints if "exit" in c][-1] == code or code == 4, complaints
            for each in complaints:
                validate("complaint", each)


@pytest.mark.parametrize("words", [["events"], ["sessions", "list", "--json"], ["events", "--json"],
                                   ["help"], ["audit", "list"], ["events", "--watch=1"]])
def test_a_reader_that_goes_away_is_met_in_silence(filled, words):
    """A pipe that is closed before the first byte, and one that takes a little."""
    for taken in (0, 10):
        reader, writer = os.pipe()
        if not taken:
            os.close(reader)
        with subprocess.Popen([program("ztactl"), "--store", f"{filled}/store", *words],
                              stdout=writer, stderr=subprocess.PIPE) as process:
            os.close(writer)
            if taken:
                os.read(reader, taken)
                os.close(reader)
            _, errors = process.communicate(timeout=30)
        assert errors == b"" and process.returncode in ((0, 1) if taken else (1,))
