#!/bin/bash
# What docs/engines.md shows is what happens: engines_page.sh SOURCE-DIR QCC
set -u
source=$1 qcc=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/work"
PATH=$(dirname "$qcc"):$PATH
failed=0
. "$(dirname "$0")/page.bash"
run_page "$source/docs/engines.md"
[ $count -ge 4 ] || fail "docs/engines.md has only $count commands"

# The program without warnings; the header is C++, too.
cd "$dir/work" || exit 1
cc -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Werror -c product.c -Ikernels -o strict.o || fail "product.c has warnings"
c++ -x c++ -std=c++11 -Wall -Wextra -Werror -fsyntax-only kernels/engine.h || fail "the header is no C++"
[ $failed = 0 ] && echo "$count commands as shown"
exit $failed
