#!/bin/sh
# The map of the sources and the first page name what is there, and nothing that is not: docs.sh SOURCE-DIR QCC
set -eu
qcc=$(realpath "$2")
cd "$1"
map=docs/architecture.md
failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}
# named FILE WHAT: `WHAT` stands in the file as code, or as the text of a link.
named() { grep -qF "\`$2" "$1" || fail "$1 does not name $2"; }

for folder in */; do
  folder=${folder%/}
  if [ "$folder" = build ]; then continue; fi
  named $map "$folder\`"
  named README.md "$folder\`"
done
# The first column of the table of passes is the list of passes, in their order.
# shellcheck disable=SC2016 # backquotes are meant
listed=$(sed -n '/^| Pass /,/^$/s/^| `\([a-z]*\)`.*/\1/p' $map)
passes=$("$qcc" --print-passes | sed 's/ .*//')
[ "$listed" = "$passes" ] || fail "$map lists the passes" "$listed," "not" "$passes"

for target in $("$qcc" --print-targets | sed -n 's/^\([a-z0-9_]*\)  .*/\1/p'); do named $map "$target\`"; done
for tier in $("$qcc" --print-targets | sed -n 's/^ *tier \([^ ]*\).*/\1/p'); do named README.md "$tier\`"; done
# Formats are in the table of formats, short forms of formats with activations in the language.
for scheme in $("$qcc" --print-schemes | sed 's/[( ].*//'); do
  if grep -q "^rule $scheme\b" "schemes/$scheme.q"; then named docs/language.md "$scheme"; else named docs/formats.md "$scheme"; fi
done
for page in docs/*.md; do
  page=${page#docs/}
  [ "$page" = architecture.md ] || grep -qF "]($page" $map || fail "$map has no link to $page"
done

# Files and folders that these pages name are there; links of all pages lead somewhere.
for page in $map README.md docs/words.md; do
  # shellcheck disable=SC2016
  for file in $(grep -o '`[a-z_0-9]*/[A-Za-z_0-9./-]*`' "$page" | tr -d '`' | sort -u); do
    [ -e "$file" ] || fail "$page names $file, which is not there"
  done
done
for page in README.md docs/*.md examples/*/README.md; do
  # shellcheck disable=SC2013 # no blanks in links
  for link in $(grep -o '](\([^)#]*\)' "$page" | sed 's/^](//' | grep -v '^https\{0,1\}:' | sort -u); do
    [ -e "$(dirname "$page")/$link" ] || fail "$page has a link to $link, which is not there"
  done
done
exit $failed
