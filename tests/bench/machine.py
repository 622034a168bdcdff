# SPDX-License-Identifier: Apache-2.0
"""What kind of machine a run was on, and how busy it was before."""

import os
import platform
import re
import shutil
import subprocess
import time


def _processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        found = re.search(r"^model name\s*: (.+)$", f.read(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _version(*command):
    """What a server says of itself; nothing when it is not installed."""
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"(Apache|HAProxy).*?([\d.]*\d)", done.stdout)
    return " ".join(found.groups()) if found else ""


def _system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def text(options, load_before):
    """One paragraph above the tables."""
    parts = (time.strftime("%Y-%m-%d"), f"{_system()}, Linux {platform.release().split('-')[0]}",
             f"{os.cpu_count()} processors ({_processor()})",
             _version("/usr/sbin/apache2", "-v"), _version("haproxy", "-v"),
             f"load average before: {load_before:.1f}",
             f"{options.rounds} rounds of {options.seconds:g} s; median (least to greatest)")
    return ". ".join(part for part in parts if part) + "."
