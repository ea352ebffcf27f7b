#!/bin/sh
# What the runtime's objects are: freestanding ones need nothing but what compilers call by themselves, no object has
# writable data, the bundled archives carry property notes and no path of the machine that built them, and two builds
# have the same bytes.
# objects.sh SOURCE-DIR PREBUILT-DIR CC [CLANG]
set -eu
runtime=$1/runtime
prebuilt=$2
cc=$3
clang=${4:-}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
fail() {
  echo "$*"
  failed=1
}

# The compiler's own calls; the last two are 64-bit division where the processor has none.
allowed='^(mem(cpy|set|move|cmp)|_GLOBAL_OFFSET_TABLE_|__aeabi_mem[a-z0-9]*|__aeabi_uldivmod|__u(div|mod)di3)$'

freestanding() { # label, compiler and flags
  label=$1
  shift
  rm -f "$dir"/*.o
  for source in "$runtime"/*.c; do
    "$@" -std=c11 -O2 -ffreestanding -nostdlib -DQRT_FREESTANDING -Wall -Wextra -Wpedantic -Werror \
      -c "$source" -o "$dir/$(basename "$source").o" || fail "$label: $source does not compile"
  done
  nm -A -g "$dir"/*.o | awk '$(NF-1) != "U" { print $NF }' | sort -u >"$dir/defined"
  nm -A -u "$dir"/*.o | awk '{ print $NF }' | sort -u | grep -vE "$allowed" | comm -23 - "$dir/defined" >"$dir/missing"
  [ ! -s "$dir/missing" ] || fail "$label: needs $(tr '\n' ' ' <"$dir/missing")"
}

writable() { # label, file ...
  label=$1
  shift
  size -A "$@" | awk '$1 ~ /^\.t?(data|bss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 { print $1, $2 }' >"$dir/writable"
  [ ! -s "$dir/writable" ] || fail "$label has writable data: $(cat "$dir/writable")"
}

freestanding "this compiler" "$cc"
writable "the freestanding build" "$dir"/*.o
if [ -n "$clang" ]; then
  for triple in thumbv7em-none-eabi riscv32-unknown-elf aarch64-none-elf; do
    PATH=$(dirname "$(readlink -f "$clang")"):$PATH
    export PATH
    if command -v llvm-nm >/dev/null; then
      nm() { llvm-nm "$@"; }
    fi
    freestanding "$triple" "$clang" --target="$triple"
  done
fi

for archive in "$prebuilt"/libqrt-*.a; do
  [ -f "$archive" ] || continue
  arch=$(basename "$archive" .a)
  writable "$arch" "$archive"
  if grep -q "$1" "$archive"; then fail "$arch tells where it was built"; fi
  notes=$(readelf -n "$archive" 2>/dev/null || true)
  members=$(ar t "$archive" | wc -l)
  case $arch in
  *x86_64) property='IBT, SHSTK' ;;
  *aarch64) property='BTI, PAC' ;;
  *) continue ;;
  esac
  [ "$(echo "$notes" | grep -c "$property")" -eq "$members" ] || fail "$arch: not every object says $property"
done

if [ -n "$clang" ]; then # from another folder, with another name
  cp -r "$runtime" "$dir/copy"
  for from in "$runtime" "$dir/copy"; do
    for source in "$from"/*.c; do
      "$clang" -std=c11 -O2 -fPIC -fno-ident -ffile-prefix-map="$from"=. -c "$source" -o "$dir/x.o"
      cksum <"$dir/x.o"
    done >"$dir/sums.$(basename "$from")"
  done
  cmp "$dir/sums.runtime" "$dir/sums.copy" || fail "objects depend on the folder"
fi
exit $failed
