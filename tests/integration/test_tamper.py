# SPDX-License-Identifier: Apache-2.0
"""What httpd's user can do to the store of a running server: nothing that grants, nothing that
lasts. Unit tests try the same against the functions; here are files and processes."""

import grp
import hashlib
import json
import os
import pwd
import signal
import subprocess
import sys

import pytest

from support import proc
from support.httpd import CRASHES_PLAINLY
from support.local import USERS, wait_for
from support.store import ztactl

pytestmark = pytest.mark.skipif(not USERS.is_separated, reason="needs root: separate users")


def as_httpd(source, *arguments):
    """Runs Python as httpd's user with the store's group, as a broken-into child would; what it
    printed, as JSON."""
    user = pwd.getpwnam(USERS.httpd)
    done = subprocess.run([sys.executable, "-c", source, *arguments], capture_output=True,
                          text=True, timeout=60, check=False, cwd="/", user=user.pw_uid,
                          group=grp.getgrnam(USERS.group).gr_gid, extra_groups=[])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# Each attempt by itself: what it was, and the error, None for success.
ATTEMPTS = r"""
import json, os, sys
root = sys.argv[1]
policy, state = root + "/policy", root + "/state"
found = {}

def attempt(name, fn, *args):
    try:
        fn(*args)
        found[name] = None
    except OSError as error:
        found[name] = type(error).__name__

def overwrite(path):
    with open(path, "r+b") as f:
        f.write(b"x")

def append(path):
    with open(path, "ab") as f:
        f.write(b"x")

for name in ("data.mdb",):
    path = policy + "/" + name
    attempt("overwrite " + name, overwrite, path)
    attempt("append " + name, append, path)
    attempt("truncate " + name, os.truncate, path, 0)
    attempt("chmod " + name, os.chmod, path, 0o666)
    attempt("chown " + name, os.chown, path, os.getuid(), -1)
    attempt("unlink " + name, os.unlink, path)
    attempt("rename " + name, os.rename, path, policy + "/old")
    attempt("replace " + name, os.rename, state + "/data.mdb", path)
    attempt("link over " + name, os.link, path, policy + "/twin")
attempt("replace state/data.mdb", os.rename, state + "/data.mdb", state + "/old")
attempt("unlink state/data.mdb", os.unlink, state + "/data.mdb")
attempt("symlink in state", os.symlink, policy + "/data.mdb", state + "/link")
attempt("chmod state", os.chmod, state, 0o777)
attempt("link out", os.link, policy + "/data.mdb", state + "/twin")
attempt("make a file", open, policy + "/new", "w")
attempt("make a folder", os.mkdir, policy + "/folder")
attempt("make a symlink", os.symlink, "/etc/passwd", policy + "/link")
attempt("unlink lock.mdb", os.unlink, policy + "/lock.mdb")
for name in ("policy", "state"):
    attempt("rename " + name, os.rename, root + "/" + name, root + "/was-" + name)
    attempt("remove " + name, os.rmdir, root + "/" + name)
attempt("chmod policy", os.chmod, policy, 0o777)
attempt("chmod root", os.chmod, root, 0o777)
attempt("rename the store", os.rename, root, root + ".away")
attempt("make beside", open, root + "/beside", "w")
attempt("symlink beside", os.symlink, "/tmp", root + "/beside")
print(json.dumps(found))
"""


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def assert_good(z):
    z.ctl("store", "check", "--deep")
    assert z.json("audit", "verify")["result"] == "consistent"


@pytest.fixture
def make_busy(zta):
    """Factory: a running server with a key, a revocation, a block and an audit trail."""
    def make(**options):
        z = zta(stage=1, **options)
        z.key = z.json("keys", "create", "--name", "one")["key"]
        z.ctl("revoke", "--subject", "mallory@corp", "--reason", "test", "--yes")
        z.ctl("block", "bob@corp", "--for", "1h", "--reason", "test", "--yes")
        assert z.get("/x", key=z.key).status == 200
        return z
    return make


@pytest.fixture
def busy(make_busy):
    return make_busy()


def assert_still_holds(z):
    assert z.get("/x", key=z.key).status == 200
    statuses = [z.get("/x", token=z.issuer.token({"sub": s})).status
                for s in ("alice", "mallory", "bob")]
    assert statuses == [200, 401, 403]


def test_httpds_user_changes_no_file_of_policy(busy):
    path = busy.store.policy_path()
    before = digest(path)
    found = as_httpd(ATTEMPTS, busy.store.directory)
    assert len(found) > 20
    assert not [name for name, error in found.items() if error is None]
    assert digest(path) == before
    assert_still_holds(busy)
    assert_good(busy)


@pytest.mark.parametrize("arguments", [
    ["keys", "create", "--name", "mine", "--role", "admin"],
    ["keys", "rotate", "one"],
    ["unrevoke", "--subject", "mallory@corp", "--reason", "x"],
    ["revoke", "--subject", "alice@corp", "--reason", "x", "--yes"],
    ["block", "alice@corp", "--for", "1h", "--reason", "x", "--yes"],
    ["blocks", "remove", "bob@corp", "--reason", "x"],
    ["store", "init", "--owner", USERS.httpd, "--group", USERS.group, "--httpd", USERS.httpd],
])
def test_httpds_user_changes_nothing_with_ztactl(busy, arguments):
    before = digest(busy.store.policy_path())
    done = subprocess.run([ztactl(), "--store", busy.store.directory, *arguments],
                          capture_output=True, text=True, timeout=30, check=False, cwd="/",
                          stdin=subprocess.DEVNULL, user=USERS.httpd, group=USERS.group,
                          extra_groups=[])
    assert done.returncode != 0
    assert "zta_" not in done.stdout
    assert digest(busy.store.policy_path()) == before
    assert_still_holds(busy)
    assert_good(busy)


def test_a_writer_that_ignores_our_rules_gets_no_page_into_policy(busy):
    """LMDB itself, opened for writing by httpd's user on both environments."""
    source = r"""
import ctypes, json, os, sys
lmdb = ctypes.CDLL("liblmdb.so.0")
def write(path):
    env, txn = ctypes.c_void_p(), ctypes.c_void_p()
    lmdb.mdb_env_create(ctypes.byref(env))
    lmdb.mdb_env_set_maxdbs(env, 64)
    code = lmdb.mdb_env_open(env, path.encode(), 0, 0o644)
    if code == 0:
        code = lmdb.mdb_txn_begin(env, None, 0, ctypes.byref(txn))
    return code
print(json.dumps([write(sys.argv[1] + "/policy")]))
"""
    before = digest(busy.store.policy_path())
    assert as_httpd(source, busy.store.directory) == [13], "EACCES"
    assert digest(busy.store.policy_path()) == before
    assert_still_holds(busy)
    assert_good(busy)


@pytest.mark.parametrize("fill", ["b'\\0'", "os.urandom(1)"])
def test_what_httpds_user_makes_of_state_grants_nothing(make_busy, fill):
    """The contents of state/ are its own to spoil: the damage is seen, said, and opens no door."""
    busy = make_busy(env=CRASHES_PLAINLY)
    busy.httpd.allow_log("ZTA00(17|18|21|5[0-9]|7[0-9])", "AH00052", "AH00051")
    source = f"""
import json, os, sys
path = sys.argv[1] + "/state/data.mdb"
size = os.path.getsize(path)
with open(path, "r+b") as f:
    f.write(b"".join({fill} for _ in range(4096)) * (size // 4096))
print(json.dumps(True))
"""
    before = digest(busy.store.policy_path())
    assert as_httpd(source, busy.store.directory)

    def status(**credential):
        try:
            return busy.get("/x", fresh=True, **credential).status
        except ConnectionError:
            return None
    for _ in range(20):
        assert status(token=busy.issuer.token({"sub": "mallory"})) in (None, 401, 503)
        assert status(token=busy.issuer.token({"sub": "bob"})) in (None, 403, 503)
        assert status(key=busy.key[:-1] + ("0" if busy.key[-1] != "0" else "1")) in (None, 401, 503)
        assert status() in (None, 401, 503)
    assert busy.httpd.is_running()
    assert busy.ctl("store", "check", "--deep", code=3).stderr
    assert digest(busy.store.policy_path()) == before
    # Until it is mended the door is shut for all; operators are told what mends it.
    wait_for(lambda: status(key=busy.key) == 503, what="503")
    assert "ztactl store restore" in busy.ctl("status", code=3).stderr
    busy.httpd.stop()
    code, said = busy.configtest()
    assert code == 1 and "ZTA0017" in said and "state" in said


def test_a_child_that_is_taken_over_cannot_keep_operators_out(busy):
    """httpd's user may hold what locks it can reach; stopping its processes does not stop us."""
    helper = wait_for(lambda: busy.json("status").get("helper_pid"), what="the helper")
    for pid in [helper, *busy.httpd.workers()]:
        proc.stop(pid)
    try:
        busy.ctl("revoke", "--subject", "alice@corp", "--reason", "test", "--yes")
        assert_good(busy)
    finally:
        for pid in [helper, *busy.httpd.workers()]:
            os.kill(pid, signal.SIGCONT)
    assert busy.get("/x", token=busy.issuer.token({"sub": "alice"})).status == 401
