#!/usr/bin/env bash
# Makes the model of strings that ships: make-strings.sh WORK, the folder in which make.sh made the single words.
# Needs the extras train and synth, and flite on the PATH. Everything has a fixed seed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:-build/pretrained}"

synth() { [ -f "$1/synthesis.json" ] || speechrnn data synth "$@" --rate 8000; }
# whole numbers, spoken fluently
synth espeak-strings --voices 300 --strings 14 --seed 31
synth accents-strings --engine accents --voices 270 --strings 9 --seed 32
synth hibari-strings --engine hibari --voices 6 --strings 150 --seed 33
synth flite-strings --engine flite --voices 20 --strings 60 --seed 34
synth kokoro-strings --engine kokoro --voices 60 --strings 3 --seed 41
# "oh" is 0
synth espeak-oh --words oh --voices 100 --repeats 2 --seed 36
synth accents-oh --engine accents --words oh --voices 100 --repeats 1 --seed 37
synth hibari-oh --engine hibari --words oh --voices 6 --repeats 6 --seed 39

[ -d strings ] || speechrnn train fsdd --config strings --from trained --split none --out strings --resume
python "$here/../../benchmarks/calibrate_strings.py" strings noise joe-strings "$here/strings"
python "$here/../../benchmarks/strings.py" fsdd noise "$here/../../benchmarks/strings.json" "$here/strings" \
  --words "$here/digits" --spoken joe-strings --speed
