# SPDX-License-Identifier: Apache-2.0
"""`Require zta-role` and its kin on a real server: the verified identity for authorization that is
kept in httpd. What is unknown or unverified never passes, nor does it behind a negation."""

import pytest

from test_many_issuers import Pair
from test_openidc import MODULES, site, visitor  # noqa: F401 (fixtures)

DENIED = ("AH01630", "AH01631")  # httpd's own words for what Require refuses
ALL_BUT = "<RequireAll>\nRequire all granted\nRequire not {}\n</RequireAll>"
NONE_OF = "<RequireAll>\nRequire all granted\n<RequireNone>\nRequire {}\n</RequireNone>\n</RequireAll>"


def places(*texts, directives=""):
    """One Location for each text: /0, /1 ..."""
    return "\n".join(f"<Location /{i}>\n{directives}\n{text}\n</Location>"
                     for i, text in enumerate(texts))


def serve(zta, *texts, directives="", **options):
    z = zta(stage=options.pop("stage", 1), vhost_text=places(*texts, directives=directives),
            modules=("authn_core", "authz_user"), **options)
    z.httpd.allow_log(*DENIED)
    return z


LINES = [
    ("zta-role admin \"order reader\"", {"roles": ["clerk", "order reader"]}, 200),
    ("zta-role admin \"order reader\"", {"roles": ["admin"]}, 200),
    ("zta-role admin \"order reader\"", {"roles": ["clerk", "order", "reader", "Admin"]}, 403),
    ("zta-role admin", {"roles": []}, 403),
    ("zta-role admin", {}, 403),
    ("zta-role \"unknown\"", {}, 403),
    ("zta-role \"a*\"", {"roles": ["ab"]}, 403),
    ("zta-role #x", {"roles": ["#x"]}, 200),
    ("zta-scope orders:read orders:write", {"scope": "profile orders:write"}, 200),
    ("zta-scope orders:read", {"scope": "orders:reader"}, 403),
    ("zta-claim tenant acme", {"tenant": "acme"}, 200),
    ("zta-claim tenant acme", {"tenant": ["x", "acme"]}, 200),
    ("zta-claim tenant acme", {"tenant": {"acme": True}}, 403),
    ("zta-claim tenant acme", {"tenant": None}, 403),
    ("zta-claim tenant acme", {"tenant": "Acme"}, 403),
    ("zta-claim level 3", {"level": 3}, 200),
    ("zta-claim level 3", {"level": "3"}, 200),
    ("zta-claim level \"3\"", {"level": 3}, 403),
    ("zta-claim level \"3\"", {"level": "3"}, 200),
    ("zta-claim admin true", {"admin": True}, 200),
    ("zta-claim realm_access.tier gold", {"realm_access": {"tier": "gold"}}, 200),
    ("zta-claim '\"https://x.example/t\".v' a", {"https://x.example/t": {"v": "a"}}, 200),
    ("zta-device managed", {}, 403),
    ("zta-device known", {}, 403),
]


def test_any_value_suffices_and_nothing_else(zta):
    z = serve(zta, *(f"Require {line}" for line, _, _ in LINES))
    found = [z.get(f"/{i}", token=z.issuer.token(claims)).status
             for i, (_, claims, _) in enumerate(LINES)]
    assert found == [expected for _, _, expected in LINES]
    # Whoever is nobody never came as far as Require.
    assert z.get("/0").status == 401


@pytest.mark.parametrize("form", [ALL_BUT, NONE_OF])
def test_behind_a_negation_what_is_unknown_is_refused(zta, form):
    z = serve(zta, form.format("zta-role blocked"), form.format("zta-claim tenant acme"),
              form.format("zta-device managed"))
    found = [z.get(f"/{place}", token=z.issuer.token(claims)).status for place, claims in (
        (0, {"roles": ["blocked"]}), (0, {"roles": ["clerk"]}), (0, {"roles": []}), (0, {}),
        (1, {"tenant": "acme"}), (1, {"tenant": "other"}), (1, {}), (2, {}))]
    assert found == [403, 200, 200, 403, 403, 200, 403, 403]


CONTAINERS = [
    ("<RequireAny>\nRequire zta-role a\nRequire zta-scope s\n</RequireAny>", [200, 200, 200, 403]),
    ("<RequireAll>\nRequire zta-role a\nRequire zta-scope s\n</RequireAll>", [200, 403, 403, 403]),
    ("Require zta-role a\nRequire zta-scope s", [200, 200, 200, 403]),
    ("<RequireAny>\nRequire zta-role a\n<RequireAll>\nRequire zta-scope s\nRequire not zta-role b\n"
     "</RequireAll>\n</RequireAny>", [200, 200, 403, 403]),
]


def test_lines_work_in_every_container(zta):
    z = serve(zta, *(text for text, _ in CONTAINERS))
    tokens = [z.issuer.token(claims) for claims in (
        {"roles": ["a"], "scope": "s"}, {"roles": ["a"], "scope": "x"},
        {"roles": ["b"], "scope": "s"}, {"roles": ["b"], "scope": "x"})]
    for i, (_, expected) in enumerate(CONTAINERS):
        assert [z.get(f"/{i}", token=token).status for token in tokens] == expected, i


@pytest.mark.parametrize("directives", [
    "ZTAStage 0", "ZTAStage 0\nZTAMonitor 1", "ZTAStage 0\nZTAMonitor 2\nAuthType ZTA\nAuthName x"])
def test_who_was_not_verified_passes_neither_way(zta, directives):
    lines = ["Require zta-role admin", ALL_BUT.format("zta-role admin"),
             NONE_OF.format("zta-role admin"),
             "<RequireAny>\nRequire zta-scope s\nRequire zta-claim tenant a\n</RequireAny>"]
    z = serve(zta, *lines, directives=directives, rules="")
    other = z.issuer.token({"roles": ["admin"], "scope": "s", "exp": 1})
    for i in range(len(lines)):
        assert z.get(f"/{i}").status in (401, 403)
        assert z.get(f"/{i}", token=other).status in (401, 403)
        assert z.get(f"/{i}", token="a.b.c").status in (401, 403)
        # Headers are nobody's proof.
        assert z.get(f"/{i}", headers={"X-ZTA-Roles": "admin"}).status in (401, 403)
    good = [z.get(f"/{i}", token=z.issuer.token({"roles": ["admin"], "scope": "s"})).status
            for i in range(len(lines))]
    # A public place asks for no credential, so there nobody is verified.
    assert good == ([200, 403, 403, 200] if "Monitor" in directives else [403] * 4)
    assert not [r for r in z.backend.requests if not r.header("Authorization")]


def test_a_user_is_set_where_httpd_authenticates(zta):
    z = serve(zta, "Require zta-role admin", "<RequireAll>\nRequire zta-role admin\n"
              "Require user alice\n</RequireAll>", directives="AuthType ZTA\nAuthName x\n"
              "RequestHeader set X-User expr=%{REMOTE_USER}")
    assert z.get("/0", token=z.issuer.token({"roles": ["admin"]})).status == 200
    assert z.backend.last.header("X-User") == "alice"
    assert z.get("/1", token=z.issuer.token({"roles": ["admin"]})).status == 200
    assert z.get("/1", token=z.issuer.token({"roles": ["admin"], "sub": "bob"})).status in (401, 403)
    assert z.get("/0", token=z.issuer.token()).status in (401, 403)


def test_an_api_key_has_roles_and_scopes(zta):
    z = serve(zta, "Require zta-role writer", "Require zta-scope read")
    key = z.json("keys", "create", "--name", "k", "--role", "writer")["key"]
    assert [z.get(f"/{i}", key=key).status for i in range(2)] == [200, 403]


def test_devices_are_those_of_the_inventory(zta):
    z = serve(zta, "Require zta-device managed compliant", "Require zta-device known",
              ALL_BUT.format("zta-device managed"), stage=3,
              rules="allow all\n  when path /**\n", issuer_text="ZTAClaim device device_id")
    token = z.issuer.token({"device_id": "LT-2"})

    def found():
        return [z.get(f"/{i}", token=token).status for i in range(3)]
    assert found() == [403, 403, 403]
    z.ctl("devices", "set", "LT-2", "--managed", "yes")
    assert found() == [200, 200, 403]
    z.ctl("devices", "set", "LT-2", "--managed", "no")
    assert found() == [403, 200, 200]
    assert [z.get(f"/{i}", token=z.issuer.token()).status for i in range(3)] == [403] * 3


def test_with_two_issuers_it_counts_who_says_it(zta):
    p = Pair(zta, stage=1, modules=("authn_core",), vhost_text=places(
        "Require zta-role admin@corp", "Require zta-role admin@corp admin@partner",
        ALL_BUT.format("zta-role admin@corp"),
        "ZTAAccept corp\nZTACredentials header\nZTAStage 0\nZTAMonitor 1\nRequire zta-role admin@corp admin@partner"))
    p.z.httpd.allow_log(*DENIED)
    tokens = p.tokens({"roles": ["admin"]})
    assert [p.statuses(tokens, f"/{i}") for i in range(4)] == [
        [200, 403], [200, 200], [403, 200], [200, 403]]


def test_with_two_issuers_bare_values_are_an_error(zta):
    p = Pair(zta, stage=1, start=False)
    code, output = p.z.configtest(vhost_text=places("Require zta-role admin"))
    assert code != 0
    assert "ZTA0110" in output and "Require zta-role: got 'admin', expected value@issuer" in output


BAD = [
    ("Require zta-role", "Require zta-role: expected one or more values"),
    ("Require zta-role \"\"", "got '', expected a value"),
    ("Require zta-role unknown", "got 'unknown', expected a value; keywords"),
    ("Require zta-role known", "got 'known', expected a value; keywords"),
    ("Require zta-role list:staff", "got 'list:staff', expected a value; keywords"),
    ("Require zta-role adm*", "got 'adm*', expected a value; keywords"),
    ("Require zta-scope \"a b\"", "got 'a b', expected a scope"),
    ("Require zta-claim", "expected the name of a claim"),
    ("Require zta-claim tenant", "Require zta-claim: expected one or more values"),
    ("Require zta-claim a..b x", "got 'a..b', expected the name of a claim"),
    ("Require zta-claim a.b.c.d.e.f.g.h.i x", "at most 8 names"),
    ("Require zta-device manged", "got 'manged', expected"),
    ("Require zta-risk", "got '', expected <, <=, > or >= and a score"),
    ("Require zta-risk 40", "got '40', expected <, <=, > or >= and a score"),
    ("Require zta-risk <101", "got '101', expected"),
    ("Require zta-risk < 40 50", "Require zta-risk: expected one score"),
    ("<RequireNone>\nRequire zta-role \"\"\n</RequireNone>", "got '', expected a value"),
    ("<AuthzProviderAlias zta-role admins admin>\n</AuthzProviderAlias>",
     "expected outside <AuthzProviderAlias>"),
]


def test_lines_that_say_nothing_are_errors(zta):
    z = zta(start=False, modules=("authn_core",))
    for text, said in BAD:
        inside = text if "Alias" in text else places(text)
        code, output = z.configtest(**{"global_text" if "Alias" in text else "vhost_text": inside})
        assert code != 0 and said in output, (text, output)


def test_htaccess_files_cannot_hold_them(zta):
    z = zta(start=False, proxy=None, stage=1)
    root = z.httpd.path("htdocs")
    z.httpd.write("htdocs/page.html", "a page")
    z.httpd.write("htdocs/.htaccess", "Require zta-role admin\n")
    z.vhost_text = (f"DocumentRoot {root}\n<Directory {root}>\nAllowOverride AuthConfig\n"
                    "Require all granted\n</Directory>")
    z.start()
    z.httpd.allow_log("not allowed here", "cannot occur within", ".htaccess")
    answer = z.get("/page.html", token=z.issuer.token({"roles": ["admin"]}))
    assert answer.status == 500


def test_lines_are_read_anew_with_the_configuration(zta):
    z = serve(zta, "Require zta-claim tenant acme")
    token = z.issuer.token({"tenant": "acme", "level": 3})
    assert z.get("/0", token=token).status == 200
    z.vhost_text = places("Require zta-claim level 3")
    z.reload()
    # The token was verified before its claim was asked for.
    assert z.get("/0", token=token).status == 200
    assert z.get("/0", token=z.issuer.token({"tenant": "acme"})).status == 403


def test_a_login_of_a_browser_is_somebody_too(site, visitor):  # noqa: F811
    z = site(stage=1, vhost_text="\n".join([
        "<Location /app/alice>\nAuthType openid-connect\nRequire zta-claim sub alice@web\n</Location>",
        "<Location /app/bob>\nAuthType openid-connect\nRequire zta-claim sub bob@web\n</Location>"]))
    z.httpd.allow_log(*DENIED)
    assert visitor.get(f"{z.site}/app/page").status == 200
    assert visitor.get(f"{z.site}/app/alice").status == 200
    assert visitor.get(f"{z.site}/app/bob", follow=False).status in (401, 403)
    assert z.get("/app/alice").status in (302, 401)
