#!/bin/sh
# One tier's kernels against the oracles:
#
#   differential.sh NAME MAKE_CASES SOURCE DIR TARGET TRIPLE TIER CC [RUNNER ..]
#
# RUNNER is an emulator and its arguments, "native", or "assemble" (no machine: the device's assembler must accept it).
# What was shown of each format goes to tests/formats/results/kernels_NAME.tsv of the build tree, which the table of formats is made of.
set -eu
name=$1 make_cases=$2 source=$3 dir=$4 target=$5 triple=$6 tier=$7 cc=$8
shift 8
results=${QCC_BINARY_DIR:?}/tests/formats/results
check="kernel/$target/$tier"
quick=quick
[ "${QCC_TEST_FULL:-}" != 1 ] || quick=full

own="$source/tests/kernels/schemes"
mkdir -p "$dir" "$results"
results="$results/kernels_$name.tsv"
rm -f "$results"
skip() {
  printf '*\t%s\tskipped\t%s\n' "$check" "$1" >"$results"
  echo "skipped: $1"
  exit 77
}

case $1 in
  native) ;;
  assemble) cc=$(command -v ptxas || ls /usr/local/cuda/bin/ptxas 2>/dev/null) || skip "ptxas is not installed" ;;
  *) command -v "$1" > /dev/null || skip "$1 is not installed" ;;
esac
command -v "$cc" > /dev/null || skip "$cc is not installed"

# Several processors may share one tier's files: make them once per build of the compiler.
stamp="$dir/stamp-$quick-${QCC_TEST_SEED:-1}"
if ! [ "$stamp" -nt "$make_cases" ] || [ -n "$(find "$source/schemes" "$own" -newer "$stamp")" ]; then
  rm -f "$dir"/stamp* "$dir"/kernels*
  made=0
  "$make_cases" "$target" "$triple" "$tier" "$dir" $quick "$source/schemes" "$own" || made=$?
  [ $made = 0 ] || [ $made = 3 ] || exit $made
  touch "$stamp"
fi
status=0
! grep '	failed	' "$dir/formats.tsv" || status=1

# Lines "FORMAT ok" or "FORMAT failed" of the standard input, and what could be made: one verdict for each format. A format
# with other parameters is still that format.
verdicts() {
  awk -F '\t' -v check="$check" -v good="$1" -v detail="$name" '
    { sub(/[(].*/, "", $1) }
    FILENAME != "-" { if ($2 != "made") verdict[$1] = $2; next }
    $2 == "failed" { verdict[$1] = "failed" }
    $2 == "ok" && !($1 in verdict) { verdict[$1] = good }
    END { for (f in verdict) printf "%s\t%s\t%s\t%s\n", f, check, verdict[f], detail }' "$dir/formats.tsv" - |
    sort >"$results"
  printf '*\t%s\tskipped\t%s\n' "$check" "a run draws some formats" >>"$results"
}

if [ "$1" = assemble ]; then
  optimise=-O1
  [ $quick = quick ] || optimise=-O3
  while IFS='	' read -r format _ number _; do
    kernels="$dir/kernels_$number"
    [ -f "$kernels.s" ] || continue
    if "$cc" $optimise -arch="$tier" -o "$kernels.cubin" "$kernels.s"; then
      printf '%s\tok\n' "$format"
    else
      printf '%s\tfailed\n' "$format"
    fi
    rm -f "$kernels.cubin"
  done <"$dir/formats.tsv" >"$dir/assembled.tsv"
  verdicts assembled <"$dir/assembled.tsv"
  ! grep '	failed' "$dir/assembled.tsv" || status=1
  echo "$(grep -c '	ok' "$dir/assembled.tsv") formats assembled for $tier"
  exit $status
fi
"$cc" -std=c11 -D_DEFAULT_SOURCE -O1 -static -I"$source" "$dir/table.c" "$source/tests/kernels/run_cases.c" \
  "$source/runtime/qrt_cpu.c" "$dir"/kernels_*.o -lm -o "$dir/run"
calls="$dir/calls_$name.tsv"
rm -f "$calls"
[ "$1" != native ] || shift
ran=0
"$@" "$dir/run" "$dir/cases.bin" "$calls" || ran=$?
if [ $ran = 77 ] && [ $# = 0 ]; then skip "this processor does not run $tier"; fi
if [ $ran = 77 ]; then
  echo "the emulated processor was chosen to run the tier, but detection says it does not"
  exit 1
fi
verdicts ok <"$calls"
[ $ran = 0 ] || status=$ran
exit $status
