// What there is to compare with, by the file that build_peers.sh writes.
#ifndef QCC_TESTS_BENCH_PEERS_H
#define QCC_TESTS_BENCH_PEERS_H

#include "support/diag.h"
#include "targets/target.h"
#include "tests/bench/peer.h"

typedef struct peers {
  const peer_api *ggml; // NULL: not there, as all below
  const char *blas;     // OpenBLAS's shared library
  const char *python;   // has onnxruntime
  const char *folder;   // of the file: for files of its own
  const char *core;     // OpenBLAS's kernels to choose; "": as it likes
} peers;

// Reads the file (NULL: there are no peers) for comparisons with kernels of `tier`: libraries built for just the tier's
// instructions where the file names it, those for this machine when it is the best that runs. False (reported) when a
// line makes no sense or a library does not open.
bool peers_read(peers *out, diag *d, arena *a, const char *path, const target_tier *tier, bool best);

#endif
