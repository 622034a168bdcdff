# SPDX-License-Identifier: Apache-2.0
"""The life of the Debian packages in a clean Debian: built twice, looked at, installed, used, upgraded
and purged. Each case goes on where the one before it ended; the first that fails ends the run."""

import glob
import hashlib
import json
import os
import re
import subprocess

import pytest

from booted import Booted
from cleanroot import CleanRoot, as_root, run
from support.backend import Backend
from support.client import Client
from support.local import ROOT, free_port, wait_for

_BUILD = os.environ["ZTA_PACKAGE_BUILD"]
_PACKAGES = ("libapache2-mod-zta", "ztactl")
_API_CONF = "etc/apache2/conf-available/zta-api.conf"
_RULES = "etc/zta/rules/api.zta"
_MODULE_CONF = "etc/apache2/mods-available/zta.conf"
_LOG = "var/log/zta/decisions.json"
_PIPED = "var/log/zta/piped"
# What the administrator adds to a file of the package.
_EDITED = f'ZTALog /{_LOG}\nZTALog "|$cat >>/{_PIPED}"\n'
_DOCS = "usr/share/doc/libapache2-mod-zta"
_DROP_IN = "/etc/systemd/system/apache2.service.d"


def make_deb(folder, **environment):
    """What `make deb` left in that folder of the build, the archives for debuggers too."""
    run("make", "deb", f"BUILD_ROOT={_BUILD}/{folder}", cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": "", **environment})
    found = sorted(glob.glob(f"{_BUILD}/{folder}/deb/*.deb"))
    assert len(found) == 2 * len(_PACKAGES)
    return found


def shown_in_readme(path):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        return re.search(rf"`/{path}`:\n+```\w+\n(.*?)^```$", file.read(), re.M | re.S)[1]


class Machine(CleanRoot):
    """The clean Debian as an administrator has it who runs Apache, and what is tried on it."""

    def __init__(self):
        super().__init__(f"{_BUILD}/machine", ("apache2", "logrotate", "systemd", "tzdata"))
        self.port = free_port()
        self.client = Client(self.port)
        self.key = None
        self.files_before = self.accounts_before = None

    def ready(self):
        super().ready()
        self.write("etc/apache2/ports.conf", f"Listen 127.0.0.1:{self.port}\n")
        self.write("etc/apache2/conf-available/name.conf", "ServerName localhost\n")
        self.run("a2enconf", "-q", "name")
        self.run("a2enmod", "-q", "proxy_http")
        self.files_before = self.files()
        self.accounts_before = self.accounts()

    def offer(self, *packages):
        """A repository in the machine that has these packages."""
        for package in packages:
            run(*as_root("install", "-D", "-t", f"{self.path}/opt/repository", package))
        repository = f"{self.path}/opt/repository"
        listed = subprocess.run(["dpkg-scanpackages", "--multiversion", "."], cwd=repository, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        self.write("opt/repository/Packages", listed)
        self.write("etc/apt/sources.list.d/local.list", "deb [trusted=yes] file:/opt/repository ./\n")
        self.apt("update")

    def install(self, *options):
        self.apt("install", "--no-install-recommends", *options, "libapache2-mod-zta")

    def status(self, key=None):
        return self.client.get("/api/orders/1", {"X-Api-Key": key} if key else {}).status

    def is_serving(self):
        try:
            return (self.status(self.key), self.status()) == (200, 401)
        except OSError:
            return False

    def ztactl(self, *arguments):
        return json.loads(self.run("ztactl", *arguments, "--json"))


@pytest.fixture(scope="session")
def machine():
    made = Machine()
    made.begin()
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def packages(machine):
    """Built while the machine is made."""
    return make_deb("first")


@pytest.fixture(scope="session")
def backend():
    made = Backend()
    yield made
    made.stop()


def test_lintian_finds_nothing(packages):
    said = run("lintian", "--fail-on", "error,warning", *packages)
    assert not re.search("^[EW]: ", said, re.M), said


def test_a_second_build_is_the_same_to_the_byte(packages):
    again = make_deb("again", TZ="Asia/Tokyo", LC_ALL="C", LANG="de_DE.UTF-8", USER="somebody")
    for one, other in zip(packages, again):
        with open(one, "rb") as first, open(other, "rb") as second:
            assert hashlib.sha256(first.read()).digest() == hashlib.sha256(second.read()).digest(), one


def test_installing_makes_users_and_store_and_changes_no_request(machine, packages):
    machine.ready()
    machine.offer(*(path for path in packages if "dbgsym" not in path))
    machine.install()
    assert re.search(r"^zta:x:\d+:\d+:[^:]*:/var/lib/zta:/usr/sbin/nologin$", machine.accounts(), re.M)
    assert "zta" in machine.run("id", "-nG", "www-data").split()
    assert "good" in machine.run("ztactl", "store", "check", "--deep")
    owners = machine.run("stat", "-c", "%U:%G %a", "/var/lib/zta/policy/data.mdb",
                         "/var/lib/zta/state/data.mdb", "/var/log/zta")
    assert owners.splitlines() == ["zta:zta 640", "www-data:zta 640", "root:www-data 750"]
    assert not machine.exists("etc/apache2/mods-enabled/zta.load")
    for path in (f"{_DOCS}/README.md", f"{_DOCS}/docs/operations.md", f"{_DOCS}/conf/rules/api.zta",
                 "usr/share/man/man7/mod_zta.7.gz", "usr/share/man/man8/ztactl.8.gz",
                 "usr/share/man/man5/zta-rules.5.gz", "usr/share/zsh/vendor-completions/_ztactl",
                 "usr/share/bash-completion/completions/ztactl", "etc/zta/rules/README"):
        assert machine.exists(path), path
    assert "GNU Affero General Public License" in machine.read(f"{_DOCS}/copyright")
    libraries = machine.run("ldd", "/usr/sbin/ztactl")
    assert "liblmdb" in libraries and "oauth2" not in libraries


def test_a_store_that_is_missing_is_not_made_again(machine):
    machine.run("mv", "/var/lib/zta", "/var/lib/away")
    machine.install("--reinstall")
    assert not machine.exists("var/lib/zta")
    machine.run("mv", "/var/lib/away", "/var/lib/zta")


def test_the_enabled_module_alone_does_nothing(machine):
    machine.run("a2enmod", "zta")
    machine.run("apachectl", "configtest")
    machine.httpd("start")
    assert machine.client.get("/").status == 200
    machine.httpd("stop")


def test_readme_leads_to_a_protected_api(machine, backend):
    machine.write(_RULES, shown_in_readme(_RULES))
    machine.write(_API_CONF, shown_in_readme(_API_CONF).replace("http://127.0.0.1:8080", backend.url))
    machine.append(_MODULE_CONF, _EDITED)
    machine.run("a2enconf", "zta-api")
    assert "Syntax OK" in machine.run("apachectl", "configtest")
    machine.httpd("start")
    machine.key = machine.ztactl("keys", "create", "--name", "first", "--scope", "orders:read")["key"]
    assert machine.status() == 401
    assert machine.status(machine.key) == 200
    assert backend.last.header("X-ZTA-Subject") == "first"
    running = wait_for(lambda: (s := machine.ztactl("status"))["running"] and s, 10, "a heartbeat")
    assert running["separated"] is True
    spare = machine.ztactl("keys", "create", "--name", "spare", "--scope", "orders:read")["key"]
    assert machine.status(spare) == 200
    machine.run("ztactl", "revoke", "--key", "spare", "--reason", "test", "--yes")
    assert machine.status(spare) == 401


def test_the_decision_log_is_rotated(machine):
    wait_for(lambda: machine.read(_LOG).count("\n") >= 4, 10, "lines of the requests")
    machine.run("logrotate", "--force", "--state", "/tmp/rotated", "/etc/logrotate.d/mod_zta")
    assert machine.exists(f"{_LOG}.1")
    assert machine.run("stat", "-c", "%U:%G %a", f"/{_LOG}").strip() == "www-data:adm 640"
    # For up to a second lines still go to the file that was moved.
    wait_for(lambda: machine.status() == 401 and '"no_credential"' in machine.read(_LOG), 10,
             "a line in the new file")


def test_hardening_is_what_systemd_knows(machine):
    machine.run("install", "-D", "-m", "644", "-t", _DROP_IN,
                f"/{_DOCS}/examples/systemd/apache2.service.d/zta.conf")
    assert machine.run("systemd-analyze", "verify", "apache2.service") == ""
    # 9.4 without it; the threshold is in tenths.
    machine.run("systemd-analyze", "security", "--offline=true", "--threshold=30", "apache2.service")
    machine.run("rm", "-r", _DROP_IN)


def test_the_rights_that_hardening_leaves_are_enough(machine):
    """Where no systemd can be booted either: what a process may not do is known without."""
    text = machine.read(f"{_DOCS}/examples/systemd/apache2.service.d/zta.conf")
    kept = " ".join(re.findall(r"^CapabilityBoundingSet=(.*)", text, re.M)).lower().replace("cap_", "+").split()
    machine.httpd("stop")
    machine.run("rm", f"/{_PIPED}")
    machine.httpd("start", "setpriv", "--no-new-privs", f"--bounding-set=-all,{','.join(kept)}")
    bounding = re.search(r"^CapBnd:\t(\w+)$", machine.process_status(), re.M)[1]
    assert bin(int(bounding, 16)).count("1") == len(kept) == 8
    assert (machine.status(machine.key), machine.status()) == (200, 401)
    for path in (_LOG, _PIPED):
        wait_for(lambda p=path: machine.exists(p) and '"no_credential"' in machine.read(p), 10, f"a line in {path}")
    assert machine.ztactl("status")["running"] is True


def test_the_hardened_service_serves_under_a_running_systemd(machine):
    """Started, reloaded, restarted; what it may not do it cannot."""
    machine.httpd("stop")
    machine.run("rm", f"/{_LOG}", f"/{_PIPED}")
    machine.run("install", "-D", "-m", "644", "-t", _DROP_IN,
                f"/{_DOCS}/examples/systemd/apache2.service.d/zta.conf")
    with Booted(machine.path) as systemd:
        systemd.run("systemctl", "start", "apache2")
        for verb in ("reload", "restart"):
            systemd.run("systemctl", verb, "apache2")
            wait_for(machine.is_serving, 30, f"it serves after {verb}")
        main = systemd.property("apache2", "MainPID")
        said = systemd.run("cat", f"/proc/{main}/status")
        assert re.search(r"^NoNewPrivs:\t1$", said, re.M) and re.search(r"^Seccomp:\t2$", said, re.M), said
        for path in ("/usr/written", "/etc/apache2/written", "/home/written"):
            assert "Read-only" in systemd.run("nsenter", "-t", main, "-m", "touch", path, code=1), path
        for path in (_LOG, _PIPED):
            wait_for(lambda p=path: machine.exists(p) and '"no_credential"' in machine.read(p), 10,
                     f"a line in {path}")
        assert json.loads(systemd.run("ztactl", "status", "--json"))["running"] is True
        systemd.run("systemctl", "stop", "apache2")
        assert systemd.property("apache2", "Result") == "success"
    machine.run("rm", "-r", _DROP_IN)
    machine.httpd("start")


def _newer(source):
    """The packages of the same sources as a later version, with another file in /etc."""
    path = f"{source}/debian/changelog"
    with open(path, encoding="utf-8") as file:
        before = file.read()
    version = re.match(r"mod-zta \((.*)\)", before)[1] + "+later"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"mod-zta ({version}) unstable; urgency=medium\n\n  * Later.\n"
                   + before[before.index("\n -- "):] + "\n" + before)
    with open(f"{source}/conf/zta.conf", "a", encoding="utf-8") as file:
        file.write("# of the later version\n")
    run("dpkg-buildpackage", "-b", "-us", "-uc", "-nc", cwd=source, env={**os.environ, "MAKEFLAGS": ""})
    return version, [path for path in glob.glob(f"{source}/../*{version}*.deb") if "dbgsym" not in path]


def test_an_upgrade_keeps_store_rules_and_what_was_edited(machine):
    version, newer = _newer(f"{_BUILD}/first/deb/source")
    machine.offer(*newer)
    machine.install()
    for package in _PACKAGES:
        assert machine.run("dpkg-query", "-W", "-f", "${Version} ${Status}", package) == \
            f"{version} install ok installed"
    machine.httpd("stop")
    assert machine.read(_RULES) == shown_in_readme(_RULES)
    assert machine.read(_MODULE_CONF).endswith(_EDITED)
    assert machine.read(f"{_MODULE_CONF}.dpkg-dist").endswith("# of the later version\n")
    machine.httpd("start")
    assert (machine.status(machine.key), machine.status()) == (200, 401)
    assert "consistent" in machine.run("ztactl", "audit", "verify")
    machine.httpd("stop")


def test_removing_keeps_the_store(machine):
    machine.run("a2disconf", "--purge", "zta-api")
    machine.run("rm", f"/{_API_CONF}")
    machine.apt("remove", "libapache2-mod-zta")
    assert not machine.exists("etc/apache2/mods-enabled/zta.load")
    assert machine.exists("var/lib/zta/policy/data.mdb") and machine.exists(_RULES)
    assert "good" in machine.run("ztactl", "store", "check", "--deep")
    machine.httpd("start")
    machine.httpd("stop")


def test_purging_leaves_nothing(machine):
    machine.apt("purge", *_PACKAGES)
    machine.apt("autoremove", "--purge")
    machine.run("rm", "-r", "/opt/repository", "/etc/apt/sources.list.d/local.list")
    assert sorted(machine.files() ^ machine.files_before) == []
    assert machine.accounts() == machine.accounts_before
