#!/bin/sh
# The bench program on a matrix so small that it says nothing about speed, and the report from what it writes:
# smoke.sh PROGRAM BUILD LLVM. Neither peers nor a quiet machine are needed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1
work=$2/smoke
llvm=$3
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
# Instructions, where one process may step through another.
counted=no
if "$program" --formats 'q4_0;f16' --tokens 1 --shape 64x256 --megabytes 1 --count "$work" 2>"$work/errors"; then
  counted=yes
  test "$(wc -l <"$work/counts.jsonl")" = 2
else
  grep -q 'does not let\|x86-64 Linux only' "$work/errors"
fi
if ! command -v python3 >/dev/null; then
  echo "skipped: the report (python3 is not installed)"
  exit 77
fi
export PYTHONDONTWRITEBYTECODE=1
if [ $counted = yes ] && command -v "llvm-objdump-$llvm" >/dev/null && command -v "llvm-mca-$llvm" >/dev/null; then
  python3 "$here/count_instructions.py" run "$llvm" "$work" "$work/counts.json"
else
  echo "skipped: kinds of instructions (no steps, or llvm-objdump-$llvm is not installed)"
fi
python3 "$here/test_report.py" "$work"
