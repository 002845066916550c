#!/bin/sh
# Installs with apt the named Debian packages that are missing, after saying so.
# Usage: tools/install-packages.sh PACKAGE... | tools/install-packages.sh --build
# --build: what the build of trapgate needs, judged by its parts (a Python that was not packaged has its own headers).
set -eu

lacking_build_packages() {
    "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    header=$("${PYTHON:-python3}" -c 'import sysconfig; print(sysconfig.get_path("include") + "/Python.h")')
    [ -e "$header" ] || echo python3-dev
    [ -e /usr/include/stdio.h ] || echo libc6-dev
    for tool in gcc strip flock; do
        command -v $tool >/dev/null || case $tool in gcc) echo gcc ;; strip) echo binutils ;; flock) echo util-linux ;; esac
    done
    [ -e /usr/include/linux/ptrace.h ] || echo linux-libc-dev
    ldconfig -p 2>/dev/null | grep -q 'libbpf\.so\.1 ' || /sbin/ldconfig -p | grep -q 'libbpf\.so\.1 ' || echo libbpf1
}

lacking_packages() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

if [ "$1" = --build ]; then
    lacking=$(lacking_build_packages)
elif command -v dpkg-query >/dev/null; then
    lacking=$(lacking_packages "$@")
else
    echo "not a Debian system: these packages, or their like, are expected:" "$@" >&2
    exit 0
fi
[ -n "$lacking" ] || exit 0

echo "installing with apt:" $lacking
if ! command -v apt-get >/dev/null; then
    echo "error: no apt-get here; install the equivalents of:" $lacking >&2
    exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
    as_root="sudo -n"
    if ! $as_root true 2>/dev/null; then
        echo "error: needs root. Run first: sudo apt-get install" $lacking >&2
        exit 1
    fi
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends $lacking >/dev/null
