# SPDX-License-Identifier: Apache-2.0
"""Runs the unit test programs given, two at a time, and prints one line for each."""
import concurrent.futures
import os
import re
import subprocess
import sys
import time

TIMEOUT_S = 300
PARALLEL = 2


def run(program):
    """Returns (exit status, output, seconds); a program that hangs counts as failed."""
    start = time.monotonic()
    try:
        done = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False)
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        status, output = -1, (error.stdout or b"") + b"\n(timed out)\n"
    return status, output.decode("utf-8", "replace"), time.monotonic() - start


def count(output, word):
    """The number cmocka reports for PASSED, FAILED or SKIPPED, summed over groups."""
    found = re.findall(r"^\[  %s *\] (\d+) test\(s\)" % word, output, re.M)
    return sum(int(n) for n in found)


def main(programs):
    if not programs:
        print("unit: no test programs found", file=sys.stderr)
        return 1
    n_passed = n_skipped = 0
    bad = []
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        for program, (status, output, seconds) in zip(programs, pool.map(run, programs)):
            name = os.path.basename(program)
            passed, skipped = count(output, "PASSED"), count(output, "SKIPPED")
            n_passed += passed
            n_skipped += skipped
            # A program that ran nothing proves nothing.
            if status != 0 or passed == 0:
                bad.append(name)
                print(output)
                print(f"FAILED {name}: exit status {status}")
                continue
            for line in re.findall(r"^\[  SKIPPED \] [^\d].*$", output, re.M) if skipped else []:
                print(f"{name}: {line}")
            print(f"ok {name}: {passed} tests, {seconds:.1f} s")
    print(f"unit: {len(programs)} programs, {n_passed} tests passed, {n_skipped} skipped, "
          f"{len(bad)} programs failed" + (": " + " ".join(bad) if bad else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
