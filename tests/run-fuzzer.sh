#!/bin/sh
# Runs a libFuzzer program for a short time: run-fuzzer.sh PROGRAM FOUND-DIR [CORPUS-DIR] [-option ...]
# QCC_FUZZ_SECONDS sets the time; QCC_TEST_FULL=1 makes it long.
set -eu
program=$1
found=$2
shift 2
seconds=${QCC_FUZZ_SECONDS:-6}
[ "${QCC_TEST_FULL:-0}" = 1 ] && seconds=${QCC_FUZZ_SECONDS:-90}
# A crash must not exit with 77, libFuzzer's default: ctest would take it for a skipped test.
exec "$program" -error_exitcode=1 -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="$found/crash-" "$found" "$@"
