# SPDX-License-Identifier: Apache-2.0
"""A clock that is set while httpd runs, for httpd and ztactl alike; the monotonic clock stays what
it is."""

import os
import sys
import time

from support import preload

HOUR = 3600


class Clock:
    """The time that processes of this environment are told: the true one and an offset."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "offset")
        self.offset = 0
        self.set(0)
        self.env = preload.environment(directory, "set_clock", ZTA_TEST_CLOCK=self.path)

    def set(self, offset):
        """In place, because every process has the file mapped."""
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o644)
        os.pwrite(fd, offset.to_bytes(8, sys.byteorder, signed=True), 0)
        os.close(fd)
        self.offset = offset

    def now(self):
        return int(time.time()) + self.offset


def token(z, clock, **claims):
    """One that is good at the server's time, and at an hour before and after it."""
    return z.issuer.token({"iat": clock.now() - 2 * HOUR, "exp": clock.now() + 4 * HOUR,
                           "auth_time": clock.now() - 2 * HOUR, **claims})
