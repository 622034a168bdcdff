# SPDX-License-Identifier: Apache-2.0
"""What every server of a test needs from the machine: ports, directories, waiting, users."""

import os
import pwd
import grp
import random
import shutil
import socket
import tempfile
import time

from support import leaks

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Below the kernel's ephemeral range, so that no outgoing connection takes the port meanwhile.
_PORTS = range(12000, 32000)
_claims = []


def wait_for(condition, timeout=20.0, what="condition", interval=0.02):
    """Polls until condition() is true and returns its value; AssertionError after the timeout."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not met within {timeout} s")
        time.sleep(interval)


def _claim(port):
    """An abstract socket per port keeps parallel test runs apart and dies with this process."""
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        lock.bind(f"\0zta-test-port-{port}")
    except OSError:
        lock.close()
        return False
    _claims.append(lock)
    return True


def free_port():
    """A TCP port of 127.0.0.1 that no other test run was given and nobody listens on."""
    for _ in range(1000):
        port = random.SystemRandom().choice(_PORTS)
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        finally:
            probe.close()
        if _claim(port):
            return port
    raise RuntimeError("no free port")


def make_dir(name):
    """A new directory that httpd's unprivileged children can enter."""
    path = tempfile.mkdtemp(prefix=f"zta-{name}-")
    os.chmod(path, 0o755)
    parent = os.path.dirname(path)
    while os.geteuid() == 0 and parent != "/":
        if not os.stat(parent).st_mode & 0o001:
            raise RuntimeError(f"{parent} must be enterable by httpd's user: set TMPDIR")
        parent = os.path.dirname(parent)
    return path


def remove_dir(path):
    """Removes what make_dir gave, unless ZTA_KEEP is set."""
    if os.environ.get("ZTA_KEEP"):
        print(f"kept: {path}")
    else:
        shutil.rmtree(path, ignore_errors=True)


def write(path, text, mode=0o644):
    """Writes text or bytes through a rename, as an administrator's tools do."""
    data = text.encode() if isinstance(text, str) else text
    part = f"{path}.part"
    with open(part, "wb") as f:
        f.write(data)
    os.chmod(part, mode)
    os.rename(part, path)
    leaks.own_file(path)
    return path


class Users:
    """Who runs what: real separation as root, one user for everything without."""

    def __init__(self):
        self.is_separated = os.geteuid() == 0
        if self.is_separated:
            # Existing system ids; httpd joins the owner's group by its Group directive.
            self.httpd, self.owner, self.group = "www-data", "games", "games"
        else:
            self.httpd = self.owner = pwd.getpwuid(os.geteuid()).pw_name
            self.group = grp.getgrgid(os.getegid()).gr_name
        self.owner_uid = pwd.getpwnam(self.owner).pw_uid


USERS = Users()


def built(env, name):
    """The path of a built file: from the environment, else the newest below build/."""
    if os.environ.get(env):
        return os.path.abspath(os.environ[env])
    found = []
    build = os.path.join(ROOT, "build")
    if os.path.isdir(build):
        for variant in os.listdir(build):
            path = os.path.join(build, variant, name)
            if os.path.isfile(path):
                found.append(path)
    return max(found, key=os.path.getmtime, default=None)
