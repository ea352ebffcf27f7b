#!/bin/sh
# The table of formats against what the tests of this build have shown: table.sh check|write WEIGHTS_OF SOURCE
# The tests that feed it (formats_references, formats_costs, kernels_..) must have run in this build.
set -eu
results=${QCC_BINARY_DIR:?}/tests/formats/results
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
for fed in references.tsv costs.tsv kernels_avx2.tsv; do
  [ -f "$results/$fed" ] || { echo "skipped: the test that writes $fed has not run in this build"; exit 77; }
done
list="$results/formats.list"
[ "$(echo "list $list" | "$2" "$3/schemes")" = ok ]
exec python3 -B "$(dirname "$0")/table.py" "$1" "$list" "$results" "$3/docs/formats.md"
