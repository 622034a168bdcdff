# SPDX-License-Identifier: Apache-2.0
"""README's second part as a newcomer would follow it: its commands and files, on a private httpd."""

import os
import re
import subprocess

import pytest

from support.httpd import APACHE, sanitizer_environment
from support.issuer import Issuer
from support.load import settled
from support.local import ROOT
from support.machine import SYSTEM_MODULE, Machine
from support.store import ztactl
from support.story import blocks

_FIRST, _LAST = "## In front of your API", "## What works"


@pytest.fixture
def machine(servers, pki, backend):
    made = Machine(pki, backend)
    servers.add(made.httpd)
    return made


def _follow(machine):
    """Everything README says to do, in its order; what the commands printed."""
    output = ""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    for block in blocks("README.md"):
        if not text.index(_FIRST) < block.span[0] < text.index(_LAST):
            continue
        if block.path:
            machine.put(block.path, block.text, is_more=True)
        elif block.language == "sh":
            for line in block.text.splitlines():
                if " explain " in line:
                    settled(machine)
                output += machine.command(line, ROOT)
    return output


def test_a_newcomer_gets_what_readme_says(machine, backend):
    issuer = Issuer(machine.httpd.path("conf"), url="https://idp.example.com",
                    audience="https://api.example.com", algs=("RS256",))
    os.replace(issuer.path, machine.httpd.path("jwks"))
    machine.names["https://idp.example.com/jwks.json"] = f"file://{machine.httpd.path('jwks')}"
    output = _follow(machine)
    assert re.findall(r"^HTTP/1.1 (\d+)", output, re.M) == ["401", "200", "401"]
    assert backend.last.target == "/orders/1"
    assert backend.last.header("X-ZTA-Subject") == "first"
    assert "revoked" in output
    token = issuer.token({"scope": "orders:read"})
    good = {"Authorization": f"Bearer {token}"}
    assert machine.httpd.get("/api/orders/1", good).status == 200
    assert machine.httpd.request("PUT", "/api/orders/1", good).status == 403
    assert machine.httpd.get("/elsewhere").status == 404
    checked = machine.store.json("config", "check", "--apachectl", APACHE, "--conf",
                                 machine.httpd.path("conf/httpd.conf"), env=sanitizer_environment())
    assert checked["starts"] and checked["findings"] == []


def test_installed_files_are_those_of_conf(machine):
    machine.run("sudo make install", ROOT)
    for name in ("zta.load", "zta.conf"):
        with open(os.path.join(ROOT, "conf", name), encoding="utf-8") as file:
            wanted = file.read().replace(SYSTEM_MODULE, machine.module)
        with open(f"{machine.root}/etc/apache2/mods-available/{name}", encoding="utf-8") as file:
            assert file.read() == wanted
    assert os.path.exists(machine.module)
    assert os.access(f"{machine.root}/usr/local/sbin/ztactl", os.X_OK)
    for name in os.listdir(os.path.join(ROOT, "docs", "man")):
        assert os.path.isfile(f"{machine.root}/usr/local/share/man/man{name[-1]}/{name}")
    documentation = f"{machine.root}/usr/local/share/doc/mod_zta"
    for name in ("README.md", "docs/rules.md", "examples/rules/api.zta", "conf/modsecurity/zta.conf"):
        assert os.path.isfile(f"{documentation}/{name}")


def test_uninstalling_takes_away_all_but_what_was_changed(machine):
    def files():
        return {os.path.join(where, name) for where, _, names in os.walk(machine.root) for name in names}
    before = files()
    machine.run("sudo make install", ROOT)
    changed = f"{machine.root}/etc/apache2/mods-available/zta.conf"
    with open(changed, "a", encoding="utf-8") as file:
        file.write("ZTAStore /var/lib/zta\n")
    assert "was changed and is kept" in machine.run("sudo make install", ROOT)
    os.unlink(f"{changed}.new")
    machine.run("sudo make uninstall", ROOT)
    assert files() - before == {changed}


def test_examples_of_rules_are_accepted():
    """Each example file of conf/rules is a good set of its own."""
    folder = os.path.join(ROOT, "conf", "rules")
    names = sorted(os.listdir(folder))
    assert names
    for name in names:
        subprocess.run([ztactl(), "rules", "check", os.path.join(folder, name)], check=True,
                       stdin=subprocess.DEVNULL)
