#!/bin/sh
# IR text reads back to the same text, at every stage, for every model of the examples: round_trip.sh QCC
set -eu
qcc=$1 root=$(dirname "$0")/../..
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
count=0

# check TEXT STAGE: the text, read as IR and taken to the stage, stays as it is.
check() {
  "$qcc" -x ir --emit="$2" -w - <"$1" >"$dir/again"
  cmp "$1" "$dir/again"
  count=$((count + 1))
}

cp -r "$root/examples" "$dir"
# shellcheck disable=SC2044 # no spaces in names here
for model in $(find "$dir/examples" -name '*.q'); do
  grep -q '^ *model ' "$model" || continue
  "$qcc" "$model" --emit=ir -w >"$dir/ir"
  check "$dir/ir" ir
  "$qcc" "$model" --emit=lowered -w >"$dir/lowered"
  check "$dir/lowered" lowered
  # What is made of the text is what is made of the model.
  "$qcc" "$model" --emit=asm -w >"$dir/direct.s"
  "$qcc" -x ir --emit=asm -w - <"$dir/ir" >"$dir/ir.s"
  "$qcc" -x ir --emit=asm -w - <"$dir/lowered" >"$dir/lowered.s"
  cmp "$dir/direct.s" "$dir/ir.s"
  cmp "$dir/direct.s" "$dir/lowered.s"
  # So is what each pass leaves, half-made recipes included.
  "$qcc" "$model" --emit=lowered -d all -w 2>"$dir/dumps" >"$dir/none"
  for pass in $("$qcc" --print-passes | cut -d ' ' -f 1); do
    sed -n "/^\/\/ before $pass\$/,/^\/\/ after $pass/p" "$dir/dumps" | sed '1d;$d' >"$dir/before"
    [ -s "$dir/before" ]
    check "$dir/before" ir
    "$qcc" -x ir --emit=asm -w - <"$dir/before" >"$dir/before.s"
    cmp "$dir/direct.s" "$dir/before.s"
  done
  # The tree's text is the model's.
  "$qcc" "$model" --emit=ast >"$dir/tree.q"
  cp "$dir/tree.q" "$model"
  "$qcc" "$model" --emit=ir -w | cmp - "$dir/ir"
done
echo "$count texts read back"
[ "$count" -gt 0 ]
