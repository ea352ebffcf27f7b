#!/bin/sh
# Kernels for an engine: compiles what --emit=kernels writes with a C compiler, packs weights with its packer, and runs
# its kernels: engine.sh QCC MAKE_FILES CC RUNTIME
set -eu
steps=
qcc=$(realpath "$1") make_files=$(realpath "$2") cc=$3 runtime=$(realpath "$4")
here=$(realpath "$(dirname "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
flags="-std=c11 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -ffp-contract=off"

# make_blocks FORMAT [LAYOUT]: q.safetensors has fc.weight in the format, in blocks or (no layout) as fields.
make_blocks() {
  "$make_files" weights w.safetensors "fc.weight=${n}x$k"
  "$qcc" quantize w.safetensors -I . --format "$1" ${2:+--layout "$2"} -o q.safetensors >table
}

# engine FORMAT OPTIONS FILL TENSOR ..: FILL is C that packs from the bytes of these tensors of q.safetensors (file[0],
# ..); n and k are the shape.
engine() {
  format=$1 options=$2 fill=$3
  shift 3
  "$make_files" array x.npy "5x$k"
  cat >net.q <<MODEL
model net {
  weights "q.safetensors";
  dim batch <= 8;
  input x : f32[batch, $k];
  output y : f32[batch, $n] = linear(x, "fc");
}
quantize { "fc" : $format, $options; }
MODEL
  "$qcc" net.q -w -I . -o model
  "$qcc" run net.q -w -I . --input x.npy --output y.npy
  rm -rf kernels field?
  "$qcc" net.q -w -I . --emit=kernels --prefix=engine -o kernels
  p=$(sed -n 's/^#define \(.*\)_N_STEP .*/\1/p' kernels/engine.h)
  i=0
  for tensor in "$@"; do
    "$make_files" bytes q.safetensors "$tensor" >"field$i"
    i=$((i + 1))
  done
  # shellcheck disable=SC2086 # flags are several words
  "$cc" $flags -DHEADER='"kernels/engine.h"' -DPREFIX=engine "-DP=$p" "-DN=$n" "-DK=$k" "-DFILL=$fill" -I. ${steps:+-DSTEPS} \
    "$here/engine.c" kernels/net_pack.c kernels/libnet.a "$runtime" -lm -lpthread -o engine
  printf '%s, %s, %sx%s: ' "$format" "$options" "$n" "$k"
  ./engine model/net.qw x.npy y.npy field?
}

# Blocks of a file.
blocks() {
  n=$1 k=$2
  make_blocks "$3" gguf
  engine "$3" "act = $4" 'NAME(_pack_gguf)(N, K, file[0], packed)' fc.weight
}
blocks 37 96 q4_0 'i8 per 32'
blocks 16 256 q4_K 'i8 per token'
blocks 5 512 q6_K f32
blocks 33 32 q5_0 bf16

# Arrays of fields: groups that do not divide K, one number for a row, sums of rows.
fields() {
  n=$1 k=$2 fields=$5
  make_blocks "$3"
  # shellcheck disable=SC2086 # several names
  engine "$3" "act = $4" "NAME(_fields) f = {$fields}; NAME(_pack)(N, K, &f, packed); KEEP(f)" $6
}
fields 18 100 'int4_g(group = 40)' 'i8 static(scale = 0.01, zero = 3)' \
  'unpack(file[0], N, K, 4), (void *)file[1], unpack(file[2], N, (K + 39) / 40, 4)' \
  'fc.weight.code fc.weight.scale fc.weight.zero'
fields 17 77 int8_row 'i8 per token' 'file[0], (void *)file[1]' 'fc.weight.code fc.weight.scale'
fields 3 70 nf4 'i8 static(scale = 0.01, zero = -5)' 'unpack(file[0], N, K, 4), (void *)file[1]' \
  'fc.weight.code fc.weight.absmax'
fields 1 130 nf4 'i8 per 64' 'unpack(file[0], N, K, 4), (void *)file[1]' 'fc.weight.code fc.weight.absmax'

# Scales with zero points beside them, planes of bits, a static zero point of unsigned bytes.
fields 9 70 int8_row 'u8 per 32' 'file[0], (void *)file[1]' 'fc.weight.code fc.weight.scale'
fields 20 100 binary 'i1 per token' 'unpack(file[0], N, K, 1), (void *)file[1]' 'fc.weight.code fc.weight.scale'
fields 7 200 'dorefa(bits = 2)' 'i1 per 64' 'unpack(file[0], N, K, 2), (void *)file[1]' 'fc.weight.code fc.weight.a'
fields 5 64 int8_row 'u8 static(scale = 0.02, zero = 100)' 'file[0], (void *)file[1]' 'fc.weight.code fc.weight.scale'

# Separate tensors of a layout, packed along K and along N.
n=40 k=96
"$make_files" weights q.safetensors fc.qweight:I32=12x40 fc.qzeros:I32=3x5 fc.scales:F16=3x40
engine 'int4_g(group = 32)' 'layout = gptq, act = i8 per 32' \
  'NAME(_gptq) from = {file[0], file[1], file[2]}; NAME(_pack_gptq)(N, K, &from, packed)' fc.qweight fc.qzeros fc.scales
"$make_files" weights q.safetensors fc.qweight:I32=96x5 fc.qzeros:I32=3x5 fc.scales:F16=3x40
engine 'int4_g(group = 32)' 'layout = awq, act = f32' \
  'NAME(_awq) from = {file[0], file[1], file[2]}; NAME(_pack_awq)(N, K, &from, packed)' fc.qweight fc.qzeros fc.scales

# A format with steps before and after the product: kernels and factors for each.
cat >steps.q <<'SCHEME'
scheme steps {
  code : u4;
  scale : f16 per 32;
  order : u16 per column;
  gain : f32 per column;
  turn : f32 per row;
  value = scale * (code - 8);
  input = hadamard(x[order] * gain, 32);
  output = hadamard(y, 8) / turn;
}
SCHEME
steps=yes
fields 24 96 steps 'i8 per 32' 'unpack(file[0], N, K, 4), (void *)file[1], (void *)file[2], (void *)file[3], (void *)file[4]' \
  'fc.weight.code fc.weight.scale fc.weight.order fc.weight.gain fc.weight.turn'
