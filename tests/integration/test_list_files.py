# SPDX-License-Identifier: Apache-2.0
"""Files of items that lists name, replaced while the server runs."""

import json
import os
import signal
import time

import pytest

from support import preload
from support.local import write
from support.proc import wait_for

RULES = "list staff file:staff.txt\nallow read\n  when path /orders/**\n  need role list:staff\n"


@pytest.fixture
def gateway(zta):
    made = zta(start=False, stage=2, rules=RULES)
    replace(made, "reader\n")
    made.start()
    made.token = made.issuer.token({"roles": ["reader"]})
    made.other = made.issuer.token({"roles": ["writer"]})
    return made


def replace(gateway, text):
    """As an administrator should: a new file beside it, renamed."""
    gateway.httpd.write("conf/staff.new", text)
    path = gateway.httpd.path("conf", "staff.txt")
    os.rename(gateway.httpd.path("conf", "staff.new"), path)
    return path


def statuses(gateway):
    return [gateway.get("/orders/1", token).status for token in (gateway.token, gateway.other)]


def hits(gateway):
    """How many recorded requests a rule about the list would have refused; None: no list is published."""
    done = gateway.ctl("rules", "add", "-", "--dry-run", "--for", "1h", "--reason", "x", "--json", code={0, 1},
                       data="deny x\n  when role list:staff\n  when role reader\n")
    if done.returncode != 0:
        assert "expected the name of a list" in done.stderr, done.stderr
        return None
    return json.loads(done.stdout)["would_refuse"]["requests"]


def alerts(gateway):
    return {alert["name"]: alert["text"] for alert in gateway.json("status")["alerts"]}


def test_a_file_that_is_replaced_is_read_anew(gateway):
    assert statuses(gateway) == [200, 403]
    wait_for(lambda: hits(gateway) == 1, what="the former items in what is published")
    replace(gateway, "writer\n")
    wait_for(lambda: statuses(gateway) == [403, 200], what="the new items")
    gateway.httpd.wait_for_log("ZTA0109")
    wait_for(lambda: hits(gateway) == 0, what="the new items in what is published")


def test_the_last_good_items_serve_while_the_new_ones_cannot_be_used(gateway):
    gateway.httpd.allow_log("ZTA0108", "ZTA0023")
    assert statuses(gateway) == [200, 403]
    path = replace(gateway, "two words\n")
    found = wait_for(lambda: alerts(gateway).get("list_refused"), what="the alert")
    assert f"{path}:1:" in found and "the last good items serve on" in found
    wait_for(lambda: statuses(gateway) and "ZTA0023" in gateway.httpd.error_text(),
             what="a child that says so")
    assert statuses(gateway) == [200, 403]
    replace(gateway, "writer\n")
    wait_for(lambda: statuses(gateway) == [403, 200], what="the new items")
    wait_for(lambda: "list_refused" not in alerts(gateway), what="the end of the alert")


def test_a_file_that_goes_away_changes_nothing(gateway):
    gateway.httpd.allow_log("ZTA0108")
    os.unlink(gateway.httpd.path("conf", "staff.txt"))
    wait_for(lambda: alerts(gateway).get("list_refused"), what="the alert")
    assert statuses(gateway) == [200, 403]


def test_a_new_child_begins_with_what_stands_in_the_file_now(gateway):
    replace(gateway, "writer\n")
    wait_for(lambda: statuses(gateway) == [403, 200], what="the new items")
    path = gateway.httpd.path("conf", "staff.txt")
    wait_for(lambda: time.time() - os.stat(path).st_ctime > 3, what="a file that nobody writes")
    for child in gateway.httpd.children():
        os.kill(child, signal.SIGKILL)
    gateway.httpd.allow_log("AH00052", "ZTA")
    found = wait_for(lambda: first_statuses(gateway), what="a new child")
    assert found == [403, 200]


def first_statuses(gateway):
    try:
        return statuses(gateway)
    except OSError:
        return None


def test_a_faulty_file_keeps_no_other_back(zta):
    made = zta(start=False, stage=2, rules="list banned file:banned.txt\n" + RULES +
               "deny banned\n  when role list:banned\n")
    made.httpd.write("conf/banned.txt", "nobody\n")
    replace(made, "reader\n")
    made.start()
    made.httpd.allow_log("ZTA0108", "ZTA0023")
    made.token = made.issuer.token({"roles": ["reader"]})
    assert made.get("/orders/1", made.token).status == 200
    replace(made, "two words\n")
    made.httpd.write("conf/banned.txt", "reader\n")
    wait_for(lambda: made.get("/orders/1", made.token).status == 403, what="the good file")
    assert "staff.txt" in wait_for(lambda: alerts(made).get("list_refused"), what="the alert")


def test_items_that_a_live_rule_cannot_take_are_tried_again_when_it_is_gone(gateway):
    gateway.httpd.allow_log("ZTA0023", "ZTA0112")
    wait_for(lambda: gateway.json("rules", "list"), what="the rules that the server publishes")
    replace(gateway, "192.0.2.1\n")
    wait_for(lambda: statuses(gateway) == [403, 403], what="the new items")
    wait_for(lambda: hits(gateway) == 0, what="the new items in what is published")
    gateway.ctl("rules", "add", "-", "--for", "1h", "--reason", "x", "--yes",
                data="deny net\n  when network list:staff\n")
    replace(gateway, "writer\n")
    wait_for(lambda: statuses(gateway) and "ZTA0023" in gateway.httpd.error_text(),
             what="a child that says so")
    wait_for(lambda: "live_rules_refused" in alerts(gateway), what="the alert of the helper")
    assert statuses(gateway) == [403, 403]
    gateway.ctl("rules", "remove", "net", "--yes")
    wait_for(lambda: statuses(gateway) == [403, 200], what="the new items")
    wait_for(lambda: "live_rules_refused" not in alerts(gateway), what="the end of the alert")


def test_live_rules_see_the_new_items(gateway):
    wait_for(lambda: gateway.json("rules", "list"), what="the rules that the server publishes")
    gateway.ctl("rules", "add", "-", "--for", "1h", "--reason", "x", "--yes",
                data="deny staff-out\n  when role list:staff\n")
    assert statuses(gateway) == [403, 403]
    replace(gateway, "writer\n")
    gateway.ctl("rules", "remove", "staff-out", "--yes")
    wait_for(lambda: statuses(gateway) == [403, 200], what="the new items")


def test_no_request_waits_for_a_file_system_that_hangs(zta, directory):
    os.chmod(directory, 0o777)  # the children say there who waits
    path = os.path.join(directory, "staff.txt")
    write(path, "reader\n")
    made = zta(start=False, stage=2, rules=RULES.replace("staff.txt", path),
               env=preload.environment(directory, "hang_stat", ZTA_TEST_HANG=path))
    made.start()
    made.token = made.issuer.token({"roles": ["reader"]})
    made.other = made.issuer.token({"roles": ["writer"]})
    assert statuses(made) == [200, 403]
    write(f"{path}.hangs", "")
    try:
        wait_for(lambda: statuses(made) == [200, 403] and all_wait(made, path),
                 what="children that look at the file")
        for child in made.httpd.children():
            os.kill(child, signal.SIGKILL)
        made.httpd.allow_log("AH00052", "ZTA")
        assert wait_for(lambda: first_statuses(made), what="a new child") == [200, 403]
        write(path, "writer\n")
    finally:
        os.unlink(f"{path}.hangs")
    wait_for(lambda: statuses(made) == [403, 200], what="the new items")


def all_wait(gateway, path):
    return all(os.path.exists(f"{path}.{child}") for child in gateway.httpd.children())


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(gateway):
    gateway.httpd.allow_log("ZTA0108")
    os.mkfifo(gateway.httpd.path("conf", "staff.new"), 0o644)
    os.rename(gateway.httpd.path("conf", "staff.new"), gateway.httpd.path("conf", "staff.txt"))
    said = wait_for(lambda: alerts(gateway).get("list_refused"), what="the alert")
    assert "no regular file" in said
    assert statuses(gateway) == [200, 403]
    replace(gateway, "writer\n")
    wait_for(lambda: statuses(gateway) == [403, 200], what="the new items")
