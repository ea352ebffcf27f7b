#!/bin/sh
# The options of docs/qcc.1 are those of the command: man.sh QCC. UPDATE=1 writes them into the page.
set -eu
qcc=$1 page=$(dirname "$0")/../../docs/qcc.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$qcc" --help-man >"$dir/options"
begin='^\.\\" options: begin' end='^\.\\" options: end'
sed -n "/$begin/,/$end/p" "$page" | sed '1d;$d' >"$dir/page"
if [ -n "${UPDATE:-}" ]; then
  { sed "/$begin/q" "$page"; cat "$dir/options"; sed -n "/$end/,\$p" "$page"; } >"$dir/new"
  cp "$dir/new" "$page"
  exit 0
fi
[ -s "$dir/options" ]
if ! diff "$dir/options" "$dir/page"; then
  echo "docs/qcc.1 has other options than the command; UPDATE=1 $0 $1 writes them"
  exit 1
fi
# Nothing that the formatter complains of.
if command -v groff >/dev/null; then
  groff -man -Tutf8 -ww -z "$page" 2>"$dir/complaints"
  cat "$dir/complaints"
  [ ! -s "$dir/complaints" ]
fi
