#!/bin/sh
# Files of other writers: writers.sh BUILD TENSOR_DUMP QCC [GROUP ..]
set -eu
build=$1
here=$(dirname "$0")
python=$("$here/../venv.sh" "$build/../python") || {
  echo "skipped: $python"
  exit 77
}
exec "$python" -B "$here/writers.py" "$@"
