#include "tests/bench/side_plugin.h"

#include <dlfcn.h>
#include <string.h>

#include "measure/meter.h"

const peer_api *plugin_open(diag *d, const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const peer_api *api = library == NULL ? NULL : dlsym(library, PEER_SYMBOL);
  if (api != NULL && api->abi == PEER_ABI) return api;
  diag_error_file(d, path, "this is no library to compare with: %s",
                  library == NULL ? dlerror() : "its table of functions is missing or of another version");
  diag_hint(d, "remove it and run ./dev bench again");
  return NULL;
}

void plugin_load(plugin_weights *out, arena *a, const peer_api *api, const matter *m, size_t memory) {
  *out = (plugin_weights){.api = api};
  if (api == NULL || m->blocks == NULL) return;
  out->copies = memory / m->block_bytes > 0 ? memory / m->block_bytes : 1;
  char *names = arena_strdup(a, api->variants);
  char *rest = NULL;
  unsigned variant = 0;
  for (char *name = strtok_r(names, " ", &rest); name != NULL && out->count < PLUGIN_MOST_VARIANTS;
       name = strtok_r(NULL, " ", &rest), variant++) {
    peer_weights *w = api->load(variant, m->block_type, m->blocks, m->block_bytes, m->rows, m->columns, out->copies);
    if (w == NULL) continue;
    out->names[out->count] = arena_printf(a, "%s, %s", api->name, name);
    out->weights[out->count++] = w;
  }
}

void plugin_unload(plugin_weights *w) {
  for (size_t i = 0; i < w->count; i++) w->api->unload(w->weights[i]);
  w->count = 0;
}

bool plugin_begin(plugin_product *p, const plugin_weights *w, size_t variant, const float *x, uint64_t tokens,
                  unsigned threads) {
  size_t copies = tokens == 1 ? w->copies : 1;
  *p = (plugin_product){.api = w->api, .copies = copies};
  p->product = w->api->plan(w->weights[variant], x, tokens, copies, threads);
  return p->product != NULL;
}

bool plugin_first(plugin_product *p, float *y) {
  bool ok = p->api->run(p->product);
  if (ok) p->api->result(p->product, y);
  p->api->rest(p->product);
  return ok;
}

void plugin_end(plugin_product *p) {
  if (p->product != NULL) p->api->free_plan(p->product);
}

static double run(void *state) {
  plugin_product *p = state;
  double start = meter_now();
  return p->api->run(p->product) ? (meter_now() - start) / (double)p->copies : -1;
}

static void wake(void *state) {
  plugin_product *p = state;
  p->api->wake(p->product);
}

static void rest(void *state) {
  plugin_product *p = state;
  p->api->rest(p->product);
}

side plugin_side(plugin_product *p, const char *name) {
  return (side){.name = name, .time = run, .begin = wake, .end = rest, .state = p};
}
