# SPDX-License-Identifier: Apache-2.0
"""Libraries that httpd and its children preload, built for the test that needs one."""

import os
import subprocess

from support.httpd import joined, sanitizer_environment
from support.local import ROOT


def environment(directory, name, **variables):
    """What makes a program load support/NAME.c, built in that directory."""
    library = os.path.join(directory, f"{name}.so")
    subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library,
                    os.path.join(ROOT, "tests", "support", f"{name}.c")], check=True)
    return joined(sanitizer_environment(), {"LD_PRELOAD": library, **variables})
