# SPDX-License-Identifier: Apache-2.0
"""A private Apache httpd: own ports, own root, configuration built by the test."""

import os
import re
import signal
import socket
import subprocess
import time
import uuid

from support import leaks, proc
from support.client import Client, h2, tls_context
from support.local import USERS, built, free_port, make_dir, remove_dir, wait_for, write

APACHE = os.environ.get("ZTA_HTTPD", "/usr/sbin/apache2")
MODULES = os.environ.get("ZTA_HTTPD_MODULES", "/usr/lib/apache2/modules")
_BASE_MODULES = ("authz_core", "authz_host", "alias", "headers", "env", "setenvif", "dir",
                 "proxy", "proxy_http", "reqtimeout")
_TLS_MODULES = ("socache_shmcb", "ssl")
_READY = "resuming normal operations"
_LINE = re.compile(r"^\[[^\]]+\] \[([\w-]*):(\w+)\] \[pid")
_LOUD = {"warn", "error", "crit", "alert", "emerg"}
# What ztactl config check warns of as well. Cases are set up to be odd: tests of the findings ask for
# them, the others are not about them.
_FINDINGS = (r"\[zta:warn\].* ZTA01(6\d|7[0-2]): ",)
# The fixed small sizes below make httpd say that there is no room for more workers.
_SIZING = ("AH10159", "AH00484", "AH00286", "AH00287", "AH00161")
# A Debian whose packages of httpd are newer than those of OpenSSL that they were built with.
_PACKAGES = ("AH01882",)
# Logged as a notice by httpd, yet never expected of a healthy server.
_CRASH = re.compile(r"exit signal|AddressSanitizer|runtime error:")
_MARKER = "ZTA_TEST_HTTPD"


class HttpdError(AssertionError):
    """httpd did not do what it was told; the text holds its output and error log."""


def _module_so():
    return built("ZTA_MODULE", "mod_zta.so")


def _sanitizer_of(module):
    """The ASan runtime of a sanitized module, to be loaded before httpd's own libraries."""
    if os.environ.get("ZTA_PRELOAD"):
        return os.environ["ZTA_PRELOAD"]
    listing = subprocess.run(["ldd", module], capture_output=True, text=True, check=False).stdout
    found = re.search(r"lib(?:clang_rt\.)?asan\S* => (\S+)", listing)
    return found.group(1) if found else None


def sanitizer_environment():
    """What a program needs that loads a sanitized module, or is such a ztactl; else nothing."""
    runtime = _sanitizer_of(_module_so())
    # httpd's own pools are never freed at exit: leaks are looked for in the unit tests.
    options = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))
    return {"LD_PRELOAD": runtime, "ASAN_OPTIONS": options} if runtime else {}


def joined(*environments):
    """One environment of several: lists of libraries and options are appended to, the runtime of a
    sanitizer stays first."""
    env = {}
    for name, value in (item for each in environments for item in each.items()):
        is_list = name in env and name in ("LD_PRELOAD", "ASAN_OPTIONS")
        env[name] = f"{env[name]}:{value}" if is_list else value
    return env


# For a test that damages mapped files: a process dies of it as it does without a sanitizer.
CRASHES_PLAINLY = {"ASAN_OPTIONS": "handle_segv=0:handle_sigbus=0"}


class Httpd:
    """One server in one temporary directory `root`. Attributes may be changed until start(),
    or before graceful(): global_text, vhost_text, named_vhosts {server name: text}.

    pki          session certificates; needed for tls
    tls          also listen on tls_port; verify_client "none", "optional" or "require" there
    h2           offer HTTP/2 (h2 and h2c); never under prefork
    modules      names beside the base set, e.g. ("rewrite", "cache")
    load_zta     load mod_zta from ZTA_MODULE, else from build/
    children, threads   the fixed size of event and worker; prefork has `processes`
    group        Group of the children when run as root
    env          extra environment; its LD_PRELOAD and ASAN_OPTIONS come behind the harness's"""

    def __init__(self, pki=None, global_text="", vhost_text="", named_vhosts=None, tls=False,
                 verify_client="none", h2=True, modules=(), load_zta=False, mpm=None, children=2,
                 threads=16, processes=16, group=None, env=None, log_level="info"):
        self.pki = pki
        self.global_text = global_text
        self.vhost_text = vhost_text
        self.named_vhosts = dict(named_vhosts or {})
        self.has_tls = tls
        self.verify_client = verify_client
        self.mpm = mpm or os.environ.get("MPM", "event")
        self.has_h2 = h2 and self.mpm != "prefork"
        self.modules = tuple(modules)
        self.load_zta = load_zta
        self.children_wanted = children
        self.threads = threads
        self.processes = processes
        self.group = group or USERS.httpd
        self.env = dict(env or {})
        self.log_level = os.environ.get("ZTA_LOG", log_level)
        self.root = make_dir("httpd")
        for name in ("logs", "run", "htdocs", "conf"):
            os.mkdir(self.path(name), 0o755)
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self.url = f"http://127.0.0.1:{self.port}"
        self.tls_url = f"https://localhost:{self.tls_port}" if tls else None
        self.process = None
        self._marker = uuid.uuid4().hex
        self._start_offset = 0
        self._checked_offset = 0
        self._allowed = [*_SIZING, *_PACKAGES, *_FINDINGS]
        self._clients = {}
        # What else is to hold once it has ended: functions that raise AssertionError.
        self.at_end = [lambda: leaks.check_files(self.root)]

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, name, content, mode=0o644):
        """Writes a file below root and returns its absolute path."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        return write(self.path(name), content, mode)

    # ---- configuration ----

    def _modules_text(self):
        names = [f"mpm_{self.mpm}", *_BASE_MODULES, *(_TLS_MODULES if self.has_tls else ()),
                 *(("http2",) if self.has_h2 else ()), *self.modules]
        lines = [f"LoadModule {n}_module {MODULES}/mod_{n}.so" for n in dict.fromkeys(names)]
        if self.load_zta:
            module = _module_so()
            if not module:
                raise FileNotFoundError("no build/*/mod_zta.so: run make, or set ZTA_MODULE")
            lines.append(f"LoadModule zta_module {module}")
        return "\n".join(lines)

    def _mpm_text(self):
        if self.mpm == "prefork":
            n = self.processes
            return (f"StartServers {n}\nMinSpareServers {n}\nMaxSpareServers {n + 1}\n"
                    f"ServerLimit {n}\nMaxRequestWorkers {n}")
        total = self.children_wanted * self.threads
        # A dead child is replaced at once since fewer than MinSpareThreads are left, and none is
        # ended for idling; the higher limit keeps slots for a generation on its way out.
        return (f"StartServers {self.children_wanted}\nThreadsPerChild {self.threads}\n"
                f"ThreadLimit {self.threads}\nServerLimit {2 * self.children_wanted + 2}\n"
                f"MaxRequestWorkers {total}\nMinSpareThreads {total}\nMaxSpareThreads {2 * total}")

    def _vhost(self, port, name, text, is_tls):
        protocols = f"{'h2' if is_tls else 'h2c'} http/1.1" if self.has_h2 else "http/1.1"
        lines = [f"<VirtualHost 127.0.0.1:{port}>", f"ServerName {name}", f"Protocols {protocols}"]
        if is_tls:
            lines += ["SSLEngine on", f"SSLCertificateFile {self.pki.server.cert}",
                      f"SSLCertificateKeyFile {self.pki.server.key}",
                      f"SSLCACertificateFile {self.pki.ca.cert}",
                      f"SSLVerifyClient {self.verify_client}"]
        return "\n".join([*lines, text, "</VirtualHost>"])

    def config(self, global_text=None, vhost_text=None):
        """The whole configuration, with other texts than the server's own if given."""
        global_text = self.global_text if global_text is None else global_text
        vhost_text = self.vhost_text if vhost_text is None else vhost_text
        user = f"User {USERS.httpd}\nGroup {self.group}" if USERS.is_separated else ""
        listen = [(self.port, False)] + ([(self.tls_port, True)] if self.has_tls else [])
        vhosts = [("localhost", vhost_text), *self.named_vhosts.items()]
        parts = [
            f'ServerRoot "{self.root}"\nServerName localhost\nDefaultRuntimeDir run',
            "PidFile run/httpd.pid\nErrorLog logs/error.log", f"LogLevel {self.log_level}",
            self._modules_text(), user, self._mpm_text(),
            "Timeout 20\nKeepAliveTimeout 20\nMaxKeepAliveRequests 0\nGracefulShutdownTimeout 10",
            f'DocumentRoot "{self.path("htdocs")}"\n<Directory />\nAllowOverride None\n'
            "Require all denied\n</Directory>\n"
            f'<Directory "{self.path("htdocs")}">\nRequire all granted\n</Directory>',
            'LogFormat "%h \\"%r\\" %>s %P" short\nCustomLog logs/access.log short',
            "SSLSessionCache shmcb:run/ssl(512000)" if self.has_tls else "",
            *(f"Listen 127.0.0.1:{port}" for port, _ in listen), global_text,
            *(self._vhost(port, name, text, is_tls)
              for port, is_tls in listen for name, text in vhosts)]
        leaks.configured("\n".join(parts), self.root)
        return "\n".join(p for p in parts if p) + "\n"

    def _command(self, *arguments, conf="conf/httpd.conf"):
        return [APACHE, "-d", self.root, "-f", self.path(conf), *arguments]

    def _environment(self):
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC",
               _MARKER: self._marker}
        return joined(env, sanitizer_environment() if self.load_zta else {}, self.env)

    def configtest(self, global_text=None, vhost_text=None):
        """(exit code, output) of `-t` on the configuration with these texts instead."""
        self.write("conf/test.conf", self.config(global_text, vhost_text))
        done = subprocess.run(self._command("-t", conf="conf/test.conf"), text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env=self._environment())
        return done.returncode, done.stdout

    # ---- running ----

    def start(self, timeout=20):
        """Returns when every port accepts and the server says it is ready."""
        assert not self.is_running(), "already running"
        self.write("conf/httpd.conf", self.config())
        self._start_offset = self._log_size()
        with open(self.path("logs/stderr.log"), "ab") as stderr:
            self.process = subprocess.Popen(
                self._command("-DFOREGROUND"), env=self._environment(), stdin=subprocess.DEVNULL,
                stdout=stderr, stderr=stderr, start_new_session=True)
        try:
            wait_for(self._is_ready, timeout, "httpd ready")
        except AssertionError as error:
            self._kill_rest()
            raise HttpdError(f"{error}\n{self.evidence()}") from None
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"httpd exited with {self.process.returncode} at start")
        return (_READY in self.error_text() and os.path.exists(self.path("run/httpd.pid"))
                and all(_accepts(p) for p in (self.port, self.tls_port) if p))

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        """Sends a signal to the parent process."""
        self.process.send_signal(number)

    def stop(self, timeout=20):
        """SIGTERM, then waits until no process of this server is left."""
        self.close_clients()
        if self.process is None:
            return
        if self.is_running():
            self._settle()
            self.signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
            wait_for(lambda: not self.processes_left(), timeout, "end of httpd's processes")
        except (AssertionError, subprocess.TimeoutExpired):
            left = {p: proc.name(p) for p in self.processes_left()}
            raise HttpdError(f"still there after stop: {left}\n{self.evidence()}") from None
        finally:
            self._kill_rest()
            self.process = None

    def _settle(self):
        """Lets worker threads finish with connections whose answers are out already. httpd's event
        MPM itself crashes now and then when it is ended right there."""
        try:
            wait_for(lambda: not proc.has_connections({self.port, self.tls_port}), 2)
        except AssertionError:
            pass

    def restart_full(self):
        """Stop and cold start: nothing of the old processes or memory stays."""
        self.stop()
        return self.start()

    def graceful(self, check=True, wait_old=True, timeout=20):
        """SIGUSR1 with the configuration as the attributes now say, as apachectl graceful does:
        check runs configtest first. Returns when the new generation serves and, with wait_old,
        the children of the old one are gone (worker and prefork keep them while a test's own
        connection idles; those of client() are closed first)."""
        self.write("conf/httpd.conf", self.config())
        if check:
            code, output = self.configtest()
            if code:
                raise HttpdError(f"configtest: {output}")
        if wait_old:
            self._close_idle()
        return self._next_generation(signal.SIGUSR1, wait_old, timeout)

    def hangup(self, timeout=20):
        """SIGHUP: a restart that keeps the parent but ends the children at once."""
        self.write("conf/httpd.conf", self.config())
        self._close_idle()
        self._settle()
        return self._next_generation(signal.SIGHUP, True, timeout)

    def _next_generation(self, number, wait_old, timeout):
        mark, old = self.log_mark(), self.workers()
        self.signal(number)
        try:
            wait_for(lambda: not self.is_running() or _READY in self.error_text(mark), timeout,
                     "next generation")
            if not self.is_running():
                raise AssertionError("httpd ended at the restart")
            if wait_old:
                wait_for(lambda: not any(map(proc.is_alive, old)), timeout, "old children's end")
        except AssertionError as error:
            raise HttpdError(f"{error}\n{self.evidence()}") from None
        return self

    def kill9(self, is_all=True):
        """SIGKILL to every process of this server, or to the parent alone."""
        self.close_clients()
        # The pid file that stays behind makes the next start warn.
        self.allow_log("AH00098")
        if is_all:
            self._kill_rest()
        else:
            self.process.kill()
            self.process.wait()

    def _kill_rest(self):
        for _ in range(100):
            left = self.processes_left()
            if not left:
                break
            for pid in left:
                proc.kill(pid)
            time.sleep(0.01)  # those that were forked meanwhile are killed in the next round
        if self.process is not None:
            self.process.wait(10)

    def processes_left(self):
        """Every living process that stems from this server, found by session or environment."""
        return [p for p in proc.all_pids() if proc.is_alive(p) and self._is_ours(p)]

    def _is_ours(self, pid):
        found = proc.stat(pid)
        if found and self.process and found[2] == self.process.pid:
            return True
        return proc.has_environment(pid, f"{_MARKER}={self._marker}")

    def children(self):
        """The parent's direct children: workers and helper processes."""
        return proc.children_of(self.pid)

    def workers(self):
        """The children that serve requests: those that hold a listening socket."""
        inodes = proc.listening_inodes({self.port, self.tls_port})
        return [p for p in self.children() if inodes & proc.socket_inodes(p)]

    def helpers(self):
        """The children that serve no requests."""
        workers = self.workers()
        return [p for p in self.children() if p not in workers]

    # ---- clients ----

    def client(self, tls=False, certificate=None, source=None):
        """A kept Client for this server; one per combination of arguments."""
        name = (tls, certificate, source)
        if name not in self._clients:
            context = tls_context(self.pki, certificate) if tls else None
            self._clients[name] = Client(self.tls_port if tls else self.port, tls=context,
                                         source=source)
        return self._clients[name]

    def _close_idle(self):
        for client in self._clients.values():
            client.close()

    def close_clients(self):
        self._close_idle()
        self._clients.clear()

    def get(self, target, headers=(), **options):
        return self.request("GET", target, headers, **options)

    def request(self, method, target, headers=(), tls=False, certificate=None, source=None,
                **options):
        """One HTTP/1.1 request over kept-alive connections (options: body, host, fresh)."""
        return self.client(tls, certificate, source).request(method, target, headers, **options)

    def h2(self, target, headers=(), tls=True, certificate=None, **options):
        """One HTTP/2 request by curl (options: method, body, source)."""
        url = (self.tls_url if tls and self.has_tls else self.url) + target
        return h2(url, headers, pki=self.pki, client=certificate, **options)

    # ---- the error log ----

    def _log_size(self):
        try:
            return os.path.getsize(self.path("logs/error.log"))
        except FileNotFoundError:
            return 0

    def log_mark(self):
        """A position to give to error_text(), error_lines() or wait_for_log()."""
        return self._log_size()

    def error_text(self, mark=None):
        """The error log from mark, else from the last start."""
        try:
            with open(self.path("logs/error.log"), "rb") as f:
                f.seek(self._start_offset if mark is None else mark)
                return f.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def error_lines(self, mark=None):
        return self.error_text(mark).splitlines()

    def wait_for_log(self, pattern, mark=None, timeout=10):
        """Waits for a line that matches and returns the match object."""
        return wait_for(lambda: re.search(pattern, self.error_text(mark)), timeout,
                        f"log line {pattern!r}")

    def evidence(self):
        """What a failure report needs: stderr and the tail of the error log."""
        stderr = ""
        if os.path.exists(self.path("logs/stderr.log")):
            with open(self.path("logs/stderr.log"), encoding="utf-8", errors="replace") as f:
                stderr = f.read()
        return f"stderr: {stderr}\nerror log:\n{self.error_text()[-8000:]}"

    def allow_log(self, *patterns):
        """Registers regular expressions of loud lines this case expects."""
        self._allowed += patterns

    def check_log_clean(self, allow=()):
        """AssertionError when lines since the last check are at warn or above, tell of a crash,
        or are no log lines at all, and match no allowed pattern."""
        mark, self._checked_offset = self._checked_offset, self._log_size()
        patterns = [re.compile(p) for p in [*self._allowed, *allow]]
        bad = [line for line in self.error_lines(mark)
               if _is_unexpected(line) and not any(p.search(line) for p in patterns)]
        assert not bad, "unexpected in the error log:\n" + "\n".join(bad)

    def remove(self):
        """Ends what is left by force and removes the directory."""
        self.close_clients()
        self._kill_rest()
        remove_dir(self.root)


def _is_unexpected(line):
    parsed = _LINE.match(line)
    return bool(line) and (not parsed or parsed.group(2) in _LOUD or bool(_CRASH.search(line)))


def _accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
