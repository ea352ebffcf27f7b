#!/bin/bash
# What README.md shows is what happens: readme.sh SOURCE-DIR BUILD-DIR QCC [GENERATOR]
# A block after `<!-- file NAME -->` becomes that file. In a block after `<!-- run -->` every line `$ COMMAND` runs, in a
# folder with these files and the digits' data, and must print the lines that follow, where `...` stands for any lines.
set -u
source=$1 build=$2 qcc=$(realpath "$3") generator=${4:-Ninja}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/work"
cp "$source"/examples/digits/*.npy "$source/examples/digits/digits.safetensors" "$dir/work"
PATH=$(dirname "$qcc"):$PATH
failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}

# Files as they are, and one list of commands ("$ ...") with the output expected of each ("> ...").
awk -v dir="$dir/work" '
  /^<!-- file / { file = dir "/" $3 }
  /^<!-- run -->/ { run = 1 }
  /^```/ {
    if (inside) { inside = 0; file = ""; run = 0 } else inside = 1
    next
  }
  inside && file != "" { print > file }
  inside && run { if (/^\$ /) print; else print "> " $0 }
' "$source/README.md" >"$dir/commands"

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

count=0
check() { # the command in $command with the lines in $dir/want
  [ -n "$command" ] || return
  count=$((count + 1))
  (cd "$dir/work" && eval "$command") >"$dir/got" 2>&1 </dev/null || fail "$command: exit status $?: $(cat "$dir/got")"
  # A command whose output is not shown may have printed some.
  [ ! -s "$dir/want" ] || matches "$dir/want" "$dir/got" || fail "$command prints something else:" "$(diff "$dir/want" "$dir/got")"
}
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
[ $count -ge 6 ] || fail "README.md has only $count commands"

# The C program without warnings, as C++ reads the header, and with CMake.
cd "$dir/work" || exit 1
cc -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Werror app.c -Ibuild build/libdigits.a -o strict || fail "app.c has warnings"
build_with_cmake() {
  cmake --install "$build" --prefix "$dir/prefix" &&
    cmake -S . -B cmake -G "$generator" "-DCMAKE_PREFIX_PATH=$dir/prefix" &&
    cmake --build cmake
}
build_with_cmake >"$dir/log" 2>&1 || fail "the CMake project: $(cat "$dir/log")"
[ -x cmake/app ] || fail "the CMake project makes no app"
echo "$count commands of README.md do what it says"
exit $failed
