#!/bin/sh
# What the built libraries hold: no mutable globals anywhere, no reference to LLVM below codegen.
# archives.sh ROOT BUILD-DIR
set -eu
build=$(cd "${2:?usage: $0 ROOT BUILD-DIR}" && pwd)
. "$(dirname "$0")/lib.sh"

found=no
for library in "$build"/*/libqcc_*.a "$build"/*/libqrt*.a; do
  [ -f "$library" ] || continue
  found=yes
  # Only .data and .bss can change at run time; tables of pointers are in .data.rel.ro.
  size -A "$library" | awk -v library="$(basename "$library")" '
    /:$/ { member = $1 }
    $1 ~ /^\.t?(data|bss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {
      printf "%s: %s has %d bytes of mutable globals (%s)\n", library, member, $2, $1
    }'
  case "$library" in
  *_codegen.a) ;;
  *) nm -A -u "$library" 2>/dev/null | grep ' LLVM[A-Z]' || true ;;
  esac
done >"$findings"
if [ $found = no ]; then
  echo "no library was found below $build"
  exit 1
fi
verdict "$findings" "libraries that break a rule"
