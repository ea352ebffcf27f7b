#!/bin/sh
# Only targets/ names instruction sets (and the runtime's CPU detection, which must ask for them).
set -eu
. "$(dirname "$0")/lib.sh"

anywhere='x86|amd64|aarch64|arm64|riscv|nvptx|vnni|i8mm|dotprod|neon'
words='avx|sse|sve|rvv|rv64|rv32|amx|vpdp[a-z]*|sdot|udot|usdot|dp4a|sm_[0-9]+'
c_like | grep -vE '^(targets|tests|docs|examples)/|^runtime/qrt_cpu\.[ch]$' |
  xargs -r grep -HniE "$anywhere|(^|[^a-z0-9])($words)([^a-z]|\$)" >"$findings" || true
verdict "$findings" "instruction sets named outside targets/"
