# SPDX-License-Identifier: Apache-2.0
"""A clean Debian whose own systemd runs, as process 1 of namespaces that end with it.

Not on a machine that systemd runs itself: the two would share the tree of control groups."""

import os
import signal
import subprocess

import pytest

from cleanroot import as_root, run
from support.local import wait_for

# What systemd asks of who starts it: a root that is a mount, /proc, /run, /dev and its own hierarchy
# of control groups, with itself at the top of what it sees.
_OUTER = """
set -e
mount --make-rprivate /
mkdir -p $ROOT/run
mount --bind $ROOT $ROOT
mount -t tmpfs none $ROOT/run
mkdir $ROOT/run/groups
mount -t cgroup -o none,name=systemd none $ROOT/run/groups
mkdir -p $ROOT/run/groups/$GROUP
echo $$ > $ROOT/run/groups/$GROUP/cgroup.procs
exec unshare --cgroup --pid --fork --kill-child --uts --ipc bash -c "$INNER"
"""
_INNER = """
set -e
umount $ROOT/run/groups
rmdir $ROOT/run/groups
mount -t proc none $ROOT/proc
mount -t sysfs -o ro none $ROOT/sys
mount -t tmpfs none $ROOT/sys/fs/cgroup
mkdir $ROOT/sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd none $ROOT/sys/fs/cgroup/systemd
for folder in tmp var/tmp var/lib/systemd var/log/journal; do
    [ ! -d $ROOT/$folder ] || mount -t tmpfs none $ROOT/$folder
done
mount -t tmpfs none $ROOT/dev
for device in null zero full random urandom tty; do
    touch $ROOT/dev/$device
    mount --bind /dev/$device $ROOT/dev/$device
done
mkdir $ROOT/dev/shm $ROOT/dev/pts
mount -t tmpfs none $ROOT/dev/shm
mount -t devpts -o newinstance,ptmxmode=666 none $ROOT/dev/pts
ln -s pts/ptmx $ROOT/dev/ptmx
cd $ROOT
mkdir run/host
pivot_root . run/host
cd /
umount -l /run/host
rmdir /run/host
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system
"""


class Booted:
    """A context: systemd of the clean Debian below `path` runs in it."""

    def __init__(self, path):
        self._path = path
        self._group = f"zta-test-{os.getpid()}"
        self._process = None
        self._first = None

    def __enter__(self):
        if os.path.isdir("/run/systemd/system"):
            pytest.skip("systemd runs this machine: another one beside it would share its control groups")
        environment = [f"ROOT={self._path}", f"GROUP={self._group}", f"INNER={_INNER}"]
        self._process = subprocess.Popen(
            as_root("env", *environment, "unshare", "--mount", "bash", "-c", _OUTER), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            wait_for(self._is_up, 60, "systemd is up")
        except AssertionError:
            self.__exit__()
            pytest.skip(f"no systemd can be booted in namespaces here: {self._process.stdout.read()}")
        return self

    def _is_up(self):
        assert self._process.poll() is None, "it ended"
        self._first = self._first or self._find_first()
        return self._first and self.run("systemctl", "is-system-running", code=None).strip() in (
            "running", "degraded")

    def _find_first(self):
        """The process that is 1 inside: the last of the chain that was started."""
        process = str(self._process.pid)
        while True:
            with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
                children = file.read().split()
            with open(f"/proc/{process}/comm", encoding="ascii") as file:
                if file.read() == "systemd\n":
                    return process
            if len(children) != 1:
                return None
            process = children[0]

    def run(self, *command, code=0):
        """A command beside systemd."""
        return run(*as_root("nsenter", "-t", self._first, "-m", "-p", "-u", "-i", *command), code=code)

    def property(self, unit, name):
        return self.run("systemctl", "show", "-P", name, unit).strip()

    def __exit__(self, *unused):
        if self._first:
            run(*as_root("kill", "-KILL", self._first), code=None)
        else:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)
        # That it had not run here before it notes even so.
        run(*as_root("rm", "-f", f"{self._path}/etc/.updated", f"{self._path}/var/.updated"))
        run(*as_root("bash", "-c", "find /sys/fs/cgroup/systemd/$0 -depth -type d -exec rmdir {} + || :",
                     self._group), code=None)
