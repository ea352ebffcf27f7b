#!/bin/sh
# The single-node tests of the onnx package through the reference: onnx_nodes.sh BUILD RUNNER OPERATORS
set -eu
here=$(dirname "$0")
if ! python=$("$here/../venv.sh" "$1"); then
  echo "skipped: $python"
  exit 77
fi
exec "$python" "$here/onnx_nodes.py" "$2" "$3" --least 1300
