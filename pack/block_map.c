// Elements of a block that are no bits of it, but follow from a few: by table.
#include <string.h>

#include "format/eval.h"
#include "pack/inside.h"
#include "support/vec.h"

enum { MAX_KEY_BITS = 8 };

// The bits of a block that an element is made from.
typedef struct block_key {
  const scheme *scheme;
  int64_t binders[2];
  uint64_t block_bits;
  unsigned count;
  uint64_t at[MAX_KEY_BITS];
} block_key;

static bool reads_block(const expr *e) {
  if (e->op == EXPR_BITS) return true;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (reads_block(e->args[i])) return true;
  return false;
}

static eval_env env_of(const block_key *k, const uint8_t *block) {
  eval_env env = {.scheme = k->scheme, .block = block, .block_bytes = k->block_bits / 8};
  env.vars[VAR_BINDER0] = k->binders[0];
  env.vars[VAR_BINDER1] = k->binders[1];
  return env;
}

static bool add_bits(block_key *k, const expr *e) {
  eval_env env = env_of(k, NULL);
  if (reads_block(e->args[0]) || reads_block(e->args[1])) return false;
  int64_t at = eval_int(&env, e->args[0]), width = eval_int(&env, e->args[1]);
  if (at < 0 || width < 0 || (uint64_t)at + (uint64_t)width > k->block_bits) return false;
  for (int64_t i = 0; i < width; i++) {
    unsigned seen = 0;
    while (seen < k->count && k->at[seen] != (uint64_t)(at + i)) seen++;
    if (seen == MAX_KEY_BITS) return false;
    k->at[seen] = (uint64_t)(at + i);
    if (seen == k->count) k->count++;
  }
  return true;
}

// Of a choice that the block does not make only what is chosen is read.
static bool find_key(block_key *k, const expr *e) {
  if (e->op == EXPR_BITS) return add_bits(k, e);
  if (e->op == EXPR_SELECT && e->args[0]->is_int && !reads_block(e->args[0])) {
    eval_env env = env_of(k, NULL);
    return find_key(k, e->args[eval_int(&env, e->args[0]) != 0 ? 1 : 2]);
  }
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!find_key(k, e->args[i])) return false;
  return true;
}

static void tabulate(const block_key *k, const layout_place *p, uint8_t *block, uint64_t *entries) {
  uint64_t mask = (UINT64_C(1) << elem_get(k->scheme->fields[p->field].type)->bits) - 1;
  for (uint64_t v = 0; v < UINT64_C(1) << k->count; v++) {
    for (unsigned i = 0; i < k->count; i++) {
      uint8_t bit = (uint8_t)(1u << k->at[i] % 8);
      block[k->at[i] / 8] = (uint8_t)((block[k->at[i] / 8] & ~bit) | ((v >> i & 1) != 0 ? bit : 0));
    }
    eval_env env = env_of(k, block);
    entries[v] = (uint64_t)eval_int(&env, p->raw) & mask;
  }
}

// A map with these entries: one that is there, or a new one.
static const pack_map *share(arena *a, block_maps *maps, unsigned bits, const uint64_t *entries) {
  size_t size = sizeof *entries << bits;
  for (size_t i = 0; i < maps->len; i++)
    if (maps->data[i]->bits == bits && memcmp(maps->data[i]->entries, entries, size) == 0) return maps->data[i];
  const pack_map m = {.bits = bits, .entries = arena_memdup(a, entries, size)};
  vec_push(a, maps, arena_memdup(a, &m, sizeof m));
  return maps->data[maps->len - 1];
}

const pack_map *block_map_find(arena *a, block_maps *maps, const scheme *s, const scheme_layout *l,
                               const layout_place *p, uint64_t index, uint64_t *at) {
  block_key k = {.scheme = s, .block_bits = 8 * l->block_bytes};
  uint64_t entries[1 << MAX_KEY_BITS];
  layout_block_binders(&s->fields[p->field], index, k.binders);
  if (!p->raw->is_int || !find_key(&k, p->raw) || k.count == 0) return NULL;
  arena *room = arena_new();
  tabulate(&k, p, arena_alloc(room, (size_t)l->block_bytes, 1), entries);
  memcpy(at, k.at, k.count * sizeof *at);
  const pack_map *m = share(a, maps, k.count, entries);
  arena_free(room);
  return m;
}
