# SPDX-License-Identifier: Apache-2.0
"""One act after the other: a request or an operator's command, what came of it, and why."""

import os
import shlex

from support.issuer import Issuer
from support.local import wait_for
from support.store import parse

_STORED_WITHIN_S = 5


class Play:
    """Counts what did not come out as told instead of ending there."""

    def __init__(self, gateway, show, check):
        """check() is called before each act and may raise."""
        self.gateway = gateway
        self.show = show
        self._check = check
        self.n_told = 0
        self.n_wrong = 0

    # ---- credentials ----

    def token(self, subject, scope="", issuer=None, **claims):
        """An access token of the issuer for a login of subject; claims update the good ones."""
        issuer = issuer or self.gateway.issuer
        return issuer.token({"sub": subject, "client_id": "shop", "scope": scope, **claims})

    def foreign_issuer(self):
        """An issuer that nobody configured."""
        return Issuer(self.gateway.httpd.path("run"), url="https://idp.other.test")

    def key(self, name, *options):
        """A new API key."""
        return self.gateway.json("keys", "create", "--name", name, *options)["key"]

    # ---- acts ----

    def ask(self, who, target, status, reason, because, method="GET", headers=(), source=None,
            token=None, key=None):
        """Sends one request, prints what happened and why, and returns its explanation.

        Where no id comes back (an open place answers as if we were not there), the explanation is
        found by the target: such a target is asked for once only."""
        self._check()
        answer = self.gateway.request(method, target, token, key, headers, tls=True, source=source)
        told = self._explain(answer, target)
        why = reasons_of(told)
        asked = target if method == "GET" else f"{method} {target}"
        self.show.row(who, asked, answer.status, told["reason"], why)
        found = answer.status, told["status"], told["reason"]
        self._expect(f"{status} {reason}", found, found == (status, status, reason))
        self._expect(f"a why with '{because}'", why, because in why)
        return told

    def order(self, *arguments):
        """Runs an operator's command and shows it as typed."""
        self._check()
        self.gateway.ctl(*arguments)
        self.show.note(f"$ ztactl {shlex.join(arguments)}")

    def measure(self, kind, target):
        """Waits until automation holds a measure of that kind against the target; its id."""
        self._check()

        def look():
            return [held for held in self.gateway.json("automation", "list")
                    if held["what"].startswith(kind) and target in held["target"]]
        held = wait_for(look, _STORED_WITHIN_S, f"a {kind} of {target}")[0]
        self.show.note(f"automation: {kind} {target}, rule {held['by']}")
        return held["id"]

    def api_got(self, header, value):
        """What the API found in a header of the last request; None: it was not there."""
        found = self.gateway.backend.last.header(header)
        self._expect(f"the API to get {header}: {value}", found, found == value)

    def note(self, text):
        self.show.note(text)

    def _explain(self, answer, target):
        """What `ztactl explain` says, as soon as the request is stored."""
        wanted = [answer.header("X-ZTA-Id")]
        if wanted == [None]:
            wanted = ["--last", f"path={target}"]

        def look():
            done = self.gateway.ctl("explain", *wanted, "--json", code={0, 1})
            return done.returncode == 0 and done
        return parse(wait_for(look, _STORED_WITHIN_S, f"ztactl explain {shlex.join(wanted)}").stdout)

    def _expect(self, told, found, is_as_told):
        self.n_told += 1
        if not is_as_told:
            self.n_wrong += 1
            self.show.wrong(f"expected {told}, found {found}")


def reasons_of(told):
    """The why of an explanation in one line: which rule or what was found, and what was missing."""
    if told["monitor"]:
        rule = told["monitor"]["rule"]
        return f"enforced, it would be {told['monitor']['reason']}{f', rule {rule}' if rule else ''}"
    word = "counted by" if told["reason"] == "rate_limited" else "missing"
    missing = f"; {word} {told['missing']}" if told["missing"] else ""
    if told["rule"]:
        kind = "limit" if told["reason"] == "rate_limited" else "rule"
        file = told["rule_file"] or ""
        place = (", live" if file.startswith("live:")
                 else f", {os.path.basename(file)}:{told['rule_line']}")
        return f"{kind} {told['rule']}{place if told['rule_file'] else ''}{missing}"
    if told["nearest"]:
        return f"rule {told['nearest']} would allow it{missing}"
    if told["reason"] == "ok":
        return _granted(told)
    return told["detail"] or told["explanation"].rstrip(".")


def _granted(told):
    """What sufficed where no rule had to be asked."""
    if told["stage"] == 0:
        return "stage 0 asks for nothing"
    if told["apikey"]:
        return f"API key {told['apikey']}"
    how = "known from the cache" if told["token_cached"] else "verified"
    return f"token of {told['subject']}@{told['issuer']}, {how}"
