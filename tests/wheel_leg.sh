#!/usr/bin/env bash
# Installs a wheel alone (no extra) in a fresh environment and predicts from an empty folder. usage: wheel_leg.sh WHEEL
set -euo pipefail
wheel=$(realpath "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "$wheel"
cp "$(ls "$here"/../data/samples/6_*.wav | head -n 1)" "$work/six.wav"
cd "$work"
for absent in tensorflow keras librosa onnx matplotlib scipy; do
  if venv/bin/python -c "import $absent" 2>/dev/null; then echo "wheel leg: the base install brought $absent" >&2; exit 1; fi
done
venv/bin/speechrnn --version
venv/bin/speechrnn configs tutorial | grep -q "units: 50"
for model in "" "--model=$here/golden/format-1"; do  # the one that ships, and one of the first format
  answer=$(venv/bin/speechrnn predict six.wav $model --json)
  echo "$answer"
  echo "$answer" | grep -q '"label": "6"'
done
if venv/bin/speechrnn train . --out model 2> message; then echo "wheel leg: train ran without its extra" >&2; exit 1; fi
grep -q 'pip install "speechrnn\[train' message || { cat message >&2; exit 1; }
size=$(du -sm venv/lib | cut -f1)
echo "wheel leg: passed, the environment takes $size MB"
