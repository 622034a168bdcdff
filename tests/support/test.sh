#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything `make test` runs, part by part. A part that fails does not keep the next from running;
# the table at the end names each with its closing line, and any failure fails the whole.
set -uo pipefail

make=${MAKE:-make}
logs=${BUILD_ROOT:-build}/test
mkdir -p "$logs"
names=() results=() closings=()

# part TITLE COMMAND...: runs it, its output goes to the terminal and to a log.
part()
{
    local title=$1 log="$logs/${#names[@]}.log" begin=$SECONDS status
    shift
    printf '\n==== %s\n' "$title"
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    names+=("$title")
    closings+=("$(grep -v -e '^make' -e '^ *$' "$log" | tail -n 1)")
    if [[ $status -eq 0 ]]; then
        results+=("ok     $((SECONDS - begin)) s")
    else
        results+=("FAILED $((SECONDS - begin)) s")
        n_failed=$((n_failed + 1))
    fi
    return "$status"
}

n_failed=0
part "packages" tests/support/deps.sh test || exit 1

build=("$make" --no-print-directory -s -j2)
run=("$make" --no-print-directory -s)

part "build with gcc" "${build[@]}" CC=gcc all unit-programs fuzz-programs
part "build with clang" "${build[@]}" CC=clang all unit-programs fuzz-programs
part "lint" "${run[@]}" lint
part "unit tests" "${run[@]}" check-unit
part "fuzz replay" "${run[@]}" check-fuzz

san=SAN=address,undefined
part "build with ASan and UBSan" "${build[@]}" $san all unit-programs fuzz-programs
part "unit tests with ASan and UBSan" "${run[@]}" $san check-unit
part "fuzz replay with ASan and UBSan" "${run[@]}" $san check-fuzz
part "unit tests with TSan" "${build[@]}" SAN=thread check-unit

part "integration, event" "${run[@]}" MPM=event check-integration
part "integration, worker" "${run[@]}" MPM=worker ARGS="-m mpm" check-integration
part "integration, prefork" "${run[@]}" MPM=prefork ARGS="-m mpm" check-integration
part "integration with ASan and UBSan" "${run[@]}" $san check-integration
if [[ -d tests/tui ]]; then
    part "console" "${run[@]}" check-tui
fi

printf '\n==== summary\n'
for i in "${!names[@]}"; do
    printf '%-40s %-14s %s\n' "${names[i]}" "${results[i]}" "${closings[i]}"
done
printf '%s parts, %s failed, %s min\n' "${#names[@]}" "$n_failed" "$(((SECONDS + 59) / 60))"
[[ $n_failed -eq 0 ]]
