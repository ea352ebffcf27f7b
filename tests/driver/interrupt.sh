#!/bin/sh
# Runs that a signal ends leave nothing; what killed ones leave goes with the next: interrupt.sh QCC MAKE_FILES
set -u
qcc_path=$(realpath "$1") make_files=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export QCC_CACHE_DIR="$dir/kept" NO_COLOR=1
failures=0
fail() {
  failures=$((failures + 1))
  echo "FAILED: $1"
}

# Weights that take long to encode: the output is begun and not done.
"$make_files" weights w.safetensors fc.weight=2048x2048 || exit 1
cat >m.q <<'MODEL'
model m {
  weights "w.safetensors";
  dim batch <= 16;
  input x : f32[batch, 2048];
  output y = linear(x, "fc");
}
quantize { "fc" : iq2_xxs; }
MODEL
sed 's/iq2_xxs/q8_0/' m.q >short.q
mkdir old && echo old >old/m.qw

left() { find "$1" -name '.qcc-*' -o -name 'tmp-*' 2>/dev/null; }
# Starts a run (a shell has interrupts ignored in the background) and waits for its temporary.
begin() {
  env --default-signal "$qcc_path" -O0 -w m.q -o "$1" >out 2>err &
  pid=$!
  while [ -z "$(left "$1")" ] && kill -0 $pid 2>/dev/null; do sleep 0.02; done
  [ -n "$(left "$1")" ] || fail "no temporary was seen: $(cat err)"
}
for signal in INT=130 TERM=143 HUP=129 QUIT=131; do
  for folder in old new/er; do
    begin $folder
    kill -s "${signal%=*}" $pid
    wait $pid
    status=$?
    [ $status = "${signal#*=}" ] || fail "$signal: status $status"
    [ -z "$(left .)" ] || fail "$signal leaves $(left .)"
  done
  [ "$(cat old/m.qw)" = old ] || fail "$signal changed an output"
  [ ! -e new ] || fail "$signal leaves a folder"
done
# Who does not want to hear of it does not.
(trap '' HUP && exec "$qcc_path" -O0 -w m.q -o ignored >out 2>err) &
pid=$!
while [ -z "$(left ignored)" ] && kill -0 $pid 2>/dev/null; do sleep 0.02; done
kill -s HUP $pid
sleep 0.1
kill -0 $pid 2>/dev/null || fail 'an ignored signal ends the run'
kill -s TERM $pid
wait $pid

# Killed for good: the next run into the same folder removes what is left, one beside it does not.
begin old
kill -s KILL $pid
wait $pid 2>/dev/null
[ -n "$(left old)" ] || fail 'a killed run can remove nothing'
"$qcc_path" -O0 -w short.q -o other >out 2>err || fail 'a run into another folder'
[ -n "$(left old)" ] || fail 'a run into another folder removes what is not in it'
cp "$(left old)" kept/
"$qcc_path" -O0 -w short.q -o old >out 2>err || fail 'a run after a killed one'
[ -z "$(left .)" ] || fail "the next run leaves $(left .)"
# A pipe whose reader leaves.
"$qcc_path" -O0 -w short.q --explain -o old 2>err | :
[ -z "$(left .)" ] && [ ! -s err ] || fail "a reader that leaves: $(left .) $(cat err)"
"$qcc_path" short.q --emit=asm 2>err | :
[ ! -s err ] || fail "a reader that leaves: $(cat err)"
echo "$failures failures"
[ "$failures" = 0 ]
