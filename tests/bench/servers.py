# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared, by name. All forward to one back end, write an access log of the
same content and offer HTTP/2 only where it is measured; they differ in who checks the token."""

import json
import os
import subprocess
import time

import small_api
from small_api import PATH
from support import mmdb
from support.gateway import Gateway
from support.httpd import Httpd
from support.introspector import Introspector
from support.local import ROOT, USERS, wait_for
from tokens import ALGS, LIFE_S, ORIGIN

# More threads in a child than connections: event closes kept-alive ones when it has none idle.
OPTIONS = {"modules": ("authn_core", "authz_user"), "threads": 48, "processes": 40, "h2": False,
           "log_level": "warn", "mpm": "event"}
_BUILD = os.path.dirname(os.environ.get("ZTA_MODULE", "")) or os.path.join(ROOT, "build", "gcc")


def program(name):
    """A program of this folder, as the Makefile builds it."""
    return os.path.join(_BUILD, "tests", "bench", name)


def printed(name):
    """The lines that such a program prints, in their parts."""
    done = subprocess.run([program(name)], check=True, capture_output=True, text=True, timeout=300)
    return [line.split("\t") for line in done.stdout.splitlines()]


def cpu_ns(pid):
    """User and system time of a process with all its threads: clock_getcpuclockid(3)."""
    return time.clock_gettime_ns((~pid << 3) | 2)


class Server:
    """Processes whose CPU time counts: `workers` serve, `helpers` do not."""

    workers = ()
    helpers = ()

    def cpu_us(self):
        return sum(map(cpu_ns, self.workers)) / 1000

    def helper_us(self):
        return sum(map(cpu_ns, self.helpers)) / 1000

    def helper_is_idle(self, patience_s=20):
        """Waits until the helper has stored what was sent, so that its time is complete."""
        deadline = time.monotonic() + patience_s
        quiet = 0
        while self.helpers and quiet < 2 and time.monotonic() < deadline:
            before = self.helper_us()
            time.sleep(0.13)  # longer than between two commits
            quiet = quiet + 1 if self.helper_us() - before < 1500 else 0


class Apache(Server):
    """A private httpd; `is_open`: it lets everything in."""

    def __init__(self, httpd, is_open=False):
        self.httpd = httpd
        self.is_open = is_open

    @property
    def url(self):
        return self.httpd.url

    def start(self):
        self.httpd.start()
        self.settle()

    def settle(self):
        """Notes the processes whose time counts; they stay the same while a server lives."""
        self.workers = [self.httpd.pid, *self.httpd.workers()]
        self.helpers = self.httpd.helpers()

    def check_processes(self):
        """AssertionError when a process ended or came, whose time would then be missing."""
        assert {self.httpd.pid, *self.httpd.children()} == {*self.workers, *self.helpers}, \
            "a process of a server ended or came"

    def ask(self, path, fields=()):
        return self.httpd.get(path, fields)

    def dropped(self):
        """Events that were lost since nobody could keep up; only mod_zta has any."""
        return 0

    def stop(self):
        self.httpd.stop()
        self.httpd.check_log_clean()

    def remove(self):
        self.httpd.remove()


class Zta(Apache):
    """mod_zta with its store, which `n_sessions` are put into; the subject "revoked" is."""

    def __init__(self, gateway, n_sessions=0):
        super().__init__(gateway.httpd)
        self.gateway = gateway
        self.n_sessions = n_sessions
        self.session_bytes = None

    def start(self):
        self.gateway.init_store()
        self.fill()
        self.gateway.start()
        self.gateway.ctl("revoke", "--subject", "revoked@corp", "--reason", "bench", "--yes")
        self.settle()
        # Until then not even the latest proof is taken.
        second = int(time.time())
        wait_for(lambda: int(time.time()) > second, 5, "the first second to pass")

    def fill(self):
        """What the new store holds before the server starts."""
        if self.n_sessions:
            self.session_bytes = int(self.run_filler("fill_sessions", self.n_sessions))

    def run_filler(self, name, n):
        """As httpd's user: it puts what the helper may write."""
        who = {"user": USERS.httpd, "extra_groups": [USERS.group]} if USERS.is_separated else {}
        done = subprocess.run([program(name), self.gateway.store.directory, str(n)],
                              check=True, stdout=subprocess.PIPE, text=True, **who)
        return done.stdout

    def reason(self, answer):
        """Why it answered so, from the books."""
        name = answer.header("X-ZTA-Id")
        done = wait_for(lambda: self._explained(name), 10, f"decision {name}")
        return json.loads(done.stdout)["reason"]

    def _explained(self, name):
        done = self.gateway.ctl("explain", name, "--json", code=None)
        return done if done.returncode == 0 else None

    def dropped(self):
        counters = self.gateway.json("status")["counters"]
        return sum(n for name, n in counters.items() if name.startswith("events_dropped"))


class Context(Zta):
    """mod_zta with countries, systems, an inventory of the devices that the sessions name, and what
    is usual for the subjects of most rows' tokens."""

    N_DEVICES = 100_000
    N_SUBJECTS = 1000

    def start(self):
        here = {"127.0.0.0/8": mmdb.country("CH"), "203.0.113.0/24": mmdb.country("FR")}
        systems = {"127.0.0.0/8": mmdb.asn(64500), "203.0.113.0/24": mmdb.asn(64666)}
        countries = mmdb.write(self.httpd.path("conf", "country.mmdb"), here)
        self.gateway.global_text += (
            f"\nZTAGeoDB {countries}"
            f"\nZTAAsnDB {mmdb.write(self.httpd.path('conf', 'asn.mmdb'), systems, database_type='Test-ASN')}")
        self.gateway.issuer_text += "\nZTAClaim device sid"
        super().start()
        rows = "".join(f"session-{i:07d},yes\n" for i in range(self.N_DEVICES))
        self.gateway.ctl("devices", "import", "-", "--yes", data=f"id,managed\n{rows}")

    def fill(self):
        self.run_filler("fill_baselines", self.N_SUBJECTS)


class Asking(Zta):
    """mod_zta that asks an endpoint about opaque tokens, whose time is nobody's."""

    def __init__(self, gateway):
        super().__init__(gateway)
        self._endpoint = Introspector()
        self._endpoint.default = Introspector.good(exp=int(time.time()) + LIFE_S, acr="gold",
                                                   roles=["clerk", "staff"])

    def start(self):
        secret = self.httpd.write("conf/secret", "bench\n")
        os.chmod(secret, 0o600)
        self.gateway.issuer_text += (f"\nZTAIntrospect {self._endpoint.url} client=gateway "
                                     f"secret=file:{secret}")
        self._endpoint.start()
        super().start()

    def remove(self):
        super().remove()
        self._endpoint.stop()


def back_end():
    """A second Apache that serves a tiny file; its time is nobody's. Every proxy keeps connections
    to it, and event accepts no more than a multiple of its threads."""
    httpd = Httpd(global_text="BufferedLogs On\nKeepAliveTimeout 300\nAsyncRequestWorkerFactor 40",
                  children=1, threads=64, h2=False, log_level="warn", mpm="event")
    for path in (PATH, small_api.LIMITED_PATH):
        httpd.write(f"htdocs{path}", "ok\n")
    return httpd


def _forwards(back):
    return f"ProxyPass / {back.url}/ retry=0"


def bare(back, _issuer, **options):
    """Apache alone; it refuses what it is told to."""
    text = f"""ProxyPass /denied/ !
{_forwards(back)}
<Location /denied/>
Require all denied
LogLevel authz_core:crit
</Location>"""
    return Apache(Httpd(vhost_text=text, **{**OPTIONS, **options}), is_open=True)


def zta(back, issuer, stage=2, rules=small_api.RULES, n_sessions=0, shared_memory="256M",
        **options):
    """The Gateway has an issuer of its own, with the same name and keys."""
    gateway = Gateway(None, back, stage=stage, rules=rules if stage > 1 else None,
                      shared_memory=shared_memory, issuer_text=f"ZTAClaim roles roles\nZTAAlgorithms {' '.join(ALGS)}",
                      vhost_text=f"ZTADPoP allowed\nZTAOrigin {ORIGIN}",
                      global_text="ZTAVerifyLimit 1000000/1s", **{**OPTIONS, **options})
    gateway.issuer.keys = {alg: issuer.key(alg) for alg in ALGS}
    gateway.issuer.write_jwks()
    return Zta(gateway, n_sessions)


def zta_context(back, issuer):
    return Context(zta(back, issuer, stage=3, rules=small_api.context_rules(100)).gateway)


def zta_adaptive(back, issuer):
    """Everything on: stage 4 with the circumstances of stage 3."""
    return Context(zta(back, issuer, stage=4, rules=small_api.adaptive_rules(100)).gateway)


def zta_asking(back, issuer):
    return Asking(zta(back, issuer).gateway)


def mod_oauth2(back, issuer, require="Require valid-user"):
    """Its limits on iat are seconds by default; the tokens live as long as the run."""
    keys = "\n".join(f"OAuth2TokenVerify jwk '{json.dumps(issuer.key(alg).jwk())}' verify.iat=skip"
                     for alg in ("RS256", "ES256"))
    return _peer("oauth2", vhost_text=f"""{_forwards(back)}
<Location />
AuthType oauth2
{keys}
{require}
</Location>""")


def mod_auth_openidc(back, issuer, require="Require valid-user"):
    server = _peer("auth_openidc", vhost_text=f"""{_forwards(back)}
<Location />
AuthType oauth20
{require}
</Location>""")
    key = issuer.key("RS256")
    certificate = server.httpd.write("conf/issuer.pem", key.public_pem())
    server.httpd.global_text = (f"OIDCCryptoPassphrase bench\n"
                                f"OIDCOAuthVerifyCertFiles {key.kid}#{certificate}")
    return server


def _peer(module, **options):
    httpd = Httpd(**{**OPTIONS, "modules": (*OPTIONS["modules"], module)}, **options)
    httpd.allow_log(rf"\[{module}:\w+\]")  # refused tokens are told of
    return Apache(httpd)
