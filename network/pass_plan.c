// The plan: where every value and weight lies, and one step per operation that computes something.
//
// Workspace offsets are linear in the batch: values with a batch dimension lie in a part that scales with it, the
// others before it. A value's room is free again after its last use.
#include <string.h>

#include "network/passes.h"
#include "support/map.h"
#include "support/num.h"

#define ALIGN 64
#define SCALED_MARK (UINT64_C(1) << 63) // in offsets of the scaled part until the fixed part's size is known
#define GRAIN_BYTES 32768               // of weights: the least worth giving to a thread

typedef struct room {
  uint64_t first, last; // operations between which the room is taken
  uint64_t offset, size;
} room;

typedef VEC(room) room_list;

typedef struct planner {
  diag *d;
  ir_module *m;
  ir_func *f;
  ir_plan *plan;
  ptr_map refs; // value -> index into places
  VEC(ir_ref) places;
  ptr_map last_uses; // value -> the last operation that reads it or what shares its storage
  ptr_map concats;   // value -> the first operation that puts it beside others
  ptr_map strides;   // value -> numbers from one row to the next, where that is not the last dimension
  room_list fixed;   // of the part that does not scale
  room_list scaled;  // and of the part that does, in bytes per batch
  uint64_t fixed_size, scaled_size;
  bool ok;
} planner;

static void fail_size(planner *p) {
  if (p->ok) diag_error(p->d, p->f->loc, "the model is too large: sizes overflow 64 bits");
  p->ok = false;
}

static uint64_t mul(planner *p, uint64_t a, uint64_t b) {
  uint64_t r = 0;
  if (!num_mul(a, b, &r)) fail_size(p);
  return r;
}

static uint64_t align_up(planner *p, uint64_t a) {
  uint64_t r = 0;
  if (!num_align_up(a, ALIGN, &r)) fail_size(p);
  return r;
}

// ---- weights ---------------------------------------------------------------------------------------------

// A weight that is multiplied in parts has no bytes of its own.
static bool weight_size(const ir_weight *w, uint64_t *out) {
  sparse_sizes sizes = {0};
  *out = 0;
  if (w->recipe != NULL) return packing_tensor_bytes(&w->recipe->pack, w->rows, w->columns, out);
  if (w->sparse != NULL) return sparse_get_sizes(w->sparse, w->rows, &sizes) && (*out = sizes.bytes, true);
  return w->scheme != NULL || (num_mul(w->rows, w->columns, out) && num_mul(*out, 4, out));
}

static void place_weights(planner *p) {
  uint64_t end = 0;
  for (size_t i = 0; i < p->m->weights.len; i++) {
    ir_weight *w = p->m->weights.data[i];
    uint64_t next;
    if (!weight_size(w, &w->size) || !num_add(end, w->size, &next)) {
      fail_size(p);
      return;
    }
    w->offset = end;
    end = align_up(p, next);
  }
  p->plan->weights_size = end;
}

// ---- values ----------------------------------------------------------------------------------------------

static void set_place(planner *p, const ir_value *v, ir_ref ref) {
  ptr_map_set(&p->refs, v, p->places.len);
  vec_push(p->m->mem, &p->places, ref);
}

static const ir_ref *place_of(const planner *p, const ir_value *v) {
  size_t i = ptr_map_get(&p->refs, v, SIZE_MAX);
  return i == SIZE_MAX ? NULL : &p->places.data[i];
}

static bool same_storage(const ir_op *op) { return op->code == IR_RESHAPE || op->code == IR_SLICE; }

static uint64_t stride_of(const planner *p, const ir_value *v) {
  return (uint64_t)ptr_map_get(&p->strides, v, (size_t)lower_last_dim(&v->type));
}

// From the last operation to the first: what is done with a result is known when its operands are looked at.
static void find_uses(planner *p) {
  const ir_block *block = p->f->body;
  for (size_t i = block->ops.len; i-- > 0;) {
    const ir_op *op = block->ops.data[i];
    bool shares = same_storage(op) || op->code == IR_CONCAT;
    size_t last = shares ? ptr_map_get(&p->last_uses, op->results[0], i) : i;
    for (size_t j = 0; j < op->operand_count; j++) {
      const ir_value *v = op->operands[j];
      if (ptr_map_get(&p->last_uses, v, 0) < last) ptr_map_set(&p->last_uses, v, last);
      if (op->code == IR_CONCAT) ptr_map_set(&p->concats, v, i);
    }
  }
}

// The operation that puts v beside other values, NULL: none does.
static const ir_op *concat_of(const planner *p, const ir_value *v) {
  size_t at = ptr_map_get(&p->concats, v, SIZE_MAX);
  return at == SIZE_MAX ? NULL : p->f->body->ops.data[at];
}

// The last operation from `from` on that reads the value or anything that shares its storage.
static uint64_t last_use(const planner *p, const ir_value *v, uint64_t from) {
  uint64_t last = ptr_map_get(&p->last_uses, v, 0);
  return last > from ? last : from;
}

// Regions are asked for in the order of operations: those that end before this one are free for all that come.
static void drop_ended(room_list *list, uint64_t first) {
  for (size_t i = 0; i < list->len;)
    if (list->data[i].last < first)
      list->data[i] = list->data[--list->len];
    else
      i++;
}

// First fit among the rooms that live at the same time.
static uint64_t find_room(arena *a, room_list *list, uint64_t first, uint64_t last, uint64_t size) {
  uint64_t offset = 0;
  drop_ended(list, first);
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t i = 0; i < list->len; i++) {
      const room *r = &list->data[i];
      bool together = r->first <= last && first <= r->last;
      if (!together || offset >= r->offset + r->size || r->offset >= offset + size) continue;
      offset = r->offset + r->size;
      moved = true;
    }
  }
  room taken = {.first = first, .last = last, .offset = offset, .size = size};
  vec_push(a, list, taken);
  return offset;
}

// Bytes of a value: fixed, or per batch.
static ir_size value_size(planner *p, const ir_value *v, const kernel_choice *choice) {
  ir_size rows = lower_leading(&v->type);
  uint64_t row = mul(p, lower_last_dim(&v->type), 4);
  if (v->type.kind == IR_PREPARED) {
    prepared_sizes sizes;
    if (!prepared_get_sizes(&choice->recipe->prepared, lower_last_dim(&v->type), &sizes)) fail_size(p);
    row = sizes.row_bytes;
  }
  return (ir_size){.fixed = align_up(p, mul(p, rows.fixed, row)),
                   .per_batch = align_up(p, mul(p, rows.per_batch, row))};
}

static void place_result(planner *p, const ir_value *v, uint64_t at, const kernel_choice *choice);

// A part of a value: numbers from .. of every row.
static void place_part(planner *p, const ir_value *part, const ir_value *whole, uint64_t from) {
  ir_ref ref = *place_of(p, whole);
  ref.offset.fixed += mul(p, from, 4);
  set_place(p, part, ref);
  ptr_map_set(&p->strides, part, (size_t)stride_of(p, whole));
}

// The first of the operands finds room for the whole, which lives from then on.
static void place_beside(planner *p, const ir_op *concat, const ir_value *v, uint64_t at) {
  const ir_value *whole = concat->results[0];
  kernel_choice none = {0};
  uint64_t from = 0;
  if (place_of(p, whole) == NULL) place_result(p, whole, at, &none);
  for (size_t i = 0; concat->operands[i] != v; i++) from += lower_last_dim(&concat->operands[i]->type);
  place_part(p, v, whole, from);
}

static void place_result(planner *p, const ir_value *v, uint64_t at, const kernel_choice *choice) {
  const ir_op *concat = concat_of(p, v);
  if (concat != NULL) {
    place_beside(p, concat, v, at);
    return;
  }
  ir_size size = value_size(p, v, choice);
  uint64_t last = last_use(p, v, at);
  ir_ref ref = {.space = IR_SPACE_WORKSPACE};
  if (size.per_batch > 0) {
    ref.offset.fixed = SCALED_MARK;
    ref.offset.per_batch = find_room(p->m->mem, &p->scaled, at, last, size.per_batch);
    if (ref.offset.per_batch + size.per_batch > p->scaled_size) p->scaled_size = ref.offset.per_batch + size.per_batch;
  } else {
    ref.offset.fixed = find_room(p->m->mem, &p->fixed, at, last, size.fixed);
    if (ref.offset.fixed + size.fixed > p->fixed_size) p->fixed_size = ref.offset.fixed + size.fixed;
  }
  set_place(p, v, ref);
}

// ---- steps -----------------------------------------------------------------------------------------------

static ir_size constant(uint64_t n) { return (ir_size){.fixed = n}; }

static ir_step *new_step(planner *p, const kernel_choice *c, const char *layer, size_t buffers, size_t sizes) {
  ir_step *s = ARENA_NEW(p->m->mem, ir_step);
  s->kernel = c->name;
  s->layer = layer;
  s->buffers = ARENA_ARRAY(p->m->mem, ir_ref, buffers);
  s->sizes = ARENA_ARRAY(p->m->mem, ir_size, sizes);
  s->grain = 1;
  vec_push(p->m->mem, &p->plan->steps, s);
  return s;
}

static void add_buffer(ir_step *s, const ir_ref *ref) { s->buffers[s->buffer_count++] = *ref; }
static void add_size(ir_step *s, ir_size size) { s->sizes[s->size_count++] = size; }

static void prepare_step(planner *p, const ir_op *op, const kernel_choice *c) {
  prepared_sizes sizes = {0};
  uint64_t columns = lower_last_dim(&op->operands[0]->type);
  if (!prepared_get_sizes(&c->recipe->prepared, columns, &sizes)) fail_size(p);
  ir_step *s = new_step(p, c, "prepare", 2, 7);
  add_buffer(s, place_of(p, op->operands[0]));
  add_buffer(s, place_of(p, op->results[0]));
  const uint64_t all[] = {columns,
                          stride_of(p, op->operands[0]),
                          sizes.row_bytes,
                          sizes.scales_offset,
                          sizes.isums_offset,
                          sizes.fsums_offset,
                          sizes.positions};
  for (size_t i = 0; i < 7; i++) add_size(s, constant(all[i]));
  s->work = lower_leading(&op->operands[0]->type);
}

static void add_product_buffers(planner *p, ir_step *s, const ir_op *op, const ir_weight *w) {
  ir_ref weights = {.space = IR_SPACE_WEIGHTS, .offset = {.fixed = w->offset}};
  add_buffer(s, &weights);
  add_buffer(s, place_of(p, op->operands[0]));
  add_buffer(s, place_of(p, op->results[0]));
  for (size_t i = 1; i < op->operand_count; i++) add_buffer(s, place_of(p, op->operands[i]));
}

// Of what is added to the product: the operands behind the bias.
static void add_sum_strides(planner *p, ir_step *s, const ir_op *op) {
  size_t first = ir_attr_int(op, IR_ATTR_HAS_BIAS, 0) != 0 ? 2 : 1;
  for (size_t i = first; i < op->operand_count; i++) add_size(s, constant(stride_of(p, op->operands[i])));
}

static void sparse_step(planner *p, const ir_op *op, const kernel_choice *c) {
  const ir_weight *w = ir_find_weight(p->m, ir_get_attr(op, IR_ATTR_WEIGHT)->s);
  sparse_sizes sizes = {0};
  if (!sparse_get_sizes(w->sparse, w->rows, &sizes)) fail_size(p);
  ir_step *s = new_step(p, c, w->layer, 6, 8);
  add_product_buffers(p, s, op, w);
  add_size(s, lower_leading(&op->results[0]->type));
  const uint64_t all[] = {stride_of(p, op->operands[0]), stride_of(p, op->results[0]), sizes.starts_offset,
                          sizes.columns_offset, sizes.values_offset};
  for (size_t i = 0; i < 5; i++) add_size(s, constant(all[i]));
  add_sum_strides(p, s, op);
  s->work = constant(w->rows);
  uint64_t row_bytes = sizes.bytes / w->rows + 1;
  s->grain = row_bytes >= GRAIN_BYTES ? 1 : GRAIN_BYTES / row_bytes;
}

static void matmul_step(planner *p, const ir_op *op, const kernel_choice *c) {
  const ir_weight *w = ir_find_weight(p->m, ir_get_attr(op, IR_ATTR_WEIGHT)->s);
  const packing *pack = &c->recipe->pack;
  prepared_sizes sizes = {0};
  uint64_t positions = 0, tile = 1;
  if (!prepared_get_sizes(&c->recipe->prepared, w->columns, &sizes) ||
      !packing_positions(pack, w->columns, &positions) || !packing_tile_bytes(pack, w->columns, &tile))
    fail_size(p);
  ir_step *s = new_step(p, c, w->layer, 6, 11);
  add_product_buffers(p, s, op, w);
  add_size(s, lower_leading(&op->results[0]->type));
  const uint64_t all[] = {w->rows,
                          positions,
                          tile,
                          sizes.row_bytes,
                          sizes.scales_offset,
                          sizes.isums_offset,
                          sizes.fsums_offset,
                          stride_of(p, op->results[0])};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) add_size(s, constant(all[i]));
  add_sum_strides(p, s, op);
  s->work = constant(num_ceil_div(w->rows, pack->rows));
  s->grain = tile >= GRAIN_BYTES ? 1 : GRAIN_BYTES / (tile == 0 ? 1 : tile);
}

static void rows_step(planner *p, const ir_op *op, const kernel_choice *c) {
  ir_step *s = new_step(p, c, ir_op_get_info(op->code)->name, 4, 2);
  const ir_type *t = &op->operands[0]->type;
  add_buffer(s, place_of(p, op->operands[0]));
  add_buffer(s, place_of(p, op->results[0]));
  for (size_t i = 1; i < op->operand_count; i++) add_buffer(s, place_of(p, op->operands[i]));
  if (op->code == IR_TAKE) {
    const ir_weight *index = ir_find_weight(p->m, ir_get_attr(op, IR_ATTR_WEIGHT)->s);
    ir_ref ref = {.space = IR_SPACE_WEIGHTS, .offset = {.fixed = index->offset}};
    add_buffer(s, &ref);
  }
  add_size(s, constant(lower_last_dim(t)));
  bool second = op->operand_count > 1 && op->code != IR_LAYERNORM && op->code != IR_RMSNORM;
  if (second) add_size(s, lower_leading(&op->operands[1]->type));
  s->work = lower_leading(t);
}

static void copy_step(planner *p, const ir_value *from, const ir_ref *to) {
  kernel_choice c = lower_copy_kernel(p->m->mem);
  ir_step *s = new_step(p, &c, "copy", 2, 1);
  add_buffer(s, place_of(p, from));
  add_buffer(s, to);
  add_size(s, constant(lower_last_dim(&from->type)));
  s->work = lower_leading(&from->type);
}

static void plan_op(planner *p, const ir_op *op, uint64_t at) {
  if (op->code == IR_RETURN) return;
  const ir_value *result = op->results[0];
  if (op->code == IR_CONST) {
    const ir_weight *w = ir_find_weight(p->m, ir_get_attr(op, IR_ATTR_WEIGHT)->s);
    set_place(p, result, (ir_ref){.space = IR_SPACE_WEIGHTS, .offset = {.fixed = w->offset}});
    return;
  }
  if (op->code == IR_SLICE) {
    place_part(p, result, op->operands[0], (uint64_t)ir_attr_int(op, IR_ATTR_FROM, 0));
    return;
  }
  if (op->code == IR_CONCAT) return; // its operands were computed in their places
  if (same_storage(op)) {
    if (place_of(p, result) == NULL) set_place(p, result, *place_of(p, op->operands[0]));
    return;
  }
  kernel_choice c = lower_choose_kernel(p->m->mem, p->m, op);
  if (place_of(p, result) == NULL) place_result(p, result, at, &c);
  if (op->code == IR_PREPARE) {
    prepare_step(p, op, &c);
  } else if (op->code == IR_MATMUL) {
    matmul_step(p, op, &c);
  } else if (op->code == IR_SPARSE) {
    sparse_step(p, op, &c);
  } else {
    rows_step(p, op, &c);
  }
}

// ---- inputs and outputs ----------------------------------------------------------------------------------

static void place_inputs(planner *p) {
  const ir_block *b = p->f->body;
  p->plan->input_count = b->param_count;
  p->plan->inputs = ARENA_ARRAY(p->m->mem, ir_port, b->param_count);
  for (size_t i = 0; i < b->param_count; i++) {
    p->plan->inputs[i] = (ir_port){.name = b->params[i]->name, .type = b->params[i]->type};
    set_place(p, b->params[i], (ir_ref){.space = IR_SPACE_INPUT, .index = (unsigned)i});
  }
}

// A returned value that an operation computes is computed in the output itself, if nothing else claims it.
static void place_outputs(planner *p, const ir_op *ret) {
  p->plan->output_count = ret->operand_count;
  p->plan->outputs = ARENA_ARRAY(p->m->mem, ir_port, ret->operand_count);
  for (size_t i = 0; i < ret->operand_count; i++) {
    const ir_value *v = ret->operands[i];
    p->plan->outputs[i] = (ir_port){.name = p->f->output_names[i], .type = v->type};
    bool computed = v->def != NULL && v->def->code != IR_CONST && !same_storage(v->def);
    if (computed && place_of(p, v) == NULL) set_place(p, v, (ir_ref){.space = IR_SPACE_OUTPUT, .index = (unsigned)i});
  }
}

static void copy_outputs(planner *p, const ir_op *ret) {
  for (size_t i = 0; i < ret->operand_count; i++) {
    const ir_ref *at = place_of(p, ret->operands[i]);
    ir_ref out = {.space = IR_SPACE_OUTPUT, .index = (unsigned)i};
    if (at->space != IR_SPACE_OUTPUT || at->index != i) copy_step(p, ret->operands[i], &out);
  }
}

static void place_workspace(planner *p) {
  // The scaled part lies behind the fixed one.
  for (size_t i = 0; i < p->plan->steps.len; i++) {
    ir_step *s = p->plan->steps.data[i];
    for (size_t j = 0; j < s->buffer_count; j++)
      if (s->buffers[j].space == IR_SPACE_WORKSPACE && (s->buffers[j].offset.fixed & SCALED_MARK) != 0)
        s->buffers[j].offset.fixed += p->fixed_size - SCALED_MARK;
  }
  p->plan->workspace = (ir_size){.fixed = p->fixed_size, .per_batch = p->scaled_size};
}

// Slices and what is put side by side are never copied, so only products may read and write them.
static bool check_views(planner *p) {
  const ir_block *block = p->f->body;
  ptr_map uses = lower_count_uses(p->m->mem, block);
  for (size_t i = 0; i < block->ops.len; i++) {
    const ir_op *op = block->ops.data[i];
    for (size_t j = 0; j < op->operand_count; j++) {
      const ir_op *def = op->operands[j]->def;
      bool product = op->code == IR_PREPARE || op->code == IR_MATMUL || op->code == IR_SPARSE;
      bool reads = def == NULL || def->code != IR_SLICE || product || op->code == IR_SLICE;
      bool writes = op->code != IR_CONCAT ||
                    (def != NULL && (def->code == IR_MATMUL || def->code == IR_SPARSE || def->code == IR_CONCAT) &&
                     lower_use_count(&uses, op->operands[j]) == 1);
      if (reads && writes) continue;
      diag_error(p->d, op->loc, "no kernel of '%s' %s", ir_op_get_info(op->code)->name,
                 reads ? "takes other values than products that nobody else needs" : "reads a slice");
      return false;
    }
  }
  return true;
}

bool pass_plan(diag *d, ir_module *m, const lower_options *o) {
  (void)o;
  ir_func *f = ir_find_model(m);
  if (f == NULL) return true;
  planner p = {.d = d, .m = m, .f = f, .ok = true};
  p.plan = ARENA_NEW(m->mem, ir_plan);
  p.refs.mem = m->mem;
  p.strides.mem = p.last_uses.mem = p.concats.mem = m->mem;
  p.plan->max_batch = m->max_batch;
  if (!check_views(&p)) return false;
  const ir_op *ret = f->body->ops.data[f->body->ops.len - 1];
  find_uses(&p);
  place_weights(&p);
  place_inputs(&p);
  place_outputs(&p, ret);
  for (size_t i = 0; i < f->body->ops.len; i++) plan_op(&p, f->body->ops.data[i], i);
  copy_outputs(&p, ret);
  place_workspace(&p);
  m->plan = p.plan;
  return p.ok;
}
