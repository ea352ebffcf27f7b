#!/bin/sh
# Compile time and size of every format's kernels, for the table of formats: costs.sh KERNEL_COSTS SCHEMES
# The times are of this machine as it is at the moment; nothing is compared with them.
set -eu
results=${QCC_BINARY_DIR:?}/tests/formats/results
mkdir -p "$results"
rm -f "$results/costs.tsv"
"$1" x86_64 x86_64-linux-gnu avx2 "$2" |
  awk -F '\t' -v OFS='\t' '{ print $1, "cost", "ok", $2 " " $3 }' >"$results/costs.tsv"
[ -s "$results/costs.tsv" ] || { echo "no format has kernels"; exit 1; }
sort -t '	' -k 4 -n -r "$results/costs.tsv" | head -3
