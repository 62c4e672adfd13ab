#!/usr/bin/env bash
# Runs the tests that train nothing with the oldest dependencies that pyproject.toml allows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "uv>=0.5"
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" --resolution lowest-direct \
  --editable ".[train,synth,media]" --group test
"$work/venv/bin/uv" pip list --quiet --python "$work/venv/bin/python" | grep -iE '^(numpy|onnx|onnxruntime|keras|tensorflow|librosa|typer|msgspec|soundfile|soxr) ' || true
# old libraries warn of what newer ones deprecate; that is not ours to mend
"$work/venv/bin/python" -m pytest -q -n auto --dist loadfile -m "not train and not shared and not machines" -W default -p no:cacheprovider
