#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything `make test` runs, part by part. A part that fails does not keep the next from running;
# the table at the end names each with its closing line, and any failure fails the whole. What
# follows the builds runs in two lanes side by side, integration with two files of tests at a time.
set -uo pipefail

make=${MAKE:-make}
logs=${BUILD_ROOT:-build}/test
mkdir -p "$logs"
rm -f "$logs"/*.log "$logs"/*.result

# finish TITLE LOG STATUS SECONDS: what the table at the end says of a part.
finish()
{
    local title=$1 log=$2 result=ok closing
    [[ $3 -eq 0 ]] || result=FAILED
    closing=$(grep -v -e '^make' -e '^ *$' "$log" | tail -n 1)
    printf '%-40s %-14s %s\n' "$title" "$(printf '%-6s %s s' "$result" "$4")" "$closing" \
        >"${log%.log}.result"
}

# part TITLE COMMAND...: runs it, its output goes to the terminal and to a log.
number=10
part()
{
    local title=$1 log="$logs/$number.log" begin=$SECONDS status
    number=$((number + 1))
    shift
    printf '\n==== %s\n' "$title"
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    finish "$title" "$log" "$status" $((SECONDS - begin))
    return "$status"
}

# aside TITLE COMMAND...: a part of a lane, which is heard of when it has ended: of one that failed
# all that it said.
aside()
{
    local title=$1 log="$logs/$number.log" begin=$SECONDS status
    number=$((number + 1))
    shift
    "$@" >"$log" 2>&1
    status=$?
    finish "$title" "$log" "$status" $((SECONDS - begin))
    local from=+1
    [[ $status -ne 0 ]] || from=3
    # In one piece, whatever the other lane says meanwhile.
    printf '\n==== %s\n%s\n' "$title" "$(tail -n "$from" "$log")"
    return "$status"
}

part "packages" tests/support/deps.sh test || exit 1

build=("$make" --no-print-directory -s -j2)
run=("$make" --no-print-directory -s)

san=SAN=address,undefined
twice="-n 2 --dist loadfile" # a file's cases stay in their order
part "build with gcc" "${build[@]}" CC=gcc all unit-programs fuzz-programs
part "build with ASan and UBSan" "${build[@]}" $san all unit-programs fuzz-programs
part "lint" "${run[@]}" lint

# Two lanes of about the same length, with what waits for servers in one while the other computes.
lane_plain()
{
    number=40
    aside "integration, event" "${run[@]}" MPM=event ARGS="$twice" check-integration
    aside "integration, worker" "${run[@]}" MPM=worker ARGS="-m mpm $twice" check-integration
    aside "integration, prefork" "${run[@]}" MPM=prefork ARGS="-m mpm $twice" check-integration
    aside "build with clang" "${build[@]}" CC=clang all unit-programs fuzz-programs
    if [[ -d tests/tui ]]; then
        aside "console" "${run[@]}" check-tui
    fi
    return 0
}
lane_sanitized()
{
    number=60
    aside "unit tests" "${run[@]}" check-unit
    aside "fuzz replay" "${run[@]}" check-fuzz
    aside "unit tests with ASan and UBSan" "${run[@]}" $san check-unit
    aside "fuzz replay with ASan and UBSan" "${run[@]}" $san check-fuzz
    aside "integration with ASan and UBSan" "${run[@]}" $san ARGS="-m 'not plain' $twice" \
        check-integration
    aside "unit tests with TSan" "${build[@]}" SAN=thread \
        T="$("${run[@]}" CC=gcc threaded-programs)" check-unit
    aside "Debian packages" "${run[@]}" check-package
    return 0
}
printf '\n==== everything else, in two lanes\n'
# How far they are, once a minute: nobody takes a silent run for one that hangs.
tell_progress()
{
    trap 'kill $!; exit' TERM
    while sleep 60 & wait $!; do
        printf '%s min: %s | %s\n' $((SECONDS / 60)) "$(tail -q -n 1 "$logs"/4?.log | tail -n 1)" \
            "$(tail -q -n 1 "$logs"/6?.log | tail -n 1)"
    done
}
lane_plain &
plain=$!
lane_sanitized &
sanitized=$!
tell_progress &
teller=$!
n_ended=0
wait "$plain" && n_ended=$((n_ended + 1))
wait "$sanitized" && n_ended=$((n_ended + 1))
kill "$teller"

printf '\n==== summary\n'
cat "$logs"/*.result
n_failed=$(cat "$logs"/*.result | grep -c '^.\{41\}FAILED')
n_parts=$(cat "$logs"/*.result | wc -l)
printf '%s parts, %s failed, %s min\n' "$n_parts" "$n_failed" "$(((SECONDS + 59) / 60))"
[[ $n_failed -eq 0 && $n_ended -eq 2 ]]
