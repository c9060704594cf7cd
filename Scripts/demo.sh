#!/usr/bin/env bash
# Compresses a real run, reports it per layer, restores and verifies a step: demo.sh VARVE RUN OUTPUT STEP
set -euo pipefail
varve=$1 run=$2 out=$3 step=$4
restored=$out/checkpoint-$step

# What is run is said before it runs.
shown() {
    echo "$*"
    "$@"
}

rm -rf "$out" && mkdir -p "$out"
echo; echo "== A run of five checkpoints, written by the Hugging Face Trainer"
shown "$varve" inspect "$run"
echo; echo "== Compressed"
shown "$varve" compress "$run" "$out/run.varve"
echo; echo "== Per layer"
shown "$varve" report "$out/run.varve" --by layer
echo; echo "== Step $step restored"
shown "$varve" restore "$out/run.varve" --step "$step" --output "$restored"
echo; echo "== Verified: the archive itself, then against the originals"
shown "$varve" verify "$out/run.varve" --deep
shown "$varve" verify "$out/run.varve" --against "$run"

echo; echo "== Compared: each restored file of step $step with the original"
for file in "$run/checkpoint-$step"/*; do
    name=${file##*/}
    if cmp -s "$file" "$restored/$name"; then
        says="identical"
    elif [ "$(wc -c < "$file")" = "$(wc -c < "$restored/$name")" ]; then
        says="same size, values quantized"
    else
        echo "$name: missing or of another size" >&2
        exit 1
    fi
    printf '%-24s %9d bytes  %s\n' "$name" "$(wc -c < "$file")" "$says"
done
for name in config.json tokenizer.json trainer_state.json scheduler.pt rng_state.pth training_args.bin; do
    cmp "$run/checkpoint-$step/$name" "$restored/$name"
done

# bytes DIRECTORY
bytes() { find "$1" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }'; }
echo; echo "Run $(bytes "$run") bytes, archive $(bytes "$out/run.varve") bytes. Everything is in $out/."
