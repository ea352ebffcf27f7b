# Files made byte by byte, for tables of hostile input. Everything goes to standard output.

# le BYTES NUMBER..: each number in so many bytes, the lowest first.
le() {
  le_bytes=$1
  shift
  for le_number; do
    le_left=$le_bytes
    while [ "$le_left" -gt 0 ]; do
      printf "\\$(printf %03o $((le_number & 255)))"
      le_number=$((le_number >> 8)) le_left=$((le_left - 1))
    done
  done
}

zeros() { head -c "$1" /dev/zero; }

# st JSON [BYTES]: a safetensors file with so many zero bytes of data.
st() { le 8 ${#1} && printf '%s' "$1" && zeros "${2:-0}"; }

# array_header DICTIONARY: what a .npy file begins with.
array_header() { printf '\223NUMPY\001\000' && le 2 ${#1} && printf '%s' "$1"; }

# gguf TENSORS [PAIRS [VERSION]] begins a file; gguf_pair NAME TYPE is a pair's key; gguf_tensor NAME TYPE OFFSET DIM.. is
# a tensor's entry, the innermost dimension first. Types of tensors: 0 F32, 2 Q4_0.
gguf() { printf GGUF && le 4 "${3:-3}" && le 8 "$1" "${2:-0}"; }
gguf_name() { le 8 ${#1} && printf '%s' "$1"; }
gguf_pair() { gguf_name "$1" && le 4 "$2"; }
gguf_tensor() {
  gguf_name "$1"
  gguf_type=$2 gguf_offset=$3
  shift 3
  le 4 $# && le 8 "$@" && le 4 "$gguf_type" && le 8 "$gguf_offset"
}

# model FILE [SCHEME]: a model of one layer "fc", 32 inputs and 4 outputs, with weights from that file.
model() {
  printf 'model m { weights "%s"; input x : f32[32]; output y : f32[4] = linear(x, "fc"); }\n' "$1"
  printf 'quantize { "fc" : %s; }\n' "${2:-q4_0}"
}
