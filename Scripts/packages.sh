#!/usr/bin/env bash
# Installs what a task needs and this machine lacks, with apt-get, as root or with sudo. It says what it installs.
#
#   Scripts/packages.sh build      the system libraries that Package.swift names; the Swift toolchain is only checked
#   Scripts/packages.sh python     Python's venv module, which is a package of its own on Debian
#   Scripts/packages.sh clusters   Slurm with munge, Open MPI, rclone
#   Scripts/packages.sh headers    a C compiler and Python's headers, because two of the peers come as source
#   Scripts/packages.sh chromium   the browser that pages are tested in, and letters for it
set -euo pipefail

# pkg-config's name of each system library, and the Debian package that has it.
LIBRARIES=(libzstd:libzstd-dev openblas:libopenblas-dev libxxhash:libxxhash-dev zlib:zlib1g-dev)

# install WHY PACKAGE...
install() {
    local why=$1 root=
    shift
    echo "Installing with apt-get, needed to $why: $*"
    if [ "$(id -u)" != 0 ]; then root=sudo; fi
    if ! command -v apt-get > /dev/null; then
        echo "There is no apt-get here; install these (Debian's names) yourself and run make again: $*" >&2
        exit 1
    fi
    if [ -n "$root" ] && ! command -v sudo > /dev/null; then
        echo "Neither root nor sudo; run as root: apt-get install $*" >&2
        exit 1
    fi
    $root apt-get update -qq
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

check_swift() {
    local version major minor
    if ! command -v swift > /dev/null; then
        echo "Varve is built with Swift 6.2 or newer, and there is no 'swift' on the PATH. See swift.org/install." >&2
        exit 1
    fi
    version=$(swift --version 2> /dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    read -r major minor <<< "${version:-0 0}"
    if ((major < 6 || (major == 6 && minor < 2))); then
        echo "Varve is built with Swift 6.2 or newer; this is $major.$minor. See swift.org/install." >&2
        exit 1
    fi
}

missing=()
case ${1:-} in
build)
    why="build Varve"
    check_swift
    command -v pkg-config > /dev/null || missing+=(pkg-config)
    for pair in "${LIBRARIES[@]}"; do
        pkg-config --exists "${pair%%:*}" 2> /dev/null || missing+=("${pair##*:}")
    done
    ;;
python)
    why="run the checks in Python"
    python3 -c 'import ensurepip, venv' 2> /dev/null || missing+=(python3 python3-venv)
    ;;
headers)
    why="build zipnn and z4ai for make peers"
    command -v gcc > /dev/null || missing+=(gcc)
    python3 -c 'import os, sysconfig; os.stat(os.path.join(sysconfig.get_path("include"), "Python.h"))' 2> /dev/null \
        || missing+=(python3-dev)
    ;;
chromium)
    why="open pages in a browser"
    command -v chromium > /dev/null || missing+=(chromium fonts-dejavu-core)
    command -v python3 > /dev/null || missing+=(python3)
    ;;
clusters)
    why="start workers as clusters do"
    for pair in slurmctld:slurm-wlm munged:munge mpirun:openmpi-bin rclone:rclone; do
        PATH=$PATH:/usr/sbin command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
    done
    ;;
*)
    echo "usage: $0 build | python | clusters | headers | chromium" >&2
    exit 2
    ;;
esac
if ((${#missing[@]})); then install "$why" "${missing[@]}"; fi
