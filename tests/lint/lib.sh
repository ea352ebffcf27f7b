# shellcheck shell=sh
# Shared by the lints: `. lib.sh` after setting nothing; the first argument of a lint is the root of the sources.
root=${1:?usage: $0 ROOT}
cd "$root" || exit

# The C-like files below the folders given, relative to the root.
c_like() {
  find "$@" \( -name .git -o -name build -o -name CMakeFiles \) -prune -o -type f \
    \( -name '*.c' -o -name '*.h' -o -name '*.def' -o -name '*.l' -o -name '*.y' \) -print | sed 's#^\./##' | sort
}

# Fails with a headline when the file of findings $1 is not empty.
verdict() {
  if [ -s "$1" ]; then
    echo "$2:"
    cat "$1"
    exit 1
  fi
}

findings=$(mktemp)
trap 'rm -f "$findings"' EXIT
