# All commands of the project; CI uses only these words. Needs Python >= 3.11 and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SHARED ?= ../shared
DATA ?= $(SHARED)/data/fsdd/recordings
FSDD ?= $(DATA)
APACHE ?= $(SHARED)/data/digits-apache/recordings
NOISE ?= $(SHARED)/data/noise

.PHONY: help install pretrained strings demo test machines test-fast lint format bench examples build samples wheel-leg oldest-leg
.PHONY: torch-leg batch-bench accuracy clean

help:  ## list the words
	@sed -n 's/^\([a-z-]*\):.*##\(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

install: $(VENV)/installed  ## environment in .venv with everything

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --editable ".[train,synth,media,mic,tflite,bench,ray,jax]" --group test --group lint
	@touch $@

demo: install  ## the shipped model on samples; then synthetic voices, a training, a score on voices it never heard
	$(BIN)/speechrnn predict $(wildcard data/samples/6_*_0.wav)
	$(BIN)/speechrnn data synth data/demo --voices 30 --repeats 3
	$(BIN)/speechrnn train data/demo --config default --set training.epochs=12 --out data/demo-model --force
	$(BIN)/speechrnn evaluate data/samples --model data/demo-model
	@printf '\nFrom here on just type\n\n'
	@printf '  %s\n' 'source $(BIN)/activate' 'speechrnn predict YOUR.wav' 'speechrnn train YOUR_CLIPS --from digits' \
	  'speechrnn evaluate YOUR_FOLDER --report report' 'speechrnn --help'

test: install  ## all tests but those of `make machines` (those marked shared need ../shared)
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not machines"

machines: install  ## the tests of several processes: a Ray cluster that loses a node, a training divided in two
	$(BIN)/python -m pytest -q -m machines

test-fast: install  ## the tests that train nothing
	$(BIN)/python -m pytest -q -m "not train and not machines"

lint: install  ## ruff, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=benchmarks $(BIN)/mypy benchmarks/*.py

format: install  ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install  ## the figures of benchmarks/README.md, on this machine
	$(BIN)/speechrnn bench $(or $(wildcard $(DATA)),data/samples)

examples: install  ## a model in JavaScript and C, held to Python's answers
	$(BIN)/python examples/check.py

accuracy: install  ## train two presets on FSDD (DATA=folder; SPLITS="official speaker") and hold their scores
	$(BIN)/python benchmarks/accuracy.py $(DATA) $(if $(SPLITS),--splits $(SPLITS))

build: install  ## wheel and source archive in dist/
	rm -rf dist
	$(BIN)/pip install --quiet "build>=1.2"
	$(BIN)/python -m build --outdir dist .

wheel-leg: build  ## the wheel alone in a fresh environment predicts, without TensorFlow or librosa
	tests/wheel_leg.sh dist/*.whl

oldest-leg:  ## the fast tests with the oldest dependencies that pyproject allows
	tests/oldest_leg.sh

pretrained: install  ## make the model that ships again: FSDD=folder APACHE=folder NOISE=folder, some hours
	PATH="$(abspath $(BIN)):$$PATH" speechrnn/pretrained/make.sh $(FSDD) $(APACHE) $(NOISE)

strings: install  ## make the model of strings that ships again, beside what `make pretrained` made
	PATH="$(abspath $(BIN)):$$PATH" speechrnn/pretrained/make-strings.sh build/pretrained

# triton writes programs for GPUs alone, and in one process with TensorFlow both end in a segmentation fault
torch-leg: install  ## a training with Keras on PyTorch, which this installs (5 GB); CI does it where there is room
	$(BIN)/pip install --quiet --no-cache-dir "torch>=2.6" "pyopen-wakeword==1.1.0"
	$(BIN)/pip uninstall --quiet --yes triton
	$(BIN)/python -m pytest -q tests/test_distribution.py tests/test_farm.py tests/test_farm_mentor.py -k "torch or test_farm"

batch-bench: install  ## 100,000 files: clips a second, flat memory; and a training pass with and without augmentation
	$(BIN)/python benchmarks/batch.py
	$(if $(wildcard $(DATA)),$(BIN)/python benchmarks/training.py $(DATA))

samples: install  ## make data/samples again
	rm -rf data/samples
	$(BIN)/speechrnn data synth data/samples --voices 2 --repeats 1 --seed 2 --rate 8000

clean:  ## remove what can be made again in minutes, so not build/pretrained
	[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name pretrained -exec rm -rf {} +
	rm -rf $(VENV) dist data/demo .pytest_cache .mypy_cache .ruff_cache
