#!/bin/bash
# What README.md shows is what happens: readme.sh SOURCE-DIR BUILD-DIR QCC [GENERATOR]
# See page.bash; the folder has the digits' data.
set -u
source=$1 build=$2 qcc=$(realpath "$3") generator=${4:-Ninja}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/work"
cp "$source"/examples/digits/*.npy "$source/examples/digits/digits.safetensors" "$dir/work"
PATH=$(dirname "$qcc"):$PATH
failed=0
. "$(dirname "$0")/page.bash"
run_page "$source/README.md"
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
answer=$(cmake/app cmake/qcc/digits/digits.qw) || fail "the CMake project's app fails: $answer"
[ "$answer" = 'a 1 with probability 1.00' ] || fail "the CMake project's app says $answer"
echo "$count commands of README.md do what it says"
exit $failed
