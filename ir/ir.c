// The lists of operations and attributes as tables, types, and look-ups by name.
#include "ir/ir.h"

#include <stdlib.h>
#include <string.h>

// ---- tables from ops.def and attrs.def -------------------------------------------------------------------

// The flag and level columns of ops.def are letters; these name every combination that occurs there.
enum {
  FLAGS_P = IR_FLAG_PURE,
  FLAGS_PC = IR_FLAG_PURE | IR_FLAG_COMMUTES,
  FLAGS_S = IR_FLAG_SIDE_EFFECT,
  FLAGS_RS = IR_FLAG_REGION | IR_FLAG_SIDE_EFFECT,
  FLAGS_ES = IR_FLAG_TERMINATOR | IR_FLAG_SIDE_EFFECT
};
enum { LEVEL_T = 'T', LEVEL_V = 'V', LEVEL_B = 'B' };

static const ir_op_info op_infos[] = {
#define OP(id, text, lv, min, max, count, letters) \
  [IR_##id] = {.name = text,                       \
               .level = LEVEL_##lv,                \
               .min_operands = min,                \
               .max_operands = max,                \
               .results = count,                   \
               .flags = FLAGS_##letters},
#include "ir/ops.def"
#undef OP
};

static const struct attr_info {
  const char *name;
  ir_attr_kind kind;
} attr_infos[] = {
#define ATTR(id, text, letters) [IR_ATTR_##id] = {.name = text, .kind = IR_ATTR_KIND_##letters},
#include "ir/attrs.def"
#undef ATTR
};

const ir_op_info *ir_op_get_info(ir_opcode code) { return &op_infos[code]; }

ir_opcode ir_opcode_by_name(const char *name) {
  for (unsigned i = 0; i < IR_OPCODE_COUNT; i++)
    if (strcmp(op_infos[i].name, name) == 0) return (ir_opcode)i;
  return IR_OPCODE_COUNT;
}

const char *ir_attr_name(ir_attr_key key) { return attr_infos[key].name; }

ir_attr_kind ir_attr_get_kind(ir_attr_key key) { return attr_infos[key].kind; }

// ---- types -----------------------------------------------------------------------------------------------

ir_type ir_vector(elem_type elem, uint32_t lanes) { return (ir_type){.kind = IR_VECTOR, .elem = elem, .lanes = lanes}; }

ir_type ir_tensor(elem_type elem, unsigned rank, const int64_t *dims) {
  ir_type type = {.kind = IR_TENSOR, .elem = elem, .rank = rank};
  for (unsigned i = 0; i < rank && i < IR_MAX_RANK; i++) type.dims[i] = dims[i];
  return type;
}

ir_type ir_index(void) { return (ir_type){.kind = IR_INDEX}; }

ir_type ir_buffer(void) { return (ir_type){.kind = IR_BUFFER}; }

static bool same_dims(const ir_type *a, const ir_type *b) {
  if (a->rank != b->rank || a->elem != b->elem) return false;
  for (unsigned i = 0; i < a->rank && i < IR_MAX_RANK; i++)
    if (a->dims[i] != b->dims[i]) return false;
  return true;
}

bool ir_type_equal(const ir_type *a, const ir_type *b) {
  if (a->kind != b->kind) return false;
  if (a->kind == IR_VECTOR) return a->elem == b->elem && a->lanes == b->lanes;
  return a->kind == IR_INDEX || a->kind == IR_BUFFER || same_dims(a, b);
}

// ---- the module ------------------------------------------------------------------------------------------

ir_module *ir_module_new(arena *mem, const char *name) {
  ir_module *m = ARENA_NEW(mem, ir_module);
  m->mem = mem;
  m->name = arena_strdup(mem, name);
  m->max_batch = 1;
  m->lookup = ARENA_NEW(mem, ir_lookup);
  m->lookup->weights.mem = mem;
  return m;
}

const scheme *ir_find_scheme(const ir_module *m, const char *name) {
  for (size_t i = 0; i < m->schemes.len; i++)
    if (strcmp(m->schemes.data[i]->name, name) == 0) return m->schemes.data[i];
  return NULL;
}

ir_weight *ir_find_weight(const ir_module *m, const char *name) {
  ir_lookup *l = m->lookup;
  for (; l->known < m->weights.len; l->known++) {
    ir_weight *w = m->weights.data[l->known];
    if (name_map_get(&l->weights, w->name) == NULL) name_map_set(&l->weights, w->name, w);
  }
  return name_map_get(&l->weights, name);
}

const transform_step *ir_weight_step(const ir_module *m, const ir_weight *w, bool *input) {
  const ir_weight *of = w->of == NULL || w->step == NULL ? NULL : ir_find_weight(m, w->of);
  const char *space = of == NULL ? NULL : strchr(w->step, ' ');
  if (space == NULL || of->scheme == NULL || space[1] < '0' || space[1] > '9') return NULL;
  bool is_input = w->step[0] == 'i';
  const transform *t = is_input ? &of->scheme->input : &of->scheme->output;
  size_t index = strtoul(space + 1, NULL, 10);
  if (input != NULL) *input = is_input;
  return index < t->count ? &t->steps[index] : NULL;
}

bool ir_has_parts(const ir_module *m, const ir_weight *w) {
  for (size_t i = 0; i < m->weights.len; i++)
    if (m->weights.data[i]->part != NULL && strcmp(m->weights.data[i]->part->whole, w->name) == 0) return true;
  return false;
}

const recipe *ir_find_recipe(const ir_module *m, const char *name) {
  for (size_t i = 0; i < m->recipes.len; i++)
    if (strcmp(m->recipes.data[i]->name, name) == 0) return m->recipes.data[i];
  return NULL;
}

ir_func *ir_find_func(const ir_module *m, const char *name) {
  for (size_t i = 0; i < m->funcs.len; i++)
    if (strcmp(m->funcs.data[i]->name, name) == 0) return m->funcs.data[i];
  return NULL;
}

ir_func *ir_find_model(const ir_module *m) {
  for (size_t i = 0; i < m->funcs.len; i++)
    if (m->funcs.data[i]->kind == IR_FUNC_MODEL) return m->funcs.data[i];
  return NULL;
}

// ---- attributes ------------------------------------------------------------------------------------------

const ir_attr *ir_get_attr(const ir_op *op, ir_attr_key key) {
  for (size_t i = 0; i < op->attr_count; i++)
    if (op->attrs[i].key == key) return &op->attrs[i];
  return NULL;
}

int64_t ir_attr_int(const ir_op *op, ir_attr_key key, int64_t otherwise) {
  const ir_attr *attr = ir_get_attr(op, key);
  return attr == NULL ? otherwise : attr->i;
}
