# SPDX-License-Identifier: Apache-2.0
"""A directory that stands for a Debian machine with Apache: pages are followed there to the letter.

Paths and ports are replaced; what would change the real machine (adduser, a2enmod, systemctl) is stood
in for by small scripts that do the same below the directory."""

import os
import re
import subprocess

from support import leaks
from support.httpd import Httpd, joined, sanitizer_environment
from support.local import ROOT, USERS, built, free_port, wait_for
from support.store import Store, parse, ztactl

SYSTEM_MODULE = "/usr/lib/apache2/modules/mod_zta.so"
_PATHS = re.compile(r"(?<![\w.])(/etc/(?:zta|apache2|ssl)|/var/(?:lib/zta|log/zta|backups/zta))\b")
_HOST = "api.example.com"


class Machine:
    """httpd, store and commands below `root`; `key` is the API key that was printed last.

    names is what pages say, and what it is here: URLs of issuers and the like."""

    def __init__(self, pki, api, env=None, **options):
        # The module is loaded by what a page has written, not by the harness.
        self.httpd = Httpd(pki, group=USERS.group, env=joined(sanitizer_environment(), env or {}), **options)
        self.root = self.httpd.path("system")
        self.module = self.root + SYSTEM_MODULE
        self.store = Store(self.root + "/var/lib/zta")
        self.home = self.root + "/root"
        self.names = {}
        self.env = dict(env or {})
        self.key = None
        self._api = api
        self._tls_port = free_port()
        for name in ("mods-available", "mods-enabled", "conf-available", "conf-enabled",
                     "sites-available", "sites-enabled"):
            os.makedirs(f"{self.root}/etc/apache2/{name}")
        for name in ("/etc/ssl/certs", "/etc/ssl/private", "/var/lib", "/var/log/zta", "/root"):
            os.makedirs(self.root + name)
        if USERS.is_separated:
            os.chmod(self.root + "/var/log/zta", 0o777)
        self._write_certificate(pki)
        self.httpd.global_text = "\n".join(
            [f"Listen 127.0.0.1:{self._tls_port}" if options.get("tls") else ""]
            + [f"IncludeOptional {self.root}/etc/apache2/{name}"
               for name in ("mods-enabled/*.load", "mods-enabled/*.conf", "conf-enabled/*.conf",
                            "sites-enabled/*.conf")])
        self._write_commands(pki)

    def _write_certificate(self, pki):
        made = pki.issue_server(_HOST)
        for source, target in ((made.cert, f"/etc/ssl/certs/{_HOST}.pem"),
                               (made.key, f"/etc/ssl/private/{_HOST}.key")):
            os.rename(source, self.root + target)

    def _write_commands(self, pki):
        """sudo, and what it runs that is not ours to run here."""
        apache = f"{self.root}/etc/apache2"
        options = " ".join([f"BUILD={os.path.dirname(built('ZTA_MODULE', 'mod_zta.so'))}",
                            f"LIBEXECDIR={os.path.dirname(self.module)}",
                            f"prefix={self.root}/usr/local", f"sysconfdir={self.root}/etc"])
        users = f"--owner {USERS.owner} --group {USERS.group} --httpd {USERS.httpd}"
        clock = " ".join(f"{name}={value}" for name, value in self.env.items())
        # config check runs httpd, which loads the module.
        loads = " ".join(f"{name}={value}" for name, value in sanitizer_environment().items())

        def enable(kind):
            return (f"for name; do [ -f {apache}/{kind}-available/$name.conf ] || exit 1\n"
                    f"ln -sf {apache}/{kind}-available/$name.conf {apache}/{kind}-enabled/; done")
        for name, text in {
            "sudo": 'exec "$@"',
            "adduser": "exit 0",
            # What is built is what is tested: nothing is built again.
            "make": f'case $1 in install|uninstall) ;; *) exit 0;; esac\nunset MAKEFLAGS MFLAGS MAKELEVEL\n'
                    f'exec /usr/bin/make -C {ROOT} -s -o all {options} "$@"',
            "ztactl": f'[ "$1 $2" = "store init" ] && set -- "$@" {users}\n'
                      f'[ "$1 $2" = "config check" ] && set -- "$@" --conf {self.httpd.path("conf/httpd.conf")} '
                      f'&& export SHELL {loads}\n'
                      f'exec env {clock} ZTA_STORE={self.store.directory} {ztactl()} "$@"',
            "install": 'for word; do shift; case $word in -o|-g|zta) continue;; esac; set -- "$@" "$word"\n'
                       f'done; exec /usr/bin/install -o {USERS.owner} "$@"' if USERS.is_separated else
                       'for word; do shift; case $word in -o|-g|zta) continue;; esac; set -- "$@" "$word"\n'
                       'done; exec /usr/bin/install "$@"',
            "curl": f'exec /usr/bin/curl --cacert {pki.ca.cert} --connect-to '
                    f'{_HOST}:443:127.0.0.1:{self._tls_port} "$@"',
            "a2enmod": f'for name; do for file in {apache}/mods-available/$name.*; do\n'
                       f'[ -f "$file" ] && ln -sf "$file" {apache}/mods-enabled/\ndone; done; exit 0',
            "a2enconf": enable("conf"),
            "a2ensite": enable("sites"),
        }.items():
            self.httpd.write(f"bin/{name}", f"#!/bin/sh\n{text}\n", 0o755)

    def install(self):
        """What the first part of README leaves behind."""
        self.run("sudo make install\nsudo ztactl store init\nsudo mkdir -p /etc/zta/rules\nsudo a2enmod zta", ROOT)

    def adapt(self, text, is_command=False):
        """The text with this machine's paths, names and ports, and the key that was printed."""
        text = _PATHS.sub(self.root + r"\1", text)
        text = text.replace("http://127.0.0.1:8080", self._api.url)
        text = text.replace("<VirtualHost *:443>", f"<VirtualHost 127.0.0.1:{self._tls_port}>")
        text = text.replace("zta_...", self.key or "zta_...")
        if is_command:
            text = text.replace("http://localhost", self.httpd.url)
        for name, here in self.names.items():
            text = text.replace(name, here)
        return text

    def told(self, text):
        """What was printed here as it would be printed on the machine of a page."""
        for name, here in self.names.items():
            text = text.replace(here, name)
        text = text.replace(self._api.url, "http://127.0.0.1:8080").replace(self.httpd.url, "http://localhost")
        return text.replace(f":{self._tls_port}", ":443").replace(self.root, "")

    def put(self, path, text, is_more=False):
        """Writes a file, or adds to it."""
        path = self.root + path
        assert os.path.isdir(os.path.dirname(path)), f"no directory was made for {path}"
        with open(path, "a" if is_more else "w", encoding="utf-8") as file:
            file.write(self.adapt(text))
        leaks.own_file(path)

    def run(self, text, cwd=None, env=None, is_good=True):
        """Runs commands, one a line, and returns what they printed."""
        return "".join(self.command(line, cwd, env, is_good) for line in text.splitlines())

    def command(self, line, cwd=None, env=None, is_good=True):
        """One command; a restart of Apache is one of the private httpd."""
        done = {
            "sudo apachectl configtest": self._configtest,
            "sudo systemctl restart apache2": lambda: self._restart(
                self.httpd.restart_full if self.httpd.process else self.httpd.start),
            "sudo systemctl start apache2": lambda: self._restart(self.httpd.start),
            "sudo systemctl stop apache2": lambda: self.httpd.stop() or "",
            "sudo systemctl reload apache2": lambda: self._restart(self.httpd.graceful),
            "sudo apachectl graceful": lambda: self._restart(self.httpd.graceful),
        }.get(line.split("  #")[0].strip())
        return done() if done else self._shell(line, cwd, env, is_good)

    def _configtest(self):
        code, said = self.httpd.configtest()
        assert code == 0, said
        return said

    def _restart(self, restart):
        restart()
        wait_for(self._has_keys, what="keys of the issuers")
        return ""

    def _has_keys(self):
        """Every issuer that the configuration names has keys."""
        enabled = [os.path.join(self.root, "etc/apache2", folder, name) for folder in ("conf-enabled", "sites-enabled")
                   for name in os.listdir(f"{self.root}/etc/apache2/{folder}")]
        wanted = set()
        for path in enabled:
            with open(path, encoding="utf-8") as file:
                wanted |= set(re.findall(r"^<ZTA(?:Issuer|Transmitter) (\w+)", file.read(), re.M))
        done = self.ztactl("issuers", "--json")
        return not wanted or done.returncode == 0 and wanted == {
            one["name"] for one in parse(done.stdout) if one["keys"]}

    def ztactl(self, *words):
        return subprocess.run([self.httpd.path("bin/ztactl"), *words], capture_output=True, text=True,
                              check=False, timeout=60, stdin=subprocess.DEVNULL)

    def json(self, *words):
        done = self.ztactl(*words, "--json")
        assert done.returncode == 0, done.stderr
        return parse(done.stdout)

    def _shell(self, line, cwd, env, is_good):
        path = f"{self.httpd.path('bin')}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", self.adapt(line, True)], cwd=cwd or self.home, text=True, timeout=60,
            env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": self.home, "NO_COLOR": "1",
                 "COLUMNS": "120", **(env or {}), "PATH": path},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0 or not is_good, f"{line}\n{done.stdout}"
        leaks.ran(re.findall(r"(?<=ztactl )[a-z].*", line)[0].split() if "ztactl " in line else [line], done.stdout)
        key = re.search(r"\bzta_\w{20,}", done.stdout)
        self.key = key[0] if key else self.key
        return done.stdout
