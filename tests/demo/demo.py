# SPDX-License-Identifier: Apache-2.0
"""make demo: a private httpd with mod_zta before a sample API, a walk through its stages, the console.

Ends with 0 when everything came out as told, with 1 when something did not."""

import os
import sys
import time

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from demo.live import is_watched, open_console
from demo.play import Play
from demo.scene import Stop, Stopped, scene
from demo.script import play_all
from demo.show import Show


def walk(show, stop):
    """Plays everything and says how it came out; True when all was as told."""
    began = time.monotonic()
    with scene() as gateway:
        show.say(f"mod_zta on {gateway.httpd.tls_url}: a private httpd (MPM {gateway.httpd.mpm}) "
                 f"below {os.path.dirname(gateway.root)},")
        show.say("in front of a sample API; access tokens come from a local issuer.\n")
        show.columns()
        play = Play(gateway, show, stop.check)
        play_all(play)
        took_s = time.monotonic() - began
        if is_watched():
            open_console(gateway, show)
    show.say(f"\n{play.n_told - play.n_wrong} of {play.n_told} checks came out as told, in "
             f"{took_s:.1f} s; httpd is stopped, its directory removed.")
    return play.n_wrong == 0


def main():
    show, stop = Show(), Stop()
    try:
        return 0 if walk(show, stop) else 1
    except Stopped:
        pass
    except (AssertionError, OSError) as error:
        # On a terminal Ctrl-C ends the ztactl of that moment too: its failure is none.
        if not stop.number:
            show.wrong(str(error))
            return 1
    show.say(f"\n{stop.name}: httpd is stopped, its directory removed.")
    return 128 + stop.number


if __name__ == "__main__":
    sys.exit(main())
