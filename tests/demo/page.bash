# What a page shows is what happens: sourced by bash scripts that have set `dir`, a folder with the folder `work` in it, and
# `failed`. A block after `<!-- file NAME -->` becomes that file. In a block after `<!-- run -->` every line `$ COMMAND` runs in
# `work` and must print the lines that follow, where `...` stands for any lines. `<!-- run if TOOL .. -->` is left out, and that is
# said, where one of the tools is missing.
fail() {
  echo "FAILED: $*"
  failed=1
}

# matches EXPECTED ACTUAL: line by line; `...` skips up to the line that follows it.
matches() {
  awk 'function trim(s) { sub(/^ +/, "", s); return s }
    NR == FNR { want[++n] = $0; next }
    { line[++m] = $0 }
    END {
      at = 1
      for (i = 1; i <= n; i++) {
        if (trim(want[i]) == "...") {
          if (i == n) exit 0
          while (at <= m && line[at] != want[i + 1]) at++
        } else if (line[at] != want[i]) exit 1
        else at++
      }
      exit at <= m
    }' "$1" "$2"
}

check() { # the command in $command with the lines in $dir/want
  [ -n "$command" ] || return
  count=$((count + 1))
  (cd "$dir/work" && eval "$command") >"$dir/got" 2>&1 </dev/null || fail "$command: exit status $?: $(cat "$dir/got")"
  # A command whose output is not shown may have printed some.
  [ ! -s "$dir/want" ] || matches "$dir/want" "$dir/got" || fail "$command prints something else:" "$(diff "$dir/want" "$dir/got")"
}

# missing PAGE: the tools that its blocks ask for and that are not there, with a blank before and after each.
missing() {
  local tool absent=' '
  for tool in $(sed -n 's/^<!-- run if \(.*\) -->$/\1/p' "$1"); do
    command -v "$tool" >/dev/null || absent="$absent$tool "
  done
  echo "$absent"
}

# run_page PAGE: sets `count` to how many commands it has.
run_page() {
  count=0
  local absent
  absent=$(missing "$1")
  [ "$absent" = ' ' ] || echo "skipped: examples that need$absent"
  # Files as they are, and one list of commands ("$ ...") with the output expected of each ("> ...").
  awk -v dir="$dir/work" -v absent="$absent" '
    /^<!-- file / { file = dir "/" $3 }
    /^<!-- run -->/ { run = 1 }
    /^<!-- run if / {
      run = 1
      for (i = 4; i < NF; i++) if (index(absent, " " $i " ")) run = 0
    }
    /^```/ {
      if (inside) { inside = 0; file = ""; run = 0 } else inside = 1
      next
    }
    inside && file != "" { print > file }
    inside && run { if (/^\$ /) print; else print "> " $0 }
  ' "$1" >"$dir/commands"

  command=''
  : >"$dir/want"
  while IFS= read -r line; do
    case $line in
    '$ '*)
      check
      command=${line#??}
      : >"$dir/want"
      ;;
    *) printf '%s\n' "${line#> }" >>"$dir/want" ;;
    esac
  done <"$dir/commands"
  check
}
