# SPDX-License-Identifier: Apache-2.0
"""A store on disk, worked on through the built ztactl as an operator would."""

import atexit
import functools
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

from support import leaks
from support.local import USERS, built


class CtlError(AssertionError):
    """ztactl exited with another code than the test expected; `done` has what it printed."""

    def __init__(self, done, expected):
        super().__init__(f"{' '.join(done.args)}: exit {done.returncode}, expected {expected}\n"
                         f"stdout: {done.stdout}\nstderr: {done.stderr}")
        self.done = done


def ztactl():
    path = built("ZTA_CTL", "ztactl")
    if not path:
        raise FileNotFoundError("no build/*/ztactl: run make, or set ZTA_CTL")
    return _reachable(path)


@functools.lru_cache(maxsize=None)
def _reachable(path):
    """The program where any user can run it: a checkout may lie in a home that is closed."""
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in pathlib.Path(path).resolve().parents):
        return path
    directory = tempfile.mkdtemp(prefix="zta-ctl-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    os.chmod(directory, 0o755)
    return shutil.copy(path, directory)


class Store:
    """A store directory; init() creates it, run() and json() work on it."""

    def __init__(self, directory):
        self.directory = directory

    def init(self, *arguments):
        return self.run("store", "init", "--owner", USERS.owner, "--group", USERS.group,
                        "--httpd", USERS.httpd, *arguments)

    def run(self, *arguments, code=0, data=None, timeout=60, user=None, env=None, cwd=None):
        """Runs `ztactl --store DIR arguments`; code is the expected exit code, a set of them, or
        None for any. Returns the CompletedProcess (text)."""
        done = subprocess.run([ztactl(), "--store", self.directory, *map(str, arguments)],
                              input=data, capture_output=True, text=True, timeout=timeout,
                              user=user, env=_environment(env), check=False, cwd=cwd,
                              stdin=subprocess.DEVNULL if data is None else None)
        leaks.ran(arguments, done.stdout, done.stderr)
        expected = {code} if isinstance(code, int) else code
        if expected is not None and done.returncode not in expected:
            raise CtlError(done, code)
        return done

    def start(self, *arguments, env=None):
        """Starts a command that goes on (events --follow); the caller ends it by its pid."""
        return subprocess.Popen([ztactl(), "--store", self.directory, *map(str, arguments)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=_environment(env))

    def json(self, *arguments, **options):
        """run() with --json, parsed: one document, or a list when there is one per line."""
        return parse(self.run(*arguments, "--json", **options).stdout)

    def policy_path(self, name="data.mdb"):
        return os.path.join(self.directory, "policy", name)

    def state_path(self, name="data.mdb"):
        return os.path.join(self.directory, "state", name)


def parse(text):
    """JSON as ztactl prints it: a single document or lines of them."""
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _environment(extra):
    env = {k: v for k, v in os.environ.items() if k != "ZTA_STORE"}
    env.update({"LC_ALL": "C.UTF-8", "TZ": "UTC"}, **(extra or {}))
    return env
