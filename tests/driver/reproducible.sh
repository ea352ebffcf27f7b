#!/bin/sh
# The same inputs give the same bytes, wherever they lie, however often: reproducible.sh QCC MAKE_FILES
set -eu
qcc=$(realpath "$1") make_files=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$make_files" weights "$dir/w.safetensors" fc1.weight=40x64 fc1.bias=40 fc2.weight=7x40

build() {
  mkdir -p "$1"
  cp "$dir/w.safetensors" "$1"
  cat >"$1/m.q" <<'MODEL'
model m {
  weights "w.safetensors";
  dim batch <= 4;
  input x : f32[batch, 64];
  output y : f32[batch, 7] = linear(gelu(linear(x, "fc1")), "fc2");
}
quantize {
  "fc1" : nf4, act = i8 per 32;
  "*"   : q4_K, act = i8 per token;
}
MODEL
  (
    cd "$1"
    for target in x86_64 aarch64 riscv64; do
      "$qcc" m.q -target=$target --runtime=bundled -w -o $target
    done
    "$qcc" m.q -target=aarch64 --embed-weights -w -o inside
    "$qcc" m.q --emit=kernels -w -o kernels
    "$qcc" m.q -target=nvptx64 -w -o m.ptx
    "$qcc" quantize w.safetensors --format 'int4_g(group = 32)' -o q.safetensors >table
  )
}

build "$dir/here"
build "$dir/a/much/longer/path"
diff -r "$dir/here" "$dir/a/much/longer/path"
for target in aarch64 riscv64; do cmp "$dir/here/x86_64/m.qw" "$dir/here/$target/m.qw"; done
if grep -rlF "$dir" "$dir/here"; then
  echo "the results above name the folder they were made in"
  exit 1
fi
echo "$(find "$dir/here" -type f | wc -l) files, all the same"
