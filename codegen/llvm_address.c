// Buffers: addresses, alignment, aliasing.
#include "codegen/emit.h"

#define ALIGN_MAX 64

emit_slot *emit_buffer(const emit *e, const ir_op *op) { return emit_lookup_value(e, op->operands[0])->slot; }

LLVMValueRef emit_advance(emit *e, LLVMValueRef pointer, LLVMValueRef bytes) {
  return LLVMBuildGEP2(e->builder, emit_int_type(e, 8), pointer, &bytes, 1, "");
}

static const ir_op *constant_def(const ir_value *v) {
  return v->def != NULL && v->def->code == IR_INDEX_CONST ? v->def : NULL;
}

// Takes constant addends off an offset, so that they become part of the addressing mode.
static const ir_value *strip_constants(const ir_value *offset, uint64_t *constant) {
  while (offset->def != NULL && offset->def->code == IR_IADD) {
    const ir_value *x = offset->def->operands[0];
    const ir_value *y = offset->def->operands[1];
    const ir_op *c = constant_def(y) != NULL ? constant_def(y) : constant_def(x);
    if (c == NULL) break;
    *constant += (uint64_t)ir_attr_int(c, IR_ATTR_VALUE, 0);
    offset = constant_def(y) != NULL ? x : y;
  }
  return offset;
}

LLVMValueRef emit_address(emit *e, const emit_slot *slot, const ir_value *offset) {
  uint64_t constant = 0;
  const ir_value *rest = strip_constants(offset, &constant);
  LLVMValueRef pointer = slot->pointer;
  if (rest->def != NULL && rest->def->code == IR_IADD) {
    // Two steps: what several accesses share comes first, so that they share its register too.
    pointer = emit_advance(e, pointer, emit_lookup_value(e, rest->def->operands[0])->value);
    rest = rest->def->operands[1];
  }
  pointer = emit_advance(e, pointer, emit_lookup_value(e, rest)->value);
  return constant == 0 ? pointer : emit_advance(e, pointer, emit_index(e, constant));
}

unsigned emit_access_align(const emit *e, const ir_op *op, const ir_value *offset) {
  uint64_t base = e->target->buffer_align != 0 ? e->target->buffer_align : 4;
  uint64_t known = emit_lookup_value(e, offset)->align;
  uint64_t align = known < base ? known : base;
  uint64_t promised = (uint64_t)ir_attr_int(op, IR_ATTR_ALIGN, 1);
  if (promised > align && (promised & (promised - 1)) == 0) align = promised;
  return (unsigned)(align < ALIGN_MAX ? align : ALIGN_MAX);
}

static void set_metadata(const emit *e, LLVMValueRef access, const char *kind, unsigned length, LLVMValueRef node) {
  LLVMSetMetadata(access, LLVMGetMDKindIDInContext(e->context, kind, length), node);
}

void emit_mark(const emit *e, const emit_slot *slot, LLVMValueRef access) {
  if (slot == NULL || slot->scope == NULL) return;
  set_metadata(e, access, "alias.scope", 11, slot->scope);
  if (slot->distinct != NULL) set_metadata(e, access, "noalias", 7, slot->distinct);
  if (!slot->written && LLVMIsALoadInst(access) != NULL)
    set_metadata(e, access, "invariant.load", 14,
                 LLVMMetadataAsValue(e->context, LLVMMDNodeInContext2(e->context, NULL, 0)));
}

LLVMValueRef emit_read(emit *e, LLVMTypeRef t, LLVMValueRef pointer, unsigned align, const emit_slot *slot) {
  LLVMValueRef v = LLVMBuildLoad2(e->builder, t, pointer, "");
  LLVMSetAlignment(v, align);
  emit_mark(e, slot, v);
  return v;
}

void emit_write(emit *e, LLVMValueRef v, LLVMValueRef pointer, unsigned align, const emit_slot *slot) {
  LLVMValueRef s = LLVMBuildStore(e->builder, v, pointer);
  LLVMSetAlignment(s, align);
  emit_mark(e, slot, s);
}

LLVMValueRef emit_alloca(emit *e, LLVMTypeRef t) {
  LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);
  LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(e->function);
  LLVMValueRef first = LLVMGetFirstInstruction(entry);
  if (first != NULL)
    LLVMPositionBuilderBefore(e->builder, first);
  else
    LLVMPositionBuilderAtEnd(e->builder, entry);
  LLVMValueRef memory = LLVMBuildAlloca(e->builder, t, "");
  LLVMPositionBuilderAtEnd(e->builder, here);
  return memory;
}

// ---- slots -----------------------------------------------------------------------------------------------

static void find_writes(emit *e, const ir_block *block) {
  for (size_t i = 0; i < block->ops.len; i++) {
    const ir_op *op = block->ops.data[i];
    bool store =
        op->code == IR_STORE || op->code == IR_STORE_FIRST || op->code == IR_TILE_DOT || op->code == IR_TILE_PAIRS;
    if (store && op->operands[0]->def == NULL) emit_buffer(e, op)->written = true;
    if (op->body != NULL) find_writes(e, op->body);
  }
}

static LLVMMetadataRef node(const emit *e, LLVMMetadataRef *parts, size_t count) {
  return LLVMMDNodeInContext2(e->context, parts, count);
}

static LLVMMetadataRef text_node(const emit *e, const char *text) {
  return LLVMMDStringInContext2(e->context, text, __builtin_strlen(text));
}

// A scope's name makes it the same wherever it is named, so it carries the function's name.
static LLVMMetadataRef make_scope(const emit *e, size_t slot) {
  size_t length;
  const char *function = LLVMGetValueName2(e->function, &length);
  LLVMMetadataRef domain = text_node(e, function);
  domain = node(e, &domain, 1);
  LLVMMetadataRef parts[] = {text_node(e, arena_printf(e->mem, "%s.%zu", function, slot)), domain};
  return node(e, parts, 2);
}

// Two buffers are distinct when the kernel writes one of them.
static void set_scopes(emit *e) {
  LLVMMetadataRef scopes[QRT_MAX_BUFFERS];
  for (size_t i = 0; i < e->slot_count; i++) scopes[i] = make_scope(e, i);
  for (size_t i = 0; i < e->slot_count; i++) {
    LLVMMetadataRef others[QRT_MAX_BUFFERS];
    size_t count = 0;
    for (size_t j = 0; j < e->slot_count; j++)
      if (j != i && (e->slots[i].written || e->slots[j].written)) others[count++] = scopes[j];
    e->slots[i].scope = LLVMMetadataAsValue(e->context, node(e, &scopes[i], 1));
    if (count > 0) e->slots[i].distinct = LLVMMetadataAsValue(e->context, node(e, others, count));
  }
}

void emit_make_slots(emit *e) {
  find_writes(e, e->func->body);
  set_scopes(e);
}
