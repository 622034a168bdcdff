# SPDX-License-Identifier: Apache-2.0
"""The sample API of docs/, which believes assertions alone, as a back end."""

import os
import subprocess
import sys

from support.client import Client
from support.local import ROOT, free_port, wait_for


class SampleApi:
    """docs/examples/sample_api.py as a process; its url is a back end's."""

    def __init__(self, jwks_url, issuer, audience):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = subprocess.Popen(
            [sys.executable, os.path.join(ROOT, "docs", "examples", "sample_api.py"),
             str(self.port), jwks_url, issuer, audience])
        wait_for(self._answers, what="the sample API")

    def _answers(self):
        try:
            return self.direct("").status == 401
        except OSError:
            return False

    def direct(self, assertion):
        """A call that does not come through the proxy."""
        return Client(self.port).get("/x", {"X-ZTA-Assertion": assertion})

    def stop(self):
        self._process.terminate()
        self._process.wait(10)
