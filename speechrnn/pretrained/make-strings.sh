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

# it starts from single digits with a frame each 30 ms, trained on three thousand words that nobody says
mkdir -p more
synth more/nonsense --words more-nonsense --each 30 --voices 400 --repeats 1 --seed 21
synth more/nonsense-accents --engine accents --words more-nonsense --each 40 --voices 270 --repeats 1 --seed 22
synth more/nonsense-flite --engine flite --words more-nonsense --each 150 --voices 20 --repeats 1 --seed 23
synth more/nonsense-hibari --engine hibari --words more-nonsense --each 400 --voices 6 --repeats 1 --seed 24
synth more/nonsense-kokoro --engine kokoro --words more-nonsense --each 10 --voices 40 --repeats 1 --seed 25
[ -d strings-start ] || speechrnn train fsdd --config "$here/strings-start.yaml" --split none --out strings-start --resume
first="$here/strings-first.yaml"
[ -d strings-first ] || speechrnn train fsdd --config "$first" --from strings-start --split none --out strings-first --resume
# more voices, less noise
[ -d strings-second ] || speechrnn train fsdd --config strings --from strings-first --split none --out strings-second --resume \
  --set training.epochs=16 --set training.learning_rate=0.0018
python "$here/../../benchmarks/calibrate_strings.py" strings-second noise joe-strings fsdd "$here/digits" "$here/strings"
python "$here/../../benchmarks/strings.py" fsdd noise "$here/../../benchmarks/strings.json" "$here/strings" \
  --words "$here/digits" --spoken joe-strings --others joe-words --speed
