#!/bin/sh
# Formats against reference decoders: references.sh BUILD WEIGHTS_OF SCHEMES [ARGUMENTS of references.py]
# The virtual environment of Python beside BUILD is shared with other tests (tests/venv.sh).
set -eu
build=$1 weights_of=$2 schemes=$3
shift 3
here=$(dirname "$0")
results=${QCC_BINARY_DIR:?}/tests/formats/results/references.tsv
mkdir -p "$(dirname "$results")"
rm -f "$results"
skip() {
  printf '*\tdecode\tskipped\t%s\n' "$1" >"$results"
  echo "skipped: $1"
  exit 77
}

python=$("$here/../venv.sh" "$build/../python") || skip "$python"
exec "$python" -B "$here/references.py" "$weights_of" "$schemes" "$build" "$results" "$@"
