#!/usr/bin/env bash
# Made format-1/ and its answers, once, with speechrnn 0.1.0: the bundle that every later version must go on reading.
# A new format gets a new folder; this one is never made again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
speechrnn data synth "$work/voices" --voices 30 --repeats 3
speechrnn train "$work/voices" --config tutorial --set training.epochs=20 --set features.normalization=mean \
  --set features.standardize=true --out tests/golden/format-1
(cd data/samples && speechrnn predict . --model ../../tests/golden/format-1 --json) > tests/golden/format-1.jsonl
