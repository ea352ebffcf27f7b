#!/bin/sh
# GGUF files that qcc quantize writes, as the package gguf reads them: gguf_out.sh BUILD QCC
set -eu
build=$1
here=$(dirname "$0")
python=$("$here/../venv.sh" "$build/../python") || {
  echo "skipped: $python"
  exit 77
}
exec "$python" -B "$here/gguf_out.py" "$@"
