# SPDX-License-Identifier: Apache-2.0
"""What is only monitored changes not a byte, in either direction, at every level: stage, feature,
rule, limit and both live commands. Each case is sent three times to one server: with that level out
of the way, with it monitored, and with it enforced. The first two must be alike to the byte, and
the second recorded as what the third refuses.

What differs between any two requests is made alike first: httpd's Date, and from stage 1 on the
random id of a request and the count that a RateLimit field gives of an enforced limit."""

import os
import re
import time
from dataclasses import dataclass

import pytest

from support import mmdb
from support.client import request_bytes
from support.dpop import Prover
from support.local import wait_for

GERMAN, OUTCAST, FAILING = "198.51.100.7", "198.51.100.99", "203.0.113.9"
ALLOW = """allow staff
  when not path /*/unruled/** /*/scoped/** /*/granted/**
  need credential token apikey
"""
RULES = {
    "scoped": "allow scoped\n  when path /*/scoped/**\n  need scope admin\n",
    "granted": "allow granted\n  when path /*/granted/**\n  need scope read\n",
    "secret": "deny secret\n  when path /*/secret/**\n",
    "agents": "deny agents\n  when path /*/agents/**\n  when user-agent *evil*\n",
    "clerk": "require clerk\n  when path /*/clerk/**\n  need role clerk\n",
    "slow": "require slow\n  when path /*/slow/**\n  need role clerk\n  else throttle 1/h\n",
    "few": "limit few\n  when path /*/few/**\n  key all\n  rate 1/h\n",
    "each": "limit each\n  when path /*/each/**\n  key subject\n  rate 1/h\n",
    "swiss": "require swiss\n  when path /*/swiss/**\n  need country CH\n",
    "office": "require office\n  when path /*/office/**\n  need network 192.0.2.0/24\n",
    "known": "require known\n  when path /*/known/**\n  need device known\n",
    "usual": "require usual\n  when path /*/usual/**\n  need behaviour usual-network\n",
}
# On every answer of an enforced limit; no other limit may speak in its place.
WIDE = "limit wide\n  when path /*/wide/**\n  key all\n  rate 100000/h\n"


def all_rules(mode=None):
    """Those of ALLOW and WIDE always, the others as they are, of this mode, or with "" not at all."""
    start = (time.gmtime().tm_hour + 6) % 24
    hours = (f"require open\n  when path /*/open/**\n"
             f"  need hours Mon-Sun {start:02}:00-{start:02}:30 UTC\n")
    others = [] if mode == "" else [*RULES.values(), hours]
    return ALLOW + WIDE + "".join(rule + (f"  mode {mode}\n" if mode else "") for rule in others)


@dataclass
class Case:
    """A raw request and what monitoring says of it (outcome, reason, rule); None: nothing."""
    path: str
    octets: bytes
    said: tuple = None


class Sender:
    """Makes the cases of one gateway; every one has a path of its own, by which it is found."""

    def __init__(self, z):
        self.z = z
        self.count = 0
        issuer = z.issuer
        self.good = [("Authorization", f"Bearer {issuer.token({'scope': 'read'})}")]
        self.key = [("X-Api-Key", z.json("keys", "create", "--name", "robot")["key"])]
        self.bad = [("Authorization", "Bearer a.b.c")]
        self.forged = [("Authorization", f"Bearer {issuer.token(signature=bytes(256))}")]
        self.expired = [("Authorization", f"Bearer {issuer.token({'exp': 1000})}")]
        self.revoked = [("Authorization", f"Bearer {issuer.token({'sub': 'mallory'})}")]
        self.blocked = [("Authorization", f"Bearer {issuer.token({'sub': 'eve'})}")]
        z.ctl("revoke", "--subject", "mallory@corp", "--reason", "test", "--yes")
        for who in ("eve@corp", OUTCAST):
            z.ctl("block", who, "--for", "1h", "--reason", "test", "--yes")

    def case(self, area, headers=(), said=None, method="GET", body=None, query="",
             address=GERMAN):
        self.count += 1
        path = f"/{area}/{self.count}"
        fields = [*headers, ("X-Forwarded-For", address), ("Connection", "close")]
        return Case(path, request_bytes(method, path + query, fields, body), said)

    def shapes(self, place):
        """Requests of many kinds, of which only the bytes count."""
        preflight = [("Origin", "https://a.test"), ("Access-Control-Request-Method", "PUT")]
        hostile = [("User-Agent", '"}\xff\xfe%0d%0a\\x1b'), ("Referer", "x" * 4000),
                   ("Cookie", "a=\"b; c"), ("X-Odd", "\tx \x80"), ("Origin", "null")]
        plain = f"{place}/any"
        for credential in ([], self.good):
            yield self.case(plain, credential, method="HEAD")
            yield self.case(plain, credential, method="POST", body=b"a \0 body")
            yield self.case(plain, [*credential, *hostile])
            yield self.case(f"{place}/wide", credential)
        yield self.case(plain, self.good, method="PUT", body="b" * 100000)
        yield self.case(plain, self.good, method="POST", body="")
        yield self.case(plain, [*self.good, ("Expect", "100-continue")], method="POST", body="x")
        yield self.case(plain, [("User-Agent", "\x1b[31m")])  # httpd itself refuses it
        yield self.case(plain, preflight, method="OPTIONS")
        yield self.case(plain, [*self.good, *self.good])
        yield self.case(plain, self.key)
        yield self.case(plain, [("Authorization", "Basic YTpi")])
        yield self.case(plain, [("X-Request-Id", "mine"), ("Connection", "X-Odd, X-Request-Id")])
        yield self.case(plain, self.good, query="?access_token=x&y=%00")
        yield self.case(f"{place}/status/404", self.good)
        yield self.case(f"{place}/set", self.good,
                        query="?X-ZTA-Id=own&RateLimit=own&WWW-Authenticate=Basic&Vary=Accept")
        yield self.case(f"{place}/secret/clerk/swiss/open", self.good, method="DELETE")

    def credentials(self, place):
        area = f"{place}/any"
        return [self.case(area, [], ("challenge", "no_credential", "")),
                self.case(area, self.bad, ("challenge", "bad_credential", "")),
                self.case(area, self.expired, ("challenge", "expired_credential", "")),
                self.case(area, self.revoked, ("challenge", "revoked", "")),
                self.case(area, self.blocked, ("deny", "blocked", "")),
                self.case(area, self.good, ("deny", "blocked", ""), address=OUTCAST)]

    def second_is_throttled(self, place, name):
        return [self.case(f"{place}/{name}", self.good),
                self.case(f"{place}/{name}", self.good, ("throttle", "rate_limited", name))]

    def dpop(self, place):
        """Of a place that wants proofs with nonces."""
        area, prover = f"{place}/any", Prover()
        token = prover.bound(self.z.issuer)
        proved = prover.headers("GET", f"http://localhost/{area}/{self.count + 1}", token)
        said = ("challenge", "binding_failed", "")
        return [self.case(area, proved, said), self.case(area, self.good, said),
                self.case(area, [("Authorization", f"DPoP {token}")], said),
                self.case(area, [], ("challenge", "no_credential", ""))]

    def failures(self, place):
        """More failed verifications than an address has."""
        cases = [self.case(f"{place}/any", self.forged, address=FAILING) for _ in range(25)]
        cases[-1].said = ("throttle", "rate_limited", "")
        return cases

    def limits(self, place):
        return self.second_is_throttled(place, "few") + self.second_is_throttled(place, "each")

    def refused(self, place, area, reason, rule=None, **options):
        return self.case(f"{place}/{area}", self.good,
                         ("deny", reason, area if rule is None else rule), **options)

    def rules(self, place):
        return [
            self.refused(place, "secret", "rule_denied", method="POST", body="x"),
            self.refused(place, "clerk", "rule_denied", method="HEAD"),
            self.refused(place, "scoped", "insufficient_scope", ""),
            *self.second_is_throttled(place, "slow")]

    def default(self, place):
        return [self.refused(place, "unruled", "no_rule", "")]

    def device(self, place):
        return [self.refused(place, "known", "device_unknown"),
                self.case(f"{place}/agents", [*self.good, ("User-Agent", "]\xffevil\x9b")],
                          ("deny", "rule_denied", "agents"))]

    def geo(self, place):
        return [self.refused(place, "swiss", "country_denied")]

    def network(self, place):
        return [self.refused(place, "office", "network_denied", method="HEAD")]

    def time(self, place):
        return [self.refused(place, "open", "hours_denied", method="POST", body="x" * 9000)]

    def behaviour(self, place):
        return [self.refused(place, "usual", "behaviour_unusual")]

    def context(self, place):
        return [case for make in (self.device, self.geo, self.network, self.time, self.behaviour)
                for case in make(place)]

    def all_of(self, makers):
        """Cases of each place, by the makers given for it, and of every shape."""
        return [case for place, parts in makers.items() for make in (*parts, self.shapes)
                for case in make(place)]


def alike(octets):
    """Without what differs between any two requests."""
    for pattern, text in ((rb"Date: [^\r]+", b"Date: -"), (rb"\b01[0-9A-HJKMNP-TV-Z]{24}\b", b"ID"),
                          (rb"urn:uuid:[0-9a-f-]{36}", b"UUID"),
                          (rb"\b00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b", b"TRACE"),
                          (rb";r=\d+;t=\d+", b";r=-;t=-"), (rb"Retry-After: \d+", b"Retry-After: -")):
        octets = re.sub(pattern, text, octets)
    return octets


def exchanged(z, cases):
    """What client and API saw of each case."""
    found = []
    for case in cases:
        before = len(z.backend.requests)
        with z.httpd.client().connect() as connection:
            connection.send(case.octets)
            answer = connection.read_to_end()
        arrived = [(r.method, r.target, r.version, alike(repr(r.headers).encode()), r.body,
                    r.trailers) for r in z.backend.requests[before:]]
        found.append((alike(answer), arrived))
    return found


def status_of(exchange):
    """Of the final answer, after any interim one."""
    return int(re.findall(rb"^HTTP/1\.1 ([2-5]\d\d)", exchange[0], re.M)[0])


def made_at(identifier):
    """The time in an id (a ULID: ten characters of five bits are milliseconds)."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    milliseconds = 0
    for character in identifier[:10]:
        milliseconds = milliseconds * 32 + alphabet.index(character)
    return milliseconds / 1000


def monitored(z, cases, start):
    """What monitoring said of each case since then, as recorded."""
    paths = {c.path for c in cases}

    def look():
        events = {e["path"]: e for e in z.events("--limit", "0")
                  if e["path"] in paths and made_at(e["id"]) >= start}
        return len(events) == len(paths) and events

    events = wait_for(look, what="an event of each case")
    return {path: e["monitor"] and tuple(e["monitor"][k] or "" for k in ("outcome", "reason", "rule"))
            for path, e in events.items()}


def check(z, cases, plain, watched, start):
    """The same bytes, and a record of what would have been."""
    for case, one, other in zip(cases, plain, watched, strict=True):
        assert one == other, case.octets[:300]
    judged = [c for c in cases if c.said]
    said = monitored(z, judged, start)
    assert said == {c.path: c.said for c in judged}


def check_enforced(cases, watched, enforced):
    """So that the comparison means something: enforced, the same requests are refused."""
    for case, one, other in zip(cases, watched, enforced, strict=True):
        if case.said and case.said[0] == "allow":
            assert (status_of(one), status_of(other)) == (403, 200), case.path
        elif case.said:
            assert status_of(other) in (400, 401, 403, 429, 503) and not other[1], (case.path, other)
            assert one != other, case.path


@pytest.fixture
def gateway(zta):
    """A gateway made ready for all facts, not started."""
    def make(modules=(), **options):
        z = zta(start=False, **{"rules": all_rules(), **options}, modules=("remoteip", *modules))
        place = mmdb.write(z.httpd.path("conf", "country.mmdb"),
                           {"198.51.100.0/24": mmdb.country("DE")})
        z.global_text = ("RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n"
                         f"ZTAGeoDB {place}")
        return z
    return make


def places(texts):
    return "".join(f"<Location /{name}>\n{text}\n</Location>\n" for name, text in texts.items())


def at_each_level(z, cases, enter):
    """Sends all cases at the three levels, which enter(0..2) makes, and compares."""
    plain, watched = [], []
    for n, seen in enumerate((plain, watched)):
        enter(n)
        start = int(time.time() * 1000) / 1000
        seen += exchanged(z, cases)
    check(z, cases, plain, watched, start)
    enter(2)
    check_enforced(cases, watched, exchanged(z, cases))


def by_configuration(z, *texts):
    """An `enter` of at_each_level: the texts of the virtual host, one after the other."""
    def enter(n):
        z.vhost_text = texts[n]
        if z.httpd.process is None:
            z.start()
        else:
            z.reload()
    return enter


@pytest.mark.mpm
def test_a_stage_over_none(gateway):
    z = gateway(stage=0)
    send = Sender(z)
    cases = send.all_of({
        "00": (send.dpop, send.failures), "01": (send.credentials, send.limits),
        "02": (send.credentials, send.rules), "03": (send.default, send.rules, send.context)})
    # Paths of more than one reading are refused in a virtual host that enforces anything.
    for path in ("/01/a;b=c/d", "/02/x/..;/y", "/03/%c0%ae/y"):
        cases.append(Case(path, request_bytes("GET", path, [("Connection", "close")]),
                          ("deny", "bad_request", "")))
    proofs = "ZTADPoP required nonce\n"
    at_each_level(z, cases, by_configuration(z, places({"00": proofs}), *(
        places({"00": f"{proofs}{word} 1", **{f"0{n}": f"{word} {n}" for n in (1, 2, 3)}})
        for word in ("ZTAMonitor", "ZTAStage"))))


def test_a_stage_over_another(gateway):
    z = gateway()
    send = Sender(z)
    cases = send.all_of({"12": (send.default, send.rules), "13": (send.rules, send.context),
                         "23": (send.context,)})
    levels = ((1, 2), (1, 3), (2, 3))
    at_each_level(z, cases, by_configuration(z, *(
        places({f"{low}{high}": text.format(low, high) for low, high in levels})
        for text in ("ZTAStage {0}", "ZTAStage {0}\nZTAMonitor {1}", "ZTAStage {1}"))))


@pytest.mark.mpm
def test_a_feature(gateway):
    z = gateway(stage=3)
    send = Sender(z)
    makers = {"rules": (send.default, send.rules, send.context), "ratelimit": (send.limits,),
              "device": (send.device,), "network": (send.network,), "geo": (send.geo,),
              "time": (send.time,), "behaviour": (send.behaviour,)}
    at_each_level(z, send.all_of(makers), by_configuration(z, *(
        places({name: f"ZTAFeature {name}={mode}" for name in makers})
        for mode in ("off", "monitor", "enforce"))))


def of_rules(send):
    """Cases for rules of which each is out of the way, monitored, enforced."""
    granted = send.case("m/granted", send.good, ("allow", "ok", "granted"))
    return [granted, *send.all_of({"m": (send.rules, send.context, send.limits)})]


@pytest.mark.mpm
def test_a_rule(gateway):
    z = gateway(stage=3)
    cases = of_rules(Sender(z))

    def enter(n):
        z.rules = all_rules(("", "monitor", "enforce")[n])
        by_configuration(z, "", "", "")(n)
    at_each_level(z, cases, enter)


def test_rules_of_the_live_layer(gateway):
    z = gateway(stage=3)
    cases = of_rules(Sender(z))
    z.start()
    wait_for(lambda: z.json("rules", "list"), what="the rules that the server publishes")
    at_each_level(z, cases, lambda n: z.ctl(
        "rules", ("disable", "monitor", "enforce")[n], *RULES, "open", "--for", "1h", "--reason",
        "test", "--yes"))


def test_a_place_that_is_stepped_back(gateway):
    """To stage 1: credentials, blocks and limits stay, so it is compared with such a place."""
    z = gateway(stage=1)
    send = Sender(z)
    cases = send.all_of({"m": (send.default, send.rules, send.context)})

    def enter(n):
        if n < 2:
            by_configuration(z, "", places({"m": "ZTAStage 3"}))(n)
        if n == 1:
            wait_for(lambda: any(p["path"] == "/m" for p in z.json("status")["locations"]),
                     what="the places that the server publishes")
        if n > 0:
            ends = ("--for", "1h") if n == 1 else ()
            z.ctl("mode", ("monitor", "enforce")[n - 1], "--location", "/m", "--reason", "test",
                  "--yes", *ends)
    at_each_level(z, cases, enter)


def test_over_http2(gateway):
    z = gateway(stage=3, tls=True)
    if not z.httpd.has_h2:
        pytest.skip("prefork has no HTTP/2")
    token = z.issuer.token()
    requests = [("GET", "/geo/swiss", token, None), ("HEAD", "/geo/swiss/x", token, None),
                ("POST", "/time/open", token, b"a body"), ("GET", "/rules/unruled", token, None),
                ("GET", "/ratelimit/few", token, None), ("GET", "/ratelimit/few", token, None),
                ("GET", "/rules/secret", None, None), ("OPTIONS", "/rules/secret", token, None)]
    seen = []
    for n, mode in enumerate(("off", "monitor", "enforce")):
        names = ("geo", "time", "rules", "ratelimit")
        by_configuration(z, *[places({f: f"ZTAFeature {f}={mode}" for f in names})] * 3)(n)
        seen.append([])
        for method, path, credential, body in requests:
            z.backend.clear()
            # mod_http2 resets a stream that is answered before its body came: curl may take offence.
            answer = z.h2(path, token=credential, method=method, body=body if n < 2 else None,
                          headers={"Host": "localhost", "X-Forwarded-For": GERMAN})
            head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers
                           if name != "date")
            arrived = [(r.method, r.target, r.headers, r.body) for r in z.backend.requests]
            seen[-1].append((answer.status, alike(head.encode()), alike(answer.body),
                             alike(repr(arrived).encode())))
    assert seen[0] == seen[1]
    assert [s[0] for s in seen[1]] == [200] * 6 + [401, 200]
    assert [s[0] for s in seen[2]] == [403] * 4 + [200, 429, 401, 403]
    reasons = {"country_denied", "hours_denied", "no_rule", "rate_limited", "rule_denied"}
    wait_for(lambda: reasons <= {e["monitor"]["reason"] for e in z.events("--limit", "0")
                                 if e["monitor"]}, what="what monitoring says")


def test_more_rewrites_than_are_judged(gateway):
    """Enforced they are refused; a server that only monitors follows them all."""
    z = gateway(stage=0, modules=("rewrite",), proxy=None)
    hops = 9
    # httpd calls the ETag of a file weak within the second in which it was written.
    os.utime(z.httpd.write(f"htdocs/hops/{hops}", "the end"), (0, 0))
    chain = "".join(f"RewriteRule ^{n}$ {n + 1} [L]\n" for n in range(hops))
    text = (f"<Directory {z.httpd.path('htdocs', 'hops')}>\nRewriteEngine on\n"
            f"RewriteBase /hops/\n{chain}</Directory>\n")
    send = Sender(z)
    case = send.case("any", send.good)
    case.path = "/hops/0"
    case.octets = case.octets.replace(b"/any/1", b"/hops/0")
    case.said = ("deny", "store_unavailable", "")
    at_each_level(z, [case], by_configuration(z, *(f"{text}{level}" for level in (
        "", "ZTAMonitor 1", "ZTAStage 1"))))
