// linear -> a sum of products, where the weight's format is a sum (format/scheme_parts.h) or is made of sections. The products
// are chained: each adds what came before to its own sum, so that nothing passes over the result a second time.
#include <inttypes.h>
#include <string.h>

#include "format/scheme_parts.h"
#include "network/passes.h"
#include "support/num.h"

#define SPARSE_STEP 8

typedef struct split_scheme {
  const scheme *scheme;
  size_t count;
  const scheme_part *parts;
} split_scheme;

typedef struct slice_of {
  const ir_value *whole;
  uint64_t from, count;
  ir_value *slice;
} slice_of;

typedef struct splitter {
  diag *d;
  ir_module *m;
  const lower_options *o;
  ir_builder b;
  VEC(split_scheme) schemes;
  VEC(slice_of) slices;
  act_spec act;
  bool ok;
} splitter;

// A product that is still to be made: y = W x + bias + addend (NULL: none).
typedef struct product {
  ir_weight *w;
  ir_value *x;
  ir_value *bias;
  ir_value *addend;
} product;

static ir_value *emit_product(splitter *s, product p);

static const split_scheme *parts_of(splitter *s, const scheme *of) {
  for (size_t i = 0; i < s->schemes.len; i++)
    if (s->schemes.data[i].scheme == of) return &s->schemes.data[i];
  split_scheme entry = {.scheme = of};
  entry.count = scheme_split(s->d, s->m->mem, of, &entry.parts);
  for (size_t i = 0; i < entry.count; i++) {
    const scheme *part = entry.parts[i].scheme;
    if (part != NULL && ir_find_scheme(s->m, part->name) == NULL) vec_push(s->m->mem, &s->m->schemes, part);
  }
  vec_push(s->m->mem, &s->schemes, entry);
  return &s->schemes.data[s->schemes.len - 1];
}

// ---- lists of entries ------------------------------------------------------------------------------------

static unsigned part_field(const scheme_part *p) { return p->element->index; }

static bool depends_on_group(const scheme *s, const expr *e) {
  bool grouped = e->op == EXPR_VAR;
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) grouped = granularity_columns(&s->fields[e->index].gran) != 0;
  for (unsigned i = 0; i < e->arg_count; i++) grouped = grouped || depends_on_group(s, e->args[i]);
  return grouped;
}

// How values are stored: as they are where a kernel can widen them exactly.
static elem_type entry_type(elem_type type) {
  const elem_info *e = elem_get(type);
  if (e->kind == ELEM_KIND_FLOAT) return e->bits < 16 && e->exp_bits < 6 ? ELEM_F16 : e->bits == 16 ? type : ELEM_F32;
  unsigned bits = e->bits + (e->kind == ELEM_KIND_UINT);
  return bits <= 8 ? ELEM_I8 : bits <= 16 ? ELEM_I16 : ELEM_F32;
}

static uint64_t stored_count(const ir_weight *w, unsigned field) {
  return w->counts != NULL ? w->counts[field] : scheme_sparse_count(&w->scheme->fields[field], w->rows, w->columns);
}

// Whole granules are entries where rows are made of them; otherwise each weight is one.
static bool pack_entries(const ir_weight *w, const scheme_part *part, sparse_packing *p) {
  const scheme_field *f = &w->scheme->fields[part_field(part)];
  uint64_t rows = granularity_rows(&f->gran), width = granularity_columns(&f->gran),
           count = stored_count(w, part_field(part));
  bool whole = width > 1 && w->columns % width == 0;
  *p = (sparse_packing){.tile_rows = whole ? rows : 1, .width = whole ? width : 1, .step = whole ? 1 : SPARSE_STEP};
  p->column = w->columns <= UINT64_C(1) << 16 ? ELEM_U16 : ELEM_U32;
  p->store = entry_type(f->type);
  if (part->coefficient != NULL && depends_on_group(w->scheme, part->coefficient)) p->store = ELEM_F32;
  p->scaled = part->coefficient != NULL && !depends_on_group(w->scheme, part->coefficient);
  if (whole) return p->room = count, true;
  uint64_t padding, all;
  if (!num_mul(count, rows, &count) || !num_mul(count, width, &count) || !num_mul(w->rows, w->columns, &all) ||
      !num_mul(w->rows, SPARSE_STEP - 1, &padding))
    return false;
  return num_add(count < all ? count : all, padding, &count) && num_align_up(count, SPARSE_STEP, &p->room);
}

// ---- weights ---------------------------------------------------------------------------------------------

static ir_weight *make_part(splitter *s, const ir_weight *w, size_t index, const scheme_part *p) {
  const char *name = arena_printf(s->m->mem, "%s/%s", w->name, p->name);
  ir_weight *part = ir_find_weight(s->m, name);
  part_shape shape;
  if (part != NULL) return part;
  if (!scheme_part_shape(s->d, w->scheme, p, w->rows, w->columns, &shape)) return NULL;
  ir_part *of = ARENA_NEW(s->m->mem, ir_part);
  *of = (ir_part){.whole = w->name, .index = (unsigned)index};
  part = ARENA_NEW(s->m->mem, ir_weight);
  *part = (ir_weight){.name = name, .layer = w->layer, .part = of, .rows = shape.rows, .columns = shape.columns};
  part->source = w->source;
  part->loc = w->loc;
  if (p->scheme != NULL) part->scheme = ir_find_scheme(s->m, p->scheme->name);
  if (p->kind == PART_SPARSE) {
    sparse_packing *entries = ARENA_NEW(s->m->mem, sparse_packing);
    if (!pack_entries(w, p, entries)) {
      diag_error(s->d, w->loc, "the sparse entries of '%s' are too many", w->name);
      return NULL;
    }
    part->sparse = entries;
  }
  vec_push(s->m->mem, &s->m->weights, part);
  return part;
}

// ---- operations ------------------------------------------------------------------------------------------

static ir_type with_last(const ir_type *t, uint64_t last) {
  ir_type type = *t;
  type.dims[type.rank - 1] = (int64_t)last;
  return type;
}

static ir_value *emit_slice(splitter *s, ir_value *whole, uint64_t from, uint64_t count) {
  if (whole == NULL || (from == 0 && count == lower_last_dim(&whole->type))) return whole;
  for (size_t i = 0; i < s->slices.len; i++) {
    const slice_of *other = &s->slices.data[i];
    if (other->whole == whole && other->from == from && other->count == count) return other->slice;
  }
  ir_type type = with_last(&whole->type, count);
  ir_attr attr = ir_int(IR_ATTR_FROM, (int64_t)from);
  slice_of entry = {.whole = whole, .from = from, .count = count};
  entry.slice = ir_emit(&s->b, IR_SLICE, &type, 1, &whole, 1, &attr);
  vec_push(s->m->mem, &s->slices, entry);
  return entry.slice;
}

static ir_value *emit_linear(splitter *s, product p, const act_spec *act) {
  ir_type type = with_last(&p.x->type, p.w->rows);
  ir_attr attrs[] = {ir_sym(IR_ATTR_WEIGHT, p.w->name), {.key = IR_ATTR_ACT, .act = *act}};
  ir_value *y = ir_emit(&s->b, IR_LINEAR, &type, p.bias == NULL ? 1 : 2, (ir_value *[]){p.x, p.bias}, 2, attrs);
  return p.addend == NULL ? y : ir_emit2(&s->b, IR_TADD, type, y, p.addend);
}

static ir_value *emit_sparse(splitter *s, product p) {
  ir_type type = with_last(&p.x->type, p.w->rows);
  ir_value *operands[3] = {p.x};
  ir_attr attrs[3] = {ir_sym(IR_ATTR_WEIGHT, p.w->name)};
  size_t count = 1, attr_count = 1;
  if (p.bias != NULL) operands[count++] = p.bias, attrs[attr_count++] = ir_int(IR_ATTR_HAS_BIAS, 1);
  if (p.addend != NULL) operands[count++] = p.addend, attrs[attr_count++] = ir_int(IR_ATTR_HAS_ADDEND, 1);
  return ir_emit(&s->b, IR_SPARSE, &type, count, operands, attr_count, attrs);
}

// The parts from last to first: the dense rest, if there is one, comes last and takes the bias.
static ir_value *emit_sum(splitter *s, product p, const split_scheme *parts) {
  const act_spec plain = ACT_F32;
  ir_value *y = p.addend, *inner = p.x;
  for (size_t i = parts->count; i-- > 0 && s->ok;) {
    const scheme_part *part = &parts->parts[i];
    product q = {.w = make_part(s, p.w, i, part), .x = inner, .bias = i == 0 ? p.bias : NULL, .addend = y};
    if (q.w == NULL) return s->ok = false, NULL;
    inner = p.x;
    if (part->kind == PART_RIGHT) {
      q.addend = NULL;
      inner =
          emit_linear(s, q, part->of_columns ? &s->act : &plain); // the left part follows and takes this as its input
    } else {
      y = part->kind == PART_SPARSE ? emit_sparse(s, q) : emit_linear(s, q, part->kind == PART_LEFT ? &plain : &s->act);
    }
  }
  return y;
}

// On some targets vectors are loaded at multiples of more than their element.
static bool check_start(splitter *s, const scheme_section *c, uint64_t from) {
  uint64_t align = s->o->target->buffer_align / 4;
  if (align == 0 || from % align == 0) return true;
  diag_error(s->d, c->loc, "on %s parts must begin at multiples of %" PRIu64 ", and this one begins at %" PRIu64,
             s->o->target->name, align, from);
  return false;
}

static ir_value *emit_section(splitter *s, product p, const split_scheme *parts, size_t i, ir_value *sum) {
  const scheme_section *c = &p.w->scheme->sections[i];
  part_shape shape;
  product q = {.w = make_part(s, p.w, i, &parts->parts[i]), .x = p.x, .bias = p.bias, .addend = sum};
  if (q.w == NULL || !scheme_part_shape(s->d, p.w->scheme, &parts->parts[i], p.w->rows, p.w->columns, &shape) ||
      !check_start(s, c, shape.row + shape.column))
    return s->ok = false, NULL;
  if (c->is_rows) {
    q.bias = emit_slice(s, p.bias, shape.row, shape.rows);
    q.addend = emit_slice(s, p.addend, shape.row, shape.rows);
  } else {
    q.x = emit_slice(s, p.x, shape.column, shape.columns);
    if (i + 1 < parts->count) q.bias = NULL;
  }
  return emit_product(s, q);
}

static ir_value *emit_sections(splitter *s, product p, const split_scheme *parts) {
  ir_value **all = ARENA_ARRAY(s->m->mem, ir_value *, parts->count), *sum = p.addend;
  for (size_t i = 0; i < parts->count && s->ok; i++) sum = all[i] = emit_section(s, p, parts, i, sum);
  if (!s->ok || !p.w->scheme->sections[0].is_rows || parts->count == 1) return sum;
  ir_type type = with_last(&p.x->type, p.w->rows);
  return ir_emit(&s->b, IR_CONCAT, &type, parts->count, all, 0, NULL);
}

static ir_value *emit_product(splitter *s, product p) {
  const split_scheme *parts = parts_of(s, p.w->scheme);
  if (parts->count == 0) return s->ok = false, NULL;
  if (p.w->scheme->section_count > 0) return emit_sections(s, p, parts);
  if (parts->count == 1 && parts->parts[0].scheme == p.w->scheme) return emit_linear(s, p, &s->act);
  return emit_sum(s, p, parts);
}

// ---- the pass --------------------------------------------------------------------------------------------

static bool is_whole(splitter *s, const ir_weight *w) {
  const split_scheme *parts = parts_of(s, w->scheme);
  return parts->count == 1 && parts->parts[0].scheme == w->scheme && w->scheme->section_count == 0;
}

// Entries find their activations by 32-bit offsets of bytes.
static bool check_reach(splitter *s, const ir_op *op) {
  ir_size rows = lower_leading(&op->operands[0]->type);
  uint64_t batch = s->m->max_batch, bytes = 4 * lower_last_dim(&op->operands[0]->type), all;
  if (num_mul(rows.per_batch, batch == 0 ? 1 : batch, &all) && num_add(all, rows.fixed, &all) &&
      num_mul(all, bytes, &all) && all <= INT32_MAX)
    return true;
  diag_error(s->d, op->loc,
             "the inputs of this layer have more than 2 GiB in the largest batch, too many for sparse weights");
  diag_hint(s->d, "give the batch a smaller bound");
  return false;
}

static void explain(const splitter *s, const ir_weight *w) {
  if (s->o->explain == NULL) return;
  fprintf(s->o->explain, "  %s is multiplied in parts:", w->layer);
  for (size_t i = 0; i < s->m->weights.len; i++) {
    const ir_weight *part = s->m->weights.data[i];
    if (part->part == NULL || strcmp(part->part->whole, w->name) != 0) continue;
    fprintf(s->o->explain, " %s %" PRIu64 " x %" PRIu64, part->name + strlen(w->name) + 1, part->rows, part->columns);
    if (part->sparse != NULL) fprintf(s->o->explain, " (at most %" PRIu64 " entries)", part->sparse->room);
  }
  fprintf(s->o->explain, "\n");
}

static void split_linear(splitter *s, renaming *renamed, const ir_op *op) {
  const ir_attr *act = ir_get_attr(op, IR_ATTR_ACT);
  product p = {.w = ir_find_weight(s->m, ir_get_attr(op, IR_ATTR_WEIGHT)->s), .x = op->operands[0]};
  if (op->operand_count > 1) p.bias = op->operands[1];
  s->act = act != NULL ? act->act : ACT_F32;
  s->b.loc = op->loc;
  s->ok = check_reach(s, op) && s->ok;
  ir_value *y = s->ok ? emit_product(s, p) : NULL;
  if (y == NULL) return;
  y->name = op->results[0]->name;
  lower_rename(renamed, op->results[0], y);
  explain(s, p.w);
}

bool pass_split(diag *d, ir_module *m, const lower_options *o) {
  ir_func *f = ir_find_model(m);
  if (f == NULL) return true;
  ir_block old = *f->body;
  f->body->ops.len = f->body->ops.cap = 0;
  f->body->ops.data = NULL;
  splitter s = {.d = d, .m = m, .o = o, .b = {.mem = m->mem, .func = f, .block = f->body}, .ok = true};
  renaming renamed = {.values = {.mem = m->mem}};
  for (size_t i = 0; i < old.ops.len; i++) {
    ir_op *op = old.ops.data[i];
    lower_rename_operands(&renamed, op);
    const ir_attr *weight = op->code == IR_LINEAR ? ir_get_attr(op, IR_ATTR_WEIGHT) : NULL;
    if (weight == NULL || is_whole(&s, ir_find_weight(m, weight->s)))
      vec_push(m->mem, &f->body->ops, op);
    else
      split_linear(&s, &renamed, op);
  }
  return s.ok;
}
