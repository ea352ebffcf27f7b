#!/bin/sh
# ONNX and TFLite models: graphs.sh BUILD QCC [GROUP ..]
set -eu
build=$1
here=$(dirname "$0")
results=${QCC_BINARY_DIR:?}/tests/readers/results/graphs.tsv
rm -f "$results"
python=$("$here/../venv.sh" "$build/../python") || {
  echo "skipped: $python"
  exit 77
}
exec "$python" -B "$here/graphs.py" "$results" "$@"
