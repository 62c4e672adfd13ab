#!/usr/bin/env bash
# Makes the model of strings that ships: make-strings.sh WORK, the folder in which make.sh made the single words.
# Needs the extras train and synth, and flite on the PATH. Everything has a fixed seed. With FARM=1, and PyTorch, as the
# one that ships was made: benchmarks/farm.py and its two plans, of which the first asks for a GPU (docs/adr/0023).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bench="$here/../../benchmarks"
cd "${1:-build/pretrained}"

synth() { [ -f "$1/synthesis.json" ] || speechrnn data synth "$@" --rate 8000; }
# whole numbers, spoken fluently
synth espeak-strings --voices 300 --strings 14 --seed 31
synth accents-strings --engine accents --voices 270 --strings 9 --seed 32
synth hibari-strings --engine hibari --voices 6 --strings 150 --seed 33
synth flite-strings --engine flite --voices 20 --strings 60 --seed 34
synth kokoro-strings --engine kokoro --voices 60 --strings 3 --seed 41
synth pico-strings --engine pico --voices 36 --strings 20 --seed 58
synth cast-strings --engine cast --voices 100 --strings 3 --seed 59
# "oh" is 0
synth espeak-oh --words oh --voices 100 --repeats 2 --seed 36
synth accents-oh --engine accents --words oh --voices 100 --repeats 1 --seed 37
synth hibari-oh --engine hibari --words oh --voices 6 --repeats 6 --seed 39

# it starts from the single digits that ship; then more passes at a lower rate
if [ -n "${FARM:-}" ]; then
  farm() { # STAGE [SECONDS]
    [ -d "farm-$1" ] || python "$bench/farm.py" pack "$bench/farm-$1.yaml" "farm-$1"
    KERAS_BACKEND=torch python "$bench/farm.py" run "farm-$1" "farm-$1-results" "${@:2}"
    python "$bench/farm.py" finish "farm-$1" "farm-$1-results" farm
  }
  farm first 480
  farm second
  trained=farm/second-ship
else
  [ -d strings-first ] || speechrnn train fsdd --config strings --from "$here/digits" --split none --out strings-first --resume \
    --set training.epochs=18
  [ -d strings-second ] || speechrnn train fsdd --config strings --from strings-first --split none --out strings-second --resume \
    --set training.epochs=14 --set training.learning_rate=0.0018
  trained=strings-second
fi
python "$bench/calibrate_strings.py" "$trained" noise joe-strings fsdd "$here/digits" "$here/strings"
python "$bench/strings.py" fsdd noise "$bench/strings.json" "$here/strings" --words "$here/digits" --spoken joe-strings \
  --others joe-words --speed
