#!/bin/sh
# One tier's kernels against the oracles: differential.sh MAKE_CASES SOURCE DIR TARGET TRIPLE TIER CC [RUNNER ..]
# RUNNER is an emulator and its arguments, "native", or "assemble" (no machine: the device's assembler must accept it).
set -eu
make_cases=$1 source=$2 dir=$3 target=$4 triple=$5 tier=$6 cc=$7
shift 7
full=
[ "${QCC_TEST_FULL:-}" != 1 ] || full=full
skip() { echo "skipped: $1"; exit 77; }

case $1 in
  native) ;;
  assemble) cc=$(command -v ptxas || ls /usr/local/cuda/bin/ptxas 2>/dev/null) || skip "ptxas is not installed" ;;
  *) command -v "$1" > /dev/null || skip "$1 is not installed" ;;
esac
command -v "$cc" > /dev/null || skip "$cc is not installed"

mkdir -p "$dir"
# Several processors may share one tier's files: make them once per build of the compiler.
stamp="$dir/stamp${full:+-full}"
if ! [ "$stamp" -nt "$make_cases" ]; then
  "$make_cases" "$target" "$triple" "$tier" "$dir" "$source/schemes" $full
  touch "$stamp"
fi
if [ "$1" = assemble ]; then
  "$cc" -arch="$tier" -o "$dir/kernels.cubin" "$dir/kernels.s"
  echo "assembled for $tier"
  exit 0
fi
"$cc" -std=c11 -D_DEFAULT_SOURCE -O1 -static -I"$source" "$dir/table.c" "$source/tests/kernels/run_cases.c" \
  "$source/runtime/qrt_cpu.c" "$dir/kernels.o" -lm -o "$dir/run"
if [ "$1" = native ]; then
  exec "$dir/run" "$dir/cases.bin"
fi
status=0
"$@" "$dir/run" "$dir/cases.bin" || status=$?
if [ $status = 77 ]; then
  echo "the emulated processor was chosen to run the tier, but detection says it does not"
  exit 1
fi
exit $status
