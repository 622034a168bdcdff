# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared: the same httpd in front of the same back end, but for who checks
the token. None offers HTTP/2, all write the same access log and load the same other modules."""

import json
import os

from support.gateway import Gateway, credentials
from support.httpd import Httpd

PATH = "/api/orders/42"
REFUSED_PATH = "/api/admin/42"
DENIED_PATH = "/denied/42"  # bare Apache's own refusal, the measure for ours

_MODULES = ("authn_core", "authz_user")
# More threads in a child than connections: event closes kept-alive ones when it has none idle.
_OPTIONS = {"modules": _MODULES, "threads": 48, "h2": False, "log_level": "warn", "mpm": "event"}
_TICKS = os.sysconf("SC_CLK_TCK")

# Ten rules as a small API has them; for a good request to PATH two allow, one requires, one limits
# and two deny rules look closer.
RULES = """\
list    services        svc-billing svc-reports

allow   read-orders
  when  path    /api/orders/**
  when  method  GET
  need  scope   read

allow   write-orders
  when  path    /api/orders/**
  when  method  POST PUT PATCH DELETE
  need  scope   write
  need  role    orders-admin

allow   clerks
  when  path    /api/**
  need  role    clerk
  need  client  list:services web app

allow   reports
  when  path    /api/reports/**
  need  role    controller

allow   profile
  when  path    /api/users/*/profile
  need  scope   profile

deny    banned
  when  subject mallory trudy

deny    admin-from-here
  when  path    /api/admin/**
  when  not role admin

require strong-login
  when  path    /api/orders/**
  need  acr     silver gold

require certificate-or-mfa
  when  path    /api/orders/export
  need  amr     mfa
  or    binding mtls

limit   per-subject
  when  path    /api/**
  key   subject
  rate  1000000/s burst 1000000
"""


class Server:
    """A private httpd whose CPU time is read from /proc."""

    def __init__(self, name, httpd, checks=True):
        self.name = name
        self.httpd = httpd
        self.checks = checks
        self.workers = []
        self.helpers = []

    def start(self):
        self.httpd.start()
        return self.settle()

    def settle(self):
        """Notes the processes whose time counts; they stay the same while a server lives."""
        self.workers = [self.httpd.pid, *self.httpd.workers()]
        self.helpers = self.httpd.helpers()
        return self

    def cpu_us(self):
        """User and system time of the parent and the children that serve."""
        return sum(map(_cpu_us, self.workers))

    def helper_us(self):
        return sum(map(_cpu_us, self.helpers))

    def check_processes(self):
        """AssertionError when a process ended or came, whose time would then be missing."""
        now = {self.httpd.pid, *self.httpd.children()}
        assert now == {*self.workers, *self.helpers}, f"{self.name}: its processes changed"

    def status(self, path=PATH, token=None):
        return self.httpd.get(path, credentials(token)).status

    def check(self, good, forged):
        """A server that does not check would be fast: it must refuse what is to be refused."""
        wanted = {"no token": (self.status(), 401),
                  "a forged token": (self.status(token=forged), 401),
                  "a good token": (self.status(token=good), 200)}
        for what, (found, expected) in wanted.items():
            expected = expected if self.checks else 200
            assert found == expected, f"{self.name} answers {found} to {what}, not {expected}"

    def dropped(self):
        """Events that were lost since nobody could keep up; only mod_zta has any."""
        return 0

    def stop(self):
        self.httpd.stop()
        self.httpd.check_log_clean()

    def remove(self):
        self.httpd.remove()


class ZtaServer(Server):
    """mod_zta, with its store."""

    def __init__(self, name, gateway):
        super().__init__(name, gateway.httpd)
        self.gateway = gateway

    def start(self):
        self.gateway.init_store()
        self.gateway.start()
        return self.settle()

    def dropped(self):
        counters = self.gateway.json("status")["counters"]
        return sum(n for name, n in counters.items() if name.startswith("events_dropped"))


def _cpu_us(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // _TICKS


def back_end():
    """A second Apache that serves a tiny file; its time is nobody's. Every proxy keeps connections
    to it, and event accepts no more than a multiple of its threads."""
    httpd = Httpd(global_text="BufferedLogs On\nKeepAliveTimeout 300\nAsyncRequestWorkerFactor 20",
                  children=1, threads=64, h2=False, log_level="warn", mpm="event")
    for path in (PATH, REFUSED_PATH):
        httpd.write(f"htdocs{path}", "ok\n")
    return httpd


def _forwards(back):
    return f"ProxyPass / {back.url}/ retry=0"


def bare(back, issuer):
    del issuer
    text = f"""ProxyPass /denied/ !
{_forwards(back)}
<Location /denied/>
Require all denied
LogLevel authz_core:crit
</Location>"""
    return Server("bare", Httpd(vhost_text=text, **_OPTIONS), checks=False)


def _zta(back, stage):
    gateway = Gateway(None, back, stage=stage, rules=RULES if stage > 1 else None,
                      shared_memory="256M", issuer_text="ZTAClaim roles roles",
                      global_text="ZTAVerifyLimit 1000000/1s", **_OPTIONS)
    return ZtaServer(f"stage{stage}", gateway)


def stage1(back, issuer):
    del issuer  # a Gateway's own has the same name and keys
    return _zta(back, 1)


def stage2(back, issuer):
    del issuer
    return _zta(back, 2)


def mod_oauth2(back, issuer):
    jwk = json.dumps(issuer.key("RS256").jwk())
    # Its limits on iat are seconds by default; the tokens live as long as the run.
    text = f"""{_forwards(back)}
<Location />
AuthType oauth2
OAuth2TokenVerify jwk '{jwk}' verify.iat=skip
Require valid-user
</Location>"""
    return Server("mod_oauth2", _httpd_with("oauth2", vhost_text=text))


def mod_auth_openidc(back, issuer):
    key = issuer.key("RS256")
    httpd = _httpd_with("auth_openidc", vhost_text=f"""{_forwards(back)}
<Location />
AuthType oauth20
Require valid-user
</Location>""")
    certificate = httpd.write("conf/issuer.pem", key.public_pem())
    httpd.global_text = (f"OIDCCryptoPassphrase bench\n"
                         f"OIDCOAuthVerifyCertFiles {key.kid}#{certificate}")
    return Server("mod_auth_openidc", httpd)


def _httpd_with(module, **options):
    httpd = Httpd(**{**_OPTIONS, "modules": (*_MODULES, module)}, **options)
    httpd.allow_log(rf"\[{module}:\w+\]")  # the forged token of the check is told of
    return httpd
