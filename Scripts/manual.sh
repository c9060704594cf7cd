#!/usr/bin/env bash
# The manual page and shell completions, made anew from the command's own definitions: manual.sh VARVE OUTPUT
set -euo pipefail
varve=$1 out=$2
mkdir -p "$out"
"$varve" manual > "$out/varve.1"
for shell in bash zsh fish; do "$varve" --generate-completion-script "$shell" > "$out/varve.$shell"; done
echo "man -l $out/varve.1; completions: $out/varve.bash, .zsh, .fish"
