// Inside codegen: the state of emitting one kernel, and the helpers that operations share.
#ifndef QCC_CODEGEN_EMIT_H
#define QCC_CODEGEN_EMIT_H

#include "codegen/codegen.h"
#include "codegen/llvm.h"
#include "codegen/pattern.h"
#include "runtime/qrt.h"
#include "support/map.h"
#include "support/vec.h"

// Access to a buffer slot.
typedef struct emit_slot {
  LLVMValueRef pointer;
  bool written;
  LLVMValueRef scope;    // metadata: this buffer's alias scope, in a list
  LLVMValueRef distinct; // metadata: scopes of the buffers that share no byte with this one
} emit_slot;

// An IR value's LLVM value and, for indices, a power of two that divides it. `slot`: for buffers.
typedef struct emit_binding {
  LLVMValueRef value;
  uint64_t align;
  emit_slot *slot;
} emit_binding;

typedef struct emit {
  arena *mem;
  diag *diag;
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMBuilderRef builder;
  const target *target;
  const target_tier *tier;
  pattern_cache *patterns;
  bool big_endian;
  const ir_func *func;
  LLVMValueRef function;
  const ir_op *op; // in work
  ptr_map numbers; // ir_value -> index into bindings
  VEC(emit_binding) bindings;
  size_t slot_count;
  emit_slot slots[QRT_MAX_BUFFERS];
  bool failed;
} emit;

// Emits one operation; returns the value of its result, NULL when it has none (or binds its results itself).
typedef LLVMValueRef (*emit_fn)(emit *e, const ir_op *op);

#define EMIT(id, function) LLVMValueRef function(emit *e, const ir_op *op);
#include "codegen/emit.def"
#undef EMIT

/* emit.c */
// One kernel function under the symbol; NULL (reported) when the kernel is malformed.
LLVMValueRef emit_kernel(emit *e, const ir_func *f, const char *symbol);
// The emitter of an operation; NULL for operations of tensors and for those that end a block.
emit_fn emit_get(ir_opcode code);
// Emits the operations of a block up to its terminator, which is returned.
const ir_op *emit_block(emit *e, const ir_block *block);
// Reports a broken invariant of the compiler itself at the operation in work.
void emit_broken(emit *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
// A buffer, whose accesses go through the slot.
void emit_bind_buffer(emit *e, const ir_value *v, emit_slot *slot);
void emit_bind(emit *e, const ir_value *v, LLVMValueRef value, uint64_t align);
const emit_binding *emit_lookup_value(const emit *e, const ir_value *v);
LLVMValueRef emit_operand(const emit *e, const ir_op *op, size_t index);

/* llvm_value.c: types, constants, lane groups. Vectors of one lane are LLVM scalars. */
LLVMTypeRef emit_int_type(const emit *e, unsigned bits);
LLVMTypeRef emit_elem_type(const emit *e, elem_type elem); // f16 and bf16 are their bits, i16
LLVMTypeRef emit_lanes_type(LLVMTypeRef elem, uint32_t lanes);
LLVMTypeRef emit_type(const emit *e, const ir_type *t);
LLVMTypeRef emit_result_type(const emit *e, const ir_op *op);
LLVMTypeRef emit_int_like(const emit *e, LLVMTypeRef t, unsigned bits); // integers of `bits`, as many lanes as `t`
LLVMTypeRef emit_float_like(const emit *e, LLVMTypeRef t);              // f32, as many lanes as `t`
LLVMTypeRef emit_double_like(const emit *e, LLVMTypeRef t);             // f64, as many lanes as `t`
uint32_t emit_lanes(LLVMTypeRef t);                                     // at least, for scalable vectors
LLVMTypeRef emit_element(LLVMTypeRef t);
unsigned emit_bits(LLVMTypeRef elem);
LLVMValueRef emit_int(const emit *e, LLVMTypeRef t, uint64_t value);  // in every lane
LLVMValueRef emit_float(const emit *e, LLVMTypeRef t, uint32_t bits); // f32 by its bits, in every lane
LLVMValueRef emit_real(const emit *e, LLVMTypeRef t, double value);   // a number of f32 or f64, in every lane
LLVMValueRef emit_index(const emit *e, uint64_t value);
LLVMValueRef emit_iota(const emit *e, LLVMTypeRef t); // 0, 1, 2, .. in integer lanes
LLVMValueRef emit_splat(emit *e, LLVMValueRef scalar, uint32_t lanes);
LLVMValueRef emit_lane(emit *e, LLVMValueRef v, uint32_t lane);
LLVMValueRef emit_slice(emit *e, LLVMValueRef v, uint32_t first, uint32_t count);
LLVMValueRef emit_concat(emit *e, LLVMValueRef *pieces, uint32_t count);
// The same bits as another type, lane 0 lowest on every machine.
LLVMValueRef emit_cast(emit *e, LLVMValueRef v, LLVMTypeRef t);
// A binary operation or a conversion; on one scalar when all operands are the same in every lane.
LLVMValueRef emit_binary(emit *e, LLVMOpcode code, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_convert(emit *e, LLVMOpcode code, LLVMValueRef x, LLVMTypeRef t);
// Lanes from or to the byte order of memory, which is little endian on every machine.
LLVMValueRef emit_little(emit *e, LLVMValueRef v);
// Elements of a table, repeated to fill the type.
LLVMValueRef emit_table_vector(emit *e, const pattern_table *table, LLVMTypeRef t);

/* llvm_call.c */
// Calls an intrinsic by its full name; arguments are cast to its parameters where only the type differs.
LLVMValueRef emit_call(emit *e, const char *name, LLVMTypeRef result, LLVMValueRef *args, unsigned count);
// The same for a name that lacks the suffix of its one overloaded type, `t`, which is its result: "llvm.fma".
LLVMValueRef emit_call_on(emit *e, const char *name, LLVMTypeRef t, LLVMValueRef *args, unsigned count);
// "v4f32" for four floats.
const char *emit_type_suffix(const emit *e, LLVMTypeRef t);

/* llvm_address.c */
emit_slot *emit_buffer(const emit *e, const ir_op *op); // of operand 0
LLVMValueRef emit_address(emit *e, const emit_slot *slot, const ir_value *offset);
LLVMValueRef emit_advance(emit *e, LLVMValueRef pointer, LLVMValueRef bytes);
// Alignment that an access of the operation at the offset may assume.
unsigned emit_access_align(const emit *e, const ir_op *op, const ir_value *offset);
LLVMValueRef emit_read(emit *e, LLVMTypeRef t, LLVMValueRef pointer, unsigned align, const emit_slot *slot);
void emit_write(emit *e, LLVMValueRef v, LLVMValueRef pointer, unsigned align, const emit_slot *slot);
// Says what an access to the slot (NULL: none) aliases.
void emit_mark(const emit *e, const emit_slot *slot, LLVMValueRef access);
// Finds out which slots are written; what follows may then use emit_mark.
void emit_make_slots(emit *e);
// Memory on the stack, in the function's entry block.
LLVMValueRef emit_alloca(emit *e, LLVMTypeRef t);

/* llvm_quant.c */
// Constant bytes in memory; equal ones of a module are shared.
LLVMValueRef emit_constant_bytes(emit *e, const uint8_t *bytes, size_t count, unsigned align);

/* llvm_masked.c */
LLVMValueRef emit_masked_load(emit *e, LLVMTypeRef t, LLVMValueRef pointer, LLVMValueRef mask, unsigned align,
                              const emit_slot *slot);
void emit_masked_store(emit *e, LLVMValueRef v, LLVMValueRef pointer, LLVMValueRef mask, unsigned align,
                       const emit_slot *slot);
// One element for each lane of `offsets` (i32 bytes, multiples of `align`): by one operation of the target, or lane by lane.
LLVMValueRef emit_gather(emit *e, LLVMTypeRef t, LLVMValueRef base, LLVMValueRef offsets, unsigned align,
                         const emit_slot *slot, bool at_once);

/* llvm_float.c: of two values, as max.f, minimum.f and maximum.f say */
LLVMValueRef emit_greater(emit *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_minimum(emit *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_maximum(emit *e, LLVMValueRef x, LLVMValueRef y);

/* pattern_emit.c */
// The pattern for the operation's result on this tier, NULL: none. `limit`: its umax or table size.
const target_pattern *emit_find_pattern(const emit *e, const ir_op *op, uint64_t limit);
const target_pattern *emit_find_pattern_of(const emit *e, ir_opcode code, elem_type elem, uint32_t lanes,
                                           uint64_t limit);
bool emit_is_word(const target_pattern *p, const char *word); // the row is this word instead of a sequence
// Applies a pattern's sequence, piece by piece, to the operation's operands. `table` may be NULL.
LLVMValueRef emit_pattern(emit *e, const ir_op *op, const target_pattern *row, const pattern_table *table);

#endif
