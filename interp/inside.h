// The interpreter's machine code: a kernel precompiled into instructions whose operands are addresses. Internal to interp/.
#ifndef QCC_INTERP_INSIDE_H
#define QCC_INTERP_INSIDE_H

#include "interp/interp.h"
#include "support/map.h"

typedef struct interp interp;
typedef struct insn insn;

// Where a value lives. Vector lanes are 32 bits wide here whatever the element, the element's bits with zeros above, but
// those of i64 and f64, which are 64.
typedef union place {
  uint32_t *lanes;
  uint64_t *wide;
  uint64_t *index;
  const ir_memory *buffer;
  void *bytes;
} place;

// Executes one instruction; false when it reported an error.
typedef bool (*insn_run)(interp *vm, const insn *in);

typedef struct insn_list {
  size_t count;
  insn *data;
} insn_list;

// Moves `bytes` bytes from one value's place to another's.
typedef struct place_move {
  place to;
  place from;
  size_t bytes;
} place_move;

typedef struct move_list {
  size_t count;
  place_move *data;
} move_list;

typedef struct insn_loop {
  insn_list body;
  uint64_t *index;
  move_list enter;   // initial values to the carried parameters
  move_list save;    // what the yield moves, first to temporaries: a turn may permute its parameters
  move_list restore; // then from there to the parameters
  move_list leave;   // carried parameters to the results
} insn_loop;

// The numbers that single lanes are computed with; small, so that loops copy it where no store can change it.
typedef struct lane_params {
  uint32_t mask;     // the bits of the result's element
  unsigned bits;     // of the result's element (the stored vector's for stores)
  unsigned arg_bits; // of the first vector operand's element
  uint32_t shift;
  uint32_t constant; // the mask of `bits`, the bound of `dot4`
} lane_params;

struct insn {
  insn_run run;
  place dst;
  place arg[6];
  bool dst_wide; // lanes of 64 bits; for stores, those of the stored vector
  bool arg_wide[6];
  uint32_t lanes;     // of the result; for stores, of the stored vector
  uint32_t arg_lanes; // of the first vector operand
  lane_params lane;
  uint32_t count; // of bytes or words
  const uint8_t *bytes;
  const uint32_t *words;
  uint64_t index; // an index constant
  uint32_t align; // of a load or store, 1 where nothing is promised
  insn_loop *loop;
  const ir_op *op;
};

struct interp {
  arena *mem;
  diag *d;
  const ir_func *func;
  uint64_t steps; // instructions executed
  uint64_t max_steps;
  uint64_t *scratch; // VERIFY_MAX_LANES lanes
  ptr_map slots;     // ir_value -> index into places
  VEC(place) places;
};

// Whether the lanes of a value are 64 bits wide here.
bool interp_is_wide(const ir_type *type);

// How an operation is executed; NULL for operations of the tensor level and for `yield`.
insn_run interp_run_of(const ir_op *op);

// ir_interpret that gives up after `max_steps` instructions.
bool interp_run_kernel(diag *d, const ir_func *kernel, size_t buffer_count, const ir_memory *buffers, size_t size_count,
                       const uint64_t *sizes, uint64_t begin, uint64_t end, uint64_t max_steps);

// Reports that an instruction failed, naming kernel and operation. Always false.
bool interp_fail(interp *vm, const insn *in, const char *format, ...) __attribute__((format(printf, 3, 4)));

bool interp_run_list(interp *vm, const insn_list *list);

/* interp_compile.c */
// The instructions of vm->func, its parameters bound to buffers and indices in order. False (reported) for an operation
// that kernels do not have.
bool interp_compile(interp *vm, const ir_memory *buffers, const uint64_t *indices, insn_list *out);

/* interp_lanes.c, interp_any.c, interp_memory.c, interp_index.c: the tables that interp_run_of looks into */
extern const insn_run interp_lane_runs[IR_OPCODE_COUNT]; // lanes of 32 bits
extern const insn_run interp_any_runs[IR_OPCODE_COUNT];  // lanes of any width
extern const insn_run interp_memory_runs[IR_OPCODE_COUNT];
extern const insn_run interp_index_runs[IR_OPCODE_COUNT];

#endif
