# shellcheck shell=sh
# Shared by the lints: `. lib.sh` after setting nothing; the first argument of a lint is the root of the sources.
root=${1:?usage: $0 ROOT}
cd "$root" || exit

# All files of the project, relative to the root: what git knows, or everything where there is no git.
all_files() {
  if [ -e .git ]; then
    git ls-files | while read -r file; do if [ -f "$file" ]; then echo "$file"; fi; done
  else
    find . \( -name .git -o -name build \) -prune -o -type f -print | sed 's#^\./##'
  fi | sort
}

# The C-like ones of them.
c_like() { all_files | grep -E '\.(c|h|def|l|y)$' || true; }

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
