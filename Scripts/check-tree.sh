#!/usr/bin/env bash
# Checks the folders of Sources, which `make lint` calls, or lists them with their numbers of files: check-tree.sh [--list]
#
# It fails if a folder has more than 25 files, or has fewer than 3 and is no module's root; if the tree in
# Docs/architecture.md is not the tree on disk; or if a document names a Swift file that does not exist.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
most=25 least=3 document=Docs/architecture.md
status=0

fail() {
    echo "check-tree: $*" >&2
    status=1
}

# Folders on disk, and their files.
folders=$(find Sources -mindepth 1 -type d | LC_ALL=C sort)
while read -r folder; do
    files=$(find "$folder" -maxdepth 1 -type f | wc -l)
    inner=$(find "$folder" -mindepth 1 -maxdepth 1 -type d | wc -l)
    if [ "${1:-}" = --list ]; then printf '%3d %s\n' "$files" "$folder"; fi
    if ((files > most)); then fail "$folder has $files files, more than $most"; fi
    # A module's root, and a folder of nothing but folders, may have few.
    if [[ $folder == Sources/*/* ]] && ((files < least && !(files == 0 && inner > 0))); then
        fail "$folder has $files files, fewer than $least"
    fi
done <<< "$folders"

# Folders in the document: two spaces of indentation a level, a slash behind each name.
drawn=$(awk '
    /^```/ { inside = !inside; next }
    inside && match($0, /^ *[A-Za-z.]+\//) {
        name = substr($0, 1, RLENGTH - 1); level = (match(name, /[^ ]/) - 1) / 2
        path[level] = (level ? path[level - 1] "/" : "") substr(name, RSTART)
        if (level && path[0] == "Sources") print path[level]
    }' "$document" | LC_ALL=C sort)
while read -r line; do fail "$document draws no folder ${line}"; done \
    < <(comm -23 <(echo "$folders") <(echo "$drawn") | sed '/^$/d')
while read -r line; do fail "$document draws ${line}, which does not exist"; done \
    < <(comm -13 <(echo "$folders") <(echo "$drawn") | sed '/^$/d')

# Swift files that documents name with a folder. NAME stands for a name to be chosen.
swift=$(find Package.swift Sources Tests Benchmarks -name '*.swift')
while IFS=: read -r text path; do
    case /$path in */NAME*) continue ;; esac
    grep -qE "(^|/)${path//+/\\+}\$" <<< "$swift" || fail "$text names $path, which does not exist"
done < <(grep -oHE '[A-Za-z+]+(/[A-Za-z+]+)+\.swift' ./*.md Docs/*.md | LC_ALL=C sort -u)
exit $status
