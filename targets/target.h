// Targets as data: tiers of processor features, vector shapes, costs, and rows that map an operation of a given shape to
// instructions. Only this folder names instruction sets. A missing row means the portable expansion of the operation.
#ifndef QCC_TARGETS_TARGET_H
#define QCC_TARGETS_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ir/ir.h"

// How one operation is done on one tier.
// `sequence` is a list of assignments, `;` between them, in terms of the operation's operands; the last one is the
// result. Operations wider than `lanes` are cut into pieces of `lanes` lanes, and the sequence applied to each.
//   name:type = mnemonic(arg, ..)
//   type: element and lanes ("i8x64", "i32", "f32x16", "f16x8", "i1x16"; "i8xv8" is scalable: 8 lanes per vscale)
//   mnemonic: add sub mul and or xor shl lshr ashr zext sext trunc fpext fptrunc bitcast, ult slt ne (i1 lanes),
//        select, low high (half of the lanes), or an LLVM intrinsic by its full name ("llvm.....")
//   arg: an operand (a, b, c in order), an earlier name, an integer (splat), `poison`, `shift` or `mask` (attributes),
//        `table` or `table[first,count]` (elements of the operation's table, repeated to fill the type).
//        `:type` after it bitcasts it (or types a constant; else constants have the result's type).
// Some operations are one LLVM operation on memory, chosen by a word instead of a sequence:
//   LOAD_FIRST, STORE_FIRST: "masked", the target has masked loads and stores of this shape
//   GATHER, LOOKUP, LOOKUP_F32: "gather", the target gathers from memory (a constant table) with one instruction
// EXTF rows mean f16 -> f32 (bf16 needs only a shift).
typedef struct target_pattern {
  ir_opcode op;
  elem_type elem; // of the result
  uint32_t lanes; // of the result; wider operations are split into pieces of this many lanes
  uint64_t limit; // DOT4: the largest umax it is exact for; LOOKUP(_F32): the largest table; 0: no limit
  const char *sequence;
  double cost; // reciprocal throughput in cycles, for the cost model
} target_pattern;

// Products of 16 x 16 tiles in registers of their own: LLVM's intrinsics by name.
typedef struct target_tiles {
  const char *load, *store, *zero;
  const char *dot;   // signed bytes times unsigned ones, NULL: none
  const char *pairs; // bf16 pairs, NULL: none
  double cycles;     // of a product: both operands loaded, the result stored
} target_tiles;

typedef struct target_tier {
  const char *name;
  const char *cpu;             // LLVM's -mcpu for the tier, "" for the target's default
  const char *features;        // LLVM's -mattr
  uint64_t cpu_features;       // QRT_CPU_* bits that the tier needs at run time
  unsigned lanes;              // i32/f32 lanes of a natural vector: rows computed side by side (a divisor of 16)
  unsigned registers;          // vector registers, for the choice of the token tile
  const unsigned *token_tiles; // tokens computed at once, largest first, ending with 1
  size_t token_tile_count;
  unsigned row_vectors;    // vectors of rows computed at once when there are many tokens
  uint64_t prefetch_bytes; // how far ahead weights are asked for when one token streams them from memory; 0: not
  double cycles;           // a simple operation on a natural vector; 0: 1
  bool fast_fma;           // fma in one instruction
  bool rounds;             // LLVM makes instructions, and no calls, of rounding to integers
  bool divides;            // integers are divided in vectors, or as fast as doubles are
  // Vectors of floats are converted towards zero to integers of their own width only, right behind a comparison: qemu before
  // 9.0 stops at such conversions where they follow a change of the vector's shape.
  bool even_conversions;
  bool rows_in_loop; // rows of a tile are a loop, not unrolled (narrow machines)
  bool on_demand;    // compiled only when it is named: few machines are better served by it than by another
  size_t pattern_count;
  const target_pattern *patterns;
  const target_tiles *tiles; // NULL: none
  ir_opcode special;         // kernels without this operation are no better than the next tier's; 0: they are
  // for predictions: a typical processor of the tier
  double clock_ghz;
  double bandwidth_gbs; // memory, one core
  double loads;         // natural vectors loaded in a cycle; 0: 1
  double stores;        // and stored; 0: 1
} target_tier;

#define TARGET_MAX_OPTIONS 2

typedef struct target {
  const char *name;           // what --print-targets shows
  const char *arch;           // first component(s) of the triples that mean this target, e.g. "x86_64 amd64"
  const char *called;         // words that people try for it and that LLVM does not know, for hints; NULL: none
  const char *default_triple; // for a bare -target=NAME
  const char *help;
  bool gpu;               // launched over a grid, arguments by value; the output is assembly text for the device
  unsigned convention;    // LLVM's number of the calling convention of kernels
  unsigned address_space; // of buffers and constant tables
  unsigned buffer_align;  // that every buffer has at least; 0: 4
  const char *hardening;  // control-flow protection, or NULL: LLVM's module flags and function attributes, by
                          // name; what follows a '=' is the attribute's value
  const char
      *llvm_options[TARGET_MAX_OPTIONS]; // of LLVM's command line, set for processes that compile for this target
                                         // alone; the first NULL ends them
  const char *runtime;                   // which prebuilt runtime objects fit, NULL: none
  size_t tier_count;
  const target_tier *tiers; // best first; the last one is the baseline
} target;

size_t target_count(void);

// The best tier for what uses the operation `special` of target_tier, 0: for everything else.
const target_tier *target_best_tier(const target *t, ir_opcode special);

const target *target_get(size_t index);

// The target that a triple (or a bare name) means; the generic target for other triples that LLVM knows; never NULL.
const target *target_for_triple(const char *triple);
// The full triple for what the user wrote: a bare name gets the default triple. Owned by the caller's arena.
const char *target_triple(arena *a, const char *text);

const target_tier *target_find_tier(const target *t, const char *name); // NULL if there is none

// The target that people mean by a word that is the name of none, NULL if nothing is known of it.
const target *target_called(const char *word);

// The pattern for an operation with this result type on a tier, NULL: portable expansion. `limit` is the operation's
// umax or table size. Looks for the widest pattern whose lanes divide the operation's.
const target_pattern *target_find_pattern(const target_tier *tier, ir_opcode op, elem_type elem, uint32_t lanes,
                                          uint64_t limit);

// Cycles of one operation on `lanes` lanes by the tier's table, portable expansions included.
double target_cost(const target_tier *tier, ir_opcode op, elem_type elem, uint32_t lanes, uint64_t limit);

#endif
