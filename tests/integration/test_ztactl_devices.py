# SPDX-License-Identifier: Apache-2.0
"""ztactl devices on a real store: what it does, says, refuses and takes back."""

import base64
import hashlib
import json
import os
import shlex
import time

HOSTILE = "a\x1b[2J\x1b]0;x\x07\u202e\u009bc\"\\'$(id)`"


def thumb(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def undo(store, text):
    """Runs the undo line that a change printed."""
    line = next(line for line in text.splitlines() if line.startswith("undo: "))
    words = shlex.split(line[len("undo: "):])
    assert words[:3] == ["ztactl", "--store", store.directory]
    return store.run(*words[3:])


def without_times(devices):
    return [{name: value for name, value in device.items()
             if name not in ("created", "changed", "changed_by")} for device in devices]


def test_set_show_change_and_undo(store):
    made = store()
    assert made.json("devices", "list") == []
    done = made.run("devices", "set", "LT-1", "--owner", "alice@corp", "--managed", "yes",
                    "--os", "macOS", "--os-version", "14.2", "--certificate", thumb("a"))
    first = made.json("devices", "show", "LT-1")
    assert {name: first[name] for name in ("id", "owner", "managed", "compliant", "encrypted", "os",
                                           "os_version", "certificates", "note")} == {
        "id": "LT-1", "owner": "alice@corp", "managed": True, "compliant": None, "encrypted": None,
        "os": "macos", "os_version": "14.2", "certificates": [thumb("a")], "note": None}
    changed = made.run("devices", "set", "LT-1", "--compliant", "no", "--managed", "unknown",
                       "--owner", "", "--certificate", thumb("b"), "--certificate", thumb("c"),
                       "--note", "it's spare", "--reason", "ticket 7")
    second = made.json("devices", "show", "LT-1")
    assert second["compliant"] is False and second["managed"] is None and second["owner"] is None
    assert second["certificates"] == [thumb("b"), thumb("c")] and second["os"] == "macos"
    undo(made, changed.stdout)
    assert without_times([made.json("devices", "show", "LT-1")]) == without_times([first])
    undo(made, done.stdout)
    made.run("devices", "show", "LT-1", code=1)
    actions = [entry["action"] for entry in made.json("audit", "list")]
    assert actions[:4] == ["devices remove", "devices set", "devices set", "devices set"]
    assert made.json("audit", "list")[2]["reason"] == "ticket 7"
    assert made.json("audit", "verify")["result"] == "consistent"


def test_removing_a_device_is_undone_by_its_line(store):
    made = store()
    made.run("devices", "set", "--note", "a b", "--certificate", thumb("x"), "--encrypted", "no",
             "--", "-odd id")
    before = made.json("devices", "list")
    done = made.run("devices", "remove", "--", "-odd id")
    assert made.json("devices", "list") == []
    undo(made, done.stdout)
    assert without_times(made.json("devices", "list")) == without_times(before)
    made.run("devices", "remove", "nobody", code=1)


def test_what_says_the_same_is_no_change(store):
    made = store()
    made.run("devices", "set", "a", "--compliant", "yes")
    n_actions = len(made.json("audit", "list"))
    assert "nothing to do" in made.run("devices", "set", "a", "--compliant", "yes").stdout
    assert made.json("devices", "set", "a")["done"] == "unchanged"
    made.run("devices", "set", "a", "--compliant", "no", "--dry-run")
    made.run("devices", "remove", "a", "--dry-run")
    assert made.json("devices", "import", "-", "--dry-run", data="id\nb\n")["dry_run"] is True
    assert made.json("devices", "show", "a")["compliant"] is True
    assert len(made.json("audit", "list")) == n_actions


def test_a_certificate_comes_from_a_pem_file_and_belongs_to_one_device(store, pki, directory):
    made = store()
    path = os.path.join(directory, "client.pem")
    with open(path, "w", encoding="ascii") as file, \
            open(pki.client_a.cert, encoding="ascii") as source:
        file.write("some text before\n" + source.read())
    os.chmod(path, 0o644)
    made.run("devices", "set", "a", "--certificate", path)
    expected = pki.client_a.thumbprint()
    assert made.json("devices", "show", "a")["certificates"] == [expected]
    refused = made.run("devices", "set", "b", "--certificate", expected, code=4)
    assert "is that of device 'a'" in refused.stderr
    assert [device["id"] for device in made.json("devices", "list")] == ["a"]
    made.run("devices", "set", "b", "--certificate", "/nonexistent", code=2)


def test_usage(store):
    made = store()
    for command in (["set", "a", "--managed", "maybe"], ["set", "a", "--os", "Mac OS"],
                    ["set", "a", "--os-version", "x"], ["set", " a"], ["set", ""], ["set", "a" * 129],
                    ["set", "a", "--owner", "x" * 400], ["list", "--managed", "perhaps"],
                    ["list", "--owner", ""], ["import"], ["show"]):
        made.run("devices", *command, code=2)
    made.run("devices", "set", "a", "--owner", "alice", code={1, 2})
    assert made.json("devices", "list") == []


def test_lists_are_chosen_by_what_is_known(store):
    made = store()
    made.run("devices", "import", "-", data="id,owner,compliant,os\na,alice@corp,yes,macos\n"
             "b,bob@corp,no,macos\nc,,,linux\nd,alice@lab,no,linux\n")

    def ids(*options):
        return "".join(device["id"] for device in made.json("devices", "list", *options))
    assert ids() == "abcd"
    assert ids("--compliant", "no") == "bd"
    assert ids("--compliant", "unknown") == "c"
    assert ids("--os", "linux") == "cd"
    assert ids("--owner", "alice@corp") == "a"
    assert ids("--compliant", "no", "--os", "linux") == "d"
    assert ids("--limit", "2") == "ab"
    assert "2 of 4 devices" in made.run("devices", "list", "--limit", "2").stderr


def test_an_import_is_all_or_nothing_and_names_each_fault(store):
    made = store()
    made.run("devices", "set", "a", "--compliant", "yes")
    before = made.json("devices", "list")
    bad = made.run("devices", "import", "-", code=1,
                   data="id,compliant\nb,yes\nc,maybe\nb,no\n\"d\nx\",yes,no\n")
    assert "standard input:3: compliant: found 'maybe', expected yes, no or unknown" in bad.stderr
    assert "standard input:5: found 3 values, expected 2" in bad.stderr
    assert "Nothing was changed" in bad.stderr
    many = made.run("devices", "import", "-", code=1, data="id,managed\n" + "x,?\n" * 100)
    assert many.stderr.count("standard input:") == 20 and "100 faults" in many.stderr
    unowned = made.run("devices", "import", "-", code=1, data="id,owner\nb,bob\nc,carl@no space\n")
    assert unowned.stderr.count("whose?") == 2
    made.run("devices", "import", "/nonexistent.csv", code={1, 3})
    assert made.json("devices", "list") == before


def test_what_is_listed_can_be_imported(store):
    made = store()
    made.run("devices", "set", "a", "--owner", "alice@corp", "--note", HOSTILE, "--managed", "yes",
             "--certificate", thumb("a"), "--certificate", thumb("b"))
    made.run("devices", "set", "b", "--encrypted", "no", "--os", "ios", "--os-version", "17.1.2")
    text = made.run("devices", "list", "--json", "--limit", "0").stdout
    assert "nothing to do" in made.run("devices", "import", "-", "--replace", data=text).stdout
    made.run("devices", "set", "c")
    made.run("devices", "set", "a", "--note", "", "--managed", "no")
    made.run("devices", "import", "-", "--replace", "--yes", data=text)
    assert without_times(made.json("devices", "list")) == without_times(json.loads(text))


def test_changes_of_devices_are_taken_back_by_their_number(store):
    made = store()
    made.run("devices", "import", "-", data=f"id,owner,certificates\na,alice@corp,{thumb('a')}\n"
             f"b,bob@corp,{thumb('b')}\nc,carl@corp,\n")

    def listed():
        return without_times(made.json("devices", "list"))

    def action(*arguments, **options):
        return str(made.json(*arguments, **options)["action"])

    first = listed()
    assert [d["id"] for d in made.json("devices", "list", "--filter", "owner=b*@corp,carl")] == [
        "b", "c"]
    said = made.run("devices", "list", "--filter", "ownr=x", code=2).stderr
    assert "did you mean 'owner'" in said
    # Adds one, removes one, and two change their certificates' owner.
    imported = made.json("devices", "import", "-", "--replace", "--yes",
                         data=f"id,owner,certificates\na,alice@corp,\nb,bob@corp,{thumb('a')}\n"
                         f"d,dora@corp,{thumb('b')}\n")
    second = listed()
    number = str(imported["action"])
    assert imported["undo"].endswith(f"undo {number}") and second != first
    plan = made.json("undo", number, "--dry-run")
    assert plan["effect"] == "3 devices as they were before it, 1 that it added removed"
    said = made.run("undo", number, code=4).stderr
    assert "This changes 4 devices back" in said and listed() == second
    undone = made.json("undo", number, "--yes")
    assert listed() == first
    # Twice is once; what was taken back comes again by that action's own number.
    assert f"changed since, by action {undone['action']}" in made.run("undo", number, "--yes",
                                                                      code=4).stderr
    made.run("undo", str(undone["action"]), "--yes")
    assert listed() == second
    # One that was changed since: told, and nothing is overwritten.
    removed = action("devices", "remove", "a")
    added = action("devices", "set", "a", "--note", "another")
    said = made.run("undo", removed, code=4).stderr
    assert f"device 'a' was changed since, by action {added}" in said
    third = listed()
    changed = action("devices", "set", "d", "--compliant", "no")
    assert "device d" in made.run("undo", "--yes").stdout, "the newest"
    assert listed() == third
    made.run("undo", added)
    made.run("undo", changed, code=4)
    assert {device["id"] for device in listed()} == {"b", "d"}
    assert "devices undo" in made.run("audit", "list").stdout
    made.run("audit", "verify")
    made.run("store", "check", "--deep")


def test_a_replacement_that_takes_more_than_a_fifth_asks(store):
    made = store()
    made.run("devices", "import", "-", data="id\n" + "".join(f"d{i}\n" for i in range(10)))
    keep = "id\n" + "".join(f"d{i}\n" for i in range(7))
    refused = made.run("devices", "import", "-", "--replace", code=4, data=keep)
    assert "removes 3 of 10 devices" in refused.stderr and "--yes" in refused.stderr
    assert len(made.json("devices", "list")) == 10
    made.run("devices", "import", "-", "--replace", data=keep + "d7\n")
    assert len(made.json("devices", "list")) == 8
    made.run("devices", "import", "-", "--replace", "--yes", data="[]")
    assert made.json("devices", "list") == []


def test_hostile_values_do_nothing_to_a_terminal(store):
    made = store()
    made.run("devices", "set", "a", "--note", HOSTILE, "--owner", HOSTILE + "@corp")
    for command in (["list"], ["show", "a"], ["list", "--json"], ["remove", "a", "--dry-run"]):
        text = made.run("devices", *command).stdout
        assert not any(c in text for c in "\x1b\x07\u202e\u009b")
    bad = made.run("devices", "import", "-", data=f"id,{HOSTILE}\n", code=1).stderr
    assert not any(c in bad for c in "\x1b\x07\u202e\u009b")


def test_a_hundred_thousand_devices_take_seconds(store):
    made = store()
    rows = "".join(f"D-{i:06},user{i % 30000}@corp,yes,{'yes' if i % 10 else 'no'},yes,macos,14.{i % 7},"
                   f"{thumb(str(i))},\"asset {i}, spare\"\r\n" for i in range(100000))
    data = "id,owner,managed,compliant,encrypted,os,os_version,certificates,note\r\n" + rows
    started = time.monotonic()
    done = made.json("devices", "import", "-", data=data)
    took = time.monotonic() - started
    print(f"import of 100,000 devices: {took:.2f} s")
    assert done["effect"].startswith("100000 added") and took < 10
    assert made.json("devices", "show", "D-054321")["certificates"] == [thumb("54321")]
    assert made.json("devices", "import", "-", data=data)["done"] == "unchanged"
    made.run("store", "check", "--deep")
