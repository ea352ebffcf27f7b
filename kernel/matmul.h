// The matmul kernel while it is being emitted: emit_matmul.c has the loops over tiles of rows, matmul_tokens.c those over
// tokens, matmul_row.c the loops along K, matmul_body.c the decoding and the dot products, matmul_scale.c the scales,
// matmul_panel.c what many tokens share.
#ifndef QCC_KERNEL_MATMUL_H
#define QCC_KERNEL_MATMUL_H

#include "kernel/emit_base.h"
#include "kernel/emit_coarse.h"
#include "kernel/kernel.h"
#include "kernel/schedule.h"
#include "recipe/spans.h"

#define MATMUL_MAX_VECTORS 16 // vectors of rows computed at once
#define MATMUL_MAX_TOKENS 16
#define MATMUL_MAX_CHAINS 4
#define MATMUL_QUADS (PACK_CHUNK / 4)
#define MATMUL_LINE 64 // bytes of a cache line

// How bytes are multiplied, see matmul_dots.c.
typedef enum dot_form { DOT_BYTES, DOT_PAIRS, DOT_SIGNED, DOT_WORDS, DOT_FORM_COUNT } dot_form;

typedef ir_value *matmul_grid[MATMUL_MAX_TOKENS][MATMUL_MAX_VECTORS];

// A block that is shorter than the others.
typedef struct matmul_rest {
  ir_value *positions;     // that it has
  ir_value *chunks;        // bytes from its start to its chunks
  ir_value *const *fields; // bytes from its start to each field's elements
} matmul_rest;

// What passes over K are for. Many tokens share decoded weights: a panel of them is filled in one pass, which multiplies
// nothing, and then every turn of tokens multiplies what it finds there.
typedef enum panel_use { PANEL_NONE, PANEL_FILL, PANEL_READ } panel_use;

// Codes that are small floats, see matmul_small.c.
typedef struct small_float small_float;

typedef struct matmul {
  ir_builder b;
  const recipe *r;
  const target_tier *tier;
  const matmul_shape *shape;
  uint32_t lanes;   // rows of a vector
  unsigned vectors; // vectors of rows computed at once
  unsigned tokens;  // tokens computed at once
  unsigned chains;  // independent accumulators per sum
  schedule schedules[SCHEDULE_CLASS_COUNT];
  unsigned dot_count;
  unsigned first_dot[RECIPE_MAX_TERMS];  // of each core
  dot_form form[RECIPE_MAX_TERMS];       // of each core
  unsigned pair_steps[RECIPE_MAX_TERMS]; // DOT_PAIRS: quads whose products fit 16 bits
  uint64_t body;                         // kernel positions of the unrolled inner body
  bool is_large;                         // that body is so large that it is emitted only once
  // MODE_DECODE:
  const expr *value;        // what is decoded of each weight,
  const expr *factor;       // and what its row's sums are multiplied with; NULL: nothing
  const small_float *small; // MODE_FLOAT, MODE_PAIR_DOT: what the levels are when they are not looked up, or NULL
  value_run run;            // along K, vectors are the run, and lanes is 1
  // parameters
  ir_value *weights, *x, *y, *bias, *addend, *residual;
  ir_value *token_count, *row_count, *positions, *tile_bytes, *x_row_bytes, *scales_at, *isums_at, *fsums_at, *y_stride,
      *addend_stride, *residual_stride;
  ir_value *block_count; // of a row; the last one may be shorter
  // where we are
  ir_value *tile_number[MATMUL_MAX_VECTORS]; // the tile of each vector
  ir_value *tile[MATMUL_MAX_VECTORS];        // bytes: start of that tile
  ir_value *row[MATMUL_MAX_VECTORS];         // first row of the vector within it
  ir_value *token[MATMUL_MAX_TOKENS];        // token numbers
  ir_value *x_row[MATMUL_MAX_TOKENS];        // bytes: start of the token's activations
  ir_value *block[MATMUL_MAX_VECTORS];       // bytes: start of the block in each vector's tile
  ir_value *block_position;                  // kernel position of the block in the row
  matmul_rest *rest;                         // NULL: the block is a whole one
  ir_value *row_numbers;                     // see coarse_place; NULL where nothing uses rows
  ir_value **tables;                         // constant tables in memory
  ir_value *waiting;                         // the kernel's own memory for unfinished sums; NULL: it has none
  ir_value *first_token;                     // of the group whose sums wait
  panel_use use;
  ir_value *panel;          // the kernel's own memory for decoded weights
  bool panel_operands;      // false: operands are as the weights have them, and are read there
  uint64_t panel_blocks;    // of a stretch of K that the panel has room for; 0: there is no panel
  ir_value *tile_memory;    // for products of matrix tiles: the sums, then activations; NULL: there are none
  ir_value *panel_first;    // number of the block that the panel begins with
  ir_value *next_from;      // bytes from a tile's start to the next stretch
  ir_value *next_steady;    // bytes of it that the turns before this one asked for while they multiplied
  ir_value *next_rest;      // where what they leave over begins
  ir_value *next_share;     // bytes of that for each turn
  ir_value *panel_position; // kernel position of the block at hand in the panel
  // accumulators
  matmul_grid total;                                    // f32
  matmul_grid nested[RECIPE_MAX_TERMS];                 // i32, over a float span
  matmul_grid dots[RECIPE_MAX_DOTS][MATMUL_MAX_CHAINS]; // i32 or f32, over a segment
  matmul_grid pairs[RECIPE_MAX_DOTS];                   // i16, over quads of a chunk
  ir_value *ones[RECIPE_MAX_DOTS][MATMUL_MAX_VECTORS];  // i32: what the dots would be with activations of 1
} matmul;

// Vectors with a lane, or four bytes or two words, for each row.
static inline ir_type matmul_i32s(const matmul *e) { return ir_vector(ELEM_I32, e->lanes); }
static inline ir_type matmul_f32s(const matmul *e) { return ir_vector(ELEM_F32, e->lanes); }
static inline ir_type matmul_bytes(const matmul *e) { return ir_vector(ELEM_I8, 4 * e->lanes); }
static inline ir_type matmul_words(const matmul *e) { return ir_vector(ELEM_I16, 2 * e->lanes); }

/* matmul_tiles.c */
// Whether the panel is laid out for products of matrix tiles; whether the turn of tokens at hand is multiplied so.
bool matmul_lays_tiles(const matmul *e);
bool matmul_has_tiles(const matmul *e);
void matmul_make_tiles(matmul *e);
// The products of count positions of a chunk, of 16 tokens with all vectors.
void matmul_emit_tiles(matmul *e, ir_value *position, uint64_t first, uint64_t count);

/* matmul_pairs.c */
// Whether products are summed by pairs of bf16 numbers, on a tier that does so in one operation.
bool matmul_has_pairs(const matmul *e);

/* matmul_row.c: adds the blocks first .. end (of the whole row, when float_span is the row) to e->total, for e->tokens
 * tokens and e->vectors vectors */
void matmul_emit_blocks(matmul *e, ir_value *first, ir_value *end);

/* matmul_row.c: blocks first .. end of sums that began before and go on afterwards */
void matmul_emit_stretch(matmul *e, ir_value *first, ir_value *end);
// What waits between stretches besides the totals when the float span is the row: its beginning and its end for the
// blocks from `first` on that no flush divides.
void matmul_begin_row_span(matmul *e, ir_value *first);
void matmul_end_row_span(matmul *e, ir_value *first);

// Accumulators, by what they are summed over.
enum matmul_live { LIVE_TOTAL = 1, LIVE_NESTED = 2, LIVE_DOTS = 4 };
// What waits between blocks.
unsigned matmul_live_between_blocks(const matmul *e);

/* matmul_tokens.c: all tokens, for the rows that are set */
void matmul_few_tokens(matmul *e, ir_value *first, size_t size_count, const unsigned *sizes);
void matmul_many_tokens(matmul *e, ir_value *end);
// Tokens that go by way of the panel: all, or none where they are few.
ir_value *matmul_panel_tokens(matmul *e);
// The first token that matmul_few_tokens leaves over.
ir_value *matmul_tokens_done(matmul *e, ir_value *first, size_t size_count, const unsigned *sizes);
// Sizes of turns for few tokens, largest first: their number.
size_t matmul_few_sizes(const matmul *e, unsigned *sizes);
// Asks for a line of the next stretch's weights, beside the products of a chunk from the panel.
void matmul_ask_for_chunk(matmul *e, ir_value *position, uint64_t first);
// Bytes of the kernel's own memory where sums wait.
uint64_t matmul_waiting_bytes(const matmul *e, unsigned vectors);

/* emit_matmul.c: bias, activation and residual; stores the totals */
void matmul_store_results(matmul *e);
// Asks for where the results of a token some way ahead go.
void matmul_ask_for_results(matmul *e);

/* matmul_panel.c */
// Chooses the panel's size for `vectors` vectors of rows, e->panel_blocks, and makes its memory.
void matmul_make_panel(matmul *e, unsigned vectors);
// Operand of dot d for vector v, at kernel position + k (a multiple of 4 in integer modes, of 2 for pairs): stored and read.
void matmul_panel_put(matmul *e, ir_value *position, uint64_t k, unsigned d, unsigned v, ir_value *x);
ir_value *matmul_panel_operand(matmul *e, ir_value *position, uint64_t k, unsigned d, unsigned v);
// Bytes in the panel of that operand; where matrix tiles are laid those of a chunk follow each other.
ir_value *matmul_panel_operand_at(matmul *e, ir_value *position, uint64_t k, unsigned d, unsigned v);
// Coefficient of term t, integer ones or real ones, for the span that begins at the position. Kept only where the span
// fits a block.
bool matmul_panel_keeps(const matmul *e, bool integer);
void matmul_panel_put_coefficient(matmul *e, ir_value *position, bool integer, size_t t, unsigned v, ir_value *x);
ir_value *matmul_panel_coefficient(matmul *e, ir_value *position, bool integer, size_t t, unsigned v);

/* matmul_body.c: bytes from the start of each block to the chunk of a position */
ir_value *matmul_chunk_offset(matmul *e, ir_value *position, uint64_t first);

/* matmul_body.c: adds the products of the kernel positions position + first .. + count (within one chunk and segment) */
void matmul_emit_products(matmul *e, ir_value *position, uint64_t first, uint64_t count);

/* matmul_dots.c: each word of x moved by 8 bits (IR_SHL, IR_SHR, IR_SAR); x and a mask for every lane */
ir_value *matmul_shifted(matmul *e, ir_opcode code, ir_value *x);
ir_value *matmul_masked(matmul *e, ir_value *x, int64_t mask);

/* matmul_dots.c: products of a quad in the form that is cheapest on the tier */
void matmul_choose_forms(matmul *e);
// The operands of a core, one for each byte plane.
void matmul_dot_operands(matmul *e, size_t core, ir_value *codes, ir_value **out);
// Adds operands u times four activations x for one token and vector; then, once for all of them, ends the step. Steps count
// from 0 within one call of matmul_emit_products.
void matmul_multiply_dot(matmul *e, size_t core, unsigned step, unsigned m, unsigned v, ir_value *const *u,
                         ir_value *x);
void matmul_end_step(matmul *e, unsigned step, bool last);
// Adds the operands themselves to e->ones.
void matmul_count_dot(matmul *e, size_t core, unsigned v, ir_value *const *u);

/* matmul_small.c: whether levels are computed as small floats */
void matmul_find_small_floats(matmul *e);

/* matmul_run.c: the same with lanes along K */
void matmul_emit_runs(matmul *e, ir_value *position, uint64_t first, uint64_t count);
bool matmul_is_along(const matmul *e);
// Rows computed at once along K, as registers allow.
unsigned matmul_run_rows(const recipe *r, const target_tier *tier, unsigned tokens);

/* matmul_bits.c: the same for a whole chunk, by bits */
void matmul_emit_bits(matmul *e, ir_value *position, uint64_t first);

/* matmul_scale.c */
void matmul_begin_segment(matmul *e, ir_value *position);
void matmul_end_segment(matmul *e, ir_value *position);
void matmul_begin_float_span(matmul *e);
void matmul_end_float_span(matmul *e, ir_value *position);
void matmul_finish_row(matmul *e); // what is added once per row

// Asks for `bytes` of every vector's tile from `at` on, as far ahead as the tier says, when few tokens stream the weights.
void matmul_prefetch(matmul *e, ir_value *const *at, uint64_t bytes);

// The place of coarse elements for vector v at a kernel position of the block.
coarse_place matmul_place(matmul *e, unsigned v, ir_value *position);

#endif
