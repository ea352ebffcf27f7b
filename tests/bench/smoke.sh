#!/bin/sh
# The bench program on a matrix so small that it says nothing about speed, and the report from what it writes:
# smoke.sh PROGRAM BUILD. Neither peers nor a quiet machine are needed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1
work=$2/smoke
rm -rf "$work"
mkdir -p "$work"

"$program" --tiers >"$work/tiers"
test -s "$work/tiers"
tail -n 2 "$work/tiers" | while read -r tier; do
  "$program" --formats 'q4_0;nf4,iq3_s/i8 per 256;f16;int4_g(group=64)' --tier "$tier" --tokens 1,3 --threads 2 \
    --shape 128x512,64x256 --seconds 0 --megabytes 2 --out "$work/results.jsonl" >"$work/lines"
  test "$(wc -l <"$work/lines")" = 20
done
if "$program" --formats q4_0 --tokens 0 2>"$work/errors"; then
  echo "0 tokens were measured"
  exit 1
fi
grep -q '^usage' "$work/errors"
if ! command -v python3 >/dev/null; then
  echo "skipped: the report (python3 is not installed)"
  exit 77
fi
PYTHONDONTWRITEBYTECODE=1 python3 "$here/test_report.py" "$work"
