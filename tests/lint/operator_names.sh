#!/bin/sh
# No C file knows an operator by name: the names declared in operators/*.q may not occur as strings outside the tests.
# operator_names.txt lists the files that still do, and names that are words of other things.
set -eu
exceptions=$(cd "$(dirname "$0")" && pwd)/operator_names.txt
. "$(dirname "$0")/lib.sh"

files=$(mktemp) words=$(mktemp)
trap 'rm -f "$findings" "$files" "$words"' EXIT
sed -n 's/^file //p' "$exceptions" >"$files"
sed -n 's/^word //p' "$exceptions" >"$words"
declared='s/^[[:space:]]*operator[[:space:]]\{1,\}\([A-Za-z_0-9]*\).*/\1/p'
names=$(all_files | grep '^operators/.*\.q$' | xargs -r sed -n "$declared" | sort -u | grep -vxFf "$words" | paste -sd '|' -)
if [ -n "$names" ]; then
  c_like | grep -v '^tests/' | grep -vxFf "$files" | xargs -r grep -HnE "\"($names)\"" >"$findings" || true
fi
verdict "$findings" "C files that name an operator"
