// The small language of target patterns (targets/target.h), parsed. No LLVM here.
#ifndef QCC_CODEGEN_PATTERN_H
#define QCC_CODEGEN_PATTERN_H

#include "support/arena.h"
#include "support/map.h"
#include "support/vec.h"
#include "targets/target.h"

typedef enum pattern_kind { PATTERN_INT, PATTERN_FLOAT, PATTERN_BFLOAT } pattern_kind;

typedef struct pattern_type {
  pattern_kind kind;
  unsigned bits;
  uint32_t lanes; // 0: a scalar
  bool scalable;
} pattern_type;

// Mnemonics: PATTERN_OP(id, text, number of arguments).
#define PATTERN_OPS                 \
  PATTERN_OP(ADD, "add", 2)         \
  PATTERN_OP(SUB, "sub", 2)         \
  PATTERN_OP(MUL, "mul", 2)         \
  PATTERN_OP(AND, "and", 2)         \
  PATTERN_OP(OR, "or", 2)           \
  PATTERN_OP(XOR, "xor", 2)         \
  PATTERN_OP(SHL, "shl", 2)         \
  PATTERN_OP(LSHR, "lshr", 2)       \
  PATTERN_OP(ASHR, "ashr", 2)       \
  PATTERN_OP(ULT, "ult", 2)         \
  PATTERN_OP(SLT, "slt", 2)         \
  PATTERN_OP(NE, "ne", 2)           \
  PATTERN_OP(SELECT, "select", 3)   \
  PATTERN_OP(ZEXT, "zext", 1)       \
  PATTERN_OP(SEXT, "sext", 1)       \
  PATTERN_OP(TRUNC, "trunc", 1)     \
  PATTERN_OP(FPEXT, "fpext", 1)     \
  PATTERN_OP(FPTRUNC, "fptrunc", 1) \
  PATTERN_OP(BITCAST, "bitcast", 1) \
  PATTERN_OP(LOW, "low", 1)         \
  PATTERN_OP(HIGH, "high", 1)

typedef enum pattern_code {
#define PATTERN_OP(id, text, args) PATTERN_##id,
  PATTERN_OPS
#undef PATTERN_OP
      PATTERN_INTRINSIC
} pattern_code;

typedef enum pattern_arg_kind {
  PATTERN_ARG_OPERAND, // number: which
  PATTERN_ARG_NAME,    // number: which assignment
  PATTERN_ARG_INT,     // number: in every lane
  PATTERN_ARG_TABLE,   // elements number .. number + count of the table; count 0: all
  PATTERN_ARG_SHIFT,
  PATTERN_ARG_MASK,
  PATTERN_ARG_POISON
} pattern_arg_kind;

typedef struct pattern_arg {
  pattern_arg_kind kind;
  uint64_t number;
  uint64_t count;
  bool typed;
  pattern_type type;
} pattern_arg;

#define PATTERN_MAX_ARGS 8
#define PATTERN_MAX_STEPS 64

typedef struct pattern_step {
  const char *name;
  pattern_type type;
  pattern_code code;
  const char *intrinsic;
  size_t arg_count;
  pattern_arg args[PATTERN_MAX_ARGS];
} pattern_step;

typedef struct pattern {
  size_t count;
  pattern_step *steps; // the last one is the result
} pattern;

// An operation's table, as patterns see it.
typedef struct pattern_table {
  const uint8_t *data; // NULL: the operation's last operand, a vector, is the table
  size_t count;
  size_t size; // bytes of an element
} pattern_table;

// Parses a sequence. NULL when it is malformed; then *error says where and why.
const pattern *pattern_parse(arena *a, const char *sequence, const char **error);

// Parsed patterns by their rows, so that each is parsed once.
typedef struct pattern_cache {
  ptr_map numbers;
  VEC(const pattern *) parsed;
} pattern_cache;
const pattern *pattern_get(arena *a, pattern_cache *cache, const target_pattern *row, const char **error);

#endif
