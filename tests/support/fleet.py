# SPDX-License-Identifier: Apache-2.0
"""A fleet of stores whose agents meet at a private Redis."""

import contextlib
import os
import signal
import subprocess

from support import leaks
from support.local import ROOT, USERS, make_dir, remove_dir, wait_for
from support.redis import Redis
from support.schema import validate
from support.store import parse

_PATIENCE_S = 30
_PASSWORD = os.urandom(16).hex()


def held(store, word, *arguments, **options):
    """What `ztactl fleet word --json` prints, which is as its schema says."""
    found = store.json("fleet", word, *arguments, **options)
    validate(f"fleet {word}", found)
    return found


def _documented(begin):
    """The line of docs/fleet.md that begins so."""
    with open(os.path.join(ROOT, "docs", "fleet.md"), encoding="utf-8") as f:
        return next(line.rstrip("\n") for line in f if line.startswith(begin))


def engine_of_fleets(extra="", **options):
    """A Redis with the user that docs/fleet.md names, who may do what it says there, no more."""
    user = _documented("user zta on ").replace(">password", f">{_PASSWORD}")
    return Redis(password="of its administrator", extra="\n".join([user, extra]), **options)


def private_file(path, text):
    """A file of the store's owner that nobody else may read."""
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, 0o600)
    if os.geteuid() == 0:
        os.chown(path, USERS.owner_uid, -1)
    return path


def engine_lines(engine, directory):
    """How fleet.conf leads to such an engine."""
    secret = leaks.secret(_PASSWORD, "the password of the engine")
    password = private_file(os.path.join(directory, "password"), f"{secret}\n")
    leaks.own_file(password)
    return [f"engine 127.0.0.1:{engine.port}", "user zta", f"password-file {password}"]


class Node:
    """A store that is part of a fleet, and its agent, which runs on a host (support.netns.Host)."""

    def __init__(self, fleet, name, store, role=None, host=None):
        self._on = host or contextlib.nullcontext()
        self.name = name
        self.store = store
        self.config = os.path.join(fleet.directory, f"{name}.conf")
        self.agent = None
        with open(self.config, "w", encoding="ascii") as f:
            f.write("\n".join(["# of a test", "fleet corp", f"node {name}",
                               f"operator-key {fleet.operator_key}", *fleet.engine_lines, ""]))
        self.request = held(store, "join", self.config)["request"]
        leaks.key_file(store.policy_path("fleet.key"), "the key of a node")
        self.role = role

    def start(self, env=None):
        with self._on:
            self.agent = self.store.start("fleet", "agent", self.config, "--json", env=env)
        return self

    def kill(self):
        """As a power cut ends it."""
        self._end(signal.SIGKILL)

    def stop(self):
        """What the agent did."""
        code, out, said = self._end(signal.SIGTERM)
        assert code == 0, said
        done = parse(out)
        validate("fleet agent", done)
        for line in said.splitlines():
            validate("complaint", parse(line))
        return done

    def _end(self, number):
        if self.agent is None:
            return None, "", ""
        agent, self.agent = self.agent, None
        agent.send_signal(number)
        try:
            out, said = agent.communicate(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            agent.kill()
            raise
        leaks.ran(("fleet", "agent"), out, said)
        return agent.returncode, out, said

    def status(self):
        return held(self.store, "status")

    def digest(self):
        return held(self.store, "digest")


class Fleet:
    """Fleet corp; engine_lines are those of fleet.conf that name the engine."""

    def __init__(self, engine_lines):
        self.directory = make_dir("fleet")
        self.engine_lines = engine_lines
        self.nodes = []
        self.key = os.path.join(self.directory, "operator.key")
        self.operator_key = None

    def create(self, store):
        """The operator's key, on a machine with ztactl and no store of the fleet."""
        self.operator_key = held(store, "create", self.key)["operator_key"]
        leaks.key_file(self.key, "the key of the fleet's operator")
        return self

    def join(self, name, store, role=None, at=None, host=None):
        """A node that is enrolled, at its own store or at another node's."""
        node = Node(self, name, store, role, host)
        self.nodes.append(node)
        self.enrol(node, role, at or self.nodes[0])
        return node

    def enrol(self, node, role, at):
        line = held(node.store, "sign", self.key, node.request,
                    *(["--role", role] if role else []))["enrolment"]
        held(at.store, "enrol", "-", data=line + "\n")

    def are_alike(self):
        """All know the same, and nothing waits."""
        if any(node.status()["waiting"] for node in self.nodes):
            return False
        # Behind that: what waited a moment ago is in the digest of who said it.
        digests = [node.digest() for node in self.nodes]
        return digests[1:] == digests[:-1]

    def await_alike(self, timeout=_PATIENCE_S):
        wait_for(self.are_alike, what="all nodes alike", timeout=timeout)

    def remove(self):
        for node in self.nodes:
            node.kill()
        remove_dir(self.directory)
