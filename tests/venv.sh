#!/bin/sh
# The Python of a virtual environment in the build tree, with packages from the registry of Python packages (by default
# those of tests/requirements.txt): venv.sh DIR [REQUIREMENTS] prints its path. Several tests share one; the first that
# comes makes it. Exits 77, with the reason as output, when there can be none here.
set -eu
dir=$1
requirements=${2:-$(dirname "$0")/requirements.txt}
skip() {
  echo "$1"
  exit 77
}

command -v python3 >/dev/null || skip "python3 is not installed"
mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
if ! cmp -s "$requirements" "$dir/venv/made-from"; then
  rm -rf "$dir/venv"
  python3 -m venv "$dir/venv" >/dev/null 2>&1 || skip "python3 cannot make virtual environments (python3-venv)"
  "$dir/venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
    -r "$requirements" >"$dir/pip.log" 2>&1 || skip "the registry of Python packages cannot be reached"
  cp "$requirements" "$dir/venv/made-from"
fi
echo "$dir/venv/bin/python"
