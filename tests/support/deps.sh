#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that one kind of work needs and that are missing; nothing else.
# Usage: deps.sh build|demo|test|bench|dev
set -euo pipefail

usage="usage: $0 build|demo|test|bench|dev"
mode=${1:?$usage}

# apache2-bin is the server's program; the package apache2 would add and start a system service.
build="gcc libc6-dev make apache2-dev libapr1-dev libaprutil1-dev liboauth2-dev liblmdb-dev
    libmaxminddb-dev libssl-dev libjansson-dev libcurl4-openssl-dev libncurses-dev"
demo="$build apache2-bin tzdata openssl curl python3 python3-cryptography python3-jwt"
test="$demo clang libcmocka-dev python3-pytest python3-h2 nghttp2-client strace lmdb-utils procps
    tmux zsh python3-jsonschema groff-base mandoc wrk libapache2-mod-auth-openidc
    libapache2-mod-security2 modsecurity-crs logrotate"
bench="$demo libcmocka-dev wrk nghttp2-client haproxy libapache2-mod-oauth2
    libapache2-mod-auth-openidc"
dev="$test libclang-rt-dev clang-format clang-tidy"

case $mode in
    build | demo | test | bench | dev) wanted=${!mode} ;;
    *) echo "$usage" >&2; exit 2 ;;
esac

# The authorization server of the tests runs on Node.js, from wherever it came.
if [[ $mode == test || $mode == dev ]]; then
    command -v node >/dev/null || wanted+=" nodejs"
    command -v npm >/dev/null || wanted+=" npm"
fi

command -v dpkg-query >/dev/null || {
    echo "$0: this is no Debian system; needed here are: $(echo $wanted)" >&2
    exit 1
}

is_installed()
{
    dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

missing=()
for package in $wanted; do
    is_installed "$package" || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi

# Packaged modules enable themselves in a system's Apache; that server is not ours to change.
if [[ " ${missing[*]} " == *" libapache2-mod-"* ]] && is_installed apache2; then
    echo "$0: the system's Apache would load the modules that are to be compared:" >&2
    echo "    ${missing[*]}" >&2
    echo "Install them yourself (a2dismod afterwards) or use a machine without it." >&2
    exit 1
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || {
        echo "$0: neither root nor sudo; have these packages installed: ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi

echo "installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt()
{
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        echo "$0: apt-get $1 failed, see above" >&2
        exit 1
    }
}
apt update
apt install --no-install-recommends "${missing[@]}"
