// A library behind peer.h as sides: each of its ways to store the weights is one.
#ifndef QCC_TESTS_BENCH_SIDE_PLUGIN_H
#define QCC_TESTS_BENCH_SIDE_PLUGIN_H

#include "support/diag.h"
#include "tests/bench/matter.h"
#include "tests/bench/peer.h"
#include "tests/bench/side.h"

// Opens a shared object. NULL (reported) when it is no peer of this program; it stays open until the process ends.
const peer_api *plugin_open(diag *d, const char *path);

#define PLUGIN_MOST_VARIANTS 4

// Weights of one matrix in all variants that the library has for it.
typedef struct plugin_weights {
  const peer_api *api;
  size_t count;
  const char *names[PLUGIN_MOST_VARIANTS]; // "ggml 0.9, plain"
  peer_weights *weights[PLUGIN_MOST_VARIANTS];
  size_t copies; // of each
} plugin_weights;

// Loads the matter's blocks, as often as `memory` bytes hold them, once at least. Without blocks there are no variants.
void plugin_load(plugin_weights *out, arena *a, const peer_api *api, const matter *m, size_t memory);
void plugin_unload(plugin_weights *w);

typedef struct plugin_product {
  const peer_api *api;
  peer_product *product;
  size_t copies;
} plugin_product;

// Plans the product of a variant. False when the library fails.
bool plugin_begin(plugin_product *p, const plugin_weights *w, size_t variant, const float *x, uint64_t tokens,
                  unsigned threads);
// Runs it once: y[tokens][rows] is the result. False when the library fails.
bool plugin_first(plugin_product *p, float *y);
void plugin_end(plugin_product *p);

// The side of a product.
side plugin_side(plugin_product *p, const char *name);

#endif
