#!/usr/bin/env bash
# The libraries that ./dev bench compares with, built in DIR from what the registry of Python packages has:
#
#   build_peers.sh DIR      makes DIR/ggml-native.so, DIR/ggml-avx2.so and a virtual environment with onnxruntime, and
#                           lists what there is in DIR/peers.txt
#
# What cannot be had is said and left out; the exit status is 0 all the same. A line of peers.txt is
# `NAME TIERS PATH`: which tiers' kernels the peer is set against ("avx2": that tier; "best": the wider ones).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
dir=$1
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
jobs=$(nproc 2>/dev/null || echo 2)
: >"$dir/peers.new"

absent() { echo "bench: $1: figures beside $2 are left out" >&2; }
note() { echo "bench: $1" >&2; }

# --- ggml --------------------------------------------------------------------------------------------------------

# The source package of the Python binding brings all of ggml. pip asks the package for its metadata, which needs its
# build system: an environment of its own, made and thrown away by pip.
fetch_ggml() {
  if [ -f "$dir/ggml-source/CMakeLists.txt" ]; then return; fi
  note "fetching ggml (the source package of llama-cpp-python)"
  rm -rf "$dir/sdist"
  mkdir -p "$dir/sdist"
  python3 -m pip download --quiet --disable-pip-version-check --retries 1 --timeout 20 --no-deps \
    --no-binary llama-cpp-python --dest "$dir/sdist" llama-cpp-python >"$dir/pip-ggml.log" 2>&1 || return 1
  local package name
  package=$(find "$dir/sdist" -name 'llama_cpp_python-*.tar.gz' | head -n 1)
  name=$(basename "$package" .tar.gz)
  tar -xzf "$package" -C "$dir/sdist" "$name/vendor/llama.cpp/ggml" || return 1
  mv "$dir/sdist/$name/vendor/llama.cpp/ggml" "$dir/ggml-source"
  echo "${name#llama_cpp_python-}" >"$dir/ggml-package"
  rm -rf "$dir/sdist"
  touch "$dir/ggml-source/ggml.pc.in" # not in the package, and not needed
}

# build_ggml NAME cmake-options..: the CPU backend as static libraries, in one shared object with our table of functions.
build_ggml() {
  local name=$1 build=$dir/ggml-$1 out=$dir/ggml-$1.so version
  shift
  if [ "$out" -nt "$here/ggml_plugin.c" ] && [ "$out" -nt "$here/peer.h" ]; then return; fi
  note "building ggml ($name)"
  cmake -S "$dir/ggml-source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DGGML_BUILD_TESTS=OFF -DGGML_BUILD_EXAMPLES=OFF -DGGML_OPENMP=OFF \
    -DGGML_LLAMAFILE=ON -DGGML_CCACHE=OFF -DGIT_EXE=OFF "$@" >"$build.log" 2>&1 || return 1
  cmake --build "$build" -j "$jobs" --target ggml-cpu ggml-base >>"$build.log" 2>&1 || return 1
  version=$(sed -n 's/^-- ggml version: *//p' "$build.log" | head -n 1)
  cc -O2 -fPIC -std=c17 -fvisibility=hidden -I"$root" -I"$dir/ggml-source/include" \
    -DGGML_RELEASE="\"$version\"" -c "$here/ggml_plugin.c" -o "$build/plugin.o" >>"$build.log" 2>&1 || return 1
  c++ -shared -Wl,-Bsymbolic -Wl,--exclude-libs,ALL "$build/plugin.o" "$build/src/libggml-cpu.a" \
    "$build/src/libggml-base.a" -lpthread -lm -o "$out" >>"$build.log" 2>&1
}

ggml() {
  if ! fetch_ggml; then
    absent "the registry of Python packages cannot be reached" ggml
    return
  fi
  if build_ggml native -DGGML_NATIVE=ON; then
    echo "ggml best $dir/ggml-native.so" >>"$dir/peers.new"
  else
    absent "ggml does not build ($dir/ggml-native.log)" "ggml for this machine"
  fi
  if build_ggml avx2 -DGGML_NATIVE=OFF -DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON \
    -DGGML_BMI2=ON; then
    echo "ggml avx2 $dir/ggml-avx2.so" >>"$dir/peers.new"
  else
    absent "ggml does not build ($dir/ggml-avx2.log)" "ggml for AVX2"
  fi
}

# --- OpenBLAS ----------------------------------------------------------------------------------------------------

# Debian's package, for formats that no library has. Its choice of kernels for the tiers below this machine's best is ours.
openblas() {
  local library
  library=$(ldconfig -p 2>/dev/null | sed -n 's/.*libopenblas\.so\.0 .*=> //p' | head -n 1)
  if [ -z "$library" ]; then
    absent "libopenblas is not installed" "decoded weights"
    return
  fi
  echo "blas best $library" >>"$dir/peers.new"
  echo "blas avx2 $library" >>"$dir/peers.new"
  echo "core avx2 Haswell" >>"$dir/peers.new"
  if grep -qw avx512f /proc/cpuinfo; then echo "core best SkylakeX" >>"$dir/peers.new"; fi
}

# --- onnxruntime -------------------------------------------------------------------------------------------------

# The wheel, which chooses its kernels by the processor: it is set against the best tier only.
onnxruntime() {
  local python
  if python=$("$here/../venv.sh" "$dir/onnx" "$here/requirements.txt"); then
    echo "onnxruntime best $python" >>"$dir/peers.new"
  else
    absent "$python" onnxruntime
  fi
}

ggml
onnxruntime
openblas
mv "$dir/peers.new" "$dir/peers.txt"
