#!/bin/sh
# Checkpoints of other programs: checkpoints.sh BUILD QCC [GROUP ..]
set -eu
here=$(dirname "$0")
results=${QCC_BINARY_DIR:?}/tests/readers/results/checkpoints.tsv
[ $# -gt 2 ] || rm -f "$results"
python=$("$here/../venv.sh" "$QCC_BINARY_DIR/tests/python") || {
  echo "skipped: $python"
  exit 77
}
exec "$python" -B "$here/checkpoints.py" "$results" "$@"
