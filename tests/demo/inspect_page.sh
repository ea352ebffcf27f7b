#!/bin/bash
# What docs/inspect.md shows is what happens: inspect_page.sh SOURCE-DIR QCC
set -u
source=$1 qcc=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/work"
cp "$source/examples/digits/digits.safetensors" "$dir/work"
PATH=$(dirname "$qcc"):$PATH
failed=0
. "$(dirname "$0")/page.bash"
run_page "$source/docs/inspect.md"
[ $count -ge 6 ] || fail "docs/inspect.md has only $count commands"
[ $failed = 0 ] && echo "$count commands as shown"
exit $failed
