// Finding targets, tiers and patterns; costs.
#include "targets/target.h"

#include <string.h>

#include "targets/tables.h"

// The generic target is the last one: it takes the triples that no other claims.
static const target *const targets[] = {&target_x86_64, &target_aarch64, &target_riscv64, &target_nvptx64,
                                        &target_generic};

size_t target_count(void) { return COUNT(targets); }

const target *target_get(size_t index) { return targets[index]; }

static bool word_in(const char *words, const char *word, size_t length) {
  for (const char *w = words; *w != '\0';) {
    size_t n = strcspn(w, " ");
    if (n == length && memcmp(w, word, n) == 0) return true;
    w += n;
    w += strspn(w, " ");
  }
  return false;
}

const target *target_for_triple(const char *triple) {
  size_t length = strcspn(triple, "-");
  for (size_t i = 0; i < COUNT(targets); i++)
    if (word_in(targets[i]->arch, triple, length)) return targets[i];
  return &target_generic;
}

const target *target_called(const char *word) {
  for (size_t i = 0; i < COUNT(targets); i++)
    if (targets[i]->called != NULL && word_in(targets[i]->called, word, strlen(word))) return targets[i];
  return NULL;
}

const char *target_triple(arena *a, const char *text) {
  const target *t = target_for_triple(text);
  bool bare = strchr(text, '-') == NULL;
  return arena_strdup(a, bare && t->default_triple[0] != '\0' ? t->default_triple : text);
}

const target_tier *target_best_tier(const target *t, ir_opcode special) {
  const target_tier *tier = &t->tiers[0];
  for (size_t i = 1; i < t->tier_count && (tier->on_demand || (tier->special != 0 && tier->special != special)); i++)
    tier++;
  return tier;
}

const target_tier *target_find_tier(const target *t, const char *name) {
  for (size_t i = 0; i < t->tier_count; i++)
    if (strcmp(t->tiers[i].name, name) == 0) return &t->tiers[i];
  return NULL;
}

static bool fits(const target_pattern *p, ir_opcode op, elem_type elem, uint32_t lanes, uint64_t limit) {
  return p->op == op && p->elem == elem && lanes % p->lanes == 0 && (p->limit == 0 || limit <= p->limit);
}

static bool better(const target_pattern *p, const target_pattern *than) {
  if (than == NULL || p->lanes > than->lanes) return true;
  return p->lanes == than->lanes && p->cost < than->cost;
}

const target_pattern *target_find_pattern(const target_tier *tier, ir_opcode op, elem_type elem, uint32_t lanes,
                                          uint64_t limit) {
  const target_pattern *best = NULL;
  for (size_t i = 0; i < tier->pattern_count; i++) {
    const target_pattern *p = &tier->patterns[i];
    if (fits(p, op, elem, lanes, limit) && better(p, best)) best = p;
  }
  return best;
}
