// The target tables, one file each, and what they share.
#ifndef QCC_TARGETS_TABLES_H
#define QCC_TARGETS_TABLES_H

#include "targets/target.h"

extern const target target_x86_64;
extern const target target_aarch64;
extern const target target_riscv64;
extern const target target_nvptx64;
extern const target target_generic;

#define COUNT(array) (sizeof(array) / sizeof *(array))

// A tier's arrays with their lengths.
#define PATTERNS(array) .pattern_count = COUNT(array), .patterns = (array)
#define TOKEN_TILES(array) .token_tile_count = COUNT(array), .token_tiles = (array)

// Joins the parts p0, p1, .. of a table's look-up, of which all but one are zero in each lane.
#define JOIN(type, to, x, y) to ":" type " = or(" x ", " y ");"
#define JOIN_2(type) JOIN(type, "r", "p0", "p1")
#define JOIN_4(type) JOIN(type, "q0", "p0", "p1") JOIN(type, "q1", "p2", "p3") JOIN(type, "r", "q0", "q1")
#define JOIN_8(type)           \
  JOIN(type, "q0", "p0", "p1") \
  JOIN(type, "q1", "p2", "p3") \
  JOIN(type, "q2", "p4", "p5") \
  JOIN(type, "q3", "p6", "p7") JOIN(type, "s0", "q0", "q1") JOIN(type, "s1", "q2", "q3") JOIN(type, "r", "s0", "s1")

#endif
