#include "driver/unit.h"

// Everything that the code depends on, besides this very compiler. The target's tables are part of that.
static digest key_of(const unit *u) {
  const settings *s = &u->j->s;
  const cg_options *o = u->options;
  digester *g = cache_key(&u->j->cache, u->mem, "kernels");
  digester_number(g, u->kind);
  digester_text(g, s->triple);
  digester_text(g, u->tier->name);
  digester_text(g, o->cpu);
  digester_text(g, o->features);
  digester_number(g, o->opt_level);
  digester_number(g, o->hidden);
  digester_text(g, u->kernels->name); // objects name their source
  for (size_t i = 0; i < u->kernels->funcs.len; i++)
    digester_text(g, cg_kernel_symbol(u->mem, o, u->tier, u->kernels->funcs.data[i]->name));
  digester_text(g, u->text);
  return digester_end(g);
}

void unit_find(unit *u) {
  u->mem = arena_new();
  u->d = diag_new(u->mem, NULL, false);
  u->key = key_of(u);
  u->ready = u->cached = cache_get(&u->j->cache, u->mem, u->key, &u->bytes.data, &u->bytes.size);
}

void unit_try(void *argument) {
  unit *u = argument;
  const settings *s = &u->j->s;
  cg_context *cg = cg_new(u->d, u->mem);
  u->ready = cg_emit_kernels(cg, u->kernels, s->target, u->tier, s->triple, u->options, u->kind, &u->bytes);
  cg_free(cg);
}

void unit_compile(unit *u) {
  if (u->ready) return;
  unit_try(u);
  if (u->ready) cache_put(&u->j->cache, u->key, u->bytes.data, u->bytes.size);
}

void unit_free(unit *u) {
  if (u->mem != NULL) arena_free(u->mem);
}
