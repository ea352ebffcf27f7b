#!/bin/sh
# Shows that every lint passes on a clean tree and fails on a planted violation: self_test.sh [C-COMPILER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cc=${1:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0

# A small tree that breaks no rule.
clean_tree() {
  rm -rf "$dir/tree"
  mkdir -p "$dir/tree/schemes" "$dir/tree/examples" "$dir/tree/support" "$dir/tree/ir" "$dir/tree/targets" \
    "$dir/tree/runtime" "$dir/tree/codegen" "$dir/tree/tests" "$dir/tree/build/support"
  cd "$dir/tree"
  printf 'scheme q4_0 {\n  code : u4;\n}\nscheme ternary {\n}\n' >schemes/a.q
  mkdir -p "$dir/tree/operators"
  printf 'operator softmax(x : T[.., n]) { }\noperator at(i, n) { }\n' >operators/a.q
  printf 'scheme f16 {\n}\nscheme own3(g = 8) {\n}\n' >examples/b.q
  printf '#define WARNING(name, help)\nWARNING("fallback", "slow")\n' >support/warnings.h
  printf '#include "support/b.h"\n// A ternary, an f16; an assertion to resolve: q4_00.\nint a(void) {\n  return 0;\n}\n' >support/a.c
  printf '#include "support/b.h"\n#include "parser.tab.h"\nvoid f(void) {\n  diag_warning(d, "fallback", loc);\n}\n' >ir/a.c
  printf 'const char *t = "avx512 x86 sdot";\n' >targets/a.c
  printf '// avx2\n' >runtime/qrt_cpu.c
  printf '#include <llvm-c/Core.h>\n' >codegen/a.c
  printf 'const char *t = "q4_0 neon";\n' >tests/a.c
}

# plant LINT FILE TEXT: the lint passes without TEXT at the end of FILE and fails with it, naming the file.
plant() {
  clean_tree
  if ! "$here/$1.sh" "$dir/tree" >"$dir/out"; then
    echo "$1 fails on a clean tree:"
    cat "$dir/out"
    bad=1
  fi
  printf '%b\n' "$3" >>"$2"
  if "$here/$1.sh" "$dir/tree" >"$dir/out"; then
    echo "$1 does not see '$3' in $2"
    bad=1
  elif ! grep -qF "${4:-$2}" "$dir/out"; then
    echo "$1 does not name '${4:-$2}':"
    cat "$dir/out"
    bad=1
  fi
}

plant format_names ir/a.c '// q4_0'
plant format_names ir/a.c 'int x = TYPE_Q4_0;'
plant format_names support/new.h 'int own3;'
plant format_names ir/ops.def 'X("Q4_0")'
plant operator_names ir/a.c 'const char *f = "softmax";'
plant operator_names support/new.def 'OP(SOFTMAX, "softmax")'
for name in 'AVX2' 'has_avx512' '"sse4.2"' 'vnni' 'Neon' 'sve' 'SVE2' 'rvv' 'i8mm' 'dotprod' 'x86_64' 'aarch64' 'RISCV' \
  'nvptx' 'llvm.x86.avx2' 'vpdpbusd' 'sm_75' 'LLVMInitializeX86Target'; do
  plant isa_names ir/a.c "$name"
done
plant isa_names runtime/qrt.c '// avx2'
plant includes support/a.c '#include "ir/ir.h"'
plant includes runtime/a.h '# include "support/arena.h"'
plant includes ir/a.c '#include "tests/check_main.h"'
plant includes ir/a.c '#include <llvm-c/Core.h>'
plant sizes ir/a.c "$(awk 'BEGIN { for (i = 0; i < 700; i++) printf "int a;\\n" }')"
plant sizes ir/a.c "int long_one(void) {$(awk 'BEGIN { for (i = 0; i < 79; i++) printf "\\n  a();" }')\\n}" 'long_one'
plant warning_groups ir/a.c 'void g(void) {\n  diag_warning(d, "slow",\n loc);\n}' slow
plant warning_groups ir/a.c 'void g(void) {\n  diag_warning(d,\n               "late", loc);\n}' late
plant words ir/a.c '// TO''DO: later'
plant words support/README.md 'FIX''ME'
plant words examples/run.sh 'cd /wor''k/main'

# archive RULE SOURCE: a library compiled from SOURCE is found to break a rule, or is not when RULE is empty.
archive() {
  clean_tree
  printf '%s\n' "$2" >support/a.c
  "$cc" -c support/a.c -o build/support/a.o
  ar rc build/support/libqcc_support.a build/support/a.o
  status=0
  "$here/archives.sh" "$dir/tree" build >"$dir/out" || status=$?
  if [ -z "$1" ] && [ "$status" != 0 ]; then
    echo "archives fails on: $2"
    cat "$dir/out"
    bad=1
  elif [ -n "$1" ] && { [ "$status" = 0 ] || ! grep -q "$1" "$dir/out"; }; then
    echo "archives does not see: $2"
    bad=1
  fi
}

archive '' 'extern int x; const char *const names[] = {"a"}; int *const where = &x; int f(void) { return 1; }'
archive 'mutable globals' 'int counter = 1;'
archive 'mutable globals' 'int f(void) { static int calls; return ++calls; }'
archive 'mutable globals' '_Thread_local int calls;'
archive 'LLVMContextCreate' 'void *LLVMContextCreate(void); void *f(void) { return LLVMContextCreate(); }'

exit $bad
