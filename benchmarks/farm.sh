#!/usr/bin/env bash
# Pack, train and finish one plan in the folder in which its sources lie: farm.sh STAGE [SECONDS], see farm.py.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -d "farm-$1" ] || python "$bench/farm.py" pack "$bench/farm-$1.yaml" "farm-$1"
# asked otherwise whether there is a GPU, PyTorch keeps it from every process that this one forks
KERAS_BACKEND=torch PYTORCH_NVML_BASED_CUDA_CHECK=1 python "$bench/farm.py" run "farm-$1" "farm-$1-results" "${@:2}"
python "$bench/farm.py" finish "farm-$1" "farm-$1-results" farm
