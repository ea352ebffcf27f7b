#!/bin/sh
# Types that GGUF files number, through the command: files.sh BUILD QCC WEIGHTS_OF SCHEMES
set -eu
build=$1 qcc=$2 weights_of=$3 schemes=$4
here=$(dirname "$0")
python=$("$here/../venv.sh" "$build/../python") || { echo "skipped: $python"; exit 77; }
exec "$python" -B -W ignore "$here/files.py" "$qcc" "$weights_of" "$schemes" "$build/files"
