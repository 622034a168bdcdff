# SPDX-License-Identifier: Apache-2.0
"""One load of wrk or h2load on a server, with the CPU time of its processes beside it."""

import itertools
import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter

_CONNECTIONS = 32
_STREAMS = 4  # of each HTTP/2 connection; as many requests are under way
_HOT = 10_000
_PATIENCE_S = 600
_LUA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load.lua")


def _wrk(url, path, order, drawn, seconds, seed):
    """wrk's own time is whole seconds: it is ended by signal, by the time or with its tokens."""
    file, first, count = drawn
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{int(seconds) + _PATIENCE_S}s", "--timeout",
               "10s", "-s", _LUA, url, "--", path, file, order, *map(str, (first, count, _HOT, seed))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as wrk:
        said = wrk.stderr.readline()
        if said and order == "once":
            said = wrk.stderr.readline()
        elif said:
            time.sleep(seconds)  # the load, which ends by its time
        wrk.send_signal(signal.SIGINT)
        out, err = wrk.communicate(timeout=_PATIENCE_S)
    results = [line[7:] for line in out.splitlines() if line.startswith("RESULT ")]
    if not said or wrk.returncode or len(results) != 1:
        raise RuntimeError(f"wrk: exit {wrk.returncode}\n{out}{said}{err}")
    return json.loads(results[0])


def _h2load(url, path, fields, seconds):
    """The log has a line a request: start, status, time taken (µs). All have the same fields."""
    lines = (f"{name.lower()}: {value}" for name, value in fields)
    with tempfile.NamedTemporaryFile(suffix=".h2load") as log:
        done = subprocess.run(
            ["h2load", "-t1", f"-c{_CONNECTIONS // _STREAMS}", f"-m{_STREAMS}", "-D",
             f"{int(seconds * 1000)}ms", f"--log-file={log.name}",
             *itertools.chain(*(("-H", line) for line in lines)), url + path],
            capture_output=True, text=True, check=False, timeout=seconds + _PATIENCE_S)
        lines = [line.split() for line in log.read().decode().splitlines()]
    if done.returncode or not lines:
        raise RuntimeError(f"h2load: exit {done.returncode}\n{done.stdout}{done.stderr}")
    took = sorted(int(line[2]) for line in lines)
    return {"requests": len(took), "duration_us": seconds * 1e6, "p50_us": took[len(took) // 2],
            "p99_us": took[len(took) * 99 // 100], "broken": 0,
            "statuses": Counter(line[1] for line in lines)}


def _load(row, server, tokens, seconds, number):
    if row.h2:
        return _h2load(server.url, row.path, tokens.first(row.tokens), seconds)
    return _wrk(server.url, row.path, row.order, tokens.drawn(row.tokens, row.order, number),
                seconds, number)


def warm_up(row, server, tokens, seconds):
    """Connections, caches and pools are filled once, with tokens that a cache may hold."""
    file, first, count = tokens.drawn(row.tokens, row.order, 0)
    if row.order != "once" and file != "-" and not row.h2 and row.warm:
        _wrk(server.url, row.warm_path, "once", (file, first, min(count, row.warm)), seconds, 0)
    _load(row, server, tokens, seconds, 0)
    server.helper_is_idle()


def measure(row, server, tokens, seconds, number):
    """One round, from 1 on: CPU µs a request of server and helper, latencies, requests a second."""
    helper_us, cpu_us = server.helper_us(), server.cpu_us()
    result = _load(row, server, tokens, seconds, number)
    cpu_us = server.cpu_us() - cpu_us
    server.helper_is_idle()
    helper_us = server.helper_us() - helper_us
    server.check_processes()
    n = result["requests"]
    # Only a round in which every answer was the expected one says anything.
    if n == 0 or result["broken"] or result["statuses"] != {str(row.status): n}:
        raise AssertionError(f"{row.name}: not {row.status} throughout: {result}")
    return {"cpu": cpu_us / n, "helper": helper_us / n if server.helpers else None, "requests": n,
            "p50_ms": result["p50_us"] / 1000, "p99_ms": result["p99_us"] / 1000,
            "rate": n * 1e6 / result["duration_us"]}
