// What a library that qcc is compared with looks like to the bench program: a shared object that gives one table of
// functions. Builds of the same library for different instruction sets can so be in one process.
#ifndef QCC_TESTS_BENCH_PEER_H
#define QCC_TESTS_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The symbol of the table.
#define PEER_SYMBOL "qcc_bench_peer"
#define PEER_ABI 1

// Weights in the peer's memory, `copies` times; a product of them with the activations of some tokens.
typedef struct peer_weights peer_weights;
typedef struct peer_product peer_product;

typedef struct peer_api {
  unsigned abi;         // PEER_ABI
  const char *name;     // with its version
  const char *variants; // its ways of storing weights, separated by spaces; the index is the `variant` below
  // Encodes float weights [rows][columns] into `size` bytes of a container's block type. False when it has no such type, or
  // its blocks are of another size.
  bool (*encode)(int64_t type, const float *weights, uint64_t rows, uint64_t columns, uint8_t *blocks, size_t size);
  // NULL when the library has no product for that type and variant. The blocks are copied.
  peer_weights *(*load)(unsigned variant, int64_t type, const uint8_t *blocks, size_t size, uint64_t rows,
                        uint64_t columns, size_t copies);
  void (*unload)(peer_weights *weights);
  // A product of the first `copies` copies with x [tokens][columns]; weights must outlive it. NULL when out of memory.
  peer_product *(*plan)(peer_weights *weights, const float *x, uint64_t tokens, size_t copies, unsigned threads);
  bool (*run)(peer_product *product);              // all copies, one after the other
  void (*rest)(peer_product *product);             // idle threads stop spinning until the next run
  void (*wake)(peer_product *product);             // before runs, after a rest
  void (*result)(peer_product *product, float *y); // [tokens][rows] of the first copy
  void (*free_plan)(peer_product *product);
} peer_api;

#endif
