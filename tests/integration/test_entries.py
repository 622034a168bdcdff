# SPDX-License-Identifier: Apache-2.0
"""A place opens to what comes by its own ZTACredentials, whichever way the request came to it."""

import itertools

import pytest

from support import leaks

ENTRIES = {"header": "header", "query": "query", "cookie": "cookie:zta", "key": "apikey:X-Api-Key",
           "other": "apikey:X-Other", "mtls": "mtls", "all": "header query cookie:zta apikey:X-Api-Key mtls"}
TAKES = {name: {name} for name in ENTRIES} | {
    "all": {"header", "query", "cookie", "key", "mtls", "bearer key"}, "header": {"header", "bearer key"}}


@pytest.fixture
def entered(zta, pki):
    """A gateway with a place for each entry, and a rewrite from each to each."""
    rewrites = "".join(
        f"RewriteRule ^/{a}-{b}/(.*) /{b}/$1 [PT]\n<Location /{a}-{b}>\nZTACredentials {ENTRIES[a]}\n"
        "</Location>\n" for a, b in itertools.permutations(ENTRIES, 2))
    places = "".join(f"<Location /{name}/>\nZTACredentials {value}\n</Location>\n"
                     for name, value in ENTRIES.items())
    z = zta(stage=1, accept="corp local mtls", tls=True, verify_client="optional", modules=("rewrite",),
            global_text="ZTAVerifyLimit off",
            vhost_text=f"ZTAMtlsSubject CN\nRewriteEngine on\n{rewrites}{places}")
    leaks.allow(r"/access\.log$", "a token in the query of a place that takes none from there is the client's own")
    token, key = z.issuer.token(), z.json("keys", "create", "--name", "ci")["key"]
    ways = {"header": {"headers": {"Authorization": f"Bearer {token}"}},
            "bearer key": {"headers": {"Authorization": f"Bearer {key}"}},
            "query": {"query": f"?access_token={token}"}, "cookie": {"headers": {"Cookie": f"zta={token}"}},
            "key": {"headers": {"X-Api-Key": key}}, "other": {"headers": {"X-Other": key}},
            "mtls": {"certificate": pki.client_a}}

    def send(way, path):
        options = dict(ways[way])
        return z.get(path + options.pop("query", ""), tls=True, **options).status
    return z, list(ways), send


@pytest.mark.mpm
def test_a_place_opens_by_its_own_entries_alone(entered):
    _, ways, send = entered
    for name, way in itertools.product(ENTRIES, ways):
        assert send(way, f"/{name}/x") == (200 if way in TAKES[name] else 401), (name, way)


@pytest.mark.mpm
def test_a_rewrite_carries_no_credential_to_a_place_that_does_not_take_it(entered):
    z, ways, send = entered
    rows = 0
    for (first, second), way in itertools.product(itertools.permutations(ENTRIES, 2), ways):
        is_taken = way in TAKES[first] and way in TAKES[second]
        assert send(way, f"/{first}-{second}/x") == (200 if is_taken else 401), (first, second, way)
        rows += 1
    assert rows == 42 * 7
    assert {r.path.split("/")[1] for r in z.backend.requests} <= set(ENTRIES)


def test_a_public_place_behind_a_rewrite_asks_for_no_entry(zta):
    """The first place holds, the second one adds nothing: its ZTACredentials ask for nobody."""
    z = zta(stage=0, accept="corp", credentials=None, modules=("rewrite",), vhost_text=(
        "RewriteEngine on\nRewriteRule ^/app/(.*) /public/$1 [PT]\nRewriteRule ^/seen/(.*) /watched/$1 [PT]\n"
        "<LocationMatch ^/(app|seen)>\nZTAStage 1\nZTACredentials cookie:zta\n</LocationMatch>\n"
        "<Location /watched>\nZTAMonitor 1\n</Location>\n"))
    cookie = {"Cookie": f"zta={z.issuer.token()}"}
    for path in ("/app/x", "/seen/x"):
        assert [z.get(path, headers=headers).status for headers in (cookie, {})] == [200, 401], path
