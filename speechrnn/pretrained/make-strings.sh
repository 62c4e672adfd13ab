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
synth throats-strings --engine throats --voices 120 --strings 10 --seed 35
synth kokoro-strings --engine kokoro --voices 100 --strings 3 --seed 41
# "oh" is 0
synth espeak-oh --words oh --voices 100 --repeats 2 --seed 36
synth accents-oh --engine accents --words oh --voices 100 --repeats 1 --seed 37
synth flite-oh --engine flite --words oh --voices 20 --repeats 2 --seed 38
synth hibari-oh --engine hibari --words oh --voices 6 --repeats 6 --seed 39

[ -d strings ] || speechrnn train fsdd --config strings --from digits --split none --out strings --resume
rm -rf "$here/strings" && cp -r strings "$here/strings"
