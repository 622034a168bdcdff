# SPDX-License-Identifier: Apache-2.0
"""What fails, and what then happens: the store, the files of a configuration, the disk."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from support.httpd import CRASHES_PLAINLY, HttpdError
from support.load import counters, settled
from support.local import USERS, wait_for

AS_ROOT = pytest.mark.skipif(not USERS.is_separated, reason="needs root: modes, owners, mounts")
# One line of the parent and one of each child and helper.
STORE_LINES = ("ZTA0017", "ZTA0018", "ZTA0021", "ZTA0051", "ZTA0053", "ZTA0070", "ZTA0071",
               "ZTA0074", "ZTA0075")
# The helper may be about to write when its store goes.
GONE = ("ZTA0070", "ZTA0071")
RULES = "allow all\n  when path /**\n  need issuer corp\n"


def refused_start(z):
    """What httpd said when it would not start."""
    z.httpd.allow_log("AH00016", *STORE_LINES)
    with pytest.raises(HttpdError) as caught:
        z.start()
    assert "exited with 1 at start" in str(caught.value)
    assert not z.httpd.processes_left()
    code, output = z.configtest()
    assert code == 1
    assert "ZTA0017" in output
    return output


def alerts(z):
    return {a["name"]: a["text"] for a in z.json("status").get("alerts", [])}


def wait_for_alert(z, name, is_there=True):
    return wait_for(lambda: (name in (found := alerts(z))) == is_there and (found or True),
                    what=f"alert {name} {'shown' if is_there else 'gone'}")


def overwrite(path, offset, data):
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def statuses(z, token, key):
    return [z.get("/x", token=token).status, z.get("/x", key=key).status]


# ---- cold start ----

def test_without_a_store_a_cold_start_refuses_and_says_what_to_do(zta):
    z = zta(start=False)
    shutil.rmtree(z.store.directory)
    assert "ztactl store init" in refused_start(z)
    z.init_store()
    z.start()
    assert z.get("/x", token=z.issuer.token()).status == 200


@pytest.mark.parametrize("name", ["policy/data.mdb", "state/data.mdb", "policy/lock.mdb", "policy",
                                  "state"])
def test_a_store_of_which_a_part_is_missing_is_refused(zta, name):
    z = zta(start=False)
    path = os.path.join(z.store.directory, name)
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
    said = refused_start(z)
    assert re.search(r"ztactl store (restore|init|check)", said), said
    assert not os.path.exists(path), "it came back silently"


@AS_ROOT
@pytest.mark.parametrize("name, mode", [("policy", 0), ("policy/data.mdb", 0), ("state", 0),
                                        ("policy/data.mdb", 0o666), ("policy", 0o777)])
def test_a_store_with_other_modes_is_refused(zta, name, mode):
    z = zta(start=False)
    path = os.path.join(z.store.directory, name)
    before = os.stat(path).st_mode & 0o7777
    os.chmod(path, mode)
    assert name in refused_start(z)
    os.chmod(path, before)
    z.start()


@pytest.mark.parametrize("env", ["policy", "state"])
@pytest.mark.parametrize("content", ["noise", "empty", "text", "cut"])
def test_a_corrupt_store_is_refused(zta, env, content):
    z = zta(start=False)
    path = os.path.join(z.store.directory, env, "data.mdb")
    if content == "noise":
        overwrite(path, 0, os.urandom(16384))
    elif content == "cut":
        os.truncate(path, 5000)
    else:
        os.truncate(path, 0)
        overwrite(path, 0, b"" if content == "empty" else b"not a database\n" * 1000)
    said = refused_start(z)
    assert f"{env}/" in said and "ztactl store restore" in said, said


@pytest.mark.parametrize("env", ["policy", "state"])
def test_a_store_whose_pages_are_altered_never_serves_from_them(zta, env):
    """Pages behind the meta pages: the cold check reads what it needs, the deep check all."""
    z = zta(env=CRASHES_PLAINLY)
    token = z.issuer.token()
    key = z.json("keys", "create", "--name", "one")["key"]
    assert statuses(z, token, key) == [200, 200]
    settled(z)
    z.httpd.stop()
    path = os.path.join(z.store.directory, env, "data.mdb")
    overwrite(path, 8192, os.urandom(os.path.getsize(path) - 8192))
    assert z.ctl("store", "check", "--deep", code=3).stderr
    z.httpd.allow_log(*STORE_LINES, "ZTA0052", "AH00052")
    try:
        z.start()
    except HttpdError as error:
        assert "ZTA0017" in str(error)
        return
    assert not {200} & set(statuses(z, token, key))


@pytest.mark.parametrize("env", ["policy", "state"])
def test_a_store_of_another_format_is_refused(zta, env):
    z = zta(start=False)
    path = os.path.join(z.store.directory, env, "data.mdb")
    with open(path, "rb") as f:
        data = f.read()
    # LMDB's own format stands behind its magic in both meta pages (lmdb: MDB_meta).
    for page in (0, 4096):
        at = data.index(bytes.fromhex("dec0efbe"), page)
        overwrite(path, at + 4, (99).to_bytes(4, "little"))
    said = refused_start(z)
    assert "format" in said and "99" in said, said


# ---- the store goes while httpd runs ----

@pytest.mark.mpm
def test_a_store_that_is_moved_away_closes_the_door_and_opens_it_when_it_is_back(zta):
    z = zta(vhost_text="<Location /public>\nZTAStage 0\n</Location>")
    z.httpd.allow_log(*GONE)
    token = z.issuer.token()
    key = z.json("keys", "create", "--name", "one")["key"]
    assert statuses(z, token, key) == [200, 200]
    os.rename(z.store.directory, z.store.directory + ".away")
    wait_for(lambda: statuses(z, token, key) == [503, 503], what="503")
    answer = z.get("/x", token=token)
    assert int(answer.header("Retry-After")) > 0
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.header("Cache-Control") == "no-store"
    assert z.get("/public/x").status == 200
    # It does not come back by itself, silently empty.
    assert not os.path.exists(z.store.directory)
    os.rename(z.store.directory + ".away", z.store.directory)
    wait_for(lambda: statuses(z, token, key) == [200, 200], what="200 again")
    found = settled(z)
    assert found["store_errors"] > 0


@pytest.mark.parametrize("env", ["policy", "state"])
def test_a_store_that_is_replaced_closes_the_door_until_a_graceful_restart(zta, env):
    z = zta()
    # What went into the replaced file counts as dropped.
    z.httpd.allow_log(*GONE, "ZTA0074")
    token = z.issuer.token()
    key = z.json("keys", "create", "--name", "one")["key"]
    assert statuses(z, token, key) == [200, 200]
    path = os.path.join(z.store.directory, env, "data.mdb")
    helper = wait_for(lambda: z.json("status").get("helper_pid"), what="the helper")
    os.kill(helper, signal.SIGSTOP)  # a copy of a file that is being written is none
    subprocess.run(["cp", "-p", path, path + ".new"], check=True)
    os.rename(path + ".new", path)
    os.kill(helper, signal.SIGCONT)
    wait_for(lambda: statuses(z, token, key) == [503, 503], what="503")
    z.httpd.wait_for_log("ZTA0070.*was replaced")
    z.reload()
    wait_for(lambda: statuses(z, token, key) == [200, 200], what="200 again")
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    assert statuses(z, token, key) == [401, 200]


@pytest.mark.parametrize("env", ["policy", "state"])
def test_a_data_file_that_is_deleted_closes_the_door(zta, env):
    z = zta()
    z.httpd.allow_log(*STORE_LINES)
    token = z.issuer.token()
    assert z.get("/x", token=token).status == 200
    os.unlink(os.path.join(z.store.directory, env, "data.mdb"))
    wait_for(lambda: z.get("/x", token=token).status == 503, what="503")
    # Nor does a graceful restart make a new one.
    z.reload(check=False)
    assert z.get("/x", token=token).status == 503
    assert not os.path.exists(os.path.join(z.store.directory, env, "data.mdb"))
    assert z.httpd.is_running()


def test_stale_passes_what_was_found_clear_and_nothing_else(zta):
    z = zta(vhost_text="ZTAFailure stale=1h", children=1)
    z.httpd.allow_log(*GONE)
    tokens = [z.issuer.token({"sub": s}) for s in ("alice", "bob", "carol")]
    key = z.json("keys", "create", "--name", "one")["key"]
    z.ctl("revoke", "--subject", "bob@corp", "--reason", "test", "--yes")
    assert statuses(z, tokens[0], key) == [200, 200]
    assert z.get("/x", token=tokens[1]).status == 401
    os.rename(z.store.directory, z.store.directory + ".away")
    wait_for(lambda: z.get("/x", key=key).status == 503, what="the fault is seen")
    for _ in range(3):
        assert [z.get("/x", token=t).status for t in tokens] == [200, 503, 503]
        assert z.get("/x", key=key).status == 503
        assert z.get("/x").status == 401
    os.rename(z.store.directory + ".away", z.store.directory)
    wait_for(lambda: z.get("/x", key=key).status == 200, what="recovery")
    assert [z.get("/x", token=t).status for t in tokens] == [200, 401, 200]
    found = wait_for(lambda: [e for e in z.events() if e.get("stale")], what="a stale event")
    assert {e["subject"] for e in found} == {"alice"}


def test_stale_passes_nobody_while_a_measure_stands_against_somebody(zta):
    z = zta(vhost_text="ZTAFailure stale=1h", children=1)
    z.httpd.allow_log(*GONE)
    tokens = [z.issuer.token({"sub": s, "sid": s}) for s in ("alice", "bob")]
    assert [z.get("/x", token=t).status for t in tokens] == [200, 200]
    wait_for(lambda: len(z.json("sessions", "list")) == 2, what="both sessions")
    [bob] = [s["id"] for s in z.json("sessions", "list") if s["subject"] == "bob"]
    z.ctl("sessions", "quarantine", bob, "--for", "1h", "--reason", "odd", "--yes")
    assert [z.get("/x", token=t).status for t in tokens] == [200, 401]
    os.rename(z.store.directory, z.store.directory + ".away")
    wait_for(lambda: z.get("/x", token=tokens[1]).status == 503, what="the fault is seen")
    assert z.get("/x", token=tokens[0]).status == 503
    os.rename(z.store.directory + ".away", z.store.directory)
    wait_for(lambda: [z.get("/x", token=t).status for t in tokens] == [200, 401], what="recovery")


def test_stale_ends(zta):
    z = zta(vhost_text="ZTAFailure stale=3s", children=1)
    z.httpd.allow_log(*GONE)
    token = z.issuer.token()
    key = z.json("keys", "create", "--name", "one")["key"]
    assert statuses(z, token, key) == [200, 200]
    os.rename(z.store.directory, z.store.directory + ".away")
    wait_for(lambda: z.get("/x", key=key).status == 503, what="the fault is seen")
    wait_for(lambda: z.get("/x", token=token).status == 503, what="the end of stale")
    assert z.get("/x", token=token).status == 503


@AS_ROOT
def test_a_truncated_store_lets_nobody_in(zta):
    """Whoever can cut policy/ can do worse; still no request passes by it, and httpd lives."""
    z = zta(env=CRASHES_PLAINLY)
    z.httpd.allow_log(*STORE_LINES, "AH00052.*(Bus error|Segmentation)", "AH00051")
    token = z.issuer.token()
    assert z.get("/x", token=token).status == 200
    os.truncate(z.store.policy_path(), 0)

    def answer():
        try:
            return z.get("/x", token=z.issuer.token({"sub": "new"}), fresh=True).status
        except ConnectionError:
            return None
    seen = [answer() for _ in range(20)]
    assert 200 not in seen
    wait_for(lambda: answer() == 503, what="503")
    assert z.httpd.is_running()


# ---- a graceful restart with bad files ----

@pytest.mark.mpm
def test_bad_rules_at_a_graceful_restart_leave_the_last_good_ones_in_force(zta):
    z = zta(stage=2, rules=RULES)
    token = z.issuer.token()
    key = z.json("keys", "create", "--name", "one")["key"]
    assert statuses(z, token, key) == [200, 403]
    z.write_rules("allow everyone\n  whem path /**\n")
    code, said = z.configtest()
    assert code == 1 and "ZTA0010" in said and "whem" in said and ":2:" in said
    z.httpd.allow_log("ZTA0011")
    for _ in range(2):  # the second has the first's texts only
        z.reload(check=False)
        assert z.httpd.error_text().count("ZTA0011") >= 1
        assert statuses(z, token, key) == [200, 403]
    assert "whem" in wait_for_alert(z, "rules_refused")["rules_refused"]
    assert z.ctl("status", "--check", code=1).stdout
    assert [r["name"] for r in z.json("rules", "list")] == ["all"]
    z.write_rules(RULES + "deny nobody\n  when subject mallory\n")
    z.reload()
    wait_for_alert(z, "rules_refused", is_there=False)
    assert statuses(z, token, key) == [200, 403]
    z.ctl("status", "--check")


def test_missing_rules_at_a_graceful_restart_leave_the_last_good_ones_in_force(zta):
    z = zta(stage=2, rules=RULES)
    z.httpd.allow_log("ZTA0011")
    token = z.issuer.token()
    z.rules = None
    os.unlink(z.rules_path)
    z.httpd.graceful(check=False)
    assert z.get("/x", token=token).status == 200
    assert "rules.zta" in wait_for_alert(z, "rules_refused")["rules_refused"]


LIST_RULES = RULES + """
list blocked file:lists/blocked.txt

deny the-blocked
  when subject list:blocked
"""


@pytest.mark.mpm
def test_a_list_from_a_file_is_read_at_each_start_and_kept_when_it_is_bad(zta):
    z = zta(stage=2, rules=LIST_RULES, start=False)
    blocked = os.path.join(os.path.dirname(z.rules_path), "lists", "blocked.txt")
    os.makedirs(os.path.dirname(blocked), exist_ok=True)

    def write(text):
        with open(blocked, "w", encoding="utf-8") as file:
            file.write(text)

    write("# who is refused\nmallory\n\n\"Eve E.\" # too\n")
    z.start()

    def refused(*subjects):
        return [s for s in subjects if z.get("/x", token=z.issuer.token({"sub": s})).status == 403]

    people = ("alice", "mallory", "Eve E.")
    assert refused(*people) == ["mallory", "Eve E."]
    write("alice\n")
    z.reload()
    assert refused(*people) == ["alice"]
    wait_for(lambda: len(z.json("rules", "list")) == 2, what="the new rules are published")

    # A bad or missing file keeps the last good rules with their items, restart after restart.
    z.httpd.allow_log("ZTA0011", "ZTA0023", "ZTA0108")
    write("alice\nmallory eve\n")
    code, said = z.configtest()
    assert code == 1 and "ZTA0010" in said and f"{blocked}:2:9: found 'eve'" in said
    for _ in range(2):
        z.reload(check=False)
        assert refused(*people) == ["alice"]
    assert "blocked.txt:2:9" in wait_for_alert(z, "rules_refused")["rules_refused"]
    os.unlink(blocked)
    code, said = z.configtest()
    assert code == 1 and f"{blocked}: " in said
    z.reload(check=False)
    assert refused(*people) == ["alice"]
    assert [r["name"] for r in z.json("rules", "list")] == ["all", "the-blocked"]
    write("mallory\n")
    z.reload()
    assert refused(*people) == ["mallory"]
    wait_for_alert(z, "rules_refused", is_there=False)


def test_rules_that_do_not_fit_what_else_changed_deny(zta):
    z = zta(stage=2, rules=RULES, accept="corp local")
    z.httpd.allow_log("ZTA0011", "ZTA0012")
    key = z.json("keys", "create", "--name", "one")["key"]
    # The old rules name an issuer that the configuration no longer has, the new ones are broken.
    z.write_rules("nonsense\n")
    z.httpd.global_text = z.httpd.global_text.replace("<ZTAIssuer corp ", "<ZTAIssuer other ")
    z.httpd.vhost_text = z.httpd.vhost_text.replace("ZTAAccept corp local", "ZTAAccept other local")
    z.httpd.graceful(check=False)
    assert z.get("/x", key=key).status == 403
    assert z.get("/x", token=z.issuer.token()).status == 403


@pytest.mark.mpm
@pytest.mark.parametrize("content", ["{", '{"keys": []}', None])
def test_bad_keys_at_a_graceful_restart_leave_the_last_good_ones_in_force(zta, content):
    z = zta()
    old, new = z.issuer.token(), z.issuer.token({"sub": "bob"})
    assert z.get("/x", token=old).status == 200
    if content is None:
        os.unlink(z.issuer.path)
    else:
        z.httpd.write("conf/" + os.path.basename(z.issuer.path), content)
    code, said = z.configtest()
    assert code == 1 and "ZTA0014" in said
    z.httpd.allow_log("ZTA0015", "ZTA0013")
    for _ in range(2):
        z.reload(check=False)
        assert [z.get("/x", token=t).status for t in (old, new)] == [200, 200]
    assert z.issuer.path in wait_for_alert(z, "keys_refused")["keys_refused"]
    z.issuer.rotate()
    z.reload()
    wait_for_alert(z, "keys_refused", is_there=False)
    # What the withdrawn keys signed is out, cached or not.
    assert [z.get("/x", token=t).status for t in (old, new, z.issuer.token())] == [401, 401, 200]


def test_a_new_issuer_without_usable_keys_is_503_and_the_others_serve(zta):
    z = zta()
    z.global_text = (f'<ZTAIssuer late "https://late.example">\nZTAAudience {z.issuer.audience}\n'
                     f"ZTAKeys file:{z.httpd.path('conf', 'none.json')}\n</ZTAIssuer>")
    z.accept = "corp late local"
    z.httpd.allow_log("ZTA0016")
    z.reload(check=False)
    assert z.get("/x", token=z.issuer.token()).status == 200
    late = z.get("/x", token=z.issuer.token({"iss": "https://late.example"}))
    assert late.status == 503 and late.header("Retry-After")
    wait_for_alert(z, "keys_refused")


@pytest.mark.mpm
@pytest.mark.parametrize("text", ["ZTAAccept nobody", "ZTAStage 0\nZTAFeature rules=enforce",
                                  "MergeTrailers on"])
def test_an_unsafe_virtual_host_answers_503_and_the_others_serve(zta, text):
    z = zta(start=False)
    z.configure()
    good = z.httpd.vhost_text
    z.httpd.named_vhosts["other.example"] = good
    z.start()
    token = z.issuer.token()

    def both():
        return [z.get("/x", token=token, host=h).status for h in ("localhost", "other.example")]
    assert both() == [200, 200]
    z.httpd.named_vhosts["other.example"] = f"{good}\n{text}"
    code, said = z.configtest()
    assert code == 1 and "ZTA0002" in said
    z.httpd.allow_log("ZTA0001")
    z.reload(check=False)
    assert both() == [200, 503]
    answer = z.get("/x", token=token, host="other.example")
    assert answer.header("Retry-After")
    assert z.get("/x", host="other.example").status == 503
    shown = wait_for_alert(z, "server_refused")["server_refused"]
    assert "expected" in shown and "other.example" in z.httpd.error_text()
    z.ctl("status", "--check", code=1)
    z.httpd.named_vhosts["other.example"] = good
    z.reload()
    assert both() == [200, 200]
    wait_for_alert(z, "server_refused", is_there=False)


def test_a_configuration_that_lost_its_store_answers_503(zta):
    z = zta()
    token = z.issuer.token()
    assert z.get("/x", token=token).status == 200
    good = z.httpd.global_text
    z.httpd.global_text = good.replace(f"ZTAStore {z.store.directory}\n", "")
    z.httpd.allow_log("ZTA0001")
    z.httpd.graceful(check=False)
    assert [z.get("/x", token=token).status, z.get("/x").status] == [503, 503]
    # What is counted elsewhere has nowhere to be counted.
    for name, value in (("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")):
        assert z.get("/x", headers={name: value}).status == 503
    z.httpd.global_text = good
    z.httpd.graceful()
    assert z.get("/x", token=token).status == 200


# ---- full ----

def flood(z, n, target="/x", headers=()):
    """n requests over a few connections; what was answered, by class of status."""
    fields = [a for h in headers for a in ("-H", h)]
    done = subprocess.run(["h2load", "--h1", "-n", str(n), "-c", "4", *fields,
                           f"{z.httpd.url}{target}"], capture_output=True, text=True, timeout=60,
                          check=True)
    found = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", done.stdout)
    return [int(x) for x in found.groups()]


@pytest.mark.timeout(120)
def test_a_full_store_loses_old_events_and_no_request(zta):
    z = zta(start=False, proxy=None, global_text="ZTAStoreSize 16M")
    z.httpd.write("htdocs/x", "here")
    z.httpd.allow_log("ZTA0073", "ZTA0071", "ZTA0074")
    z.start()
    key = z.json("keys", "create", "--name", "one")["key"]
    bearer = [f"Authorization: Bearer {key}"]
    for _ in range(40):
        assert flood(z, 3000, headers=bearer) == [3000, 0, 0, 0]
        status = z.json("status")
        if "store_full" in {a["name"] for a in status["alerts"]}:
            break
    else:
        raise AssertionError(f"16 MiB never filled: {status}")
    # The door still works, and so do the operators.
    assert flood(z, 2000, headers=bearer) == [2000, 0, 0, 0]
    z.ctl("revoke", "--key", "one", "--reason", "test", "--yes")
    assert z.get("/x", key=key).status == 401
    found = settled(z)
    assert found["allowed"] == found["requests"] - 1
    status = z.json("status")
    assert status["state"]["used"] <= status["state"]["map_size"]
    # What is left are the newest.
    newest = z.get("/x", token=z.issuer.token()).header("X-ZTA-Id")
    wait_for(lambda: z.ctl("explain", newest, code=None).returncode == 0, what="the newest event")
    assert len(z.events("--limit", "1000000")) < found["events_stored"]
    z.httpd.stop()
    z.ctl("store", "check", "--deep")
    z.ctl("audit", "verify")


@pytest.fixture
def small_disk(directory):
    """A file system of 24 MiB of its own."""
    path = os.path.join(directory, "disk")
    os.mkdir(path, 0o755)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0755", "tmpfs", path],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@AS_ROOT
@pytest.mark.timeout(120)
def test_a_full_disk_loses_events_and_no_request(zta, small_disk):
    z = zta(start=False, proxy=None)
    z.store.directory = os.path.join(small_disk, "store")
    z.init_store()
    z.httpd.write("htdocs/x", "here")
    z.httpd.allow_log("ZTA0071", "ZTA0072", "ZTA0073", "ZTA0074")
    z.start()
    token = z.issuer.token()
    key = z.json("keys", "create", "--name", "one")["key"]
    bearer = [f"Authorization: Bearer {key}"]
    assert flood(z, 500, headers=bearer) == [500, 0, 0, 0]
    settled(z)
    filler = os.path.join(small_disk, "filler")
    with open(filler, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 65536)
        except OSError:
            pass
    # Whatever becomes of the books, requests go on and operators act.
    for i in range(30):
        assert flood(z, 1000, headers=bearer) == [1000, 0, 0, 0]
        if i >= 3 and "disk_full" in alerts(z):
            break
    wait_for_alert(z, "disk_full")
    assert z.get("/x", token=token).status == 200
    z.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
    assert z.get("/x", token=token).status == 401
    z.ctl("block", "bob@corp", "--for", "1h", "--reason", "test", "--yes")
    assert z.get("/x", token=z.issuer.token({"sub": "bob"})).status == 403
    os.unlink(filler)
    wait_for_alert(z, "disk_full", is_there=False)
    found = settled(z)
    assert found["events_published"] >= 4500
    newest = z.get("/x", key=key).header("X-ZTA-Id")
    wait_for(lambda: z.ctl("explain", newest, code=None).returncode == 0, what="the newest event")
    z.httpd.stop()
    z.ctl("store", "check", "--deep")
    assert z.json("audit", "verify")["result"] == "consistent"


def test_the_store_goes_while_requests_wait_for_their_answer(zta):
    """Who was let in before the fault keeps its answer; who comes after does not get in."""
    z = zta()
    z.httpd.allow_log(*GONE)
    token = z.issuer.token()
    with z.httpd.client().connect() as slow:
        slow.send(f"GET /slow?ms=2500 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}"
                  "\r\n\r\n")
        z.backend.wait_for_requests(1)
        os.rename(z.store.directory, z.store.directory + ".away")
        wait_for(lambda: z.get("/x", token=token).status == 503, what="503")
        assert slow.response().status == 200
    os.rename(z.store.directory + ".away", z.store.directory)
    wait_for(lambda: z.get("/x", token=token).status == 200, what="200 again")
    settled(z)
    assert counters(z)["events_dropped_store"] == 0
