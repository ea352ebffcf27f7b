// Value expressions as vector operations: coefficients over coarse fields, and whole values in MODE_DECODE.
#ifndef QCC_KERNEL_EMIT_COARSE_H
#define QCC_KERNEL_EMIT_COARSE_H

#include "kernel/emit_base.h"
#include "recipe/lanes.h"
#include "targets/target.h"

// Integer expressions that were computed for one weight: values name some of them twice.
#define COARSE_MEMO 16
typedef struct coarse_memo {
  size_t count;
  const expr *e[COARSE_MEMO];
  ir_value *value[COARSE_MEMO];
} coarse_memo;

// Words that windows are cut out of: those of the group of weights at hand.
#define COARSE_WINDOWS 4
typedef struct coarse_windows {
  size_t count;
  const expr *e[COARSE_WINDOWS];
  ir_value *value[COARSE_WINDOWS];
  uint64_t group[COARSE_WINDOWS]; // its number
} coarse_windows;

// Where the rows of a vector find their coarse elements. The kernel position within the block is position + ahead, where
// position is a multiple of `aligned`.
typedef struct coarse_place {
  ir_builder *b;
  const recipe *recipe;
  const target_tier *tier; // NULL: not known
  uint32_t lanes;
  ir_value *weights; // the buffer
  ir_value *tile;    // bytes: start of the tile
  ir_value *block;   // bytes: start of the block
  ir_value *const
      *fields;           // bytes from there to the elements of each of the packing's fields; NULL: as in a whole block
  ir_value *position;    // within the block
  uint64_t ahead;        // positions from there to the weights at hand, known while the kernel is emitted
  uint64_t aligned;      // `position` is a multiple of so many; 1: nothing is known
  ir_value *row;         // first row of the vector within the tile
  value_run run;         // what the lanes are
  bool splat;            // every lane is the first row
  uint32_t first_row;    // what the first row is a multiple of, where it is the only one; 0: nothing is known
  ir_value *row_numbers; // a buffer: the numbers 0 .. of a tile's rows as i32; see lo_make_row_numbers
  ir_value *const *tables; // constant tables in memory, NULL where a look-up needs none
  // MODE_DECODE only:
  ir_value *block_position; // kernel position of the block in the row
  coarse_memo *memo;        // NULL: nothing is kept
  coarse_windows *windows;
  ir_value *code;      // the joint code in i32 lanes
  ir_value *code_real; // a float code in f32 lanes
  // The joint code of the weight `back` positions before (after, when negative) within the chunk, or in the one before it within
  // `span` weights.
  ir_value *(*earlier)(void *state, int back, uint64_t span);
  void *state;
} coarse_place;

/* emit_coarse.c */
// The value as f32.
ir_value *lo_expr_real(const coarse_place *p, const expr *e);
// Number `element` of a coarse field's granule (0 for plain fields), one per row: as f32; in its natural lanes, i32 or f32.
ir_value *lo_field_element(const coarse_place *p, unsigned field, uint64_t element);
ir_value *lo_field_lanes(const coarse_place *p, unsigned field, uint64_t element);
// Bytes at which the first row's element of a field that is not the tensor's lies.
ir_value *lo_field_at(const coarse_place *p, const pack_field *pf, const scheme_field *f, uint64_t element);
// As many neighbouring elements as there are lanes, from an offset that is a multiple of `align`: as f32 or i32.
ir_value *lo_load_elements(const coarse_place *p, ir_value *buffer, ir_value *offset, elem_type store, uint64_t align);
// A field of the weight itself, cut out of the joint code of that weight: integers.
ir_value *lo_code_field(const coarse_place *p, unsigned field, ir_value *code);

/* emit_int.c */
// The low 32 bits of an integer expression, as i32.
ir_value *lo_expr_int(const coarse_place *p, const expr *e);
// Whether the expression is a number known while the kernel is emitted (lo_known_at).
bool lo_is_known(const coarse_place *p, const expr *e, int64_t *out);

/* emit_bytes.c */
// Whether the low 16 bits of an integer are an f16 that is neither subnormal nor infinite nor NaN; its number as f32 then.
bool lo_is_plain_f16(const scheme *s, const expr *e);
ir_value *lo_plain_f16(const coarse_place *p, const expr *e);
// A sum that contains the four bytes of one number, by a dot product; NULL: it is none, or the tier has no fast one.
ir_value *lo_byte_sum(const coarse_place *p, const expr *e);

/* emit_run.c */
// Whether an expression of fields is computed for the first weight of the lanes' run, being the same for all of them.
bool lo_is_splat(const coarse_place *p, const expr *e);
// The place of the run's first weight: as the only lane; in every lane.
coarse_place lo_run_row(const coarse_place *p);
coarse_place lo_run_splat(const coarse_place *p);

/* emit_table.c */
// An index: a known part, and a rest in i32 lanes that is a multiple of something.
typedef struct split_index {
  int64_t known;
  uint64_t multiple; // of the rest; 0: there is no rest
  ir_value *rest;
} split_index;
// Without a builder only the known part and the multiple are found.
void lo_split_index(const coarse_place *p, const expr *e, split_index *out);
// A table in memory.
typedef struct coarse_table {
  ir_value *buffer;
  uint64_t offset; // a multiple of 4
  elem_type type;  // of 8, 16 or 32 bits
} coarse_table;
// Gathered elements, and as many neighbouring ones as a run has positions, from where its first one looks: f32 or i32.
ir_value *lo_gather(const coarse_place *p, const coarse_table *g, const expr *index);
ir_value *lo_load_run(const coarse_place *p, const coarse_table *g, const expr *index);
// The element that begins at bit `from` of a word: integers extended to i32, floats as f32.
ir_value *lo_element_of_word(const coarse_place *p, elem_type type, ir_value *word, unsigned from);
// f32 or i32 lanes as the caller wants them.
ir_value *lo_in_lanes(const coarse_place *p, ir_value *x, bool as_int);
// A look-up in a constant table: f32, or i32 when the numbers are integers and `as_int`.
ir_value *lo_table_lookup(const coarse_place *p, const expr *e, bool as_int);
// Whether an expression asks for rows: by n, or by tables that rows have of their own.
bool lo_uses_row(const scheme *s, const expr *e);
// The buffer of row numbers, for what uses rows.
ir_value *lo_make_row_numbers(ir_builder *b, unsigned rows);
// Adds the constant tables that look-ups of an expression need in memory, as buffers of the kernel: out[i] for table i of the
// scheme, where it is not there yet. Runs need all of them.
void lo_make_tables(ir_builder *b, const scheme *s, const expr *e, bool runs, ir_value **out);

/* emit_stored.c */
// The same in a table stored with the tensor.
ir_value *lo_element_lookup(const coarse_place *p, const expr *e, bool as_int);
// The number of a stored table for each lane's index, which is below `count`: element places[index] (NULL: index), as f32 or
// i32.
ir_value *lo_stored_number(const coarse_place *p, unsigned field, ir_value *index, uint64_t count,
                           const double *places);

#endif
