# SPDX-License-Identifier: Apache-2.0
"""Two issuers that are as alike as they can be: who said it is part of everything that is said.

Keys have the same kid, subjects, clients, sessions, token ids and audiences are the same.
"""

import itertools
import json
import os
import uuid

import pytest

from support.issuer import Issuer, Key
from support.local import wait_for

KID = "the-key"
PARTNER_URL = "https://partner.example.test"
LOGIN = {"sub": "alice", "client_id": "app", "sid": "session-1"}


class Pair:
    """A gateway that trusts corp (z.issuer) and partner; both sign with a key of the same kid."""

    def __init__(self, zta, vhost_text="", accept="corp partner local", start=True, **options):
        self.z = zta(start=False, accept=accept, vhost_text=vhost_text, **options)
        folder = self.z.httpd.path("conf", "partner")
        os.mkdir(folder)
        self.corp = self.z.issuer
        self.partner = Issuer(folder, url=PARTNER_URL, audience=self.corp.audience, algs=("RS256",))
        for issuer in (self.corp, self.partner):
            issuer.keys = {alg: Key(alg, kid=f"{KID}-{alg}") for alg in ("RS256", "ES256")}
            issuer.write_jwks()
        self.z.global_text = "\n".join([
            "ZTAVerifyLimit off", f"<ZTAIssuer partner {PARTNER_URL}>",
            f"ZTAAudience {self.partner.audience}", f"ZTAKeys file:{self.partner.path}",
            "</ZTAIssuer>", self.z.global_text])
        if start:
            self.z.start()

    def tokens(self, claims=None, **options):
        """The same claims by corp and by partner."""
        claims = {**LOGIN, "jti": str(uuid.uuid4()), **(claims or {})}
        return self.corp.token(claims, **options), self.partner.token(claims, **options)

    def statuses(self, tokens, path="/x", **options):
        return [self.z.get(path, token=token, **options).status for token in tokens]


# ---- keys ----

@pytest.mark.mpm
def test_a_key_is_valid_for_its_issuer_only(zta):
    p = Pair(zta, stage=1)
    issuers = {"corp": p.corp, "partner": p.partner}
    rows = 0
    # Who signs, whose iss, which kid, which algorithm: only one's own opens.
    for signer, claimed, alg in itertools.product(issuers, issuers, ("RS256", "ES256")):
        for header in ({}, {"kid": None}, {"jku": issuers[signer].url + "/jwks"},
                       {"jwk": issuers[signer].key(alg).jwk()}):
            drop = [name for name, value in header.items() if value is None]
            token = issuers[signer].token({"iss": issuers[claimed].url}, alg=alg, drop_header=drop,
                                          header={k: v for k, v in header.items() if v})
            for _ in range(2):  # fresh, then as caches have it
                status = 200 if signer == claimed else 401
                assert p.z.get("/x", token=token).status == status, (signer, claimed, header)
            rows += 1
    assert rows == 32
    # Nor does a signature open with the payload of the other's token.
    one, other = p.tokens()
    mixed = other.rsplit(".", 1)[0] + "." + one.rsplit(".", 1)[1]
    assert p.statuses([mixed]) == [401]


@pytest.mark.parametrize("iss", [
    PARTNER_URL + "/", PARTNER_URL.upper(), PARTNER_URL + "?", PARTNER_URL + "#", "partner", "corp",
    PARTNER_URL + ":443", [PARTNER_URL], {"url": PARTNER_URL}, "", None, 1,
    PARTNER_URL + "\u0000", " " + PARTNER_URL, PARTNER_URL.replace("https", "http")])
def test_an_issuer_is_named_letter_by_letter(zta, iss):
    p = Pair(zta, stage=1)
    assert p.statuses([p.partner.token(), p.partner.token({"iss": iss})]) == [200, 401]


# ---- identity ----

RULES = """
list admins  alice@corp

allow by-role
  when path /role
  need role admin@corp

allow by-group
  when path /group
  need group staff@corp

allow by-scope
  when path /scope
  need scope read@corp

allow by-claim
  when path /claim
  need claim:tenant acme@corp

allow by-subject
  when path /subject
  need subject alice@corp

allow by-list
  when path /list
  need subject list:admins

allow by-client
  when path /client
  need client app@corp

allow by-issuer
  when path /issuer
  when issuer corp
  need role admin

allow anyone
  when path /any
"""
KINDS = ("role", "group", "scope", "claim", "subject", "list", "client", "issuer")


@pytest.mark.mpm
def test_a_partner_that_mints_the_admin_role_opens_nothing(zta):
    p = Pair(zta, stage=2, rules=RULES)
    claims = {"roles": ["admin"], "groups": ["staff"], "scope": "read", "tenant": "acme"}
    corp, partner = p.tokens(claims)
    # A value that looks as if it named the issuer is a value of who says it.
    posing = {"roles": ["admin", "admin@corp", "corp:admin"], "groups": ["staff@corp"],
              "scope": "read read@corp", "tenant": "acme@corp", "sub": "alice@corp",
              "client_id": "app@corp", "issuer": "corp", "iss_name": "corp"}
    posed = p.partner.token(posing)
    for kind in KINDS:
        assert p.statuses([corp, partner, posed], f"/{kind}") == [200, 403, 403], kind
    assert p.statuses([corp, partner, posed], "/any") == [200, 200, 200]
    # What its own issuer says counts for corp only where it is exactly that.
    assert p.statuses([p.corp.token({"roles": ["admin@corp"]})], "/role") == [403]


@pytest.mark.parametrize("line", [
    "need role admin", "need group staff", "need scope read", "need claim:tenant acme",
    "need subject alice", "need client app", "when role admin", "need not role admin",
    "need subject list:some"])
def test_a_bare_name_is_refused_where_several_could_say_it(zta, line):
    text = f"list some alice\n\nallow a\n  when path /**\n  {line}\n"
    p = Pair(zta, stage=2, rules="allow a\n  when path /**\n", start=False)
    p.z.rules = text
    code, output = p.z.configtest()
    assert code != 0 and "expected its issuer, as several are configured" in output, output
    p.z.rules = text.replace("  when path", "  when issuer corp\n  when path")
    assert p.z.configtest()[0] == 0


@pytest.mark.mpm
def test_the_api_learns_whose_subject_it_is(zta):
    p = Pair(zta, stage=1)
    for token, issuer in zip(p.tokens({"sub": "alice@corp"}), ("corp", "partner")):
        assert p.statuses([token]) == [200]
        headers = p.z.backend.last
        assert headers.header("X-ZTA-Issuer") == issuer
        assert headers.header("X-ZTA-Subject") == "alice@corp"
    made = p.z.json("keys", "create", "--name", "ci", "--owner", "alice")
    assert p.z.get("/x", key=made["secret"] if "secret" in made else made["key"]).status == 200
    assert p.z.backend.last.header("X-ZTA-Issuer") == "local"


# ---- commands ----

def sessions(p, n):
    """The sessions once there are n of them, by issuer."""
    def read():
        found = p.z.json("sessions", "list")
        return found if len(found) == n else None
    return {s["issuer"]: s for s in wait_for(read, what=f"{n} sessions")}


def revoke(p, *selector, code=0):
    return p.z.ctl("revoke", *selector, "--reason", "test", "--yes", code=code)


@pytest.mark.mpm
@pytest.mark.parametrize("victim", ["corp", "partner"])
def test_commands_hit_whom_they_name(zta, victim):
    p = Pair(zta, stage=1)
    tokens = p.tokens()
    assert p.statuses(tokens) == [200, 200]
    found = sessions(p, 2)
    assert found["corp"]["id"] != found["partner"]["id"]
    assert {s["subject"] for s in found.values()} == {"alice"}
    hit = [401, 200] if victim == "corp" else [200, 401]
    jti = {"jti": "the-same-id"}
    rows = [
        (("--subject", f"alice@{victim}"), p.tokens()), (("--client", f"app@{victim}"), p.tokens()),
        (("--session", found[victim]["id"]), tokens), (("--issuer", victim), p.tokens())]
    for selector, pair in rows:
        assert p.statuses(pair) == [200, 200], selector
        revoke(p, *selector)
        assert p.statuses(pair) == hit, selector
        p.z.ctl("unrevoke", *selector, "--reason", "over")
        assert p.statuses(pair) == [200, 200], selector
    pair = p.tokens(jti)
    assert p.statuses(pair) == [200, 200]
    p.z.ctl("revoke", "--token", "-", "--reason", "stolen",
            data=pair[("corp", "partner").index(victim)])
    assert p.statuses(pair) == hit
    # The same token id in another token of the same issuer is that token too, of no other.
    assert p.statuses(p.tokens({**jti, "scope": "read"})) == hit


@pytest.mark.mpm
@pytest.mark.parametrize("victim", ["corp", "partner"])
def test_a_block_hits_the_subject_of_its_issuer(zta, victim):
    p = Pair(zta, stage=1)
    tokens = p.tokens()
    p.z.ctl("block", f"alice@{victim}", "--for", "1h", "--reason", "test", "--yes")
    assert p.statuses(tokens) == ([403, 200] if victim == "corp" else [200, 403])
    p.z.ctl("blocks", "remove", f"alice@{victim}", "--reason", "over")
    assert p.statuses(tokens) == [200, 200]


def test_a_command_asks_whose_it_is(zta):
    p = Pair(zta, stage=1)
    tokens = p.tokens()
    assert p.statuses(tokens) == [200, 200]
    wait_for(lambda: len(p.z.json("issuers")) >= 2, what="the issuers, as the helper publishes them")
    for selector in (("--subject", "alice"), ("--client", "app"), ("--subject", "alice@nobody"),
                     ("--issuer", "nobody"), ("--subject", "@corp")):
        done = revoke(p, *selector, code={1, 2})
        assert "corp" in done.stderr and "partner" in done.stderr, done.stderr
    p.z.ctl("block", "alice", "--for", "1h", "--reason", "x", code={1, 2})
    assert p.statuses(tokens) == [200, 200]
    # A subject with an @ of its own: the last one names the issuer.
    mail = p.tokens({"sub": "bob@corp"})
    revoke(p, "--subject", "bob@corp@partner")
    assert p.statuses(mail) == [200, 401]


@pytest.mark.mpm
def test_limits_count_each_issuers_subject(zta):
    p = Pair(zta, stage=1, rules="limit few\n  when path /**\n  key subject\n  rate 2/1h\n")
    corp, partner = p.tokens()
    assert p.statuses([corp, corp, corp]) == [200, 200, 429]
    assert p.statuses([partner, partner, partner]) == [200, 200, 429]


# ---- places and caches ----

PLACES = """
<Location /corp>
  ZTAAccept corp
</Location>
<Location /partner>
  ZTAAccept partner
</Location>
<Location /both>
  ZTAAccept partner corp
</Location>
<Location /narrow>
  ZTAAccept corp partner audience=https://narrow.test
</Location>
<Location /keys>
  ZTAAccept local
  ZTACredentials apikey:X-Api-Key
</Location>
"""


@pytest.mark.mpm
@pytest.mark.parametrize("order", [("/corp", "/partner", "/both", "/narrow", "/keys"),
                                   ("/keys", "/narrow", "/both", "/partner", "/corp")])
def test_no_cache_carries_a_token_to_another_place(zta, order):
    p = Pair(zta, PLACES, stage=1, credentials="header")
    audience = [p.corp.audience, "https://narrow.test"]
    corp, partner = p.tokens()
    wide_corp, wide_partner = p.tokens({"aud": audience})
    crossed = p.partner.token({"iss": p.corp.url, "aud": audience})
    opens = {corp: {"/corp", "/both"}, partner: {"/partner", "/both"},
             wide_corp: {"/corp", "/both", "/narrow"},
             wide_partner: {"/partner", "/both", "/narrow"}, crossed: set()}
    for _ in range(3):
        for token, good in opens.items():
            for place in order:
                status = 200 if place in good else 401
                # A connection of its own: other children, the same shared memory.
                assert p.z.get(place, token=token, fresh=True).status == status, place


def test_what_a_place_refuses_is_not_refused_elsewhere(zta):
    """A bad token is remembered for the issuers that were asked, not for all."""
    p = Pair(zta, PLACES, stage=1, credentials="header")
    for _ in range(2):
        corp, partner = p.tokens()
        for place, expected in (("/corp", [200, 401]), ("/partner", [401, 200]),
                                ("/both", [200, 200])):
            for _ in range(2):
                assert p.statuses([corp, partner], place) == expected, place


@pytest.mark.mpm
def test_issuers_that_change_names_change_identities(zta):
    """What was verified as one issuer's is not what the other's name says after a restart."""
    p = Pair(zta, stage=2, rules="allow a\n  when path /**\n  need role admin@corp\n")
    corp, partner = p.tokens({"roles": ["admin"]})
    for _ in range(3):
        assert p.statuses([corp, partner]) == [200, 403]
    p.corp.url, p.partner.url = p.partner.url, p.corp.url
    p.z.global_text = p.z.global_text.replace(PARTNER_URL, p.partner.url)
    # The keys of each URL go with it.
    p.corp.keys, p.partner.keys = p.partner.keys, p.corp.keys
    for issuer in (p.corp, p.partner):
        issuer.write_jwks()
    p.z.reload()
    for _ in range(3):
        assert p.statuses([corp, partner]) == [403, 200]
    # The keys alone exchanged: nothing that either signed holds any more.
    p.corp.keys, p.partner.keys = p.partner.keys, p.corp.keys
    for issuer in (p.corp, p.partner):
        issuer.write_jwks()
    p.z.reload()
    for _ in range(2):
        assert p.statuses([corp, partner]) == [401, 401]


@pytest.mark.mpm
def test_one_issuers_trouble_is_not_the_others(zta):
    p = Pair(zta, stage=1)
    tokens = p.tokens()
    p.z.httpd.allow_log("ZTA001[0-9]")
    p.z.httpd.write("conf/partner/jwks.json", "rubbish")
    p.z.reload(check=False)
    assert p.statuses(tokens) == [200, 200]  # its last good keys serve on
    p.partner.write_jwks(json.dumps({"keys": [p.corp.key("RS256").jwk()]}))
    p.z.reload()
    assert p.statuses(tokens) == [200, 401]
    # Partner published corp's key as its own: then corp's key signs for partner, and for itself.
    posed = p.corp.token({"iss": PARTNER_URL})
    assert p.statuses([posed]) == [200]
    assert p.z.backend.last.header("X-ZTA-Issuer") == "partner"


# ---- configuration ----

@pytest.mark.parametrize("name, url", [("corp", "https://third.test"), ("third", PARTNER_URL),
                                       ("local", "https://third.test")])
def test_names_and_urls_stand_once(zta, name, url):
    p = Pair(zta, stage=1, start=False)
    code, output = p.z.configtest(f"<ZTAIssuer {name} {url}>\nZTAAudience x:y\n"
                                  f"ZTAKeys file:{p.partner.path}\n</ZTAIssuer>")
    assert code != 0 and "ZTAIssuer" in output


def test_without_a_choice_configtest_fails(zta):
    p = Pair(zta, stage=1, accept=None, credentials=None, start=False)
    code, output = p.z.configtest()
    assert code != 0 and "ZTAAccept with the names that count here" in output
