# SPDX-License-Identifier: Apache-2.0
"""What is sent: tokens, and one load of wrk with the proxy's CPU time beside it."""

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from servers import DENIED_PATH, PATH, REFUSED_PATH

CONNECTIONS = 32
N_TOKENS = 1000
N_FORGED = 50
LIFE_S = 6 * 3600
_LUA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load.lua")


@dataclass(frozen=True)
class Load:
    """One row of the table: who is loaded with what, what is answered, what it is measured by."""

    name: str
    title: str
    server: str
    path: str = PATH
    tokens: str = "good"
    status: int = 200
    base: str = "bare"


LOADS = (
    Load("bare", "bare Apache proxy", "bare", base=""),
    Load("stage1", "mod_zta, stage 1", "stage1"),
    Load("stage2", "mod_zta, stage 2, 10 rules", "stage2"),
    Load("mod_oauth2", "mod_oauth2", "mod_oauth2"),
    Load("mod_auth_openidc", "mod_auth_openidc", "mod_auth_openidc"),
    Load("new", "mod_zta, stage 2, new RS256 token", "stage2", tokens="new"),
    Load("denied", "bare Apache, Require all denied", "bare", DENIED_PATH, "none", 403, ""),
    Load("no-credential", "mod_zta refuses: no credential", "stage2", PATH, "none", 401, "denied"),
    Load("known-bad", "mod_zta refuses: negative cache", "stage2", PATH, "forged", 401, "denied"),
    Load("rule", "mod_zta refuses: rule", "stage2", REFUSED_PATH, "good", 403, "denied"),
)


def _claims(number):
    now = int(time.time())
    return {"sub": f"user-{number % N_TOKENS}", "client_id": ("web", "app")[number % 2],
            "exp": now + LIFE_S, "auth_time": now - 60, "acr": "gold", "roles": ["clerk", "staff"]}


class Tokens:
    """The files that wrk draws from, below `directory`."""

    def __init__(self, directory, issuer, n_new, rounds):
        self.directory = directory
        self.issuer = issuer
        self.good = [self._make(i) for i in range(N_TOKENS)]
        self.forged = [t[:-20] + t[-20:].swapcase() for t in self.good[:N_FORGED]]
        self.files = {"good": self._write("good", self.good), "none": self._write("none", ()),
                      "forged": self._write("forged", self.forged)}
        self.n_new = n_new
        with ThreadPoolExecutor(2) as pool:
            new = list(pool.map(self._make, range(n_new * rounds)))
        for i in range(rounds):
            self.files[f"new-{i}"] = self._write(f"new-{i}", new[i * n_new:(i + 1) * n_new])

    def _make(self, number):
        return self.issuer.token(_claims(number))

    def _write(self, name, tokens):
        path = os.path.join(self.directory, f"{name}.tokens")
        with open(path, "w", encoding="ascii") as f:
            f.writelines(f"{token}\n" for token in tokens)
        return path


def _wrk(url, path, file, seconds, order="random", limit=0):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", _LUA,
               url, "--", path, file, order, str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=seconds + 60)
    results = [line[7:] for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or len(results) != 1:
        raise RuntimeError(f"wrk: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(results[0])


def _expect(load, result):
    """Only a round in which every answer was the expected one says anything."""
    wanted = {str(load.status): result["requests"]}
    if result["requests"] == 0 or result["broken"] or result["statuses"] != wanted:
        raise AssertionError(f"{load.name}: not {load.status} throughout: {result}")


def _helper_is_idle(server, patience_s=15):
    """Waits until the helper has stored what was sent, so that its time is complete."""
    deadline = time.monotonic() + patience_s
    while server.helpers and time.monotonic() < deadline:
        before = server.helper_us()
        time.sleep(0.3)
        if server.helper_us() - before <= 10_000:
            return


def warm_up(load, server, tokens, seconds=2):
    """Connections, caches and pools are filled once; they stay so between the rounds."""
    kind = "good" if load.tokens == "new" else load.tokens
    _wrk(server.httpd.url, load.path, tokens.files[kind], seconds)


def measure(load, server, tokens, seconds, number):
    """One round: CPU µs a request of the proxy and its helper, latencies, requests a second."""
    is_new = load.tokens == "new"
    file = tokens.files[f"new-{number}" if is_new else load.tokens]
    _helper_is_idle(server)
    helper_us, cpu_us = server.helper_us(), server.cpu_us()
    result = _wrk(server.httpd.url, load.path, file, seconds, "once" if is_new else "random",
                  tokens.n_new if is_new else 0)
    cpu_us = server.cpu_us() - cpu_us
    _helper_is_idle(server)
    helper_us = server.helper_us() - helper_us
    server.check_processes()
    _expect(load, result)
    n = result["requests"]
    return {"cpu": cpu_us / n, "helper": helper_us / n if server.helpers else None, "requests": n,
            "p50_ms": result["p50_us"] / 1000, "p99_ms": result["p99_us"] / 1000,
            # A load that ends with its tokens says nothing about time.
            "rate": None if is_new else n * 1e6 / result["duration_us"]}
