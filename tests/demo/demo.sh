#!/bin/bash
# The demo as a newcomer runs it, without a terminal: exit status and table; that it fails when it should; and that it
# goes on without a cross compiler: demo.sh SOURCE-DIR QCC
set -u
source=$1 qcc=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
fail() {
  echo "FAILED: $*"
  sed 's/^/  | /' "$dir/out"
  failed=1
}
# demo EXAMPLES [FORMAT ...]: its output in `out`, with a build folder of its own, and only the programs in $tools if set.
tools=
demo() {
  rm -rf "$dir/build"
  mkdir -p "$dir/build"
  ln -s "$(dirname "$qcc")" "$dir/build/bin"
  PATH=${tools:-$PATH} "$1/digits/demo.sh" "$dir/build" "${@:2}" >"$dir/out" 2>&1
}
# The row of a format in the table; its words: format bits right % sign % size KB us mode ...
row() { grep -F "$1 " "$dir/out" | grep ' KB '; }

demo "$source/examples" || fail "the demo fails"
if grep -q $'\033' "$dir/out"; then fail "colours without a terminal"; fi
grep -q '@@' "$dir/out" || fail "no image is shown"
with_arm=yes
if grep -q '^==> skipped: AArch64' "$dir/out"; then with_arm=no; fi
# The rows are those of examples/digits/README.md but for the time, and equal on both machines.
rows=0
while read -r format bits right size; do
  rows=$((rows + 1))
  read -r _ got_bits got _ _ _ got_size _ us mode arm same < <(row "$format") || fail "no row for $format"
  [ "$got_bits $got $got_size" = "$bits $right $size" ] ||
    fail "$format: $got_bits bits, $got right, $got_size KB; README.md says $bits, $right, $size"
  [ "${us%.*}" -lt 1000 ] || fail "$format: $us microseconds an image"
  if [ $with_arm = no ]; then continue; fi
  [ "$arm" = "$right" ] || fail "$format: $arm images on AArch64, $right here"
  [ "$same" = "same bits" ] || [ "$mode" = float ] || fail "$format: other logits on AArch64"
done < <(awk -F '[| `]+' '/KB/ { print $2, $3, $4, $5 }' "$source/examples/digits/README.md")
[ $rows = "$(grep -c ' KB ' "$dir/out")" ] || fail "README.md has $rows formats"

# Labels that are wrong: accuracy is implausible, and it says so.
cp -r "$source/examples" "$dir/examples"
labels=$dir/examples/digits/test_labels.npy
{ head -c 128 "$labels"; tail -c +129 "$labels" | tr '\0-\11' '\1-\11\0'; } >"$dir/labels"
cmp -s "$dir/labels" "$labels" && fail "the labels are not spoiled"
cp "$dir/labels" "$labels"
if demo "$dir/examples" q8_0; then fail "wrong labels are accepted"; fi
grep -q 'FAILED: q8_0' "$dir/out" || fail "nothing is said of wrong labels"

# A format that is none: the compiler's message, once.
if demo "$source/examples" q8_1; then fail "an unknown format is accepted"; fi
[ "$(grep -c "there is no scheme 'q8_1'" "$dir/out")" = 1 ] || fail "an unknown format is not refused once"

# Without the cross compiler it says so and goes on.
mkdir "$dir/tools"
for tool in bash dirname mkdir rm cat awk wc tr grep cmp date "${CC:-cc}"; do
  ln -s "$(command -v "$tool")" "$dir/tools/$(basename "$tool")"
done
for tool in as ld; do [ -e "$dir/tools/$tool" ] || ln -s "$(command -v $tool)" "$dir/tools/$tool"; done
tools=$dir/tools
demo "$source/examples" 'int4_g(group = 64)' || fail "it does not go on without a cross compiler"
grep -q 'skipped: AArch64, because there is no aarch64-linux-gnu-gcc' "$dir/out" || fail "nothing is said of what is missing"
row 'int4_g(group=64)' | grep -q . || fail "no row without a cross compiler"
if [ $with_arm = no ]; then echo "skipped: AArch64, for want of a cross compiler or an emulator"; fi
exit $failed
