#!/bin/bash
# What docs/new-format.md shows is what happens: new_format.sh SOURCE-DIR QCC
set -u
source=$1 qcc=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/work"
cp "$source"/examples/digits/*.npy "$source/examples/digits/digits.safetensors" "$dir/work"
PATH=$(dirname "$qcc"):$PATH
failed=0
. "$(dirname "$0")/page.bash"
run_page "$source/docs/new-format.md"
[ $count -ge 6 ] || fail "docs/new-format.md has only $count commands"
cmp "$dir/work/fine3.q" "$source/examples/fine3/fine3.q" || fail "examples/fine3/fine3.q is not the page's"
[ $failed = 0 ] && echo "$count commands as shown"
exit $failed
