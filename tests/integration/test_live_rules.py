# SPDX-License-Identifier: Apache-2.0
"""Rules over those of the configuration: in force on the next request, and taken back."""

import concurrent.futures
import os
import shlex

import pytest

from support.clock import token
from support.lmdb import put_record
from support.proc import wait_for
from support.store import CtlError

BASELINE = """list staff reader admin
allow read
  when path /orders/**
  need role list:staff
deny secrets
  when path /orders/secret/**
"""
CLOSED = "deny closed\n  when path /orders/**\n"
ADAPTIVE = """signal  honeypot floor 80
  when  path /.env
respond hot
  on    risk >= 80 by session
  do    step-up acr=urn:mfa max-age=5m session for 1h
  mode  monitor
require calm
  need  risk < 40
  else  step-up acr=urn:mfa
"""


@pytest.fixture
def live(zta):
    gateway = zta(stage=2, rules=BASELINE)
    gateway.token = gateway.issuer.token({"roles": ["reader"]})
    wait_for(lambda: gateway.json("rules", "list"), what="the rules that the server publishes")
    return gateway


def get(gateway, path="/orders/1"):
    return gateway.get(path, gateway.token).status


def change(gateway, command, *arguments, data=None, code=0, ends=("--for", "1h"), json=False):
    run = gateway.json if json else gateway.ctl
    return run("rules", command, *arguments, *ends, "--reason", "incident", "--yes", data=data,
               code=code)


def undo(gateway, said):
    line = next(line for line in said.stdout.split("\n") if line.startswith("undo: "))
    words = shlex.split(line.removeprefix("undo: "))
    assert words[:3] == ["ztactl", "--store", gateway.store.directory]
    gateway.ctl(*words[3:], "--yes")


def rules_of(gateway):
    return {rule["name"]: rule for rule in gateway.json("rules", "list")}


def test_a_rule_is_in_force_on_the_next_request_and_its_undo_line_takes_it_back(live):
    assert get(live) == 200
    said = change(live, "add", "-", data=CLOSED)
    assert get(live) == 403
    event = wait_for(lambda: [e for e in live.events() if e["outcome"] == "deny"],
                     what="the denial")[0]
    assert event["rule"] == "closed"
    told = live.ctl("explain", event["id"]).stdout
    assert f"live:closed (version {event['live_version']}, by " in told
    assert event["live_version"] == live.json("rules", "history")[0]["version"]
    undo(live, said)
    assert get(live) == 200


def test_no_child_judges_by_the_former_rules(zta):
    gateway = zta(stage=2, rules=BASELINE, mpm="prefork")
    gateway.token = gateway.issuer.token({"roles": ["reader"]})
    wait_for(lambda: gateway.json("rules", "list"), what="the rules that the server publishes")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for want in (403, 200) * 4:
            if want == 403:
                change(gateway, "add", "-", data=CLOSED)
            else:
                change(gateway, "remove", "closed", ends=())
            assert set(pool.map(lambda _: get(gateway), range(40))) == {want}


def test_lines_of_a_rule_need_not_be_indented(live):
    change(live, "add", "-e", "deny closed", "-e", "when path /orders/**", "-e", "when method GET")
    assert get(live) == 403
    assert rules_of(live)["closed"]["live"]["reason"] == "incident"
    change(live, "add", "-e", "signal honeypot floor 80", "-e", "when path /.env")
    assert rules_of(live)["honeypot"]["kind"] == "signal"


def test_a_rule_ends_by_itself(live):
    change(live, "add", "-", data=CLOSED, ends=("--for", "2s"))
    assert get(live) == 403
    wait_for(lambda: get(live) == 200, what="its end")
    assert "closed" not in rules_of(live)


def test_a_rule_that_is_replaced_comes_back(live):
    mild = "deny secrets\n  when path /orders/none/**\n"
    assert get(live, "/orders/secret/1") == 403
    done = change(live, "add", "-", data=mild, code=4)
    assert "rule secrets exists at" in done.stderr and "--replace" in done.stderr
    assert get(live, "/orders/secret/1") == 403
    change(live, "add", "-", "--replace", data=mild, ends=("--for", "2s"))
    assert get(live, "/orders/secret/1") == 200
    wait_for(lambda: get(live, "/orders/secret/1") == 403, what="the rule of the configuration")


def test_lists_are_replaced_too(live):
    change(live, "add", "-", "--replace", data="list staff admin\n")
    assert get(live) == 403
    change(live, "remove", "staff", ends=())
    assert get(live) == 200


@pytest.mark.parametrize("text,found", (
    ("deny x\n  when pth /a\n", "-:4:8: found 'pth'"),
    ("deny x\n  when role list:nobody\n", "found 'nobody', expected the name of a list"),
    ("deny x\n  when issuer nobody\n", "expected a configured issuer"),
    ("list l file:/etc/passwd\n", "read no files"),
    ("respond r\n  on risk > 80 by session\n  do notify soc\n", "live rules notify nobody"),
    ("deny x\n  when path /a\ndeny x\n  when path /b\n", "another name"),
    ("# nothing\n", "no rule and no list"),
))
def test_one_bad_rule_changes_nothing(live, text, found):
    done = change(live, "add", "-", data=f"{CLOSED}{text}" if "nothing" not in text else text,
                  code=1)
    assert found in done.stderr
    assert get(live) == 200
    assert live.json("rules", "history") == []


def test_what_is_missing_on_the_command_line_is_said(live):
    done = live.ctl("rules", "add", "-", "--for", "1h", data=CLOSED, code=2)
    assert "--reason" in done.stderr
    done = change(live, "add", "-", data=CLOSED, ends=(), code=2)
    assert "--for DURATION or --permanent" in done.stderr
    done = change(live, "add", data=CLOSED, code=2)
    assert "-e" in done.stderr
    assert live.json("rules", "history") == []


def test_a_dry_run_changes_nothing(live):
    found = change(live, "add", "-", "--dry-run", data=CLOSED, json=True)
    assert found["dry_run"] is True and found["target"] == "rule closed"
    assert get(live) == 200


def test_what_is_about_to_change_is_shown_line_by_line(live):
    change(live, "add", "-", data=CLOSED)
    said = change(live, "add", "-", "--replace", "--dry-run",
                  data="deny closed\n  when path /orders/2/**\n").stdout
    assert "rule closed changes\n  deny    closed\n-   when  path /orders/**\n" in said
    assert "\n+   when  path /orders/2/**\n" in said
    get(live)
    wait_for(lambda: [e for e in live.events() if e["rule"] == "closed"], what="a denial")
    said = change(live, "remove", "closed", "--dry-run", ends=()).stdout
    assert "rule closed goes\n- deny    closed\n" in said
    assert "REFUSED -> ALLOWED: 1 requests" in said and "BY SUBJECT" in said


def test_what_is_given_is_checked_against_what_is_in_force(live):
    def check(text, *options, code=1):
        return live.json("rules", "check", "--live", "-", *options, data=text, code=code)
    bad = check("\n\ndeny secrets\n  when path /x\n")
    assert (bad["result"], bad["file"], bad["line"], bad["column"]) == ("bad", "-", 3, 6)
    assert "has a rule of this one" in bad["error"]
    good = check("deny secrets\n  when path /x\n", "--replace", code=0)
    assert good["replaces"]["name"] == "secrets" and good["replaces"]["line"] == 5
    assert good["rules"] == 1
    # A list of the configuration is known; a line is that of the text, not of how it is printed.
    used = check("# why\n\ndeny x\n  when role list:staff\n  when method POST\n", code=0)
    assert [(w["warning"], w["line"]) for w in used["warnings"]] == [("methods_left_out", 5)]
    gone = check("# why\n\ndeny x\n\n  when issuer nobody\n")
    assert gone["line"] == 5 and "expected a configured issuer" in gone["error"]
    assert live.json("rules", "history") == []


def test_a_rule_is_shown_with_its_text_decisions_and_changes(live):
    get(live, "/orders/secret/1")
    wait_for(lambda: [e for e in live.events() if e["rule"] == "secrets"], what="a denial")
    shown = live.json("rules", "show", "secrets")
    assert shown["text"] == "deny secrets\n  when path /orders/secret/**\n"
    assert shown["last_hour"] == {"allowed": 0, "refused": 1, "would_refuse": 0, "subjects": 1}
    assert shown["history"] == [] and shown["replaces"] is None
    change(live, "add", "-", "--replace", data="deny secrets\n  when path /x\n")
    change(live, "add", "-", data=CLOSED)
    change(live, "monitor", "secrets", ends=("--permanent",))
    shown = live.json("rules", "show", "secrets")
    assert shown["replaces"]["line"] == 5 and "path /x" in shown["text"]
    assert [c["version"] for c in shown["history"]] == [3, 1]
    assert "changed" not in live.ctl("rules", "show", "closed").stdout.split("version 2 ")[0]
    assert "there is no rule 'none'" in live.ctl("rules", "show", "none", code=1).stderr
    changes = live.json("rules", "history", "3")
    assert [(c["change"], c["kind"], c["name"], c["before"]) for c in changes] == [
        ("comes", "mode", "secrets", None)]
    assert "against version 2:\nmode secrets comes\n+ mode    monitor" in live.ctl(
        "rules", "history", "3").stdout
    assert "no version 9" in live.ctl("rules", "history", "9", code=1).stderr


def test_rules_are_disabled_monitored_and_given_their_mode_again(live):
    assert get(live, "/orders/secret/1") == 403
    change(live, "disable", "secrets")
    assert get(live, "/orders/secret/1") == 200
    change(live, "monitor", "secrets")
    assert get(live, "/orders/secret/1") == 200
    event = wait_for(lambda: [e for e in live.events() if e["monitor"] is not None],
                     what="what the rule would have done")[-1]
    assert (event["monitor"]["outcome"], event["monitor"]["rule"]) == ("deny", "secrets")
    change(live, "enable", "secrets", ends=())
    assert get(live, "/orders/secret/1") == 403
    done = change(live, "disable", "nothing", code=1)
    assert "there is no rule 'nothing'" in done.stderr


def test_what_takes_a_rule_out_of_force_asks_first(live):
    done = live.ctl("rules", "disable", "secrets", "--for", "1h", code=4)
    assert "takes out of force what is enforced now: secrets" in done.stderr
    assert get(live, "/orders/secret/1") == 403


def test_apply_makes_the_live_layer_exactly_the_file(live):
    change(live, "add", "-", data=CLOSED)
    path = live.httpd.write("conf/live.zta", "list closed-paths /orders/2/**\n"
                                            "deny some\n  when path list:closed-paths\n")
    assert live.ctl("rules", "diff", path, code=1).stdout.split()[3:] == [
        "comes", "list", "closed-paths", "comes", "rule", "some", "goes", "rule", "closed"]
    change(live, "apply", path, ends=("--permanent",))
    assert (get(live), get(live, "/orders/2/x")) == (200, 403)
    assert live.ctl("rules", "diff", path).stdout.split() == ["CHANGE", "KIND", "NAME"]


def test_an_export_parses_to_the_same_rules(live):
    change(live, "add", "-", data=f'{CLOSED}  note "for \\"now\\""\n{ADAPTIVE}',
           ends=("--permanent",))
    change(live, "monitor", "secrets", ends=("--permanent",))
    text = live.ctl("rules", "export").stdout
    assert "# the live layer, version 2" in text
    path = live.httpd.write("conf/export.zta", text)
    live.ctl("rules", "rollback", "0", "--yes")
    assert (get(live), get(live, "/orders/secret/1")) == (200, 403)
    change(live, "apply", path, "--replace", ends=("--permanent",))
    assert get(live) == 403
    assert rules_of(live)["secrets"]["mode"] == "monitor"
    assert live.ctl("rules", "export").stdout.split("\n")[2:] == text.split("\n")[2:]
    everything = live.httpd.write("conf/all.zta", live.ctl("rules", "export", "--all").stdout)
    assert live.json("rules", "check", everything)["rules"] == 6


def test_many_rules_are_named_in_short_and_bounded(live):
    def many(n):
        return "".join(f"deny r{i}\n  when path /r{i}\n" for i in range(n))
    done = change(live, "apply", "-", data=many(10001), code=1)
    assert "more than 10000 rules and lists" in done.stderr
    done = change(live, "apply", "-", data=many(1000))
    first = done.stdout.split("\n")[0]
    assert first.startswith("rule r0, rule r1,") and first.endswith("more") and len(first) < 300
    assert live.json("rules", "history")[0]["what"] == first


def test_the_later_of_two_editors_is_told(live):
    change(live, "add", "-", data=CLOSED)
    path = live.httpd.write("conf/live.zta", "deny mine\n  when path /mine\n")
    done = change(live, "apply", path, "--base", "0", code=4)
    assert "version 1 is in force, not --base 0" in done.stderr
    change(live, "apply", path, "--base", "1")
    assert get(live) == 200


def test_history_says_who_and_why_and_any_version_comes_back(live):
    change(live, "add", "-", data=CLOSED)
    change(live, "remove", "closed", ends=())
    versions = live.json("rules", "history")
    assert [v["version"] for v in versions] == [2, 1]
    assert versions[0]["state"] == "in force" and versions[1]["reason"] == "incident"
    assert [v["what"] for v in versions] == ["rule closed", "rule closed"]
    live.ctl("rules", "rollback", "1")
    assert get(live) == 403
    done = live.ctl("rules", "rollback", "77", code=1)
    assert "no version 77" in done.stderr
    trail = live.json("audit", "list")
    assert [entry["action"] for entry in trail[:3]] == ["rules rollback", "rules remove",
                                                        "rules add"]
    assert "deny    closed" in trail[2]["after"]


def test_what_nobody_confirms_takes_itself_back(live):
    change(live, "add", "-", "--confirm-within", "2s", data=CLOSED)
    assert get(live) == 403
    assert live.json("rules", "history")[0]["state"] == "waits for confirmation"
    done = change(live, "add", "-", data="deny more\n  when path /more\n", code=4)
    assert "takes itself back" in done.stderr
    wait_for(lambda: get(live) == 200, what="the way back")
    assert live.json("rules", "history")[0]["state"] == "took itself back"
    done = live.ctl("rules", "confirm", code=1)
    assert "nothing waits" in done.stderr
    change(live, "add", "-", "--confirm-within", "1h", data=CLOSED)
    live.ctl("rules", "confirm")
    assert get(live) == 403
    assert live.json("rules", "history")[0]["state"] == "in force"


def test_undoing_a_confirmation_goes_back_to_before_the_trial(live):
    change(live, "add", "-", "--confirm-within", "1h", data=CLOSED)
    said = live.ctl("rules", "confirm", "--yes")
    assert get(live) == 403
    undo(live, said)
    assert get(live) == 200
    change(live, "add", "-", "--confirm-within", "1h", data=CLOSED)
    live.ctl("rules", "confirm", "--yes")
    live.ctl("undo", "--yes")
    assert get(live) == 200


def test_a_former_version_asks_before_it_takes_names_of_the_configuration(live):
    change(live, "add", "-", data="allow later\n  when path /orders/**\n  need role reader\n")
    live.ctl("rules", "remove", "later", "--yes")
    live.write_rules(BASELINE + "deny later\n  when path /orders/7\n")
    live.reload()
    wait_for(lambda: "later" in rules_of(live), what="the rules that the server publishes")
    assert get(live, "/orders/7") == 403
    done = live.ctl("rules", "rollback", "1", code=4)
    assert "in place of those of the configuration: later" in done.stderr
    assert get(live, "/orders/7") == 403
    live.ctl("rules", "rollback", "1", "--yes")
    assert get(live, "/orders/7") == 200


def test_what_ended_lives_again_when_the_clock_is_put_back(clocked):
    gateway, clock = clocked(stage=2, rules=BASELINE)
    gateway.token = token(gateway, clock, roles=["reader"])
    wait_for(lambda: gateway.json("rules", "list"), what="the rules that the server publishes")
    change(gateway, "add", "-", data=CLOSED, ends=("--for", "30m"))
    assert get(gateway) == 403
    clock.set(2700)
    wait_for(lambda: get(gateway) == 200, what="its end")
    clock.set(0)
    assert get(gateway) == 403


def test_a_place_is_stepped_back_for_a_time(live):
    outsider = live.issuer.token({"roles": ["nobody"]})
    assert live.get("/orders/1", outsider).status == 403
    step = ("mode", "monitor", "--location", "/", "--reason", "incident")
    done = live.ctl(*step, "--permanent", code=2)
    assert "ends by itself" in done.stderr
    done = live.ctl(*step[:3], "/nowhere", *step[4:], "--for", "1h", code=1)
    assert "no place" in done.stderr
    live.ctl(*step, "--for", "1h")
    assert live.get("/orders/1", outsider).status == 200
    assert live.get("/orders/1").status == 401
    assert live.json("mode")[0]["location"] == "/"
    told = live.json("status")
    assert told["stepped_back"][0]["reason"] == "incident"
    assert told["live_rules"] == {"version": 1, "entries": 1, "confirm_by": None}
    assert "stepped back" in live.ctl("status").stdout
    live.ctl("mode", "enforce", "--location", "/", "--reason", "over")
    assert live.get("/orders/1", outsider).status == 403


def test_a_restart_keeps_the_live_rules_and_a_configuration_they_do_not_fit_is_refused(live):
    change(live, "add", "-", data="deny nobody\n  when role list:staff\n  when path /orders/3\n")
    live.restart()
    assert get(live, "/orders/3") == 403
    live.write_rules(BASELINE.replace("list staff", "list people").replace("list:staff",
                                                                          "list:people"))
    code, output = live.configtest()
    assert code != 0 and "the live rules do not fit" in output and "live:nobody:2" in output
    live.httpd.allow_log("ZTA0011")
    live.httpd.graceful(check=False)
    wait_for(lambda: (get(live), get(live, "/orders/3")) == (200, 403), what="the last good rules")
    live.write_rules(BASELINE)
    live.reload()
    assert (get(live), get(live, "/orders/3")) == (200, 403)
    # A file that has got a rule of that name.
    assert "ZTA0007" not in live.configtest()[1]
    live.write_rules(BASELINE + "deny nobody\n  when path /orders/4\n")
    code, output = live.configtest()
    assert code == 0 and "ZTA0007: rule nobody at" in output and "rules remove nobody'" in output
    assert live.json("status")["replaced_rules"] == []
    live.reload()
    assert (get(live, "/orders/3"), get(live, "/orders/4")) == (403, 200)
    [replaced] = wait_for(lambda: live.json("status")["replaced_rules"], what="the replaced rule is told")
    assert (replaced["rule"], replaced["file"]) == ("nobody", live.rules_path) and replaced["until"]
    assert "replaced rule" in (said := live.ctl("status").stdout) and "rules remove nobody'" in said
    live.ctl("rules", "remove", "nobody", "--reason", "it is in the file now", "--yes")
    assert live.json("status")["replaced_rules"] == []
    assert (get(live, "/orders/3"), get(live, "/orders/4")) == (200, 403)


def test_live_rules_that_cannot_be_read_let_nobody_pass_and_a_former_version_mends_them(live):
    change(live, "add", "-", data="deny first\n  when path /orders/3\n")
    change(live, "add", "-", data=CLOSED)
    live.httpd.stop()
    put_record(live.store.policy_path(""), "rule_layers", (2).to_bytes(8, "big"), b"\xff")
    code, output = live.configtest()
    assert code != 0 and "the live rules of the store cannot be read" in output
    done = live.ctl("rules", "list", code=3)
    assert "rules rollback" in done.stderr
    history = live.json("rules", "history")
    assert [(row["version"], row["state"]) for row in history] == [(2, "cannot be read"), (1, "")]
    done = live.ctl("rules", "add", "-", "--for", "1h", "--reason", "x", data=CLOSED, code=3)
    live.ctl("rules", "rollback", "1", "--yes")
    live.start()
    assert (get(live), get(live, "/orders/3")) == (200, 403)


def test_a_claim_that_only_a_live_rule_names_is_looked_for(live):
    token = live.issuer.token({"roles": ["reader"], "department": "sales"})
    assert live.get("/orders/1", token).status == 200
    change(live, "add", "-", data="deny sales\n  when claim:department sales\n")
    assert live.get("/orders/1", token).status == 403
    assert get(live) == 200


def test_only_the_owner_of_the_policy_changes_rules(live):
    if os.geteuid() != 0:
        pytest.skip("needs another user")
    with pytest.raises(CtlError, match="exit 3|exit 1"):
        live.store.run("rules", "add", "-", "--reason", "x", "--for", "1h", data=CLOSED, code=0,
                       user=65534)
    assert get(live) == 200


def test_a_change_says_whom_it_would_have_hit_and_asks_when_that_are_many(live):
    admin = live.issuer.token({"roles": ["admin"], "sub": "root", "sid": "a1"})
    for _ in range(6):
        assert get(live) == 200
    for _ in range(4):
        assert live.get("/orders/9", admin).status == 200
    wait_for(lambda: len(live.events()) == 10, what="the events")
    few = "deny few\n  when path /orders/none\n"
    found = change(live, "add", "-", "--dry-run", data=few, json=True)
    assert (found["would_refuse"]["requests"], found["not_decidable"]) == (0, 0)
    many = "deny many\n  when path /orders/**\n  when role reader\n"
    found = change(live, "add", "-", "--dry-run", data=many, json=True)
    assert found["would_refuse"] == {"requests": 6, "sessions": 1, "subjects": 1}
    assert ("Of the 10 requests of the last hour it would refuse 6 that the present rules let in "
            "(1 sessions, 1 subjects), and let in 0") in found["effect"]
    done = live.ctl("rules", "add", "-", "--for", "1h", "--reason", "x", data=many, code=4)
    assert "6 of the 10 requests that were allowed" in done.stderr
    done = change(live, "add", "-", "--max", "5", data=many, code=4)
    assert "--max allows 5" in done.stderr
    assert get(live) == 200
    found = change(live, "disable", "secrets", "--dry-run", json=True)
    assert (found["would_refuse"]["requests"], found["would_allow"]["requests"]) == (0, 0)
    assert get(live, "/orders/secret/1") == 403
    wait_for(lambda: len(live.events()) == 12, what="the refused one")
    found = change(live, "disable", "secrets", "--dry-run", json=True)
    assert found["would_allow"]["requests"] == 1
    step = live.json("mode", "monitor", "--for", "1h", "--reason", "x", "--dry-run")
    assert step["would_allow"]["requests"] == 1


def test_undo_takes_the_newest_or_a_named_action_back(live):
    change(live, "add", "-", data=CLOSED)
    assert get(live) == 403
    live.ctl("undo", "--yes")
    assert get(live) == 200
    blocked = live.json("block", "127.0.0.1", "--for", "1h", "--reason", "x", "--yes")
    revoked = live.json("revoke", "--subject", "alice@corp", "--reason", "x", "--yes")
    live.ctl("undo", blocked["action"])
    assert get(live) == 401
    live.ctl("undo", revoked["action"])
    assert get(live) == 200
    done = live.ctl("undo", blocked["action"], code=1)
    assert "has ended or was taken back" in done.stderr
    first = change(live, "add", "-", data=CLOSED, json=True)
    change(live, "add", "-", data="deny more\n  when path /more\n")
    done = live.ctl("undo", first["action"], "--yes", code=4)
    assert "the rules were changed since" in done.stderr
    done = live.ctl("undo", "1", code=1)
    assert "cannot be undone" in done.stderr
    done = live.ctl("undo", "999", code=1)
    assert "no such action" in done.stderr


def test_changes_of_the_last_hours_are_listed_with_restarts(live):
    change(live, "add", "-", data=CLOSED)
    what = [entry["what"] for entry in live.json("changes", "--last", "2h")]
    assert what[0] == "rules add"
    assert sorted(what[1:]) == ["started or restarted", "store init"]  # within one second
    wait_for(lambda: live.json("changes", "--last", "1s") == [], what="a second")
