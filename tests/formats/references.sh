#!/bin/sh
# Formats against reference decoders: references.sh BUILD WEIGHTS_OF SCHEMES [ARGUMENTS of references.py]
# BUILD gets a virtual environment of Python with requirements.txt.
set -eu
build=$1 weights_of=$2 schemes=$3
shift 3
here=$(dirname "$0")
results="$build/results/references.tsv"
rm -f "$results"
skip() {
  mkdir -p "$build/results"
  printf '*\tdecode\tskipped\t%s\n' "$1" >"$results"
  echo "skipped: $1"
  exit 77
}

command -v python3 >/dev/null || skip "python3 is not installed"
python="$build/venv/bin/python"
if ! cmp -s "$here/requirements.txt" "$build/venv/made-from"; then
  rm -rf "$build/venv"
  python3 -m venv "$build/venv" || skip "python3 cannot make virtual environments (python3-venv)"
  "$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 -r "$here/requirements.txt" ||
    skip "the registry of Python packages cannot be reached"
  cp "$here/requirements.txt" "$build/venv/made-from"
fi
exec "$python" -B "$here/references.py" "$weights_of" "$schemes" "$build" "$results" "$@"
