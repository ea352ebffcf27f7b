#!/bin/sh
# The single-node tests of the onnx package: onnx_nodes.sh BUILD RUNNER OPERATORS [MODE..]
#   nothing                                 by the reference
#   --kernels | --compiled                  by kernels that are interpreted, or compiled for this machine
#   --emulate TRIPLE TIER COMPILER EMULATOR some of each kind, more in a full run, by an emulator
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
  sample='--sample 100' least=92
  [ "${QCC_TEST_FULL:-}" != 1 ] || { sample='--sample 320' least=300; }
fi
# The package's own cases of four-bit numbers are read from memory that it did not write: only the runner's is disturbed.
exec env -u MALLOC_PERTURB_ "$python" "$here/onnx_nodes.py" "$runner" "$operators" --least "$least" $sample "$@"
