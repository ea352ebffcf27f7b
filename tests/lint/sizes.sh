#!/bin/sh
# Files stay under 700 lines and functions under 80.
set -eu
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2016 # awk has its own $
c_like | xargs -r awk '
  function leave() { if (lines > 700) printf "%s: %d lines\n", file, lines }
  FNR == 1 { leave(); file = FILENAME; start = 0 }
  { lines = FNR }
  /^[A-Za-z_].*[)].*[{]$/ { start = FNR; name = $0 }
  /^}$/ && start {
    if (FNR - start + 1 > 80) printf "%s:%d: %d lines: %s\n", file, start, FNR - start + 1, name
    start = 0
  }
  END { leave() }' >"$findings"
verdict "$findings" "files over 700 lines or functions over 80"
