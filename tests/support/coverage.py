# SPDX-License-Identifier: Apache-2.0
"""Line coverage of the sources, least covered first, from the object folder of `make coverage`."""
import os
import re
import subprocess
import sys

SOURCES = ("shared/", "mod_zta/identity/")


def covered(objects):
    """(path, percent, lines) of every source that was compiled for the unit tests."""
    for folder, _, names in os.walk(objects):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name[:-2] + ".c"), objects)
            if not name.endswith(".o") or not path.startswith(SOURCES):
                continue
            output = subprocess.run(["gcov", "-n", "-o", folder, os.path.join(folder, name)],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                    check=True).stdout
            match = re.search(r"^File '%s'\nLines executed:([\d.]+)%% of (\d+)" % re.escape(path),
                              output, re.M)
            yield (path, float(match[1]), int(match[2])) if match else (path, 0.0, 0)


def main(objects):
    rows = sorted(covered(objects), key=lambda row: row[1])
    n_lines = sum(row[2] for row in rows)
    if not n_lines:
        print("coverage: nothing was measured", file=sys.stderr)
        return 1
    for path, percent, n in rows:
        print(f"{percent:6.1f} % of {n:4} {path}")
    total = sum(percent * n for _, percent, n in rows) / n_lines
    print(f"coverage: {total:.1f} % of {n_lines} lines in {len(rows)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
