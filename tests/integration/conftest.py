# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the integration tests; tests/README.md has them at a glance."""

import signal

import pytest

from support.authserver import AuthServer
from support.backend import Backend
from support.clock import Clock
from support.fleet import Fleet, engine_lines, engine_of_fleets
from support.gateway import Gateway
from support.httpd import Httpd
from support.issuer import Issuer
from support.leaks import check_files, nothing_leaks  # noqa: F401
from support.local import make_dir, remove_dir
from support.pki import Pki
from support.sampleapi import SampleApi
from support.store import Store

_LIMIT_S = 60


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A case that hangs fails: nothing in the product may wait without bound."""
    marker = item.get_closest_marker("timeout")
    limit = marker.args[0] if marker else _LIMIT_S

    def expire(number, frame):
        raise TimeoutError(f"case took longer than {limit} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(limit)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed case shows what its servers logged."""
    report = (yield).get_result()
    if report.failed:
        for server in getattr(item, "zta_servers", ()):
            report.sections.append((f"httpd in {server.root}", server.evidence()))


@pytest.fixture(scope="session")
def pki():
    """Test CA, server certificate and two client certificates (support/pki.py)."""
    directory = make_dir("pki")
    yield Pki(directory)
    remove_dir(directory)


@pytest.fixture
def directory():
    """An empty directory that httpd's user can enter."""
    path = make_dir("case")
    yield path
    try:
        check_files(path)
    finally:
        remove_dir(path)


@pytest.fixture
def issuer(directory):
    """A token maker with its JWKS file, not tied to a server (support/issuer.py)."""
    return Issuer(directory)


@pytest.fixture
def backend():
    """A recording back end."""
    server = Backend()
    yield server
    server.stop()


@pytest.fixture
def tomcat():
    """A recording back end that reads paths as Tomcat does."""
    server = Backend(mode="tomcat")
    yield server
    server.stop()


class _Servers:
    """Keeps the servers of a case: all are ended, then every log must be clean."""

    def __init__(self, item):
        self._servers = item.zta_servers = []

    def add(self, server):
        self._servers.append(server)
        return server

    def finish(self):
        errors = []
        for server in self._servers:
            for check in (server.stop, server.check_log_clean, *server.at_end):
                try:
                    check()
                except AssertionError as error:
                    errors.append(str(error))
            server.remove()
        self._servers.clear()
        assert not errors, "\n".join(errors)


@pytest.fixture
def own_authserver(directory, pki):
    """Factory: own_authserver(**options of AuthServer), one that a test may stop and start again."""
    servers = []

    def make(**options):
        servers.append(AuthServer(directory, pki, **options))
        return servers[-1].start()

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def servers(request, own_authserver):  # pylint: disable=unused-argument
    """Where httpd and zta register what they start. They end before what they ask ends."""
    kept = _Servers(request.node)
    yield kept
    kept.finish()


@pytest.fixture
def engine():
    """A Redis; its user for fleets may do what docs/fleet.md says, no more."""
    redis = engine_of_fleets().start()
    yield redis
    redis.remove()


@pytest.fixture
def fleet(engine, directory):
    """A fleet without nodes that meets at the engine."""
    made = Fleet(engine_lines(engine, directory))
    yield made
    made.remove()


@pytest.fixture
def httpd(servers, pki):
    """Factory: httpd(start=True, **options of support.httpd.Httpd)."""
    def make(start=True, **options):
        server = servers.add(Httpd(pki, **options))
        return server.start() if start else server
    return make


@pytest.fixture
def store(directory):
    """Factory: store(name="store", *init arguments) gives an initialised Store."""
    def make(name="store", *arguments):
        made = Store(f"{directory}/{name}")
        made.init(*arguments)
        return made
    return make


@pytest.fixture
def zta(servers, pki, backend):
    """Factory: zta(start=True, backend=None, **options of support.gateway.Gateway)."""
    default = backend

    def make(start=True, backend=None, **options):
        gateway = Gateway(pki, backend or default, **options)
        servers.add(gateway.httpd)
        gateway.init_store()
        return gateway.start() if start else gateway
    return make


@pytest.fixture
def samples():
    """Factory: samples(jwks_url, issuer, audience), the sample API of docs/ (support/sampleapi.py)."""
    made = []

    def make(*arguments):
        made.append(SampleApi(*arguments))
        return made[-1]
    yield make
    for sample in made:
        sample.stop()


@pytest.fixture(scope="session")
def authserver(pki):
    """The real authorization server, one per run (support/authserver.py)."""
    directory = make_dir("as")
    server = AuthServer(directory, pki)
    server.start()
    yield server
    server.stop()
    remove_dir(directory)


@pytest.fixture
def clocked(zta, directory):
    """A server whose clock can be set (support/clock.py): clocked(**options) gives (gateway, clock)."""
    def make(**options):
        clock = Clock(directory)
        return zta(env=clock.env, **options), clock
    return make
