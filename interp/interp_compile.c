// From operations to instructions: every value gets a place, every operation the addresses of its operands. The kernel
// has passed the verifier, so operand counts, types and attributes are what the operations' rules say.
#include <string.h>

#include "format/int_math.h"
#include "interp/inside.h"
#include "support/fp.h"

static bool compile_block(interp *vm, const ir_block *block, insn_list *out);

// ---- places ----------------------------------------------------------------------------------------------

static place new_place(interp *vm, const ir_type *type) {
  if (interp_is_wide(type)) return (place){.wide = ARENA_ARRAY(vm->mem, uint64_t, type->lanes)};
  if (type->kind == IR_VECTOR) return (place){.lanes = ARENA_ARRAY(vm->mem, uint32_t, type->lanes)};
  return (place){.index = ARENA_NEW(vm->mem, uint64_t)};
}

static size_t place_bytes(const ir_type *type) {
  if (type->kind != IR_VECTOR) return sizeof(uint64_t);
  return type->lanes * (interp_is_wide(type) ? sizeof(uint64_t) : sizeof(uint32_t));
}

static void set_place(interp *vm, const ir_value *v, place where) {
  ptr_map_set(&vm->slots, v, vm->places.len);
  vec_push(vm->mem, &vm->places, where);
}

static place define(interp *vm, const ir_value *v) {
  place where = new_place(vm, &v->type);
  set_place(vm, v, where);
  return where;
}

static place place_of(const interp *vm, const ir_value *v) { return vm->places.data[ptr_map_get(&vm->slots, v, 0)]; }

// ---- attributes and constants ----------------------------------------------------------------------------

static uint32_t mask_of(unsigned bits) { return bits >= 32 ? UINT32_MAX : (UINT32_C(1) << bits) - 1; }

static unsigned elem_bits(const ir_type *type) { return type->kind == IR_VECTOR ? elem_get(type->elem)->bits : 0; }

// The lane of a constant vector: integers modulo 2^bits, real numbers rounded to the element.
static uint64_t constant_lane(const ir_op *op) {
  const ir_type *type = &op->results[0]->type;
  const ir_attr *real = ir_get_attr(op, IR_ATTR_REAL);
  if (real != NULL) return elem_encode(type->elem, real->r);
  return int_low_bits((uint64_t)ir_attr_int(op, IR_ATTR_VALUE, 0), elem_bits(type));
}

// Constants are in their place from the start.
static void fill_constant(insn *in) {
  bool same = in->op->code == IR_SPLAT_CONST;
  uint64_t lane = same ? constant_lane(in->op) : 0;
  for (uint32_t i = 0; i < in->lanes; i++) {
    uint64_t x = same ? lane : int_low_bits(i, in->lane.bits);
    if (in->dst_wide)
      in->dst.wide[i] = x;
    else
      in->dst.lanes[i] = (uint32_t)x;
  }
}

static void set_levels(interp *vm, insn *in) {
  const ir_attr *levels = ir_get_attr(in->op, IR_ATTR_LEVELS);
  if (levels == NULL) return;
  uint32_t *words = ARENA_ARRAY(vm->mem, uint32_t, levels->count);
  for (size_t i = 0; i < levels->count; i++) words[i] = fp_bits32((float)levels->reals[i]);
  in->words = words;
  in->count = (uint32_t)levels->count;
}

static void set_table(insn *in) {
  const ir_attr *table = ir_get_attr(in->op, IR_ATTR_TABLE);
  if (table == NULL) return;
  in->bytes = table->data;
  in->count = (uint32_t)table->count;
}

static void set_attrs(interp *vm, insn *in) {
  in->lane.shift = (uint32_t)ir_attr_int(in->op, IR_ATTR_SHIFT, 0);
  in->index = (uint64_t)ir_attr_int(in->op, IR_ATTR_VALUE, 0);
  in->lane.constant = (uint32_t)ir_attr_int(in->op, IR_ATTR_UMAX, 255);
  if (in->op->code == IR_BITS) in->lane.constant = (uint32_t)ir_attr_int(in->op, IR_ATTR_MASK, 0);
  in->align = (uint32_t)ir_attr_int(in->op, IR_ATTR_ALIGN, 1);
  set_table(in);
  set_levels(vm, in);
  if (in->op->code == IR_SPLAT_CONST || in->op->code == IR_IOTA) fill_constant(in);
}

// ---- shapes ----------------------------------------------------------------------------------------------

static const ir_type *first_vector(const ir_op *op) {
  for (size_t i = 0; i < op->operand_count; i++)
    if (op->operands[i]->type.kind == IR_VECTOR) return &op->operands[i]->type;
  return NULL;
}

static void set_shape(insn *in) {
  const ir_type *arg = first_vector(in->op);
  const ir_type *type = in->op->result_count > 0 ? &in->op->results[0]->type : arg;
  if (arg != NULL) {
    in->arg_lanes = arg->lanes;
    in->lane.arg_bits = elem_bits(arg);
  }
  if (type == NULL) return;
  in->dst_wide = interp_is_wide(type);
  in->lanes = type->lanes;
  in->lane.bits = elem_bits(type);
  in->lane.mask = mask_of(in->lane.bits);
}

// ---- loops -----------------------------------------------------------------------------------------------

static move_list new_moves(interp *vm, size_t count) {
  return (move_list){.count = count, .data = ARENA_ARRAY(vm->mem, place_move, count)};
}

static bool is_param(const ir_block *block, const ir_value *v) {
  for (size_t i = 1; i < block->param_count; i++)
    if (block->params[i] == v) return true;
  return false;
}

// Only a yield of the loop's own parameters can overwrite what a later move still reads.
static bool permutes(const ir_block *block, const ir_op *yield) {
  for (size_t i = 0; i < yield->operand_count; i++)
    if (yield->operands[i] != block->params[i + 1] && is_param(block, yield->operands[i])) return true;
  return false;
}

static void set_yield_moves(interp *vm, insn_loop *loop, const ir_block *block, const ir_op *yield) {
  size_t count = yield->operand_count;
  bool twice = permutes(block, yield);
  loop->restore = new_moves(vm, count);
  if (twice) loop->save = new_moves(vm, count);
  for (size_t i = 0; i < count; i++) {
    const ir_type *type = &block->params[i + 1]->type;
    place from = place_of(vm, yield->operands[i]);
    place through = twice ? new_place(vm, type) : from;
    if (twice) loop->save.data[i] = (place_move){.to = through, .from = from, .bytes = place_bytes(type)};
    loop->restore.data[i] =
        (place_move){.to = place_of(vm, block->params[i + 1]), .from = through, .bytes = place_bytes(type)};
  }
}

static bool compile_loop(interp *vm, insn *in) {
  const ir_op *op = in->op;
  const ir_block *block = op->body;
  insn_loop *loop = in->loop = ARENA_NEW(vm->mem, insn_loop);
  loop->index = define(vm, block->params[0]).index;
  loop->enter = new_moves(vm, op->result_count);
  loop->leave = new_moves(vm, op->result_count);
  for (size_t i = 0; i < op->result_count; i++) {
    place param = define(vm, block->params[i + 1]);
    size_t bytes = place_bytes(&block->params[i + 1]->type);
    loop->enter.data[i] = (place_move){.to = param, .from = place_of(vm, op->operands[i + 3]), .bytes = bytes};
    loop->leave.data[i] = (place_move){.to = define(vm, op->results[i]), .from = param, .bytes = bytes};
  }
  if (!compile_block(vm, block, &loop->body)) return false;
  set_yield_moves(vm, loop, block, block->ops.data[block->ops.len - 1]);
  return true;
}

// ---- blocks ----------------------------------------------------------------------------------------------

static const ir_memory *new_scratch(const interp *vm, const ir_op *op) {
  ir_memory *m = ARENA_NEW(vm->mem, ir_memory);
  *m = ir_unwritten(vm->mem, (uint64_t)ir_attr_int(op, IR_ATTR_VALUE, 0));
  return m;
}

static const ir_memory *new_data(const interp *vm, const ir_op *op) {
  const ir_attr *table = ir_get_attr(op, IR_ATTR_TABLE);
  ir_memory *m = ARENA_NEW(vm->mem, ir_memory);
  m->size = table->count;
  m->data = arena_memdup(vm->mem, table->data, table->count);
  return m;
}

static bool compile_op(interp *vm, const ir_op *op, insn *in) {
  in->op = op;
  in->run = interp_run_of(op);
  if (in->run == NULL) return interp_fail(vm, in, "this operation cannot be interpreted in a kernel");
  for (size_t i = 0; i < op->operand_count && i < 6; i++) {
    in->arg[i] = place_of(vm, op->operands[i]);
    in->arg_wide[i] = interp_is_wide(&op->operands[i]->type);
  }
  if (op->code == IR_FOR) return compile_loop(vm, in);
  if (op->code == IR_SCRATCH) {
    set_place(vm, op->results[0], (place){.buffer = new_scratch(vm, op)});
    return true;
  }
  if (op->code == IR_DATA) {
    set_place(vm, op->results[0], (place){.buffer = new_data(vm, op)});
    return true;
  }
  if (op->result_count > 0) in->dst = define(vm, op->results[0]);
  set_shape(in);
  set_attrs(vm, in);
  return true;
}

static bool compile_block(interp *vm, const ir_block *block, insn_list *out) {
  out->data = ARENA_ARRAY(vm->mem, insn, block->ops.len);
  for (size_t i = 0; i < block->ops.len; i++) {
    const ir_op *op = block->ops.data[i];
    if (ir_op_get_info(op->code)->flags & IR_FLAG_TERMINATOR) break;
    if (!compile_op(vm, op, &out->data[out->count++])) return false;
  }
  return true;
}

bool interp_compile(interp *vm, const ir_memory *buffers, const uint64_t *indices, insn_list *out) {
  const ir_block *body = vm->func->body;
  for (size_t i = 0; i < body->param_count; i++) {
    const ir_value *param = body->params[i];
    if (param->type.kind == IR_BUFFER)
      set_place(vm, param, (place){.buffer = buffers++});
    else
      *define(vm, param).index = *indices++;
  }
  return compile_block(vm, body, out);
}
