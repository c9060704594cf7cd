#!/usr/bin/env bash
# Copies an archive to an object store with rclone, in an order that keeps what is there valid at every moment, also while a
# compress appends to the archive, and wherever this is killed. Only what is new goes up.
#
#   Scripts/push-archive.sh ARCHIVE REMOTE:PATH [RCLONE-OPTION...]
set -euo pipefail
if (($# < 2)); then
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
archive=$1 remote=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/top"

# What changes is taken as it is now, before anything goes up. manifests.parity first: it must not know of more than is
# copied. A manifest that is listed has all of its parts on disk.
for name in manifests.parity forgotten.manifest run.manifest archive.manifest; do
    if [ -e "$archive/$name" ]; then cp -p "$archive/$name" "$scratch/top/"; fi
done
(cd "$archive" && find steps -name step.manifest | sort) > "$scratch/manifests"
(
    cd "$archive"
    while read -r manifest; do
        find "${manifest%/*}" -type f ! -name '.varve-tmp-*' ! -name '*.receipt' ! -name step.manifest
    done < "$scratch/manifests"
    find . -maxdepth 1 -type f -name 'run-000?.*' -printf '%P\n'
) > "$scratch/parts"

# Each object appears when all of it is there. Parts never change, so a size tells one that is there already.
copy() { rclone copy --no-traverse "$@"; }
if [ -s "$scratch/parts" ]; then copy "$archive" "$remote" --files-from "$scratch/parts" --size-only "$@"; fi
copy "$scratch/top" "$remote" --include archive.manifest --checksum "$@"
if [ -s "$scratch/manifests" ]; then copy "$archive" "$remote" --files-from "$scratch/manifests" --checksum "$@"; fi
copy "$scratch/top" "$remote" --exclude archive.manifest --exclude manifests.parity --checksum "$@"
copy "$scratch/top" "$remote" --include manifests.parity --checksum "$@"
