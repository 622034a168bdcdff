# SPDX-License-Identifier: Apache-2.0
"""What is measured: one line a row of the table, in sections whose servers run side by side."""

from dataclasses import dataclass
from functools import partial

from haproxy import haproxy, haproxy_jwt
from servers import (bare, mod_auth_openidc, mod_oauth2, zta, zta_adaptive, zta_asking,
                     zta_context)
from small_api import (DENIED_PATH, LIMITED_PATH, PATH, REFUSING, RULE_PATH, SCOPED_PATH,
                       required_claims, rules)

# name: what makes it, from the back end and the issuer
SERVERS = {
    "bare": bare,
    "bare-again": bare,
    "bare-h2": partial(bare, h2=True),
    "bare-prefork": partial(bare, mpm="prefork"),
    "stage1": partial(zta, stage=1),
    "stage2": zta,
    "refusing": partial(zta, rules=REFUSING),
    "asking": zta_asking,
    "context": zta_context,
    "adaptive": zta_adaptive,
    "oauth2-claims": partial(mod_oauth2, require=required_claims("oauth2_claim", 100)),
    "openidc-claims": partial(mod_auth_openidc, require=required_claims("claim", 100)),
    "stage2-h2": partial(zta, h2=True),
    "stage2-prefork": partial(zta, mpm="prefork"),
    "rules-100": partial(zta, rules=rules(100)),
    "rules-1000": partial(zta, rules=rules(1000)),
    "sessions-1k": partial(zta, n_sessions=1000),
    "sessions-1m": partial(zta, n_sessions=1_000_000, shared_memory="4G"),
    "sessions-1m-256m": partial(zta, n_sessions=1_000_000),
    "oauth2": mod_oauth2,
    "openidc": mod_auth_openidc,
    "haproxy": haproxy,
    "haproxy-jwt": haproxy_jwt,
}


@dataclass(frozen=True)
class Row:
    """One row: `server` is loaded at `path` with `tokens` (a kind, or none) in `order`, answers
    `status`, in mod_zta's books for `reason`; `base` is the row of the same section that it is
    measured by, `budget` the most it may cost over it in CPU µs; `warm` tokens are sent before,
    to `warm_path`."""

    name: str
    title: str
    server: str
    base: str = ""
    tokens: str = "rs256"
    path: str = PATH
    order: str = "random"
    status: int = 200
    reason: str = "ok"
    budget: float = 0
    h2: bool = False
    warm: int = 100_000
    warm_path: str = PATH


@dataclass(frozen=True)
class Section:
    """Rows that are measured in the same rounds."""

    name: str
    title: str
    rows: tuple


def _bare(server="bare", title="bare Apache", **options):
    return Row(server, title, server, **options)


_BARE_HAPROXY = Row("haproxy", "bare HAProxy", "haproxy")
_CHECKERS = (("stage2", "mod_zta, stage 2", "bare"), ("oauth2", "mod_oauth2", "bare"),
             ("openidc", "mod_auth_openidc", "bare"),
             ("haproxy-jwt", "HAProxy, jwt_verify", "haproxy"))


def _each(kind, words, order="random", budget=0, without=()):
    """The same load for everybody who checks tokens; the budget is mod_zta's."""
    return [Row(f"{server}-{kind}", f"{title}: {words}", server, base, kind, order=order,
                budget=budget if server == "stage2" else 0)
            for server, title, base in _CHECKERS if server not in without]


def _refuses(name, title, reason, tokens="rs256", status=401, **options):
    return Row(name, f"mod_zta refuses: {title}", "refusing", "denied", tokens, status=status,
               reason=reason, **options)


def _peers_refuse():
    yield Row("haproxy-denied", "bare HAProxy refuses", "haproxy", "", "", DENIED_PATH, status=403)
    for tokens, words in (("", "no credential"), ("forged", "known bad signature")):
        for server, title, base in _CHECKERS[1:]:
            yield Row(f"{server}-{tokens or 'none'}", f"{title} refuses: {words}", server,
                      "haproxy-denied" if base == "haproxy" else "denied", tokens, status=401)


_FORWARDED = (
    _bare(),
    _bare("bare-again", "the same once more: noise", base="bare"),
    Row("stage1", "mod_zta, stage 1", "stage1", "bare", budget=3),
    Row("stage2", "mod_zta, stage 2, 10 rules", "stage2", "bare", budget=4),
    Row("oauth2", "mod_oauth2", "oauth2", "bare"),
    Row("openidc", "mod_auth_openidc", "openidc", "bare"),
    _BARE_HAPROXY,
    Row("haproxy-jwt", "HAProxy, jwt_verify", "haproxy-jwt", "haproxy"),
)
_TOKENS = (
    _bare(), _BARE_HAPROXY,
    *_each("one", "1 token", budget=4),
    *_each("100k", "100,000 tokens", budget=4),
    *_each("rs256-new", "new token each time", "once", budget=80),
)
_ALGORITHMS = (
    _bare(), _BARE_HAPROXY,
    *_each("es256", "1,000 ES256 tokens", budget=4, without=("openidc",)),
    *_each("es256-new", "new ES256 token each time", "once", without=("openidc",)),
    Row("stage2-eddsa", "mod_zta, stage 2: 1,000 Ed25519 tokens", "stage2", "bare", "eddsa", budget=4),
    *(Row(f"stage2-{kind}", f"mod_zta, stage 2: new {alg} token each time", "stage2", "bare", kind,
          order="once") for kind, alg in (
              ("eddsa-new", "Ed25519"), ("rs384-new", "RS384"), ("rs512-new", "RS512"),
              ("ps256-new", "PS256"), ("ps384-new", "PS384"), ("ps512-new", "PS512"),
              ("es384-new", "ES384"), ("es512-new", "ES512"))),
)
_CREDENTIALS = (
    _bare(),
    Row("stage2-dpop", "mod_zta, stage 2: 1,000 tokens bound to keys, new DPoP proof each time",
        "stage2", "bare", "dpop", order="once", budget=110),
    Row("stage2-opaque", "mod_zta, stage 2: opaque tokens, known from introspection", "asking",
        "bare", "opaque", budget=4),
)
_REFUSED = (
    Row("denied", "bare Apache, Require all denied", "bare", "", "", DENIED_PATH, status=403),
    _refuses("none", "no credential", "no_credential", "", budget=6),
    _refuses("malformed", "malformed token", "bad_credential", "malformed", budget=6),
    _refuses("expired", "expired token", "expired_credential", "expired"),
    _refuses("audience", "wrong audience", "wrong_audience", "audience"),
    _refuses("forged", "known bad signature", "bad_credential", "forged", budget=6),
    _refuses("forged-new", "new bad signature each time", "bad_credential", "forged-new", budget=80,
             order="once"),
    _refuses("kid", "unknown kid", "bad_credential", "kid"),
    _refuses("rule", "a rule denies", "rule_denied", path=RULE_PATH, status=403, budget=6),
    _refuses("scope", "missing scope", "insufficient_scope", path=SCOPED_PATH, status=403,
             budget=6),
    _refuses("limit", "limit used up", "rate_limited", "one", 429, path=LIMITED_PATH, budget=6),
    _refuses("revoked", "revoked", "revoked", "revoked", budget=6),
    *_peers_refuse(),
)
_RULES = (
    _bare(),
    Row("rules-10", "mod_zta, stage 2: 10 rules", "stage2", "bare"),
    Row("rules-100", "mod_zta, stage 2: 100 rules", "rules-100", "bare"),
    Row("rules-1000", "mod_zta, stage 2: 1,000 rules", "rules-1000", "bare"),
)
_CONTEXT = (
    _bare(),
    Row("context-none", "mod_zta, stage 2: 100 rules", "rules-100", "bare"),
    Row("context", "mod_zta, stage 3: geo, device, behaviour and 100 rules", "context", "bare", budget=6),
    Row("adaptive", "mod_zta, stage 4: risk, signals, automation and 100 rules", "adaptive", "bare",
        budget=6),
    Row("oauth2-claims", "mod_oauth2: 100 claims required", "oauth2-claims", "bare"),
    Row("openidc-claims", "mod_auth_openidc: 100 claims required", "openidc-claims", "bare"),
)
_MANY = 1_000_000
_SESSIONS = (
    _bare(),
    Row("sessions-1k", "mod_zta, stage 2: 1,000 sessions", "sessions-1k", "bare", "es256"),
    Row("sessions-1m-hot", "mod_zta, stage 2: 1,000,000 sessions, 90 % from 10,000",
        "sessions-1m", "bare", "1m", order="hot", warm=_MANY, warm_path=RULE_PATH),
    Row("sessions-1m", "mod_zta, stage 2: 1,000,000 sessions, uniform", "sessions-1m", "bare", "1m",
        warm=0),
    Row("sessions-1m-new", "the same with ZTASharedMemory 256M: most tokens are new",
        "sessions-1m-256m", "bare", "1m"),
)
_PROTOCOLS = (
    _bare("bare-h2", "bare Apache, HTTP/2", tokens="one", h2=True),
    Row("stage2-h2", "mod_zta, stage 2, HTTP/2", "stage2-h2", "bare-h2", "one", h2=True, budget=4),
    _bare("bare-prefork", "bare Apache, prefork"),
    Row("stage2-prefork", "mod_zta, stage 2, prefork", "stage2-prefork", "bare-prefork", budget=4),
)

SECTIONS = (
    Section("forwarded", "Forwarded: 1,000 RS256 tokens, event, HTTP/1.1", _FORWARDED),
    Section("tokens", "RS256 tokens, fewer and more", _TOKENS),
    Section("algorithms", "Other algorithms", _ALGORITHMS),
    Section("credentials", "Other credentials", _CREDENTIALS),
    Section("refused", "Refused", _REFUSED),
    Section("rules", "More rules", _RULES),
    Section("context", "Circumstances: 100,000 devices, countries and systems", _CONTEXT),
    Section("sessions", "More sessions in the store: ES256 tokens, one each", _SESSIONS),
    Section("protocols", "HTTP/2, prefork", _PROTOCOLS),
)


def names():
    """What ONLY= may choose: sections, or single rows of one."""
    for section in SECTIONS:
        yield section.name
        yield from (f"{section.name}/{row.name}" for row in section.rows)


def chosen(only):
    """The sections with the rows asked for (all, if none is) and what they are measured by."""
    for section in SECTIONS:
        wanted = {row.name for row in section.rows
                  if not only or {section.name, f"{section.name}/{row.name}"} & set(only)}
        wanted |= {row.base for row in section.rows if row.name in wanted}
        rows = tuple(row for row in section.rows if row.name in wanted)
        if rows:
            yield Section(section.name, section.title, rows)
