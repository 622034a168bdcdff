#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that one kind of work needs and that are missing; nothing else.
# Usage: deps.sh build|demo|test|bench|dev|deb|package
set -euo pipefail

usage="usage: $0 build|demo|test|bench|dev|deb|package"
mode=${1:?$usage}

# apache2-bin is the server's program; the package apache2 would add and start a system service.
build="gcc libc6-dev make apache2-dev libapr1-dev libaprutil1-dev liboauth2-dev liblmdb-dev
    libmaxminddb-dev libssl-dev libjansson-dev libcurl4-openssl-dev libncurses-dev libhiredis-dev"
demo="$build apache2-bin tzdata openssl curl python3 python3-cryptography python3-jwt"
deb="$build debhelper dpkg-dev"
package="$deb python3 python3-pytest lintian mmdebstrap"
test="$demo $package clang libcmocka-dev python3-h2 nghttp2-client strace lmdb-utils procps
    tmux zsh python3-jsonschema groff-base mandoc wrk libapache2-mod-auth-openidc
    libapache2-mod-security2 modsecurity-crs logrotate chromium-headless-shell fonts-dejavu-core
    redis-tools stunnel4 iproute2 libapache2-mod-oauth2 python3-yaml jq python3-prometheus-client
    python3-pytest-xdist"
bench="$demo libcmocka-dev wrk nghttp2-client haproxy libapache2-mod-oauth2
    libapache2-mod-auth-openidc"
dev="$test libclang-rt-dev clang-format clang-tidy"

case $mode in
    build | demo | test | bench | dev | deb | package) wanted=${!mode} ;;
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

# Of Prometheus and rsyslog only programs are needed: their packages would add services of the
# system, so they are unpacked below build/ and not installed.
unpacked=$(dirname "$0")/../../build
needs()
{
    [[ $mode == test || $mode == dev ]] && [[ ! -x $unpacked/$1 ]]
}
needs_prometheus() { needs prometheus/usr/bin/promtool; }
needs_rsyslog() { needs rsyslog/usr/sbin/rsyslogd; }

unpack()
{
    local folder=$unpacked/$1
    mkdir -p "$folder"
    shift
    (cd "$folder" && apt-get -q download "$@" && for file in *.deb; do dpkg -x "$file" .; done &&
        rm -f -- *.deb) >"$log" 2>&1 || {
        cat "$log" >&2
        echo "$0: a package of $* cannot be had, see above" >&2
        exit 1
    }
}

missing=()
for package in $wanted; do
    is_installed "$package" || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]] && ! needs_prometheus && ! needs_rsyslog; then
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
if [[ ${#missing[@]} -gt 0 ]]; then
    echo "installing: ${missing[*]}"
    apt install --no-install-recommends "${missing[@]}"
fi
if needs_prometheus; then
    unpack prometheus prometheus
fi
if needs_rsyslog; then
    unpack rsyslog rsyslog libestr0 libfastjson4 liblognorm5
fi
