#!/bin/sh
# A model of 32 layers in three formats: kernels are shared by all layers of a format, so that a layer more costs next to
# nothing; the same bytes whatever comes from the cache: llama.sh QCC
set -eu
qcc=$(realpath "$1") generator=$(dirname "$(realpath "$0")")/llama.awk
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
tiers=$("$qcc" --print-targets | sed -n '/^x86_64/,/^[a-z]*64 /s/^ *tier \([^ ]*\) .*/\1/p' | head -4 | paste -sd,)
model() { awk -v layers="$1" -v width=256 -v hidden=768 -f "$generator" >"$2"; }
# What it took: "cache 12 of 48 compilations ..", and its results.
compile() {
  mkdir "$2"
  QCC_CACHE_DIR=$dir/kept "$qcc" -O0 "$1" -target=x86_64 --tiers="$tiers" --emit=asm -v -o "$2/" 2>"$2.err"
}
fail() {
  echo "FAILED: $1"
  exit 1
}
model 32 deep.q
model 4 flat.q
compile flat.q flat
compile deep.q deep
compile deep.q again
grep -q '^cache *4 of 4 ' again.err || fail "the same model again: $(grep ^cache again.err)"
[ "$(ls deep | wc -l)" = 4 ] || fail "not four tiers: $tiers"
QCC_CACHE_DIR= "$qcc" -O0 deep.q -target=x86_64 --tiers="$tiers" --emit=asm -o deep/
diff -r deep again >/dev/null || fail 'the cache changes results'
grep -q '^cache *4 of 4 ' deep.err || fail "kernels of 32 layers are not those of 4: $(grep ^cache deep.err)"
kernels=$(grep -c '\.globl' deep/*.s | sed 's/.*://' | sort -u)
[ "$kernels" = 12 ] || fail "$kernels kernels, not 12"
echo "$kernels kernels in each of 4 tiers"
