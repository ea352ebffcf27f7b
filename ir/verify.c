// The verifier: what holds for every module, so that passes and the emitter need not ask again.
#include "ir/verify.h"

#include <stdarg.h>
#include <string.h>

#include "ir/print.h"
#include "support/num.h"

// ---- messages --------------------------------------------------------------------------------------------

static const char *where(verifier *v) {
  if (v->func == NULL) return "";
  const char *kind = v->func->kind == IR_FUNC_KERNEL ? "kernel" : "model";
  if (v->op == NULL) return arena_printf(v->mem, "%s '%s': ", kind, v->func->name);
  const char *op = ir_op_get_info(v->op->code)->name;
  const char *result = v->op->result_count > 0 && v->op->results[0] != NULL ? v->op->results[0]->name : NULL;
  if (result == NULL) return arena_printf(v->mem, "%s '%s': '%s': ", kind, v->func->name, op);
  return arena_printf(v->mem, "%s '%s': '%s' of %%%s: ", kind, v->func->name, op, result);
}

bool verify_fail(verifier *v, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(v->mem, format, args);
  va_end(args);
  src_loc loc = v->op != NULL ? v->op->loc : v->func != NULL ? v->func->loc : v->at;
  diag_error(v->d, loc, "%s%s", where(v), text);
  v->failed = true;
  return false;
}

const char *verify_type_text(verifier *v, const ir_type *type) {
  if ((unsigned)type->elem >= ELEM_COUNT || type->rank > IR_MAX_RANK) return "an impossible type";
  strbuf text = {.mem = v->mem};
  print_type(&text, type);
  return strbuf_text(&text);
}

// ---- names -----------------------------------------------------------------------------------------------

static void check_name(verifier *v, name_map *seen, const char *kind, const char *name, src_loc loc) {
  v->at = loc;
  if (name == NULL) {
    verify_fail(v, "a %s has no name", kind);
    return;
  }
  if (name_map_get(seen, name) != NULL) verify_fail(v, "two %ss have the name '%s'", kind, name);
  name_map_set(seen, name, v);
}

static void verify_names(verifier *v, const ir_module *m) {
  name_map schemes = {.mem = v->mem}, weights = {.mem = v->mem};
  name_map recipes = {.mem = v->mem}, funcs = {.mem = v->mem};
  for (size_t i = 0; i < m->schemes.len; i++)
    check_name(v, &schemes, "scheme", m->schemes.data[i]->name, m->schemes.data[i]->loc);
  for (size_t i = 0; i < m->weights.len; i++)
    check_name(v, &weights, "weight", m->weights.data[i]->name, m->weights.data[i]->loc);
  for (size_t i = 0; i < m->recipes.len; i++)
    check_name(v, &recipes, "recipe", m->recipes.data[i]->name, m->recipes.data[i]->loc);
  for (size_t i = 0; i < m->funcs.len; i++)
    check_name(v, &funcs, "function", m->funcs.data[i]->name, m->funcs.data[i]->loc);
}

// ---- schemes and weights ---------------------------------------------------------------------------------

static void verify_schemes(verifier *v, const ir_module *m) {
  for (size_t i = 0; i < m->schemes.len; i++)
    if (!scheme_verify(v->d, m->schemes.data[i])) v->failed = true;
}

static bool knows_scheme(const ir_module *m, const scheme *s) {
  for (size_t i = 0; i < m->schemes.len; i++)
    if (m->schemes.data[i] == s) return true;
  return false;
}

static bool knows_source(const ir_module *m, const char *source) {
  for (size_t i = 0; i < m->sources.len; i++)
    if (strcmp(m->sources.data[i], source) == 0) return true;
  return false;
}

static bool has_layout(const scheme *s, const scheme_layout *layout) {
  return s != NULL && layout >= s->layouts && layout < s->layouts + s->layout_count;
}

static bool verify_sparse(verifier *v, const ir_weight *w) {
  const sparse_packing *p = w->sparse;
  elem_type t = p->store;
  bool stored = t == ELEM_I8 || t == ELEM_I16 || t == ELEM_F16 || t == ELEM_BF16 || t == ELEM_F32;
  bool counted =
      p->tile_rows > 0 && p->width > 0 && p->step > 0 && p->step <= VERIFY_MAX_LANES && p->room % p->step == 0;
  bool columns = p->column == ELEM_U32 || (p->column == ELEM_U16 && w->columns <= UINT64_C(1) << 16);
  bool whole = p->width == 1 ? p->tile_rows == 1 : p->step == 1 && w->columns % p->width == 0;
  if (stored && counted && columns && whole && w->columns < INT32_MAX / 4 && p->room <= UINT32_MAX) return true;
  return verify_fail(v, "weight '%s': no kernel reads such a list of entries", w->name);
}

// The whole comes before its parts, so that none is a part of itself.
static void verify_part(verifier *v, const ir_weight *w) {
  for (size_t i = 0; i < v->module->weights.len && v->module->weights.data[i] != w; i++) {
    const ir_weight *other = v->module->weights.data[i];
    if (strcmp(other->name, w->part->whole) != 0) continue;
    if (other->scheme == NULL)
      verify_fail(v, "weight '%s' is a part of '%s', which has no scheme", w->name, other->name);
    return;
  }
  verify_fail(v, "weight '%s' is a part of '%s', which is no weight before it", w->name, w->part->whole);
}

static void verify_weight_parts(verifier *v, const ir_weight *w) {
  if (w->part != NULL && (w->part->whole == NULL || w->part->index > VERIFY_MAX_LANES))
    verify_fail(v, "weight '%s' does not say of what it is a part", w->name);
  else if (w->part != NULL)
    verify_part(v, w);
  if (w->sparse != NULL) verify_sparse(v, w);
  if (w->counts != NULL && (w->scheme == NULL || w->count_count != w->scheme->field_count))
    verify_fail(v, "weight '%s' has %zu counts, and its scheme another number of fields", w->name, w->count_count);
  if (w->source != NULL && !knows_source(v->module, w->source))
    verify_fail(v, "weight '%s': '%s' is not among the sources", w->name, w->source);
  if (w->scheme != NULL && !knows_scheme(v->module, w->scheme))
    verify_fail(v, "weight '%s': its scheme is not in the module", w->name);
  if (w->layout != NULL && !has_layout(w->scheme, w->layout))
    verify_fail(v, "weight '%s': layout '%s' is not one of its scheme", w->name, w->layout->name);
  const transform_step *step = ir_weight_step(v->module, w, NULL);
  if (w->of != NULL && (step == NULL || !TRANSFORM_HAS_FACTOR(step->kind) || w->scheme != NULL || w->rows != 1))
    verify_fail(v, "weight '%s': '%s' is no row of factors of weight '%s'", w->name, w->step == NULL ? "" : w->step,
                w->of);
  if (w->recipe == NULL) return;
  if (ir_find_recipe(v->module, w->recipe->name) != w->recipe)
    verify_fail(v, "weight '%s': its recipe is not in the module", w->name);
  if (w->recipe->scheme != w->scheme)
    verify_fail(v, "weight '%s': recipe '%s' is for another scheme", w->name, w->recipe->name);
}

// Bytes that the packed weight takes: by its recipe, or as f32 numbers.
static bool expected_size(const ir_weight *w, uint64_t *out) {
  sparse_sizes sizes = {0};
  if (w->sparse != NULL) return sparse_get_sizes(w->sparse, w->rows, &sizes) && (*out = sizes.bytes, true);
  if (w->recipe != NULL) return packing_tensor_bytes(&w->recipe->pack, w->rows, w->columns, out);
  return num_mul(w->rows, w->columns, out) && num_mul(*out, 4, out);
}

static void verify_weight_size(verifier *v, const ir_weight *w) {
  uint64_t size, end;
  if (w->rows == 0 || w->columns == 0)
    verify_fail(v, "weight '%s' has no numbers", w->name);
  else if (v->module->plan == NULL && w->recipe != NULL && w->recipe->pack.rows == 0)
    return; // its layout is not chosen yet
  else if (!expected_size(w, &size))
    verify_fail(v, "weight '%s': %llu x %llu numbers are too many", w->name, (unsigned long long)w->rows,
                (unsigned long long)w->columns);
  else if (w->size != 0 && w->size != size && (w->scheme == NULL || w->recipe != NULL || w->sparse != NULL))
    verify_fail(v, "weight '%s' has %llu bytes and must have %llu", w->name, (unsigned long long)w->size,
                (unsigned long long)size);
  if (w->offset % 64 != 0) verify_fail(v, "weight '%s': its offset is no multiple of 64", w->name);
  if (v->module->plan != NULL && (!num_add(w->offset, w->size, &end) || end > v->module->plan->weights_size))
    verify_fail(v, "weight '%s' ends after the packed weights", w->name);
}

// ---- the module ------------------------------------------------------------------------------------------

static void verify_module(verifier *v, const ir_module *m) {
  verify_names(v, m);
  if (v->failed) return; // names are how the rest refers to things
  verify_schemes(v, m);
  for (size_t i = 0; i < m->recipes.len; i++) {
    v->at = m->recipes.data[i]->loc;
    verify_recipe(v, m->recipes.data[i]);
  }
  for (size_t i = 0; i < m->weights.len; i++) {
    v->at = m->weights.data[i]->loc;
    verify_weight_parts(v, m->weights.data[i]);
    verify_weight_size(v, m->weights.data[i]);
  }
  v->at = m->loc;
  size_t models = 0;
  for (size_t i = 0; i < m->funcs.len; i++) {
    models += m->funcs.data[i]->kind == IR_FUNC_MODEL;
    verify_func(v, m->funcs.data[i]);
  }
  if (models > 1) verify_fail(v, "the module has %zu models, one is possible", models);
  if (m->max_batch == 0) verify_fail(v, "the bound of the batch is zero");
  if (m->plan == NULL) return;
  v->at = m->plan->loc;
  verify_plan(v, m->plan);
}

bool ir_verify(diag *d, const ir_module *m) {
  arena *mem = arena_new();
  verifier v = {.d = d, .mem = mem, .module = m};
  verify_module(&v, m);
  arena_free(mem);
  return !v.failed;
}
