#!/bin/bash
# Runs fuzz targets, each for a bounded time: run.sh PROGRAM SECONDS TARGET...
#
# What libFuzzer has learnt stays in .build/fuzz-corpus/TARGET and is begun with the next time. A finding is written to
# .build/fuzz-findings/TARGET/ and ends its target; the exit code is then 1. Replay it with `swift run Fuzz TARGET FILE`,
# mend it, and keep the file in Fixtures/fuzz/findings/TARGET, where a test runs it for ever.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$1 seconds=$2
shift 2

# A crash is reported by libFuzzer; Swift's own backtracer would wait for a debugger. Leaks are none of Swift's ways.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16
# Targets that need files make them here, in memory where that is possible.
if [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi

limit() {
    case $1 in
    safetensors | pickle | discovery | shards) echo 4096 ;;
    *) echo 16384 ;;
    esac
}

status=0
for target in "$@"; do
    corpus=.build/fuzz-corpus/$target findings=.build/fuzz-findings/$target
    mkdir -p "$corpus" "$findings" .build/fuzz-logs
    "$program" --seeds "$target" ".build/fuzz-seeds/$target"
    echo "fuzzing $target for $seconds s"
    log=.build/fuzz-logs/$target.log
    # More than 512 MB, address sanitizer included, or 10 s for one small input is a finding.
    if FUZZ_TARGET=$target nice -n 10 "$program" "$corpus" ".build/fuzz-seeds/$target" \
        -dict=".build/fuzz-seeds/$target.dict" -artifact_prefix="$findings/" -max_total_time="$seconds" \
        -max_len="$(limit "$target")" -rss_limit_mb=512 -timeout=10 -print_final_stats=1 > "$log" 2>&1; then
        grep -E 'DONE|number_of_executed_units|peak_rss_mb' "$log" | sed "s/^/$target: /" || true
    else
        echo "$target: a finding in $findings, its report in $log" >&2
        tail -n 30 "$log" >&2
        status=1
    fi
done
exit $status
