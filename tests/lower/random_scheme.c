#include "tests/lower/random_scheme.h"

#include <stdbool.h>
#include <stddef.h>

#include "support/vec.h"

#define MAX_FIELDS 3

typedef struct weight_field {
  unsigned bits;
  bool is_signed;
} weight_field;

typedef struct coarse_field {
  bool is_int;
} coarse_field;

typedef struct maker {
  arena *mem;
  uint64_t state;
  strbuf text;
  size_t weight_count;
  weight_field weights[MAX_FIELDS];
  size_t coarse_count;
  coarse_field coarse[MAX_FIELDS];
  bool has_stored; // a stored table `stored`, as long as field w0 has codes
  bool has_big;    // a constant table `big`, too large for registers
} maker;

static uint64_t next(maker *m) {
  uint64_t z = (m->state += UINT64_C(0x9E3779B97F4A7C15));
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

static unsigned below(maker *m, unsigned n) { return (unsigned)(next(m) % n); }

static const char *pick(maker *m, const char *const *names, size_t count) { return names[next(m) % count]; }
#define PICK(m, names) pick(m, names, sizeof(names) / sizeof *(names))

static void add_weight_fields(maker *m) {
  unsigned left = below(m, 12) == 0 ? 20 : 8;
  size_t wanted = 1 + below(m, MAX_FIELDS);
  for (size_t i = 0; i < wanted && left > 0; i++) {
    unsigned bits = 1 + below(m, wanted == 1 || left > 8 ? 8 : left > 4 ? 4 : left);
    bool is_signed = bits > 1 && below(m, 3) == 0;
    m->weights[m->weight_count++] = (weight_field){.bits = bits, .is_signed = is_signed};
    strbuf_printf(&m->text, "  w%zu : %c%u;\n", i, is_signed ? 'i' : 'u', bits);
    left -= bits;
  }
}

static const char *granularity(maker *m) {
  static const char *const all[] = {"per row", "per row", "per tensor", "per 32", "per 32",
                                    "per 16",  "per 64",  "per 256",    "per 3",  "per 5",
                                    "per 7",   "per 8",   "per 20",     "per 48", "per 100"};
  return PICK(m, all);
}

static void add_coarse_fields(maker *m) {
  static const char *const floats[] = {"f16", "bf16", "f32"};
  static const char *const ints[] = {"u1", "u4", "u6", "u8", "i4", "i8", "u16", "i16", "u32", "i32"};
  m->coarse_count = below(m, MAX_FIELDS + 1);
  for (size_t i = 0; i < m->coarse_count; i++) {
    bool is_int = below(m, 2) == 0;
    m->coarse[i].is_int = is_int;
    strbuf_printf(&m->text, "  s%zu : %s %s;\n", i, is_int ? PICK(m, ints) : PICK(m, floats), granularity(m));
  }
  m->has_stored = below(m, 6) == 0 && !m->weights[0].is_signed && m->weights[0].bits <= 4;
  static const char *const stored[] = {"f16", "f32", "i8"};
  if (m->has_stored)
    strbuf_printf(&m->text, "  stored : %s[%u] %s;\n", PICK(m, stored), 1u << m->weights[0].bits, granularity(m));
}

static void add_table(maker *m) {
  bool whole = below(m, 2) == 0;
  strbuf_printf(&m->text, "  table level : %s[16] = {", whole ? "i8" : "f32");
  for (unsigned i = 0; i < 16; i++) {
    int value = (int)below(m, 255) - 127;
    strbuf_printf(&m->text, "%s%d%s", i == 0 ? " " : ", ", value, whole ? "" : ".375");
  }
  strbuf_printf(&m->text, " };\n");
}

enum { BIG = 512 };

static void add_big_table(maker *m) {
  m->has_big = below(m, 4) == 0;
  if (!m->has_big) return;
  bool whole = below(m, 2) == 0;
  strbuf_printf(&m->text, "  table big : %s[%d] = {", whole ? "i8" : "f32", BIG);
  for (unsigned i = 0; i < BIG; i++)
    strbuf_printf(&m->text, "%s%d%s", i == 0 ? " " : ", ", (int)below(m, 255) - 127, whole ? "" : ".375");
  strbuf_printf(&m->text, " };\n");
}

// An integer expression over the fields of a weight.
static void core(maker *m, unsigned depth) {
  if (depth == 0 || below(m, 3) == 0) {
    if (below(m, 4) == 0) {
      strbuf_printf(&m->text, "%d", (int)below(m, 20) - 8);
    } else {
      strbuf_printf(&m->text, "w%u", below(m, (unsigned)m->weight_count));
    }
    return;
  }
  static const char *const infix[] = {" + ", " - ", " * ", " & ", " | ", " ^ ", " + ", " - "};
  static const char *const calls[] = {"min(", "max("};
  switch (below(m, 6)) {
  case 0:
    strbuf_printf(&m->text, "(");
    core(m, depth - 1);
    strbuf_printf(&m->text, " %s %u)", below(m, 2) == 0 ? "<<" : ">>", below(m, 4));
    break;
  case 1:
    strbuf_printf(&m->text, "select(");
    core(m, depth - 1);
    strbuf_printf(&m->text, " < ");
    core(m, depth - 1);
    strbuf_printf(&m->text, ", ");
    core(m, depth - 1);
    strbuf_printf(&m->text, ", ");
    core(m, depth - 1);
    strbuf_printf(&m->text, ")");
    break;
  case 2:
    strbuf_printf(&m->text, "%s", PICK(m, calls));
    core(m, depth - 1);
    strbuf_printf(&m->text, ", ");
    core(m, depth - 1);
    strbuf_printf(&m->text, ")");
    break;
  default:
    strbuf_printf(&m->text, "(");
    core(m, depth - 1);
    strbuf_printf(&m->text, "%s", PICK(m, infix));
    core(m, depth - 1);
    strbuf_printf(&m->text, ")");
  }
}

static void real_core(maker *m) {
  switch (below(m, 5)) {
  case 0:
    strbuf_printf(&m->text, "level[");
    core(m, 1);
    strbuf_printf(&m->text, " & 15]");
    break;
  case 1:
    if (m->has_stored) {
      strbuf_printf(&m->text, "stored[w0]");
      break;
    }
    core(m, 2);
    break;
  case 2:
    strbuf_printf(&m->text, "(");
    core(m, 2);
    strbuf_printf(&m->text, " %s 0.5)", below(m, 2) == 0 ? "+" : "*");
    break;
  default: core(m, 2);
  }
}

// What a coarser integer looks up.
static bool looked_up(maker *m, unsigned i) {
  if (!m->coarse[i].is_int) return false;
  if (m->has_stored && below(m, 2) == 0) {
    strbuf_printf(&m->text, "stored[s%u & %u]", i, (1u << m->weights[0].bits) - 1);
  } else if (m->has_big && below(m, 2) == 0) {
    strbuf_printf(&m->text, "big[s%u & %d]", i, BIG - 1);
  } else {
    return false;
  }
  return true;
}

static void coarse(maker *m) {
  unsigned i = below(m, (unsigned)m->coarse_count);
  if (looked_up(m, i)) return;
  switch (below(m, 6)) {
  case 0: strbuf_printf(&m->text, "(s%u + 1)", i); break;
  case 1: strbuf_printf(&m->text, "(s%u - s%u)", i, below(m, (unsigned)m->coarse_count)); break;
  case 2: strbuf_printf(&m->text, "(s%u %s)", i, m->coarse[i].is_int ? "& 15" : "* 2"); break;
  default: strbuf_printf(&m->text, "s%u", i);
  }
}

// A code and a coarser field together, by more than a product.
static void mixed(maker *m) {
  unsigned i = below(m, (unsigned)m->coarse_count);
  strbuf_printf(&m->text, "(");
  switch (below(m, 4)) {
  case 0: strbuf_printf(&m->text, "select(w0 < s%u, s%u, w0)", i, below(m, (unsigned)m->coarse_count)); break;
  case 1: strbuf_printf(&m->text, "min(w0, s%u)", i); break;
  default: core(m, 1); strbuf_printf(&m->text, " %c s%u", below(m, 2) == 0 ? '-' : '+', i);
  }
  strbuf_printf(&m->text, ")");
}

static void term(maker *m) {
  unsigned factors = 1 + below(m, 3);
  for (unsigned i = 0; i < factors; i++) {
    if (i > 0) strbuf_printf(&m->text, " * ");
    unsigned kind = below(m, 8);
    if (m->coarse_count > 0 && kind < 3) {
      coarse(m);
    } else if (m->coarse_count > 0 && kind == 3) {
      mixed(m);
    } else {
      real_core(m);
    }
  }
}

const char *random_scheme(arena *a, uint64_t seed) {
  maker m = {.mem = a, .state = seed * 7919, .text = {.mem = a}};
  strbuf_printf(&m.text, "scheme random {\n");
  add_weight_fields(&m);
  add_coarse_fields(&m);
  add_table(&m);
  add_big_table(&m);
  strbuf_printf(&m.text, "  value = ");
  unsigned terms = 1 + below(&m, 3);
  for (unsigned i = 0; i < terms; i++) {
    if (i > 0) strbuf_printf(&m.text, "%s", below(&m, 2) == 0 ? " + " : " - ");
    term(&m);
  }
  strbuf_printf(&m.text, ";\n}\n");
  return strbuf_text(&m.text);
}
