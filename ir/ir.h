// The quantized IR: modules of schemes, weights, recipes, functions (networks and kernels) and a plan.
// Typed SSA; a text form (ir_print) that parses back (ir_parse) to the same module; a verifier.
#ifndef QCC_IR_IR_H
#define QCC_IR_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/elem.h"
#include "format/recipe.h"
#include "format/scheme.h"
#include "support/arena.h"
#include "support/diag.h"
#include "support/map.h"
#include "support/vec.h"

// ---- types -----------------------------------------------------------------------------------------------
typedef enum ir_type_kind {
  IR_TENSOR,   // rank dims of elem; dims[0] may be -1, the batch
  IR_PREPARED, // activations in a kernel's form, made by `prepare`; dims as the tensor it was made from
  IR_VECTOR,   // `lanes` of elem (I8 I16 I32 I64 F16 BF16 F32 F64; integers are signless), or of U1: truth values
  IR_INDEX,
  IR_BUFFER // memory that a kernel was given
} ir_type_kind;

#define IR_MAX_RANK 4
#define IR_BATCH (-1)

typedef struct ir_type {
  ir_type_kind kind;
  elem_type elem;
  uint32_t lanes;
  unsigned rank;
  int64_t dims[IR_MAX_RANK];
} ir_type;

ir_type ir_vector(elem_type elem, uint32_t lanes);
ir_type ir_tensor(elem_type elem, unsigned rank, const int64_t *dims);
ir_type ir_index(void);
ir_type ir_buffer(void);
bool ir_type_equal(const ir_type *a, const ir_type *b);

// ---- operations ------------------------------------------------------------------------------------------
typedef enum ir_opcode {
#define OP(id, text, level, min, max, results, flags) IR_##id,
#include "ir/ops.def"
#undef OP
  IR_OPCODE_COUNT
} ir_opcode;

enum ir_op_flags {
  IR_FLAG_PURE = 1,
  IR_FLAG_COMMUTES = 2,
  IR_FLAG_REGION = 4,
  IR_FLAG_TERMINATOR = 8,
  IR_FLAG_SIDE_EFFECT = 16
};

typedef struct ir_op_info {
  const char *name;
  char level; // 'T' or 'V'
  int min_operands;
  int max_operands;
  int results; // -1: varies
  unsigned flags;
} ir_op_info;

const ir_op_info *ir_op_get_info(ir_opcode code);
ir_opcode ir_opcode_by_name(const char *name); // IR_OPCODE_COUNT if there is none

typedef enum ir_attr_key {
#define ATTR(id, text, kind) IR_ATTR_##id,
#include "ir/attrs.def"
#undef ATTR
  IR_ATTR_COUNT
} ir_attr_key;

typedef enum ir_attr_kind {
  IR_ATTR_KIND_INT,
  IR_ATTR_KIND_REAL,
  IR_ATTR_KIND_SYM,
  IR_ATTR_KIND_BYTES,
  IR_ATTR_KIND_REALS,
  IR_ATTR_KIND_ACT,
  IR_ATTR_KIND_WORD
} ir_attr_kind;

const char *ir_attr_name(ir_attr_key key);
ir_attr_kind ir_attr_get_kind(ir_attr_key key);

typedef struct ir_attr {
  ir_attr_key key;
  int64_t i;           // INT
  double r;            // REAL
  const char *s;       // SYM, WORD
  const uint8_t *data; // BYTES
  const double *reals; // REALS
  size_t count;        // BYTES, REALS
  act_spec act;        // ACT
} ir_attr;

typedef struct ir_op ir_op;

typedef struct ir_value {
  ir_type type;
  const char *name; // unique within the function once printed; may be NULL before
  ir_op *def;       // NULL for block parameters
} ir_value;

// A straight list of operations with parameters (loop index, carried values, function parameters).
typedef struct ir_block {
  size_t param_count;
  size_t param_room; // of params[], where they were added one by one
  ir_value **params;
  VEC(ir_op *) ops;
} ir_block;

struct ir_op {
  ir_opcode code;
  size_t operand_count;
  ir_value **operands;
  size_t result_count;
  ir_value **results;
  size_t attr_count;
  ir_attr *attrs;
  ir_block *body; // IR_FLAG_REGION
  src_loc loc;
};

typedef enum ir_func_kind {
  IR_FUNC_MODEL, // tensor operations; parameters are the inputs, `return` gives the outputs
  // Vector operations. Parameters: first all buffers (slot order), then all sizes (indices, slot order), last the two
  // indices `begin` and `end` of the work range. Calling convention: qrt_kernel in runtime/qrt.h.
  IR_FUNC_KERNEL
} ir_func_kind;

typedef struct ir_func {
  const char *name;
  ir_func_kind kind;
  ir_block *body;
  size_t output_count;
  const char **output_names; // MODEL
  src_loc loc;
} ir_func;

// ---- weights ---------------------------------------------------------------------------------------------
// A stored constant. With a scheme: a matrix W[rows][columns], packed by a recipe. Without: f32 numbers, kept as they are.
// A weight may be stored as one and multiplied in parts (format/scheme_parts.h). Then each part is a weight of its own; the
// whole has no bytes in the packed file.
typedef struct ir_part {
  const char *whole; // name of the weight
  unsigned index;    // number among its parts
} ir_part;

typedef struct ir_weight {
  const char *name;  // as used by operations: the tensor's name in the weights file, e.g. "fc1.weight"
  const char *layer; // the name that `quantize` matches, e.g. "fc1"
  // A constant that is made from the fields of the weight `of`: the factor of a step of its scheme, such as "input 0".
  // One row; i32 numbers for a gather, f32 for others. NULL for what a file stores.
  const char *of;
  const char *step;
  const char *source; // index of the file it comes from, see ir_module.sources
  const scheme *scheme;
  const scheme_layout *layout;  // how the file stores it; NULL: float weights to be encoded, or f32 kept
  const recipe *recipe;         // chosen by lowering
  const ir_part *part;          // NULL: it is no part of another
  const sparse_packing *sparse; // a part that is a list of entries
  size_t count_count;           // 0, or as many as the scheme has fields:
  const uint64_t *counts;       // granules that the file has of each sparse field; NULL: as many as its density says
  uint64_t rows;
  uint64_t columns;
  uint64_t offset; // in the packed file, bytes, 64-aligned; set by the plan
  uint64_t size;
  src_loc loc;
} ir_weight;

// ---- the plan: what a compiled model does, step by step --------------------------------------------------
// fixed + per_batch * batch
typedef struct ir_size {
  uint64_t fixed;
  uint64_t per_batch;
} ir_size;

typedef enum ir_space { IR_SPACE_NONE, IR_SPACE_INPUT, IR_SPACE_OUTPUT, IR_SPACE_WEIGHTS, IR_SPACE_WORKSPACE } ir_space;

typedef struct ir_ref {
  ir_space space;
  unsigned index; // which input or output
  ir_size offset; // bytes
} ir_ref;

typedef struct ir_step {
  const char *kernel;
  const char *layer; // for people: what this step computes
  size_t buffer_count;
  ir_ref *buffers;
  size_t size_count;
  ir_size *sizes;
  ir_size work;   // the kernel's range is 0 .. work
  uint64_t grain; // smallest piece worth giving to a thread
} ir_step;

typedef struct ir_port {
  const char *name;
  ir_type type;
} ir_port;

typedef struct ir_plan {
  size_t input_count;
  ir_port *inputs;
  size_t output_count;
  ir_port *outputs;
  VEC(ir_step *) steps;
  ir_size workspace;
  uint64_t weights_size;
  uint64_t max_batch; // 0: no bound was given
  src_loc loc;        // of a plan that is read
} ir_plan;

// Weights by their names: the first `known` ones.
typedef struct ir_lookup {
  name_map weights;
  size_t known;
} ir_lookup;

typedef struct ir_module {
  arena *mem;
  const char *name;
  VEC(const scheme *) schemes;
  VEC(const char *) sources; // weight files, as written in the model
  VEC(ir_weight *) weights;
  VEC(recipe *) recipes;
  VEC(ir_func *) funcs; // the model, then kernels
  ir_plan *plan;        // NULL before lowering made one
  uint64_t max_batch;   // bound of the symbolic batch dimension; 1: no batch dimension
  ir_lookup *lookup;    // what was there when something was looked for
  src_loc loc;          // of a module that is read
} ir_module;

/* ir.c */
ir_module *ir_module_new(arena *mem, const char *name);
const scheme *ir_find_scheme(const ir_module *m, const char *name);
// By a table, to which weights that were added since are added first: two threads may look at the same time if one has
// looked before and none were added since.
ir_weight *ir_find_weight(const ir_module *m, const char *name);
// Whether the weight is stored as one and packed in parts.
bool ir_has_parts(const ir_module *m, const ir_weight *w);
const recipe *ir_find_recipe(const ir_module *m, const char *name);
// The step that a weight with `of` is made for, and whether it is one of the input; NULL without or when there is none.
const transform_step *ir_weight_step(const ir_module *m, const ir_weight *w, bool *input);
ir_func *ir_find_func(const ir_module *m, const char *name);
ir_func *ir_find_model(const ir_module *m);                   // NULL if there is none
const ir_attr *ir_get_attr(const ir_op *op, ir_attr_key key); // NULL if absent
int64_t ir_attr_int(const ir_op *op, ir_attr_key key, int64_t otherwise);

/* build.c: makes operations at the end of a block */
typedef struct ir_builder {
  arena *mem;
  ir_func *func;
  ir_block *block;
  src_loc loc;
} ir_builder;

ir_func *ir_func_new(ir_module *m, const char *name, ir_func_kind kind);
ir_value *ir_add_param(ir_builder *b, ir_block *block, ir_type type, const char *name);
// Appends an operation with one result of `type` (or none when type is NULL).
ir_value *ir_emit(ir_builder *b, ir_opcode code, const ir_type *type, size_t count, ir_value *const *operands,
                  size_t attr_count, const ir_attr *attrs);
ir_value *ir_emit1(ir_builder *b, ir_opcode code, ir_type type, ir_value *x);
ir_value *ir_emit2(ir_builder *b, ir_opcode code, ir_type type, ir_value *x, ir_value *y);
ir_value *ir_emit3(ir_builder *b, ir_opcode code, ir_type type, ir_value *x, ir_value *y, ir_value *z);
ir_value *ir_emit_attr(ir_builder *b, ir_opcode code, ir_type type, ir_value *x, ir_attr attr); // x may be NULL
ir_value *ir_index_const(ir_builder *b, uint64_t value);
ir_value *ir_vector_int(ir_builder *b, ir_type type, int64_t value);
ir_value *ir_vector_real(ir_builder *b, ir_type type, double value);
ir_attr ir_int(ir_attr_key key, int64_t value);
ir_attr ir_real(ir_attr_key key, double value);
ir_attr ir_sym(ir_attr_key key, const char *name);
ir_attr ir_bytes(ir_attr_key key, const uint8_t *data, size_t count);
ir_attr ir_reals(ir_attr_key key, const double *data, size_t count);
// Opens a loop: the builder then appends to its body; *index is the loop variable, carried[i] the block parameter of
// inits[i]. ir_end_for appends the yield, closes the body and gives the loop's results in results[i].
typedef struct ir_loop {
  ir_op *op;
  ir_block *outer;
  ir_value *index;
} ir_loop;
ir_loop ir_begin_for(ir_builder *b, ir_value *lo, ir_value *hi, ir_value *step, size_t count, ir_value *const *inits,
                     ir_value **carried);
void ir_end_for(ir_builder *b, ir_loop loop, size_t count, ir_value *const *yields, ir_value **results);

/* print.c */
// The whole module, or one function, as text. ir_parse(ir_print(m)) prints the same text again.
const char *ir_print(arena *a, const ir_module *m);
const char *ir_print_func(arena *a, const ir_module *m, const ir_func *f);

/* parse (flex, bison) */
// NULL (reported with line, column and caret) on a syntax or reference error. `text` need not be NUL-terminated.
ir_module *ir_parse(diag *d, arena *mem, const char *name, const char *text, size_t length);

/* verify.c */
// Types, operand counts, attributes, dominance, symbols, shapes, plan ranges. False (reported) when something is wrong.
bool ir_verify(diag *d, const ir_module *m);

#endif
