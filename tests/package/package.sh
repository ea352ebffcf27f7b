#!/bin/sh
# The installed package as another project sees it: installs to a folder that is then moved, and builds examples/app
# with it, for this machine and with the toolchain files of other architectures, running what was built.
# package.sh SOURCE-DIR BUILD-DIR [GENERATOR]
set -eu
source=$1
build=$2
generator=${3:-Ninja}
if [ ! -x "$build/bin/qcc" ]; then
  echo "skipped: this configuration has no qcc command"
  exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}
quietly() { # what, command ...: shows the output only when the command fails
  what=$1
  shift
  "$@" >"$dir/log" 2>&1 || {
    fail "$what"
    tail -n 40 "$dir/log"
    return 1
  }
}

quietly "install" cmake --install "$build" --prefix "$dir/first" || exit 1
mv "$dir/first" "$dir/prefix with space"
prefix="$dir/prefix with space"
for text in "$prefix"/lib/cmake/qcc/*.cmake "$prefix"/lib/pkgconfig/*.pc; do
  if grep -nE "$source|$build|$dir" "$text"; then fail "$text names a path of the machine that built it"; fi
done

mkdir "$dir/examples"
cp -r "$source/examples/app" "$source/examples/digits" "$dir/examples"
app=$dir/examples/app

configure() { # build folder, options ...
  to=$1
  shift
  cmake -S "$app" -B "$dir/$to" -G "$generator" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_PREFIX_PATH=$prefix" "$@"
}
build_and_test() { # build folder, options ...
  name=$1
  quietly "$name: configure" configure "$@" || return 0
  quietly "$name: build" cmake --build "$dir/$name" || return 0
  quietly "$name: test" ctest --test-dir "$dir/$name" --output-on-failure || return 0
  echo "$name: built, and its tests pass"
}

build_and_test native
for arch in aarch64 riscv64; do
  if ! command -v $arch-linux-gnu-gcc >/dev/null || ! command -v qemu-$arch >/dev/null; then
    echo "$arch: skipped, for want of $arch-linux-gnu-gcc or qemu-$arch"
    continue
  fi
  build_and_test $arch --toolchain "$app/cmake/$arch-linux-gnu.cmake"
done

# Edits of the model and of its weights compile again, and nothing else does.
count_work() { cmake --build "$dir/native" 2>&1 | grep -c 'Compiling digits.q\|Linking\|Generating' || true; }
if [ -d "$dir/native" ]; then
  [ "$(count_work)" -eq 0 ] || fail "a second build does something"
  for input in "$app/digits.q" "$dir/examples/digits/digits.safetensors"; do
    sleep 1 # for file systems with whole seconds
    touch "$input"
    [ "$(count_work)" -ge 2 ] || fail "a new $(basename "$input") does not build again"
  done
fi

# A static library that contains a model is installed and exported, moved, and linked by another project; a model of
# another name than the target's is told by qcc; paths with characters of shells and of make build again when they must.
[ -f "$prefix/share/doc/qcc/LICENSE" ] || fail "LICENSE is not installed"
mkdir "$dir/inner" "$dir/use"
echo 'model m { input x : f32[1, 4]; output y = x + x; }' >"$dir/inner/m.q"
cat >"$dir/inner/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(inner C)
find_package(qcc REQUIRED)
qcc_add_library(m MODEL m.q EMBED)
add_library(inner STATIC inner.c)
target_link_libraries(inner PRIVATE m)
qcc_install(m EXPORT inner_targets)
install(TARGETS inner EXPORT inner_targets ARCHIVE DESTINATION lib)
install(EXPORT inner_targets NAMESPACE inner:: DESTINATION lib/cmake/inner FILE inner-targets.cmake)
install(FILES inner-config.cmake DESTINATION lib/cmake/inner)
END
cat >"$dir/inner/inner-config.cmake" <<'END'
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/inner-targets.cmake)
END
cat >"$dir/inner/inner.c" <<'END'
#include "m.h"
int inner(void);
int inner(void) { qrt_model m; return m_open_embedded(&m) == QRT_OK; }
END
cat >"$dir/use/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(use C)
find_package(inner REQUIRED)
add_executable(use use.c)
target_link_libraries(use PRIVATE inner::inner)
END
echo 'int inner(void); int main(void) { return !inner(); }' >"$dir/use/use.c"
if quietly "export: configure" cmake -S "$dir/inner" -B "$dir/inner/b" -G "$generator" "-DCMAKE_PREFIX_PATH=$prefix" &&
  quietly "export: build" cmake --build "$dir/inner/b" &&
  quietly "export: install" cmake --install "$dir/inner/b" --prefix "$dir/installed"; then
  mv "$dir/installed" "$dir/moved away"
  quietly "export: use" cmake -S "$dir/use" -B "$dir/use/b" -G "$generator" "-DCMAKE_PREFIX_PATH=$dir/moved away" &&
    quietly "export: link" cmake --build "$dir/use/b" && quietly "export: run" "$dir/use/b/use"
fi
sed 's/MODEL m.q EMBED/MODEL m.q EMBED SHARED/' "$dir/inner/CMakeLists.txt" >"$dir/shared.txt"
cp -r "$dir/inner" "$dir/shared"
rm -rf "$dir/shared/b" "$dir/use/b"
mv "$dir/shared.txt" "$dir/shared/CMakeLists.txt"
quietly "shared: configure" cmake -S "$dir/shared" -B "$dir/shared/b" -G "$generator" "-DCMAKE_PREFIX_PATH=$prefix" &&
  quietly "shared: build" cmake --build "$dir/shared/b" &&
  quietly "shared: install" cmake --install "$dir/shared/b" --prefix "$dir/shared installed" &&
  quietly "shared: use" cmake -S "$dir/use" -B "$dir/use/b" -G "$generator" "-DCMAKE_PREFIX_PATH=$dir/shared installed" &&
  quietly "shared: link" cmake --build "$dir/use/b" && quietly "shared: run" "$dir/use/b/use"
for name in "a'b" 'a$b' 'a&b' 'a b' 'a=b'; do
  cp -r "$dir/inner" "$dir/$name"
  rm -rf "$dir/$name/b"
  quietly "$name: configure" cmake -S "$dir/$name" -B "$dir/$name/b" -G "$generator" "-DCMAKE_PREFIX_PATH=$prefix" &&
    quietly "$name: build" cmake --build "$dir/$name/b" || continue
  if cmake --build "$dir/$name/b" 2>&1 | grep -q 'Compiling m.q'; then fail "$name: compiled again"; fi
  sleep 1
  touch "$dir/$name/m.q"
  cmake --build "$dir/$name/b" 2>&1 | grep -q 'Compiling m.q' || fail "$name: not compiled again"
done
echo 'model other { input x : f32[1, 4]; output y = x + x; }' >"$dir/inner/m.q"
if cmake --build "$dir/inner/b" >"$dir/log" 2>&1; then fail "another model's name is accepted"; fi
grep -q "the model is called 'other', and 'm' was asked for" "$dir/log" || fail "no word of the model's name: $(cat "$dir/log")"

# Wrong tools and projects are told what to do.
refused() { # what, words that must appear, build folder, options ...
  what=$1
  words=$2
  shift 2
  if configure "$@" >"$dir/log" 2>&1; then fail "$what is accepted"; fi
  tr -s '\n ' '  ' <"$dir/log" | grep -q "$words" || fail "$what: no '$words' in: $(cat "$dir/log")"
}
refused "a tool that does not run" "set QCC_EXECUTABLE to a qcc built for" bad "-DQCC_EXECUTABLE=$app/classify.c"
sed 's/project(digits_app C)/project(digits_app NONE)/' "$app/CMakeLists.txt" >"$dir/CMakeLists.txt"
cp "$dir/CMakeLists.txt" "$app/CMakeLists.txt"
refused "a project without C" "add C to the languages" none

# The runtime without files and threads, and through pkg-config.
cat >"$app/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.20)
project(bare C)
find_package(qcc REQUIRED)
add_custom_target(bare ALL DEPENDS qcc_runtime)
add_dependencies(bare qcc_runtime)
END
quietly "freestanding: configure" configure bare -DQCC_RUNTIME_FREESTANDING=ON &&
  quietly "freestanding: build" cmake --build "$dir/bare"
if nm -A -u "$dir/bare/libqcc_runtime.a" 2>/dev/null | grep -E 'pthread|mmap| open$'; then fail "freestanding needs a system"; fi

if command -v pkg-config >/dev/null; then
  ln -s "$prefix" "$dir/p" # pkg-config quotes spaces; this shell does not take the quotes away
  PKG_CONFIG_PATH=$dir/p/lib/pkgconfig
  export PKG_CONFIG_PATH
  tests=$source/tests/runtime
  # shellcheck disable=SC2046 # words are wanted
  quietly "pkg-config" cc -I"$tests" "$tests/smoke.c" "$tests/small_model.c" "$tests/thread_checks.c" \
    $(pkg-config --define-variable=prefix="$dir/p" --cflags --libs qrt) -o "$dir/smoke" &&
    quietly "pkg-config: run" "$dir/smoke" 50
fi
exit $failed
