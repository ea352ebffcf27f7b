#!/bin/sh
# The single-node tests of the onnx package through the reference: onnx_nodes.sh BUILD RUNNER OPERATORS
set -eu
here=$(dirname "$0")
if ! python=$("$here/../venv.sh" "$1"); then
  echo "skipped: $python"
  exit 77
fi
# The package's own cases of four-bit numbers are read from memory that it did not write: only the runner's is disturbed.
exec env -u MALLOC_PERTURB_ "$python" "$here/onnx_nodes.py" "$2" "$3" --least 1300
