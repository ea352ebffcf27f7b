#!/bin/sh
# Every group a warning is reported under is a row of support/warnings.h, so that it can be silenced.
set -eu
. "$(dirname "$0")/lib.sh"

c_like | grep -v '^tests/' | xargs -r cat | tr -d '\n' | grep -oE 'diag_warning\([^"();]*,[[:space:]]*"[^"]*"' |
  sed 's/.*"\([^"]*\)"/\1/' | sort -u | while read -r group; do
  grep -q "WARNING(\"$group\"" support/warnings.h || echo "$group"
done >"$findings"
verdict "$findings" "warning groups that support/warnings.h does not list"
