# SPDX-License-Identifier: Apache-2.0
"""README's second part as a newcomer would follow it: its commands and files, on a private httpd.

Paths and ports are replaced; what would change the machine (adduser, a2enmod, systemctl) is stood in
for by small scripts that do the same below one directory."""

import os
import re
import subprocess

import pytest

from support.httpd import Httpd, sanitizer_environment
from support.issuer import Issuer
from support.local import ROOT, USERS, built, wait_for
from support.store import Store, ztactl

_SECTION = "## In front of your API"
_SYSTEM_MODULE = "/usr/lib/apache2/modules/mod_zta.so"


def _blocks():
    """(file or None, language, text) of each fenced block of the section, in order.

    A block of a file stands right below a line that ends in the file's path in backticks."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        section = file.read().split(f"\n{_SECTION}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"([^\n]*)\n+```(\w+)\n(.*?)^```$", section, re.M | re.S)
    assert found
    for before, language, text in found:
        path = re.search(r"`(/etc/[^`]+)`:?$", before)
        yield (path[1] if path and language != "sh" else None), language, text


class Machine:
    """A directory that stands for the file system, and the commands a Debian with Apache has."""

    def __init__(self, pki, api):
        # The module is loaded by what README has written, not by the harness.
        self.httpd = Httpd(pki, group=USERS.group, env=sanitizer_environment())
        self.root = self.httpd.path("system")
        self.module = self.root + _SYSTEM_MODULE
        self.store = Store(self.root + "/var/lib/zta")
        self.key = None
        self._last_id = None
        self._api = api
        for name in ("mods-available", "mods-enabled", "conf-available", "conf-enabled"):
            os.makedirs(f"{self.root}/etc/apache2/{name}")
        os.makedirs(f"{self.root}/var/lib")
        self.httpd.global_text = "\n".join(
            f"IncludeOptional {self.root}/etc/apache2/{name}"
            for name in ("mods-enabled/*.load", "mods-enabled/*.conf", "conf-enabled/*.conf"))
        self._write_commands()

    def _write_commands(self):
        """sudo, and what it runs that is not ours to run here."""
        apache = f"{self.root}/etc/apache2"
        options = " ".join([f"BUILD={os.path.dirname(built('ZTA_MODULE', 'mod_zta.so'))}",
                            f"LIBEXECDIR={os.path.dirname(self.module)}",
                            f"prefix={self.root}/usr/local", f"sysconfdir={self.root}/etc"])
        users = f"--owner {USERS.owner} --group {USERS.group} --httpd {USERS.httpd}"
        for name, text in {
            "sudo": 'exec "$@"',
            "adduser": "exit 0",
            # What is built is what is tested: nothing is built again.
            "make": f'[ "$1" = install ] || exit 0\nunset MAKEFLAGS MFLAGS MAKELEVEL\n'
                    f'exec /usr/bin/make -s -o all {options} "$@"',
            "ztactl": f'[ "$1 $2" = "store init" ] && set -- "$@" {users}\n'
                      f'ZTA_STORE={self.store.directory} exec {ztactl()} "$@"',
            "a2enmod": f'for name; do for file in {apache}/mods-available/$name.*; do\n'
                       f'[ -f "$file" ] && sed "s#{_SYSTEM_MODULE}#{self.module}#" "$file" '
                       f'> {apache}/mods-enabled/"${{file##*/}}"\ndone; done; exit 0',
            "a2enconf": f"ln -s {apache}/conf-available/$1.conf {apache}/conf-enabled/",
        }.items():
            self.httpd.write(f"bin/{name}", f"#!/bin/sh\n{text}\n", 0o755)

    def adapt(self, text):
        """The text with this machine's paths and ports, and the key that was printed."""
        text = re.sub(r"(?<![\w.])(/etc/(?:zta|apache2)|/var/lib/zta)\b", self.root + r"\1", text)
        text = text.replace("http://127.0.0.1:8080", self._api.url)
        text = text.replace("http://localhost", self.httpd.url)
        text = text.replace("https://idp.example.com/jwks.json", f"file://{self.httpd.path('jwks')}")
        return text.replace("zta_...", self.key or "zta_...")

    def put(self, path, text):
        """Writes a file, or adds to it: README shows some in two pieces."""
        path = self.root + path
        assert os.path.isdir(os.path.dirname(path)), f"README makes no directory for {path}"
        with open(path, "a", encoding="utf-8") as file:
            file.write(self.adapt(text))

    def run(self, text):
        """Runs commands, one a line, and returns what they printed."""
        return "".join(map(self._command, text.splitlines()))

    def _command(self, line):
        if line == "sudo apachectl configtest":
            code, said = self.httpd.configtest()
            assert code == 0, said
            return said
        if line == "sudo systemctl restart apache2":
            (self.httpd.restart_full if self.httpd.process else self.httpd.start)()
            return ""
        if " explain " in line:
            return self._explain(line)
        return self._shell(line)

    def _shell(self, line, is_good=True):
        path = f"{self.httpd.path('bin')}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", self.adapt(line)], cwd=ROOT, text=True, timeout=60,
                              env={**os.environ, "PATH": path}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0 or not is_good, f"{line}\n{done.stdout}"
        key = re.search(r"\bzta_\w{20,}", done.stdout)
        self.key = key[0] if key else self.key
        answered = re.search(r"^X-ZTA-Id: (\w+)", done.stdout, re.M)
        self._last_id = answered[1] if answered else self._last_id
        return done.stdout

    def _explain(self, line):
        """A person is slower than the 200 ms until a request is stored."""
        def look():
            said = self._shell(line, is_good=False)
            return said if self._last_id in said else None
        return wait_for(look, 5, f"{line} names {self._last_id}")


@pytest.fixture
def machine(servers, pki, backend):
    made = Machine(pki, backend)
    servers.add(made.httpd)
    return made


def _follow(machine):
    """Everything README says, in its order; what the commands printed."""
    output = ""
    for path, language, text in _blocks():
        if path:
            machine.put(path, text)
        elif language == "sh":
            output += machine.run(text)
    return output


def test_a_newcomer_gets_what_readme_says(machine, backend):
    issuer = Issuer(machine.httpd.path("conf"), url="https://idp.example.com",
                    audience="https://api.example.com", algs=("RS256",))
    os.replace(issuer.path, machine.httpd.path("jwks"))
    output = _follow(machine)
    assert re.findall(r"^HTTP/1.1 (\d+)", output, re.M) == ["401", "200", "401"]
    assert backend.last.target == "/orders/1"
    assert backend.last.header("X-ZTA-Subject") == "first"
    assert "revoked" in output
    token = issuer.token({"scope": "orders:read"})
    good = {"Authorization": f"Bearer {token}"}
    assert machine.httpd.get("/api/orders/1", good).status == 200
    assert machine.httpd.request("PUT", "/api/orders/1", good).status == 403
    assert machine.httpd.get("/elsewhere").status == 404


def test_installed_files_are_those_of_conf(machine):
    machine.run("sudo make install")
    for name in ("zta.load", "zta.conf"):
        with open(os.path.join(ROOT, "conf", name), "rb") as file:
            wanted = file.read()
        with open(f"{machine.root}/etc/apache2/mods-available/{name}", "rb") as file:
            assert file.read() == wanted
    assert os.path.exists(machine.module)
    assert os.access(f"{machine.root}/usr/local/sbin/ztactl", os.X_OK)
    for name in os.listdir(os.path.join(ROOT, "docs", "man")):
        assert os.path.isfile(f"{machine.root}/usr/local/share/man/man{name[-1]}/{name}")


def test_examples_of_rules_are_accepted():
    """Each example file of conf/rules is a good set of its own."""
    folder = os.path.join(ROOT, "conf", "rules")
    names = sorted(os.listdir(folder))
    assert names
    for name in names:
        subprocess.run([ztactl(), "rules", "check", os.path.join(folder, name)], check=True,
                       stdin=subprocess.DEVNULL)
