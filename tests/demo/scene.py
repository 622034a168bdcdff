# SPDX-License-Identifier: Apache-2.0
"""What the walk-through plays in: one directory with httpd, store, issuer keys and sample API."""

import contextlib
import os
import signal
import tempfile

from support import mmdb
from support.backend import Backend
from support.gateway import Gateway
from support.httpd import HttpdError
from support.local import ROOT, make_dir, remove_dir
from support.pki import Pki

_STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_RULES = ("conf/rules/api.zta", "tests/demo/demo.zta")

# The whole server is at stage 2; five places differ.
_PLACES = """
<Location /health>
    ZTAStage 0
</Location>
<Location /catalog>
    ZTAStage 1
</Location>
<Location /reports>
    ZTAStage 1
    ZTAMonitor 2
</Location>
<Location /payroll>
    ZTAStage 3
</Location>
<Location /payments>
    ZTAStage 4
</Location>
"""
# What comes from 127.0.0.1 may name another client, as behind a load balancer.
_BALANCER = "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1"
# Where the walk-through comes from, as a MaxMind DB file would have it of real addresses.
_COUNTRIES = {"127.0.0.1/32": mmdb.country("CH"), "127.0.0.7/32": mmdb.country("FR")}


class Stopped(Exception):
    """A signal asked the walk-through to end."""


class Stop:
    """Notes a signal. Raising from the handler would leave locks taken: acts ask by check()."""

    def __init__(self):
        self.number = None
        for number in _STOPPED_BY:
            signal.signal(number, self._note)

    def _note(self, number, frame):
        self.number = self.number or number

    @property
    def name(self):
        return signal.Signals(self.number).name

    def check(self):
        if self.number:
            raise Stopped(self.name)


def _end(httpd):
    """By force only where SIGTERM did not do."""
    with contextlib.suppress(HttpdError):
        httpd.stop()
    httpd.remove()


@contextlib.contextmanager
def scene():
    """A started Gateway; whatever happens inside, nothing of it is left afterwards."""
    rules = " ".join(os.path.join(ROOT, name) for name in _RULES)
    with contextlib.ExitStack() as undo:
        tempfile.tempdir = make_dir("demo")
        undo.callback(remove_dir, tempfile.tempdir)
        api = Backend()
        undo.callback(api.stop)
        countries = mmdb.write(os.path.join(tempfile.tempdir, "country.mmdb"), _COUNTRIES)
        gateway = Gateway(Pki(tempfile.tempdir), api, stage=2, tls=True, vhost_text=_PLACES,
                          modules=("remoteip",),
                          issuer_text="ZTAClaim device device_id\nZTAAcr urn:example:pwd < urn:example:mfa",
                          global_text=f"ZTARules {rules}\nZTAGeoDB {countries}\n{_BALANCER}")
        undo.callback(_end, gateway.httpd)
        gateway.init_store()
        gateway.start()
        yield gateway
        gateway.httpd.stop()
        gateway.httpd.check_log_clean()
