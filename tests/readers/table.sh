#!/bin/sh
# The table of writers against what the tests of this build have shown: table.sh check|write SOURCE
# The tests that feed it must have run in this build: readers_checkpoints and others that write such results.
set -eu
results=${QCC_BINARY_DIR:?}/tests/readers/results
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
what=$1 source=$2
shift 2
for fed in checkpoints graphs; do
  [ -f "$results/$fed.tsv" ] || { echo "skipped: the test that writes $fed.tsv has not run in this build"; exit 77; }
  set -- "$@" "$results/$fed.tsv"
done
exec python3 -B "$(dirname "$0")/table.py" "$what" "$source/docs/writers.md" "$@"
