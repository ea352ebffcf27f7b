#!/bin/sh
# No folder includes upwards (tests/lint/includes.txt), and LLVM's headers are seen by codegen/ only.
set -eu
table=$(cd "$(dirname "$0")" && pwd)/includes.txt
. "$(dirname "$0")/lib.sh"

grep -v '^#' "$table" | while read -r folder allowed; do
  pattern=$(echo "$allowed" | tr ' ' '|')
  c_like | { grep "^$folder/" || true; } | xargs -r grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]*/' |
    grep -vE "\"($pattern)/" || true
done >"$findings"
c_like | grep -v '^codegen/' | xargs -r grep -HnE '#[[:space:]]*include[[:space:]]*[<"]llvm' >>"$findings" || true
verdict "$findings" "includes against the direction of data, or of LLVM outside codegen/"
