#!/bin/sh
# No C file knows a weight format by name: the names declared in .q files (those with a digit in them; others are words
# of English) may not occur outside the tests.
set -eu
. "$(dirname "$0")/lib.sh"

# Names of element types are part of the language.
element_types='u[1-8] i[2-8] f16 bf16 f32 f64 u?int[0-9]+ fp8 fp6 fp4 f?[0-9]?e[0-9]m[0-9](fnuz)?'
types=$(echo "$element_types" | tr ' ' '|')
names=$(find schemes examples -name '*.q' -exec sed -n 's/^[[:space:]]*scheme[[:space:]]\{1,\}\([A-Za-z_0-9]*\).*/\1/p' {} + |
  grep '[0-9]' | grep -Evx "$types" | sort -u | paste -sd '|' -)
if [ -z "$names" ]; then
  echo "no scheme was found in schemes/*.q: nothing can be checked"
  exit 1
fi
c_like | grep -v '^tests/' | xargs -r grep -HniE "(^|[^a-z0-9])($names)([^a-z0-9]|\$)" >"$findings" || true
verdict "$findings" "C files that name a weight format"
