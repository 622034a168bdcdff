# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus and its promtool, unpacked below build/ by deps.sh; and its parsers in Python."""

import json
import os
import subprocess
import urllib.parse
import urllib.request

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

from support.local import ROOT, free_port, wait_for

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


def program(name):
    path = os.path.join(ROOT, "build", "prometheus", "usr", "bin", name)
    assert os.access(path, os.X_OK), f"no {path}: run tests/support/deps.sh test"
    return path


def promtool(*arguments, data=None):
    """What it prints; it has to be content."""
    done = subprocess.run([program("promtool"), *arguments], input=data, capture_output=True, text=True,
                          check=False, timeout=50)
    assert done.returncode == 0, f"promtool {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class Exposition:
    """One answer, parsed by the strict parser of its format: samples {(name, labels): value} with
    labels as a sorted tuple of pairs, and families {name: metric}."""

    def __init__(self, answer):
        assert answer.status == 200, (answer.status, answer.text)
        self.type = answer.header("Content-Type")
        self.text = answer.text
        parse = {OPENMETRICS: openmetrics, TEXT: parser}[self.type].text_string_to_metric_families
        self.families = {f.name: f for f in parse(answer.text)}
        self.samples = {(s.name, tuple(sorted(s.labels.items()))): s.value
                        for f in self.families.values() for s in f.samples}

    def value(self, name, **labels):
        return self.samples.get((name, tuple(sorted(labels.items()))))

    def sum(self, name, **labels):
        """Of all samples of that name that have these labels, and maybe others."""
        return sum(value for (n, pairs), value in self.samples.items()
                   if n == name and labels.items() <= dict(pairs).items())

    def names(self):
        return {name for name, _ in self.samples}


class Prometheus:
    """A server of its own that scrapes one target each second, job mod_zta, and evaluates the files
    of rules; a context manager."""

    def __init__(self, directory, target, path, rules=()):
        self.directory = directory
        self.port = free_port()
        self.process = None
        job = {"job_name": "mod_zta", "metrics_path": path, "static_configs": [{"targets": [target]}]}
        with open(self._path("prometheus.yml"), "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                       "rule_files": list(rules), "scrape_configs": [job]}, file)

    def _path(self, name):
        return os.path.join(self.directory, name)

    def __enter__(self):
        with open(self._path("prometheus.log"), "wb") as log:
            self.process = subprocess.Popen(
                [program("prometheus"), f"--config.file={self._path('prometheus.yml')}",
                 f"--storage.tsdb.path={self._path('tsdb')}",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        wait_for(self._is_up, 30, "Prometheus")
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait(20)

    def log(self):
        with open(self._path("prometheus.log"), encoding="utf-8") as file:
            return file.read()

    def _is_up(self):
        assert self.process.poll() is None, self.log()
        try:
            return self.api("query", query="1")
        except OSError:
            return None

    def api(self, what, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=10) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        return found["data"]

    def query(self, expression):
        """{labels as a sorted tuple of pairs: value} of an instant vector, __name__ left out."""
        return {tuple(sorted((k, v) for k, v in row["metric"].items() if k != "__name__")):
                float(row["value"][1]) for row in self.api("query", query=expression)["result"]}

    def one(self, expression):
        """The only value; None while there is none."""
        found = list(self.query(expression).values())
        assert len(found) < 2, (expression, found)
        return found[0] if found else None
