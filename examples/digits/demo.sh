#!/usr/bin/env bash
# Compiles the digits network in several weight formats, for this machine and for AArch64, runs both on the images that
# the network was never shown, and prints one table: demo.sh BUILD-DIR [FORMAT ...]. Results stay in BUILD-DIR/demo.
# Exit status 1 when a format reads fewer images than it should, or differently on the two machines.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: demo.sh BUILD-DIR [FORMAT ...]}" && pwd)
qcc=$build/bin/qcc
dir=$build/demo
cc=${CC:-cc}
cross_cc=aarch64-linux-gnu-gcc
cross_run=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
[ -x "$qcc" ] || { echo "demo.sh: there is no $qcc; ./dev demo builds it" >&2; exit 1; }

# What is compared: the format, as a rule of a quantize block writes it, and how many of the images that the float
# network reads it may lose. All are text: codebook3 in examples/codebook3, the others in schemes/.
formats=(
  'f32                   0'
  'q8_0                  3'
  'q4_K                  7'
  'q4_0                  7'
  'nf4                   7'
  'int4_g(group=32)      7'
  'codebook3             12'
  'ternary_g(group=32)   60'
)
# Other formats, of the command line, are only tried: every image may be lost.
if [ $# -gt 1 ]; then
  known=("${formats[@]}") formats=()
  for format in "${@:2}"; do
    entry="${format//[[:space:]]/} all"
    for k in "${known[@]}"; do [ "${k%% *}" != "${entry% *}" ] || entry=$k; done
    formats+=("$entry")
  done
fi
shown=(0 1 2 3 355) # images printed as text; the float network takes the last one for another digit

bold='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' red=$'\033[31m' plain=$'\033[0m'; fi
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }
failed=no
fail() {
  printf '%sFAILED: %s%s\n' "$red" "$*" "$plain"
  failed=yes
}

with_arm=yes
for tool in "$cross_cc" "${cross_run[0]}"; do
  if ! command -v "$tool" >/dev/null; then
    say "skipped: AArch64, because there is no $tool here (./dev setup installs it)"
    with_arm=no
  fi
done

# compile FOLDER CC [OPTION]: a model's library, header and weights, and the program that uses them.
compile() {
  mkdir "$1"
  {
    "$qcc" "$dir/$name/model.q" ${3:+"$3"} --runtime=bundled --explain -o "$1" >"$1/report" &&
      "$2" -std=c11 -O2 "-I$1" "$here/demo.c" "$1/libdigits.a" -o "$1/demo"
  } 2>"$1/errors"
}
# Both machines at once; the messages are the same, so the first are enough.
compile_all() {
  local host=$dir/$name/host arm=$dir/$name/arm job
  compile "$host" "$cc" &
  job=$!
  if [ $with_arm = yes ] && ! compile "$arm" "$cross_cc" -target=aarch64-linux-gnu; then
    wait $job && cat "$arm/errors" >&2
    cat "$host/errors" >&2
    return 1
  fi
  wait $job || { cat "$host/errors" >&2; return 1; }
}

data=("$here/test_images.npy" "$here/test_labels.npy")
# Prints '358 of 360 right, 0.80 us an image on TIER'.
run_host() { "$dir/$name/host/demo" "$dir/$name/host/digits.qw" "${data[@]}" "$dir/$name/host.logits" "$@"; }
# The weights are those of the other machine: one file serves both.
run_arm() {
  "${cross_run[@]}" "$dir/$name/arm/demo" "$dir/$name/host/digits.qw" "${data[@]}" "$dir/$name/arm.logits"
}

# From what qcc --explain says: bits a weight, the mean over the layers, each counted by its weights; and how the products
# are computed.
bits_per_weight() {
  awk '$4 == "x" { n += $3 * $5; bits += $3 * $5 * $6 } END { printf "%.2f", bits / n }' "$dir/$name/host/report"
}
compute_mode() { awk '$2 == "chosen:" { print $1; exit }' "$dir/$name/host/report"; }

# same_numbers: how the logits of the two machines compare.
same_numbers() {
  if cmp -s "$dir/$name/host.logits" "$dir/$name/arm.logits"; then echo "same bits"; else echo "rounded differently"; fi
}

tenths() { echo "$(($1 / 10)).$(($1 % 10))"; }
row() { printf '%-20s %8s %6s %7s %6s %9s %9s  %-10s %7s  %s\n' "$@"; }

say "a network of three layers, trained in float, reads images of handwritten digits"
float=$(grep -ao '"test_correct":"[0-9]*"' "$here/digits.safetensors" | tr -dc 0-9)
rm -rf "$dir"
rows=() host_isa='' arm_isa=''
for entry in "${formats[@]}"; do
  format=${entry%% *} may_lose=${entry##* }
  name=${format//[^a-zA-Z0-9_]/_}
  start=$(date +%s%N)
  mkdir -p "$dir/$name"
  cat >"$dir/$name/model.q" <<MODEL
include "$here/digits.q";
include "$here/../codebook3/codebook3.q";
quantize { "*" : $format; }
MODEL
  compile_all

  read -r right _ count _ us _ _ _ _ host_isa < <(run_host)
  arm_right=- same=-
  if [ $with_arm = yes ]; then
    read -r arm_right _ _ _ _ _ _ _ _ arm_isa < <(run_arm)
    same=$(same_numbers)
    cmp -s "$dir/$name/"{host,arm}/digits.qw || fail "$format: packed weights differ between targets"
    [ "$arm_right" = "$right" ] || fail "$format: $right images read here and $arm_right on AArch64"
    # The integer modes promise the same numbers everywhere; floating point may round differently.
    [ "$same" = "same bits" ] || [ "$(compute_mode)" = float ] || fail "$format: other logits on AArch64"
  fi
  lost=$((float - right))
  if [ "$may_lose" != all ] && [ $lost -gt "$may_lose" ]; then
    fail "$format: $right of $count images read; the float network reads $float, and $may_lose fewer would do"
  fi
  percent=$(tenths $(((2000 * right + count) / (2 * count))))
  size=$(tenths $((($(wc -c <"$dir/$name/host/digits.qw") + 50) / 100)))
  rows+=("$(row "$format" "$(bits_per_weight)" "$right" "$percent %" $((-lost)) "$size KB" "$us" "$(compute_mode)" \
    "$arm_right" "$same")")
  printf '    %-20s compiled, linked and run in %s s\n' "$format" "$(tenths $((($(date +%s%N) - start) / 100000000)))"
done

for name in codebook3 "$name"; do [ ! -d "$dir/$name" ] || break; done
say "some of the images, as the network in $name reads them"
run_host "${shown[@]}"
echo
machines="here on $host_isa"
if [ $with_arm = yes ]; then machines+=" and on AArch64's $arm_isa under qemu"; fi
say "$count images that the network was never shown, $machines"
printf '%s' "$bold"
row format bits/w right '' +/- weights us/image computed AArch64 logits
printf '%s' "$plain"
printf '%s\n' "${rows[@]}"
cat <<'END'

bits/w: bits a weight, scales included. right: images read as what they are, +/-: compared with the float network.
weights: size of the packed file. us/image: microseconds for one image, one thread. computed: how weights and inputs are
multiplied. logits: the ten numbers of every image, compared between the two machines.
Rows are packed in blocks of up to 256 weights; where that is more than a row has, the file is larger than bits/w says.
The network was trained in float and only rounded; ternary networks are trained as such, which is why this one suffers.
END
say "libraries, headers, weights and programs are in $dir"
[ $failed = no ]
