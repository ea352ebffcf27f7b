#!/bin/sh
# What is kept between runs, and that nothing stale ever comes back: cache.sh QCC MAKE_FILES
set -u
qcc_path=$(realpath "$1") make_files=$(realpath "$2")
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset QCC_CACHE_SIZE
export QCC_CACHE_DIR="$dir/kept" NO_COLOR=1
failures=0

fail() {
  failures=$((failures + 1))
  echo "FAILED: $1"
  sed 's/^/  err| /' err | head -8
}
qcc() { "$qcc_path" -O0 -I. --tiers="$tiers" -v -w "$@" >out 2>err || { fail "qcc $*"; exit 1; }; }
# Of how many compilations the last run took how many from the cache, as "2 of 8"; whether it packed.
cached() { sed -n 's/^cache *\([0-9]* of [0-9]*\) .*/\1/p' err; }
took_all() { [ "$(cached)" = "$1 of $1" ] || fail "$2: $(cached) from the cache, not all $1"; }
took_none() { [ "$(cached)" = "0 of $1" ] || fail "$2: $(cached) from the cache, not none of $1"; }
took_some() {
  all=$(cached)
  [ "${all%% *}" != 0 ] && [ "${all%% *}" != "${all##* }" ] || fail "$1: $all from the cache, not a part"
}
packed() { grep -q '^weights ' err; }
did_pack() { packed || fail "$1: the weights were not packed"; }
did_not_pack() { ! packed || fail "$1: the weights were packed again"; }
same() { cmp -s "$1" "$2" || fail "$3: $1 and $2 differ"; }
same_results() { for f in libm.a m.h m.qw; do same "$1/$f" "$2/$f" "$3"; done; }

tiers=$("$qcc_path" --print-targets | sed -n 's/^ *tier \([^ ]*\).*/\1/p' | sed -n 1p)
two=$("$qcc_path" --print-targets | sed -n '/^aarch64/,$s/^ *tier \([^ ]*\).*/\1/p' | sed -n 1,2p | paste -sd,)
"$make_files" weights w.safetensors fc1.weight=24x32 fc2.weight=24x24 fc3.weight=10x24 || exit 1
cat >mine.q <<'SCHEME'
scheme mine {
  code  : u4;
  scale : f16 per 8;
  value = scale * (code - 8);
}
SCHEME
sed 's/mine/yours/' mine.q >yours.q
cat >m.q <<'MODEL'
model m {
  weights "w.safetensors";
  dim batch <= 16;
  input x : f32[batch, 32];
  output y = linear(relu(linear(relu(linear(x, "fc1")), "fc2")), "fc3");
}
quantize { "fc1" : mine; "fc2" : q8_0; "*" : f32; }
MODEL

# ---- hits ----
QCC_CACHE_DIR='' qcc m.q -o without
[ -z "$(cached)" ] || fail 'an empty QCC_CACHE_DIR is no cache'
[ ! -e kept ] || fail 'an empty QCC_CACHE_DIR makes no folder'
qcc m.q -o a -MD
count=$(cached) count=${count##* }
took_none "$count" 'the first run'
did_pack 'the first run'
same_results without a 'the first run'
cp a/m.d first.d
touch -d '2001-01-01' stamp
qcc m.q -o a -MD
took_all "$count" 'the same again'
did_not_pack 'the same again'
same_results without a 'the same again'
same first.d a/m.d 'the same again'
touch m.q
qcc m.q -o a
[ ! m.q -nt a/m.qw ] || fail 'packed weights that are right are not older than the model'
qcc --no-cache m.q -o a
[ -z "$(cached)" ] || fail '--no-cache'
did_pack '--no-cache'
same_results without a '--no-cache'
qcc m.q -o b
took_all "$count" 'another folder'
did_pack 'another folder'
same_results without b 'another folder'
qcc m.q -o b --embed-weights
took_all "$count" 'embedded weights'

"$make_files" array x.npy 5x32 || exit 1
live() { "$qcc_path" run -O0 -I. -v -w m.q --input x.npy >out 2>err || fail 'qcc run'; }
live
took_none 1 'the first qcc run'
live
took_all 1 'qcc run again'

# ---- what changes the code, and what does not ----
qcc m.q -o a -O1
took_none "$count" 'another level'
tiers=$two qcc m.q -o cross -target=aarch64
took_none $((2 * count)) 'another target'
sed 's/scale \* (code - 8)/scale * (code - 7)/' mine.q >new && mv new mine.q
qcc m.q -o a
took_some 'a changed scheme'
did_pack 'a changed scheme'
! cmp -s without/m.qw a/m.qw || fail 'a changed scheme changes the weights'
qcc --no-cache m.q -o fresh
same_results fresh a 'a changed scheme'
sed 's/code - 7/code - 8/' mine.q >new && mv new mine.q
qcc m.q -o a
took_all "$count" 'the scheme as it was'
did_pack 'the scheme as it was'
same_results without a 'the scheme as it was'
sed 's/relu/silu/' m.q >s.q
qcc s.q -o a
took_some 'another activation function'
sed 's/q8_0/yours/' m.q >t.q
qcc t.q -o twin
twins=$(nm twin/libm.a | grep -c ' T .*matmul_') # two names, one code
[ "$twins" = 3 ] || fail "formats of two names have both symbols: $twins"
[ "$(ar t twin/libm.a | grep -c matmul)" = 2 ] || fail 'kernels that are the same code are one object'
sed 's/q8_0/mine/' m.q >u.q
for one in t u; do
  "$qcc_path" run -O0 -I. -w $one.q --input x.npy --output $one.npy >out 2>err || fail "qcc run $one.q"
done
same t.npy u.npy 'kernels that are the same code'

# ---- weights ----
qcc m.q -o a
"$make_files" weights w2.safetensors fc1.weight=24x32 fc2.weight=24x24 fc3.weight=10x24 fc4.weight=8x8 || exit 1
qcc m.q -o a
did_not_pack 'weights as they were'
cp w.safetensors keep.safetensors
printf 'x' | dd of=w.safetensors bs=1 seek=$(($(wc -c <w.safetensors) - 2)) conv=notrunc 2>/dev/null
qcc m.q -o a
took_all "$count" 'changed weights'
did_pack 'changed weights'
! cmp -s without/m.qw a/m.qw || fail 'changed weights are packed'
touch -r keep.safetensors stamp
cp keep.safetensors w.safetensors && touch -r stamp w.safetensors # the old time does not make them the old weights
qcc m.q -o a
did_pack 'changed weights with a time of old'
same_results without a 'the weights as they were'
cp keep.safetensors new && mv new w.safetensors
qcc m.q -o a
did_pack 'another file with the same weights'
rm a/m.qw
qcc m.q -o a
did_pack 'deleted packed weights'
same_results without a 'deleted packed weights'
printf 'x' | dd of=a/m.qw bs=1 seek=100 conv=notrunc 2>/dev/null
qcc m.q -o a
did_pack 'damaged packed weights'
rm a/libm.a a/m.h
qcc m.q -o a
did_not_pack 'deleted library'
same_results without a 'deleted library'
# A store to a mapping that was there before changes no time of the file.
mkfifo say
"$make_files" scribble w.safetensors 7 <say >said &
exec 3>say
until grep -q mapped said; do sleep 0.02; done
sleep 0.02 # a coarser clock than that of files would take the mapping for newer than the run
qcc m.q -o a
same_results without a 'mapped weights'
qcc m.q -o a
did_not_pack 'mapped weights'
echo go >&3
until grep -q written said; do sleep 0.02; done
qcc m.q -o a
did_pack 'weights that a mapping changed'
! cmp -s without/m.qw a/m.qw || fail 'weights that a mapping changed are packed'
exec 3>&-
wait
cp keep.safetensors w.safetensors
qcc m.q -o a
same_results without a 'the weights as they were before the mapping'

# ---- the folder ----
for entry in $(find kept -type f | head -6); do printf 'xy' | dd of="$entry" bs=1 seek=70 conv=notrunc 2>/dev/null; done
for entry in $(find kept -type f | tail -6); do
  head -c 60 "$entry" >cut
  cat cut >"$entry"
done
qcc m.q -o a
same_results without a 'damaged entries'
find kept -type f -exec sh -c ': >"$1"' sh {} \;
qcc m.q -o a
took_none "$count" 'empty entries'
same_results without a 'empty entries'
qcc m.q -o a
took_all "$count" 'entries made again'
if [ "$(id -u)" != 0 ]; then
  chmod -R a-w kept
  qcc m.q -o a -O2
  qcc m.q -o a
  took_all "$count" 'a folder that is only read'
  chmod -R u+w kept
fi
# Where others can write, they could put code.
chmod 770 kept
qcc m.q -o a
[ -z "$(cached)" ] || fail 'a folder that others can write to is used'
"$qcc_path" -O0 -I. m.q -o a >out 2>err
grep -q "warning: the cache in '$dir/kept' is not used" err && grep -q 'chmod go-w' err || fail 'no word of such a folder'
"$qcc_path" -O0 -I. -Werror=cache m.q -o a >out 2>err
[ $? = 1 ] || fail '-Werror=cache'
chmod 755 kept
qcc m.q -o a
took_all "$count" 'a folder that others can read'
: >file
QCC_CACHE_DIR=$dir/file/none qcc m.q -o a
same_results without a 'no folder'
QCC_CACHE_DIR=$dir/deep/er/kept qcc m.q -o a
QCC_CACHE_DIR=$dir/deep/er/kept qcc m.q -o a
took_all "$count" 'folders that are made'
QCC_CACHE_SIZE=0 qcc m.q -o a
[ "$(find kept -type f | wc -l)" = 0 ] || fail 'a limit of nothing leaves nothing'
QCC_CACHE_SIZE=many "$qcc_path" -I. m.q -o a >out 2>err
[ $? = 2 ] && grep -q QCC_CACHE_SIZE err || fail 'a size that is no number'
XDG_CACHE_HOME=$dir/xdg HOME=$dir sh -c 'unset QCC_CACHE_DIR; "$@"' sh "$qcc_path" -O0 -I. -w m.q -o a >out 2>err
[ -d xdg/qcc ] || fail 'XDG_CACHE_HOME'

# ---- processes at once ----
rm -rf kept
"$qcc_path" -O0 -I. --tiers="$tiers" -w m.q -o p1 &
"$qcc_path" -O0 -I. --tiers="$tiers" -w m.q -o p2 &
"$qcc_path" -O0 -I. --tiers="$tiers" -w m.q -o p3 || fail 'processes at once'
wait
for p in p1 p2 p3; do same_results without $p 'processes at once'; done
qcc m.q -o a
took_all "$count" 'after processes at once'
touch kept/mine
"$qcc_path" --clear-cache >out 2>err && grep -q 'entries removed' out || fail '--clear-cache'
[ "$(find kept -type f)" = kept/mine ] || fail '--clear-cache removes its own files, and only these'
find . -name 'tmp-*' -o -name '.qcc-*' >left
[ ! -s left ] || fail "temporaries are left: $(cat left)"
echo "$failures failures"
[ "$failures" = 0 ]
