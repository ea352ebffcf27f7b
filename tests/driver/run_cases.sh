#!/bin/sh
# Runs a table of command lines: run_cases.sh QCC MAKE_FILES CASES
# A case is a headline `== what it shows` and lines of
#   $ COMMAND        run in the case's own folder, which holds the files made below; `qcc` is the command
#   status N         its exit status
#   out TEXT         is part of standard output         no-out TEXT     is not
#   err TEXT         is part of standard error          no-err TEXT     is not
#   err-once TEXT    is on one line of standard error
#   file PATH        exists and is not empty            none PATH       does not exist
#   same A B         two files have the same bytes
# After each command no temporary file may be left. A qcc that fails must leave all files as they were, and must not have
# been stopped by a sanitizer. Commands may use what bytes.sh offers.
#   QCC_TEST_SHARE=n     a quick run takes one case of n, which ones follows from QCC_TEST_SEED
set -u
. "$(dirname "$0")/bytes.sh"
qcc_path=$(realpath "$1") make_files=$(realpath "$2") cases=$(realpath "$3")
source=$(realpath "$(dirname "$0")/../..") # for the tables
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
export NO_COLOR=1
# A tier that every machine of this kind runs.
case $(uname -m) in
x86_64) TIER=x86-64-v2 ;;
aarch64) TIER=neon ;;
riscv64) TIER=rv64gc ;;
*) TIER=generic ;;
esac

# Every file but those that hold what is printed, with its contents.
files_now() { find . ! -name out ! -name err -print -type f -exec cksum {} + 2>/dev/null | sort; }
qcc() {
  qcc_before=$(files_now)
  "$qcc_path" "$@"
  qcc_status=$?
  [ $qcc_status = 0 ] || [ "$qcc_before" = "$(files_now)" ] || echo "$*" >>"$dir/disturbed"
  return $qcc_status
}

mkdir "$dir/files"
cd "$dir/files" || exit 1
"$make_files" weights w.safetensors fc1.weight=24x32 fc1.bias=24 fc2.weight=10x24 fc2.bias=10 || exit 1
"$make_files" array x.npy 5x32 || exit 1
cat >m.q <<'MODEL'
model m {
  weights "w.safetensors";
  dim batch <= 16;
  input x : f32[batch, 32];
  h = relu(linear(x, "fc1"));
  output y : f32[batch, 10] = softmax(linear(h, "fc2"));
}
quantize {
  "fc1" : q4_0, act = i8 per 32;
  "fc2" : q8_0, act = i8 per token;
}
MODEL

failures=0 count=0 seen=0 name='' command='' taken=yes
share=${QCC_TEST_SHARE:-1}
[ "${QCC_TEST_FULL:-}" != 1 ] || share=1
fail() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n  $ %s\n  %s\n' "$name" "$command" "$1"
  sed 's/^/  out| /' out | head -20
  sed 's/^/  err| /' err | head -20
}
begin() {
  name=$1
  count=$((count + 1))
  mkdir "$dir/$count"
  cp "$dir"/files/* "$dir/$count"
  cd "$dir/$count" || exit 1
}
run() {
  command=$1
  eval "$command" >out 2>err </dev/null
  status=$?
  left=$(find . -name '.qcc-*')
  [ -z "$left" ] || fail "temporary files are left: $left"
  [ ! -s "$dir/disturbed" ] || fail "a failed command changed files: $(cat "$dir/disturbed")"
  : >"$dir/disturbed"
  ! grep -qE 'Sanitizer|runtime error:' out err || fail 'a sanitizer stopped it'
}

while read -r word rest; do
  if [ "$word" = '==' ]; then
    seen=$((seen + 1))
    [ $(((seen + ${QCC_TEST_SEED:-1}) % share)) = 0 ] && taken=yes || taken=no
  fi
  [ $taken = yes ] || continue
  case $word in
  '' | '#'*) ;;
  '==') begin "$rest" ;;
  '$') run "$rest" ;;
  status) [ "$status" = "$rest" ] || fail "status $status, not $rest" ;;
  out) grep -qF -- "$rest" out || fail "standard output lacks: $rest" ;;
  err) grep -qF -- "$rest" err || fail "standard error lacks: $rest" ;;
  no-out) ! grep -qF -- "$rest" out || fail "standard output has: $rest" ;;
  err-once) [ "$(grep -cF -- "$rest" err)" = 1 ] || fail "standard error has this never or more than once: $rest" ;;
  no-err) ! grep -qF -- "$rest" err || fail "standard error has: $rest" ;;
  file) [ -s "$rest" ] || fail "no file: $rest" ;;
  none) [ ! -e "$rest" ] || fail "is there: $rest" ;;
  same) eval "cmp $rest" >/dev/null 2>&1 || fail "not the same bytes: $rest" ;;
  *) fail "the table has no '$word'" ;;
  esac
done <"$cases"
echo "$count of $seen cases, $failures failures"
[ "$failures" = 0 ] && [ "$count" -gt 0 ]
