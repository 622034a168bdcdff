# SPDX-License-Identifier: Apache-2.0
"""What the pages show is true: rules parse, errors read as shown, configurations pass configtest,
commands exist, tables name all there is, and links lead somewhere."""

import configparser
import glob
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from datetime import datetime

import pytest
import yaml

from support import mmdb, story
from support.httpd import Httpd
from support.issuer import Issuer, Key
from support.local import ROOT, USERS, wait_for
from support.schema import validate
from support.store import Store, parse, ztactl

_PAGES = sorted([name for name in os.listdir(ROOT) if name.endswith(".md")]
                + [os.path.relpath(os.path.join(where, name), ROOT)
                   for where, _, names in os.walk(os.path.join(ROOT, "docs")) for name in names
                   if name.endswith(".md")])
_GUIDE = [page for page in _PAGES if page.startswith("docs/guide/")]
_EXAMPLES = sorted(os.listdir(os.path.join(ROOT, "conf", "rules")))


def read(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return file.read()


def blocks(page, language):
    """The texts of a page's fenced blocks of that language; they may be indented."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", read(page), re.M | re.S)
    return [re.sub(rf"^{indent}", "", text, flags=re.M) for indent, text in found]


def cases(language):
    found = [(page, number, text) for page in _PAGES
             for number, text in enumerate(blocks(page, language), 1)]
    assert found, f"no block of {language} found"
    return [pytest.param(text, id=f"{page}-{number}") for page, number, text in found]


def rules_command(word, directory, *files):
    """ztactl rules check or test without a store, in a directory of its own."""
    return subprocess.run([ztactl(), "--store", os.path.join(directory, "none"), "rules", word,
                           *files], cwd=directory, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)


def rules_check(directory, *files):
    return rules_command("check", directory, *files)


# ---- rules ----

@pytest.mark.parametrize("text", cases("zta"))
def test_rules_of_a_page_are_good(directory, text):
    with open(f"{directory}/api.zta", "w", encoding="utf-8") as file:
        file.write(text)
    done = rules_check(directory, "api.zta")
    assert done.returncode == 0, done.stderr


def test_errors_of_rules_are_the_ones_shown(directory):
    shown = re.findall(r"^```zta-error\n(.*?)^```\n```text\n(.*?)^```$", read("docs/rules.md"),
                       re.M | re.S)
    assert len(shown) == len(blocks("docs/rules.md", "zta-error")) > 5
    for text, message in shown:
        with open(f"{directory}/api.zta", "w", encoding="utf-8") as file:
            file.write(text)
        done = rules_check(directory, "api.zta")
        assert (done.returncode, done.stderr) == (1, message)


def test_warnings_of_rules_are_the_ones_shown(directory):
    shown = re.findall(r"^```zta-warning\n(.*?)^```\n```text\n(.*?)^```$", read("docs/rules.md"),
                       re.M | re.S)
    assert len(shown) == len(blocks("docs/rules.md", "zta-warning")) == 1
    for text, message in shown:
        with open(f"{directory}/api.zta", "w", encoding="utf-8") as file:
            file.write(text)
        done = rules_check(directory, "api.zta")
        assert done.returncode == 0
        assert [line for line in done.stderr.splitlines() if "warning" in line] == \
            message.splitlines()


@pytest.mark.parametrize("name", _EXAMPLES)
def test_example_files_are_good_for_httpd_too(server, name):
    code, said = server.configtest(f"{_PREAMBLE}\nZTARules {ROOT}/conf/rules/{name}", "")
    assert code == 0, said


def test_example_files_are_good_together(directory):
    done = rules_check(directory, *(f"{ROOT}/conf/rules/{name}" for name in _EXAMPLES))
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr


def test_examples_decide_what_they_say(directory):
    for name in _EXAMPLES:
        done = rules_command("test", directory, f"{ROOT}/conf/rules/{name}")
        assert done.returncode == 0, done.stdout + done.stderr
    done = rules_command("test", directory, *(f"{ROOT}/conf/rules/{name}" for name in _EXAMPLES))
    assert done.returncode == 0, done.stdout + done.stderr


def test_cases_are_judged_as_shown(directory):
    """What a run of the page's cases prints, and where it ends, is what the page shows."""
    shown = re.findall(r"^```zta\n((?:(?!```).)*)^```\n+```text\n\$ ztactl rules test (\S+)\n(.*?)^```$",
                       read("docs/rules.md"), re.M | re.S)
    assert len(shown) == 1
    for text, name, output in shown:
        with open(f"{directory}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        done = rules_command("test", directory, name)
        assert (done.returncode, done.stdout + done.stderr) == (0, output)


# ---- configurations ----

_PREAMBLE = """ZTAStore /var/lib/zta
<ZTAIssuer corp "https://idp.example.com">
    ZTAAudience https://api.example.com
    ZTAKeys file:/etc/zta/jwks.json
</ZTAIssuer>"""


class _Server:
    """A private httpd with all that pages have in /var/lib/zta, /etc/zta and /var/lib/GeoIP."""

    def __init__(self, httpd, pki):
        self._httpd = httpd
        self._pki = pki
        issuer = Issuer(httpd.path("conf"))
        httpd.write("etc/zta/jwks.json", json.dumps(issuer.jwks()))
        httpd.write("etc/zta/mdm.json", json.dumps(issuer.jwks()))
        for name in ("secret", "push.secret", "poll.token"):
            httpd.write(f"etc/zta/{name}", "s3cret\n", 0o640)
        httpd.write("etc/zta/assertion.pem", Key("ES256").private_pem(), 0o600)
        httpd.write("etc/zta/rules/empty.zta", "# nothing yet\n")
        httpd.write("geo/GeoLite2-Country.mmdb", mmdb.build({"192.0.2.0/24": mmdb.country("CH")}))
        httpd.write("geo/GeoLite2-ASN.mmdb", mmdb.build({"192.0.2.0/24": mmdb.asn(64500)}))
        Store(httpd.path("store")).init()

    def configtest(self, global_text, vhost_text):
        texts = [text.replace("/var/lib/zta", self._httpd.path("store"))
                 .replace("/etc/zta", self._httpd.path("etc/zta"))
                 .replace("/var/lib/GeoIP", self._httpd.path("geo"))
                 .replace("/var/log/zta", self._httpd.path("logs"))
                 .replace("/etc/ssl/certs/api.example.com.pem", self._pki.server.cert)
                 .replace("/etc/ssl/private/api.example.com.key", self._pki.server.key)
                 for text in (global_text, vhost_text)]
        return self._httpd.configtest(*texts)


@pytest.fixture
def server(servers, pki):
    modules = ("authn_core", "authz_user", "auth_openidc", "oauth2")
    return _Server(servers.add(Httpd(pki, group=USERS.group, load_zta=True, modules=modules, tls=True)), pki)


@pytest.mark.parametrize("text", cases("apache"))
def test_configurations_of_a_page_pass_configtest(server, text):
    """What a fragment leaves out is what README shows beside it."""
    parts = re.split(r"\n(?=<ZTAIssuer)", _PREAMBLE)
    missing = [part for part in parts if part.split()[0] not in text]
    code, said = server.configtest("\n".join([*missing, text]), "")
    assert code == 0, said


# ---- commands ----

def commands():
    """Every ztactl command of the pages' shell blocks, once."""
    lines = {line.strip() for page in _PAGES for text in blocks(page, "sh")
             for line in text.splitlines()}
    return sorted(line.removeprefix("sudo ") for line in lines
                  if re.match(r"(sudo )?ztactl ", line))


def test_commands_of_the_pages_are_ones(store):
    made = store()
    found = commands()
    assert len(found) > 20
    for line in found:
        command = line.partition(" < ")[0]  # the test has no such file
        words = [w for w in shlex.split(command)[1:] if w != "--follow"]
        # 2 is for what the command line itself has wrong; there is nothing to act on here.
        done = made.run(*words, code=None, cwd=os.path.dirname(made.directory))  # some write a file
        assert done.returncode != 2, f"{line}: {done.stderr}"
        assert not re.search(r"filter|--\w+:", done.stderr), f"{line}: {done.stderr}"


# ---- tables ----

def members_of_table(title):
    """First cells' names of docs/formats.md's table rows under a heading."""
    section = read("docs/formats.md").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_json_of_a_running_server_is_what_the_schema_says(zta):
    z = zta(stage=2, rules="allow a\n  when path /**\n  need scope read\n")
    key = z.json("keys", "create", "--name", "one", "--scope", "read")
    validate("keys create", key)
    rotated = z.json("keys", "rotate", "one", "--grace", "1h")
    validate("keys rotate", rotated)
    identifier = z.get("/x", key=rotated["key"]).header("X-ZTA-Id")
    explained = _stored(z, identifier)
    validate("explain", explained)
    assert explained["inputs"]["scopes"] == ["read"]
    events = z.events()
    validate("events", events)
    assert set(events[0]) == members_of_table("Events")
    validate("block", z.json("block", "203.0.113.9", "--for", "1h", "--reason", "test"))
    validate("rules add", z.json("rules", "add", "-e", "deny a2", "-e", "when path /y", "--for", "1h",
                                 "--reason", "test"))
    validate("mode", z.json("mode", "monitor", "--for", "1h", "--reason", "test", "--yes"))
    token = z.issuer.token({"sub": "alice", "scope": "read"})
    validate("token", parse(z.ctl("token", "--json", data=token).stdout))
    z.get("/x", token)
    for command in ("sessions list", "keys list", "blocks list", "rules list", "audit list", "issuers",
                    "rules history", "mode", "changes", "status", "version", "audit verify",
                    "threat-level", "readiness", "limits list", "maturity", "automation list"):
        validate(command, z.json(*command.split()))
    z.write_rules("allow a\n  when path /**\n  need scope read\ncase c\n  expect challenge\n")
    for command in ("rules test", "rules check", "whatif"):
        validate(command, parse(z.ctl(*command.split(), z.rules_path, "--json").stdout))
    validate("rules show", z.json("rules", "show", "a"))
    validate("rules history", z.json("rules", "history", "1"))
    bad = parse(z.ctl("rules", "check", "--live", "-", "--json", data="deny a\n", code=1).stdout)
    validate("rules check", bad)
    assert set(bad) == {"result", "file", "line", "column", "error"}


def _stored(z, identifier):
    def look():
        done = z.ctl("explain", identifier, "--json", code=None)
        return parse(done.stdout) if done.returncode == 0 else None
    return wait_for(look, what=f"{identifier} is stored")


def test_a_key_has_the_documented_form(store):
    made = store()
    key = made.json("keys", "create", "--name", "one")["key"]
    pattern = re.search(r"finds keys by `([^`]+)`", read("docs/formats.md"))[1]
    assert re.fullmatch(pattern, key) and len(key) == 67


def test_the_audit_chain_is_the_documented_one(store):
    """Recomputed from the listing by what docs/formats.md says."""
    made = store()
    made.json("keys", "create", "--name", "one", "--reason", "for the test")
    entries = sorted(made.json("audit", "list", "--limit", "0"), key=lambda e: e["id"])
    assert [e["id"] for e in entries] == [1, 2]
    assert entries[0]["previous"] == "0" * 64
    assert entries[1]["previous"] == entries[0]["hash"]
    second = entries[1]

    def text(value):
        data = (value or "").encode()
        return b"\xff\xff" if value is None else len(data).to_bytes(2, "big") + data
    texts = b"".join(text(second[name]) for name in (
        "login", "sudo_user", "tty", "action", "target", "before", "after", "reason"))
    # The listing has seconds, the record nanoseconds: those stand behind hash, id and before uid.
    with open(made.policy_path(), "rb") as file:
        data = file.read()
    head = bytes.fromhex(second["previous"]) + (2).to_bytes(8, "big")
    at = data.rindex(head)
    time_ns = data[at + len(head):at + len(head) + 8]
    told = datetime.fromisoformat(second["time"].replace("Z", "+00:00")).timestamp()
    assert int.from_bytes(time_ns, "big") // 10**9 == told
    record = head + time_ns + second["uid"].to_bytes(4, "big") + texts
    assert hashlib.sha256(record).hexdigest() == second["hash"]


# ---- names ----

def named(pattern, *pages):
    return {name for page in pages for name in re.findall(pattern, read(page), re.M)}


def test_directives_that_pages_name_exist():
    known = named(r'"<?(ZTA[A-Z][A-Za-z]+)"', "mod_zta/directives.def")
    assert len(known) > 20
    for page in _PAGES:
        assert named(r"\b(ZTA[A-Z][A-Za-z]+)\b", page) <= known, page


def test_pages_name_every_variable_alert_and_header():
    variables = named(r'"(ZTA_[A-Z]+)"', "mod_zta/record.c")
    table = read("docs/standards.md").split("\n## Environment variables\n", 1)[1].split("\n## ")[0]
    assert set(re.findall(r"`(ZTA_[A-Z]+)`", table)) == variables
    alerts = (named(r'\{"(\w+)", "ZTA\d{4}"', "mod_zta/helper/upkeep.c")
              | named(r'add_alert\(.*ZTA_TEXT\("(\w+)"\)', "mod_zta/helper/main.c"))
    assert named(r"alert `(\w+)`", "docs/operations.md") == alerts
    read_by_ztactl = named(r'getenv\("(\w+)"\)', *paths_below("admin-tui", ".c"))
    assert read_by_ztactl and read_by_ztactl <= named(r"^\| `(\w+)`", "docs/reference-ztactl.md")
    headers = named(r'"(X-ZTA-\w+)"', "mod_zta/output/upstream.c")
    assert headers <= named(r"`(X-ZTA-\w+)`", "docs/standards.md")


def rows_of(page, title):
    """The cells of the rows of the table under a heading, without the two lines above them."""
    section = read(page).split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    found = [line.strip("|").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return [[cell.strip() for cell in row] for row in found[2:]]


def names_of_tests():
    python = {name for path in paths_below("tests", ".py")
              for name in re.findall(r"^def (test_\w+)\(", read(path), re.M)}
    unit = {name for path in paths_below("tests/unit", ".c")
            for name in re.findall(r"^static void (\w+)\(void \*\*", read(path), re.M)}
    assert python and unit
    return python | unit


def test_each_demand_is_shown_by_tests_that_exist_or_said_not_to_be_implemented():
    tests, text = names_of_tests(), read("docs/conformance.md")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line[:2] == "| "]
    rows = [row for row in rows if "demand" not in row]
    assert len(rows) > 100
    for row in rows:
        named_here = set(re.findall(r"`((?:test_)?\w+_\w+)`", row[-1]))
        is_open = row[-1].startswith(("not implemented", "not applicable"))
        assert is_open or named_here, f"no test: {row}"
        assert named_here <= tests, named_here - tests
    # Whatever the other page follows has its rows.
    for number in set(re.findall(r"RFC (\d+)", read("docs/standards.md"))) - {"3986", "4514", "6749"}:
        assert re.search(rf"\b{number}\b", text), f"RFC {number}"


def test_failures_are_those_of_operations_and_shown_by_tests_that_exist():
    told = rows_of("docs/operations.md", "When something fails")
    shown = rows_of("docs/architecture.md", "When something fails")
    alerts = named(r"alert `(\w+)`", "docs/operations.md")
    all_tests = names_of_tests()
    assert len(shown) == len(told) > 15
    for row in shown:
        mine = [t for t in told if re.match(rf"{re.escape(row[0])}($|:)", t[0])]
        assert len(mine) == 1, f"{row[0]}: not once in docs/operations.md"
        for pattern in (r"ZTA\d{4}", rf"\b(?:{'|'.join(alerts)})\b"):
            assert set(re.findall(pattern, row[2])) == set(re.findall(pattern, " ".join(mine[0]))), row[0]
        tests = set(re.findall(r"`(\w+)`", row[4]))
        assert tests and tests <= all_tests, tests - all_tests


def paths_below(folder, *suffixes):
    return sorted(os.path.relpath(os.path.join(where, name), ROOT)
                  for where, _, names in os.walk(os.path.join(ROOT, folder)) for name in names
                  if name.endswith(suffixes))


_CODE = [path for folder in ("shared", "mod_zta", "admin-tui", "tests", "docs", "conf")
         for path in paths_below(folder, ".c", ".h", ".def", ".py", ".zta", ".sh", ".md", ".load")]


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md", "docs/formats.md",
                                  "docs/standards.md", "docs/threat-model.md", "README.md",
                                  "tests/README.md"])
def test_files_and_functions_that_pages_name_exist(page):
    """A name without a folder is one of a file in the folder that was named before it."""
    text = "\n".join(read(path) for path in _CODE if path.endswith((".c", ".h")))
    for name in re.findall(r"`([\w./*-]+/[\w.*-]*|[\w-]+\.(?:c|h|def|py|sh))`", read(page)):
        name = name.replace("NAME", "*")
        names = [name, f"docs/{name}", os.path.join(os.path.dirname(page), name)]
        is_there = (any(glob.glob(os.path.join(ROOT, n)) for n in names)
                    or any(path.endswith(f"/{name}") for path in _CODE))
        assert is_there or name.split("/")[0] in ("policy", "state", "build", "*", ""), name
    for name in set(re.findall(r"`((?:mod_)?zta_\w+|judge_\w+|ZTA_[A-Z_]+_VERSION)`", read(page))):
        assert re.search(rf"\b{name}\b", text), name


def test_the_story_of_a_request_meets_every_hook():
    story_of_it = read("docs/architecture.md").split("\n## A request, end to end\n", 1)[1].split("\n## ", 1)[0]
    hooks = re.findall(r"_hook_(\w+)\((mod_zta_\w+),|_HOOK\(\w+, (\w+), (mod_zta_\w+),", read("mod_zta/mod_zta.c"))
    functions = [one[1] or one[3] for one in hooks
                 if (one[0] or one[2]) not in ("pre_config", "check_config", "post_config", "child_init",
                                               "child_status", "pre_connection", "status_hook")]
    assert len(functions) > 10
    for function in functions:
        assert f"`{function}`" in story_of_it, function


def test_log_tags_have_the_levels_that_are_told():
    told = dict(re.findall(r"^\| `(ZTA\d{4})` \| (\w+) \|", read("docs/operations.md"), re.M))
    names = {"ERR": "error", "ERROR": "error", "WARNING": "warn"}
    calls = [call for path in paths_below("mod_zta", ".c") for call in re.findall(
        r"APLOG_MARK,\s*APLOG_(\w+),[^;]*?\"(ZTA\d{4}): ", read(path))]
    calls += [(level, tag) for tag, level in re.findall(
        r'\{"\w+", "(ZTA\d{4})", MOD_ZTA_HELPER_(\w+)\}', read("mod_zta/helper/upkeep.c"))]
    assert len(calls) > 25
    for level, tag in calls:
        assert told[tag] == names.get(level, level.lower()), tag


def test_tables_of_the_store_are_those_of_the_sources():
    tables = named(r'^ZTA_(?:LATER_)?TABLE\(\w+, \w+, "(\w+)"\)', "shared/store/tables.def")
    section = read("docs/formats.md").split("\n### Tables\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == tables


@pytest.mark.parametrize("source, pattern, page, text", [
    ("shared/store/env.h", r"ZTA_STORE_READERS +(\d+)", "docs/operations.md", "{:,} readers"),
    ("shared/live/segment.h", r"ZTA_CHILDREN_MAX +(\d+)", "docs/operations.md", "{:,} children"),
    ("shared/store/published.h", r"ZTA_HEARTBEAT_STALE_S +(\d+)", "docs/operations.md", "than {} s"),
    ("shared/base/limits.h", r"ZTA_HEADER_BLOCK_MAX (\d+)", "docs/operations.md", "above {kib} KiB"),
    ("shared/base/limits.h", r"ZTA_TOKEN_MAX +(\d+)", "docs/standards.md", "At most {kib} KiB"),
    ("shared/base/limits.h", r"ZTA_JSON_DEPTH_MAX +(\d+)", "docs/standards.md", "depth at most {}"),
    ("shared/base/limits.h", r"ZTA_JSON_MEMBERS_MAX +(\d+)", "docs/standards.md", "{} members"),
    ("shared/base/limits.h", r"ZTA_KID_MAX +(\d+)", "docs/standards.md", "1 to {} bytes"),
    ("shared/base/limits.h", r"ZTA_SUBJECT_MAX +(\d+)", "docs/standards.md", "at most {} bytes"),
    ("shared/base/limits.h", r"ZTA_NAME_MAX +(\d+)", "docs/rules.md", "at most {}, beginning"),
    ("shared/base/limits.h", r"ZTA_RULES_FILE_MAX +\((\d+) << 20\)", "docs/rules.md", "{} MiB each"),
    ("shared/rules/decide.h", r"ZTA_LIMIT_CHARGES_MAX\D+(\d+)", "docs/rules.md", "most {} limits"),
    ("shared/store/env.h", r"ZTA_STORE_VERSION +(\d+)", "docs/formats.md", "store format {} "),
    ("shared/live/segment.h", r"ZTA_SEGMENT_VERSION +(\d+)", "docs/formats.md", "shared memory {},"),
])
def test_bounds_are_those_of_the_sources(source, pattern, page, text):
    value = int(re.search(pattern, read(source))[1])
    wanted = text.format(value, kib=value // 1024)
    assert wanted in re.sub(r"\s+", " ", read(page))


def test_a_file_of_rules_above_its_bound_is_refused_by_ztactl_as_by_httpd(server, directory):
    for size, code in ((4 << 20, 0), ((4 << 20) + 1, 1)):
        with open(f"{directory}/big.zta", "w", encoding="utf-8") as file:
            file.write("#" * size)
        assert rules_check(directory, "big.zta").returncode == code
        tested, said = server.configtest(f"{_PREAMBLE}\nZTARules {directory}/big.zta", "")
        assert (tested != 0) == bool(code), said


# ---- manuals ----

_MANUALS = sorted(os.listdir(os.path.join(ROOT, "docs", "man")))


@pytest.mark.parametrize("name", _MANUALS)
def test_manuals_are_clean_for_mandoc_and_groff(name):
    page = os.path.join(ROOT, "docs", "man", name)
    for command in (["mandoc", "-Tlint", "-Wall"], ["groff", "-man", "-ww", "-Tutf8", "-z"]):
        done = subprocess.run([*command, page], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command


def test_manuals_name_each_other_and_hold_every_directive_command_and_attribute():
    def shown(name):
        page = os.path.join(ROOT, "docs", "man", name)
        return subprocess.run(["mandoc", "-Tascii", "-Owidth=200", page], text=True, check=True,
                              capture_output=True).stdout.replace("\b", "\0")
    texts = {name: re.sub(r".\0", "", shown(name)) for name in _MANUALS}
    assert set(texts) == {"mod_zta.7", "zta-rules.5", "ztactl.8"}
    for name, text in texts.items():
        others = set(texts) - {name}
        assert all(f"{o[:-2]}({o[-1]})" in text.split("SEE ALSO", 1)[1] for o in others), name
    for pattern, source, manual in (
            (r'^ZTA_DIRECTIVE\(\w+, "<?(\w+)"', "mod_zta/directives.def", "mod_zta.7"),
            (r'^ZTA_ATTRIBUTE\(\w+, "([\w-]+)"', "shared/rules/attributes.def", "zta-rules.5"),
            (r'^CTL_COMMAND\(\w+, "([\w ]+)"', "admin-tui/commands.def", "ztactl.8"),
            (r'^CTL_OPTION\(\w+, "([\w-]+)"', "admin-tui/options.def", "ztactl.8"),
            (r'^TUI_KEY\(.*, "([^"]+)"\)', "admin-tui/console/keys.def", "ztactl.8")):
        names = re.findall(pattern, read(source), re.M)
        assert len(names) > 10
        for one in names:
            assert re.search(rf"^ +(<|--)?{re.escape(one)}|{re.escape(one)}$", texts[manual], re.M), one
    headings = re.findall(r"^[A-Z][A-Z ]+$", texts["ztactl.8"], re.M)
    assert headings == ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "FILTERS",
                        "KEYS OF THE CONSOLE", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"]
    commands = re.findall(r'^CTL_COMMAND\(\w+, "([\w -]+)"', read("admin-tui/commands.def"), re.M)
    examples = re.findall(r"^ +ztactl (.*)", texts["ztactl.8"].split("\nEXAMPLES\n")[1], re.M)
    assert len(examples) > 6
    for line in examples:
        assert any(re.match(rf"{command}\b", line) for command in commands), line


# ---- the guide ----

def test_the_index_leads_to_every_page():
    linked = {os.path.normpath(os.path.join("docs", link.partition("#")[0]))
              for link in re.findall(r"\]\(([^)\s]+)\)", read("docs/README.md"))}
    pages = {page for page in _PAGES if page.startswith("docs/") and "/decisions/" not in page}
    assert pages - linked - {"docs/README.md"} == set()


def test_every_block_of_the_guide_is_one_that_is_tried():
    """Files, commands and tokens are those of stories, which tests/integration/test_guide.py tells; rules and
    configurations without a file are tried above, what others read is read below."""
    told = re.findall(r'\.tell\("([^"]+)"', read("tests/integration/test_guide.py"))
    assert set(told) == set(_GUIDE)
    kinds = {"sh", "console", "zta", "apache", "yaml", "ini", "rsyslog", "json"}
    for page in ("README.md", *_GUIDE):
        for block in story.blocks(page):
            is_shown_by_the_demo = page == "README.md" and block.language == "text"
            assert block.language in kinds or is_shown_by_the_demo, f"{page}: a block of {block.language!r}"
            assert block.language != "json" or block.info.startswith("as="), f"{page}: JSON that is no token"


def others(language):
    return [pytest.param(block.text, id=f"{page}-{number}") for page in _PAGES
            for number, block in enumerate(story.blocks(page)) if block.language == language]


@pytest.mark.parametrize("text", others("yaml"))
def test_yaml_of_a_page_is_read(text):
    assert yaml.safe_load(text)


@pytest.mark.parametrize("text", others("rsyslog"))
def test_settings_of_rsyslog_are_read_by_rsyslog(text, directory):
    """By its own check of a configuration; where the package is not installed deps.sh unpacked it."""
    root = os.path.join(ROOT, "build", "rsyslog")
    program = shutil.which("rsyslogd") or os.path.join(root, "usr", "sbin", "rsyslogd")
    libraries = glob.glob(os.path.join(root, "usr", "lib", "*-linux-gnu"))
    modules = [f"{folder}/rsyslog" for folder in libraries]
    with open(f"{directory}/rsyslog.conf", "w", encoding="utf-8") as file:
        file.write(f'global(workDirectory="{directory}")\n{text}')
    command = [program, "-N1", "-f", f"{directory}/rsyslog.conf", *(["-M", ":".join(modules)] if modules else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)})
    assert done.returncode == 0, done.stderr
    with open(f"{directory}/rsyslog.conf", "a", encoding="utf-8") as file:
        file.write("input(type=\"nonsense\")\n")
    assert subprocess.run(command, capture_output=True, check=False, env={
        **os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}).returncode != 0


@pytest.mark.parametrize("text", others("ini"))
def test_settings_of_a_page_are_read(text):
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.read_string(text)
    assert parser.sections()


# ---- links ----

def anchors(page):
    """What GitHub makes of a page's headings."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", read(page), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_links_between_pages_lead_somewhere():

    links = [(page, link) for page in _PAGES for link in re.findall(r"\]\(([^)\s]+)\)", read(page))
             if not re.match(r"\w+:", link)]
    assert links
    for page, link in links:
        path, _, anchor = link.partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        assert os.path.exists(os.path.join(ROOT, target)), f"{page}: {link}"
        assert not anchor or anchor in anchors(target), f"{page}: {link}"
