# SPDX-License-Identifier: Apache-2.0
"""A minimal Debian in a folder, entered by chroot: nothing is mounted, no service runs in it."""

import os
import platform
import shutil
import signal
import subprocess

from support.local import wait_for

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8",
                "DEBIAN_FRONTEND": "noninteractive"}
_PID_FILE = "run/apache2/apache2.pid"
# What installing anything leaves: the books of apt and dpkg, their logs, what ldconfig makes, and
# the copies of the files of accounts before their last change.
_NOT_THE_PACKAGES = ("var/lib/apt", "var/lib/dpkg", "var/cache", "var/log/apt", "var/log/dpkg.log",
                     "var/log/alternatives.log", "var/log/apache2", "run", "tmp", "proc", "sys", "dev",
                     "etc/ld.so.cache", "etc/.pwd.lock", "etc/passwd-", "etc/group-", "etc/shadow-",
                     "etc/gshadow-", "etc/subuid-", "etc/subgid-")


def as_root(*command):
    """The command, through sudo where this is not root."""
    if os.geteuid() == 0:
        return [*command]
    if shutil.which("sudo"):
        return ["sudo", *command]
    raise RuntimeError("the packages are tried in a clean Debian by chroot, as root or with sudo: "
                       "this is neither")


def run(*command, code=0, **options):
    """What the command printed, both streams; AssertionError for another exit code."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    assert code is None or done.returncode == code, \
        f"{' '.join(command)}: exit {done.returncode}, expected {code}\n{done.stdout}"
    return done.stdout


class CleanRoot:
    """begin() starts to fetch and unpack, ready() waits for it; remove() ends all it was for."""

    def __init__(self, path, include):
        self.path = path
        self._include = include
        self._making = None

    def begin(self):
        suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(f"{self.path}.log", "w", encoding="utf-8") as log:
            self._making = subprocess.Popen(
                as_root("mmdebstrap", "--mode=root", "--variant=minbase",
                        f"--include={','.join(self._include)}", suite, self.path),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def ready(self):
        status = self._making.wait()
        with open(f"{self.path}.log", encoding="utf-8") as log:
            assert status == 0, f"no clean Debian could be made (chroot allowed?):\n{log.read()}"
        for name in ("resolv.conf", "hosts"):
            run(*as_root("cp", "--dereference", f"/etc/{name}", f"{self.path}/etc/{name}"))
        # As an administrator does who wants no package to start anything.
        self.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", "755")

    def run(self, *command, code=0):
        """Runs a command inside."""
        environment = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
        return run(*as_root("chroot", self.path, "env", "-i", *environment, *command), code=code)

    def apt(self, *arguments):
        """apt-get; of configuration files what was there before is kept, as on a machine with people."""
        return self.run("apt-get", "-q", "-y", "-o", "Dpkg::Options::=--force-confold", *arguments)

    def write(self, path, text, mode="644"):
        part = f"{self.path}.part"
        with open(part, "w", encoding="utf-8") as file:
            file.write(text)
        run(*as_root("install", "-D", "-m", mode, part, f"{self.path}/{path}"))
        os.unlink(part)

    def read(self, path):
        return run(*as_root("cat", f"{self.path}/{path}"))

    def append(self, path, text):
        self.write(path, self.read(path) + text)

    def exists(self, path):
        return subprocess.run(as_root("test", "-e", f"{self.path}/{path}"), check=False).returncode == 0

    def files(self):
        """Every path with its owner and mode, but for those that belong to apt and dpkg, and the
        folders that Apache notes in what was ever enabled by whom."""
        found = run(*as_root("find", self.path, "-xdev", "-path", "*/var/lib/apache2/*", "-type", "d", "-o",
                             "-printf", "%P %M %u %g %l\n"))
        return {line for line in found.splitlines()
                if not any(line.startswith((f"{name} ", f"{name}/")) for name in _NOT_THE_PACKAGES)}

    def accounts(self):
        return self.run("cat", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")

    def httpd(self, command, *wrapper):
        """apachectl start or stop, below another program if need be; what stops has stopped then."""
        before = self._httpd_pid()
        self.run(*wrapper, "apachectl", command)
        if command == "start":
            wait_for(self._httpd_pid, 30, "httpd says who it is")
        else:
            wait_for(lambda: not os.path.exists(f"/proc/{before}"), 30, "httpd ends")

    def _httpd_pid(self):
        path = f"{self.path}/{_PID_FILE}"
        return int(run(*as_root("cat", path)) or 0) if os.path.exists(path) else None

    def process_status(self):
        """What the kernel says of the server's first process."""
        with open(f"/proc/{self._httpd_pid()}/status", encoding="utf-8") as file:
            return file.read()

    def remove(self):
        """Also in the middle of what failed."""
        if self._making and self._making.poll() is None:
            self._making.send_signal(signal.SIGTERM)
            self._making.wait()
        pid = self._httpd_pid()
        if pid:
            run(*as_root("kill", str(pid)), code=None)
            wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 30, "httpd ends")
        run(*as_root("rm", "-rf", "--one-file-system", self.path))
