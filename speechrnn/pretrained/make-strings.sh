#!/usr/bin/env bash
# Makes the model of strings that ships: make-strings.sh WORK, the folder in which make.sh made the single words.
# Needs the extras train and synth, and flite on the PATH. Everything has a fixed seed. With FARM=1, PyTorch
# and pyopen-wakeword, as the one that ships was made, and its strangers: benchmarks/farm.py on two cores, after make.sh.
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
synth kokoro-strings --engine kokoro --voices 100 --strings 4 --seed 41
synth pico-strings --engine pico --voices 36 --strings 20 --seed 58
synth cast-strings --engine cast --voices 150 --strings 8 --seed 59
# "oh" is 0
synth espeak-oh --words oh --voices 100 --repeats 2 --seed 36
synth accents-oh --engine accents --words oh --voices 100 --repeats 1 --seed 37
synth hibari-oh --engine hibari --words oh --voices 6 --repeats 6 --seed 39
synth flite-oh --engine flite --words oh --voices 20 --repeats 4 --seed 62
synth pico-oh --engine pico --words oh --voices 36 --repeats 4 --seed 63
# the seeds of kokoro and cast: the same people, so that joined strings can hold both names
synth kokoro-oh --engine kokoro --words oh --voices 100 --repeats 1 --seed 11
synth cast-oh --engine cast --words oh --voices 150 --repeats 1 --seed 51
synth kokoro-oh-strings --engine kokoro --words oh --voices 100 --strings 2 --seed 64
synth cast-oh-strings --engine cast --words oh --voices 150 --strings 3 --seed 65
synth pico-oh-strings --engine pico --words oh --voices 36 --strings 6 --seed 66
synth flite-oh-strings --engine flite --words oh --voices 20 --strings 20 --seed 67
synth hibari-oh-strings --engine hibari --words oh --voices 6 --strings 40 --seed 68
synth espeak-oh-strings --words oh --voices 150 --strings 4 --seed 69
synth accents-oh-strings --engine accents --words oh --voices 135 --strings 3 --seed 70

# it starts from the single digits that ship; then more passes at a lower rate
if [ -n "${FARM:-}" ]; then
  "$bench/farm.sh" hinted
  trained=farm/hinted-rooms-ship
else
  [ -d strings-first ] || speechrnn train fsdd --config strings --from "$here/digits" --split none --out strings-first --resume \
    --set training.epochs=44
  [ -d strings-second ] || speechrnn train fsdd --config strings --from strings-first --split none --out strings-second --resume \
    --set training.epochs=16 --set training.learning_rate=0.0018 --set training.start_share=0.5
  trained=strings-second
fi
python "$bench/calibrate_strings.py" "$trained" noise joe-strings fsdd "$here/digits" "$here/strings"
# strangers: with single words that have not heard them either, and the threshold that each model asks for
models=() ears=()
if [ -n "${FARM:-}" ]; then
  for pair in jackson-nicolas george-yweweler lucas-theo; do
    python "$bench/calibrate_strings.py" "farm/hinted-rooms-$pair" noise joe-strings fsdd "own-voice/$pair/model" "strings-$pair"
    models+=("strings-$pair") ears+=("own-voice/$pair/model")
  done
fi
python "$bench/strings.py" fsdd noise "$bench/strings.json" "${models[@]}" "$here/strings" --words "$here/digits" "${ears[@]}" \
  --spoken joe-strings --further joe-four joe-oh --others joe-words --speed
