# SPDX-License-Identifier: Apache-2.0
"""A night at a shop's gateway under a clock that is set: the traffic that incidents are made of."""

import datetime
import os

from support import mmdb
from support.backend import Backend
from support.clock import Clock
from support.gateway import Gateway
from support.load import settled
from support.local import make_dir, remove_dir, wait_for
from support.pki import Pki

BERN, SYDNEY = "192.0.2.7", "198.51.100.7"

_RULES = """zta 1
allow   read
  when  path   /orders/**
  need  scope  orders:read

allow   pay
  when  path   /payments/**
  need  scope  pay

require calm
  when  path   /payments/**
  need  risk   < 40
"""
_PLACES = {"192.0.2.0/24": mmdb.city("CH", 46.948, 7.4474),
           "198.51.100.0/24": mmdb.city("AU", -33.8688, 151.2093)}


class Night:
    """gateway, and who uses it: `staff` with managed laptops, `guests` without any."""

    def __init__(self):
        self.directory = make_dir("night")
        self._backend = Backend()
        self.clock = Clock(self.directory)
        places = mmdb.write(os.path.join(self.directory, "places.mmdb"), _PLACES)
        self.gateway = Gateway(
            Pki(self.directory), self._backend, stage=4, rules=_RULES, env=self.clock.env, modules=("remoteip",),
            issuer_text="ZTAClaim device device_id",
            global_text="RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n"
                        f"ZTAGeoDB {places}\nZTAVerifyLimit 1000000/1s")
        now = datetime.datetime.fromtimestamp(self.clock.now(), datetime.timezone.utc)
        self._midnight = (now + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.at(2, 30)
        self.gateway.init_store()
        self.gateway.start()
        self.staff = [self.token(f"user-{i}", device_id=f"laptop-{i}") for i in range(6)]
        self.guests = [self.token(f"guest-{i}") for i in range(4)]
        for i in range(len(self.staff)):
            self.ctl("devices", "set", f"laptop-{i}", "--managed", "yes")

    def end(self):
        try:
            self.gateway.httpd.stop()
            self.gateway.httpd.check_log_clean()
        finally:
            self.gateway.httpd.remove()
            self._backend.stop()
            remove_dir(self.directory)

    def at(self, hour, minute, second=0):
        """It is so late now, in the night that comes."""
        then = self._midnight + datetime.timedelta(hours=hour, minutes=minute, seconds=second)
        self.clock.set(self.clock.offset + int(then.timestamp()) - self.clock.now())

    def token(self, subject, scope="orders:read", **claims):
        now = self.clock.now()
        return self.gateway.issuer.token({
            "sub": subject, "client_id": "shop", "scope": scope, "sid": f"{subject}-1", "iat": now - 60,
            "auth_time": now - 60, "exp": now + 36000, **claims})

    def get(self, target, token, address=BERN):
        return self.gateway.get(target, token=token, headers=[("X-Forwarded-For", address)]).status

    def everybody(self):
        """One request of each; the statuses."""
        return [self.get(f"/orders/{i}", token) for i, token in enumerate(self.staff + self.guests)]

    def business(self, hour, first, last, step=6):
        """Everybody each few seconds, from one minute of the hour to before another."""
        for second in range(60 * first, 60 * last, step):
            self.at(hour, 0, second)
            self.everybody()

    def ctl(self, *arguments, **options):
        return self.gateway.ctl(*arguments, env=self.clock.env, **options)

    def json(self, *arguments):
        return self.gateway.json(*arguments, env=self.clock.env)

    def settle(self):
        """All that was asked is in the store, and the helper has told that it lives."""
        settled(self.gateway)
        wait_for(lambda: self.json("status")["running"], what="a heartbeat at this time")
