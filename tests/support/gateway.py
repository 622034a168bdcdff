# SPDX-License-Identifier: Apache-2.0
"""mod_zta in front of a back end: store, issuer keys, rules and httpd put together."""

import os

from support import logschema
from support.httpd import Httpd
from support.issuer import Issuer
from support.local import USERS
from support.store import Store


class Gateway:
    """Attributes httpd, store, issuer, backend, stage, rules; texts may be changed until start().

    stage, accept, credentials   the vhost's ZTAStage, ZTAAccept, ZTACredentials; None leaves
                                 the directive out
    rules                        text of the rules file; None: no ZTARules
    issuer_text                  further lines of <ZTAIssuer corp>
    keys                         ZTAKeys of corp; None: the file of its issuer, False: no such line
    global_text, vhost_text      appended to what this class writes
    proxy                        ProxyPass options for /, None leaves the proxy to vhost_text
    has_log                      both forms of the decision log are written, and held against their
                                 schemas at the end; not where global_text has a ZTALog of its own
    Other options go to Httpd."""

    def __init__(self, pki, backend, stage=1, rules=None, accept="corp local",
                 credentials="header apikey:X-Api-Key", issuer_text="", keys=None,
                 global_text="", vhost_text="", proxy="retry=0", shared_memory="16M", has_log=True,
                 **options):
        self.backend = backend
        self.stage = stage
        self.rules = rules
        self.accept = accept
        self.credentials = credentials
        self.issuer_text = issuer_text
        self.keys = keys
        self.global_text = global_text
        self.vhost_text = vhost_text
        self.proxy = proxy
        self.shared_memory = shared_memory
        self.has_log = has_log
        options.setdefault("load_zta", True)
        self.httpd = Httpd(pki, group=USERS.group, **options)
        self.store = Store(self.httpd.path("store"))
        self.issuer = Issuer(self.httpd.path("conf"))
        self.rules_path = self.httpd.path("conf", "rules.zta")
        self._logs = {form: self.httpd.path("logs", f"decisions.{form}") for form in ("ecs", "ocsf")}
        self.httpd.at_end.append(self._check_logs)

    @property
    def root(self):
        return self.httpd.root

    def _global(self):
        lines = [f"ZTAStore {self.store.directory}", f"ZTASharedMemory {self.shared_memory}"]
        if self.rules is not None:
            lines.append(f"ZTARules {self.rules_path}")
        lines += [f'<ZTAIssuer corp "{self.issuer.url}">', f"ZTAAudience {self.issuer.audience}",
                  "" if self.keys is False else
                  f"ZTAKeys {self.keys or 'file:' + self.issuer.path}",
                  "ZTAAlgorithms RS256 PS256 ES256 ES384 ES512 EdDSA", self.issuer_text,
                  "</ZTAIssuer>", self.global_text]
        if self.has_log and "ZTALog " not in self.global_text:
            lines += [f"ZTALog {path} format={form}" for form, path in self._logs.items()]
            # On a machine that is too busy the last lines are given up, and told.
            self.httpd.allow_log("ZTA0141")
        return "\n".join(line for line in lines if line)

    def _vhost(self):
        settings = (("ZTAStage", self.stage), ("ZTAAccept", self.accept),
                    ("ZTACredentials", self.credentials))
        lines = [f"{name} {value}" for name, value in settings if value is not None]
        if self.proxy is not None:
            lines.append(f"ProxyPass / {self.backend.url}/ {self.proxy}".rstrip())
        return "\n".join([*lines, self.vhost_text])

    def _check_logs(self):
        for form, path in self._logs.items():
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    whole, _, _ = file.read().rpartition("\n")
                logschema.check_new(filter(None, whole.split("\n")), form)

    def configure(self):
        """Writes the rules and gives httpd the texts as the attributes now say."""
        if self.rules is not None:
            self.write_rules(self.rules)
        self.httpd.global_text = self._global()
        self.httpd.vhost_text = self._vhost()

    def write_rules(self, text):
        self.rules = text
        return self.httpd.write("conf/rules.zta", text)

    def init_store(self, *arguments):
        return self.store.init(*arguments)

    def start(self):
        self.configure()
        self.httpd.start()
        return self

    def reload(self, **options):
        """Graceful restart with the attributes as they now are."""
        self.configure()
        return self.httpd.graceful(**options)

    def restart(self):
        self.configure()
        return self.httpd.restart_full()

    def configtest(self, global_text="", vhost_text=""):
        """(exit code, output) with these texts appended to the global part and the vhost."""
        self.configure()
        return self.httpd.configtest(f"{self.httpd.global_text}\n{global_text}",
                                     f"{self.httpd.vhost_text}\n{vhost_text}")

    def request(self, method, target, token=None, key=None, headers=(), **options):
        """One request with an access token or an API key; options as for Httpd.request."""
        return self.httpd.request(method, target, credentials(token, key, headers), **options)

    def get(self, target, token=None, key=None, headers=(), **options):
        return self.request("GET", target, token, key, headers, **options)

    def h2(self, target, token=None, key=None, headers=(), **options):
        """One HTTP/2 request; options as for Httpd.h2."""
        return self.httpd.h2(target, credentials(token, key, headers), **options)

    def ctl(self, *arguments, **options):
        """ztactl on this store: Store.run."""
        return self.store.run(*arguments, **options)

    def json(self, *arguments, **options):
        """ztactl --json on this store, parsed: Store.json."""
        return self.store.json(*arguments, **options)

    def events(self, *arguments):
        """The recorded events, as `ztactl events --json` lists them."""
        return self.json("events", *arguments)


def credentials(token=None, key=None, headers=()):
    """Headers as a list with the token as Bearer and the key as X-Api-Key in front."""
    fields = list(headers.items()) if isinstance(headers, dict) else list(headers or ())
    if key is not None:
        fields.insert(0, ("X-Api-Key", key))
    if token is not None:
        fields.insert(0, ("Authorization", f"Bearer {token}"))
    return fields
