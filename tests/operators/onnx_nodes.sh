#!/bin/sh
# The single-node tests of the onnx package: onnx_nodes.sh BUILD RUNNER OPERATORS [MODE..]
#   nothing                                 by the reference
#   --kernels | --compiled                  by kernels that are interpreted, or compiled for this machine
#   --emulate TRIPLE TIER COMPILER EMULATOR by an emulator
# A quick run draws some of those that are interpreted or emulated, a full one of the emulated.
set -eu
here=$(dirname "$0") build=$1 runner=$2 operators=$3
shift 3
if ! python=$("$here/../venv.sh" "$build"); then
  echo "skipped: $python"
  exit 77
fi
least=1300 sample=
if [ "${1:-}" = --emulate ]; then
  for tool in "$4" "${5%% *}"; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
  done
  sample='--sample 60' least=54
  [ "${QCC_TEST_FULL:-}" != 1 ] || { sample='--sample 320' least=300; }
elif [ "${1:-}" = --kernels ] && [ "${QCC_TEST_FULL:-}" != 1 ]; then
  sample='--sample 200' least=185
fi
# The package's own cases of four-bit numbers are read from memory that it did not write: only the runner's is disturbed.
exec env -u MALLOC_PERTURB_ "$python" "$here/onnx_nodes.py" "$runner" "$operators" --least "$least" $sample "$@"
