// Schemes built by hand, for tests of everything that takes schemes. Each corresponds to a declaration in schemes/.
#ifndef QCC_TESTS_SCHEME_KIT_H
#define QCC_TESTS_SCHEME_KIT_H

#include "format/scheme.h"
#include "format/tensor_codes.h"

// Expressions.
const expr *num(arena *a, int64_t value);
const expr *real(arena *a, double value);
const expr *var(arena *a, expr_var v);
const expr *field(arena *a, unsigned index, bool is_int);
const expr *op1(arena *a, expr_op op, const expr *x);
const expr *op2(arena *a, expr_op op, const expr *x, const expr *y);
const expr *op3(arena *a, expr_op op, const expr *x, const expr *y, const expr *z);
const expr *table_at(arena *a, unsigned table, const expr *index);
const expr *element_at(arena *a, unsigned field_index, const expr *index);
const expr *bits(arena *a, const expr *at, const expr *width);
const expr *load(arena *a, unsigned tensor, const expr *i, const expr *j);
const expr *stream(arena *a, unsigned tensor, unsigned axis, const expr *other, const expr *at, const expr *width);
#define ADD(x, y) op2(a, EXPR_ADD, x, y)
#define SUB(x, y) op2(a, EXPR_SUB, x, y)
#define MUL(x, y) op2(a, EXPR_MUL, x, y)
#define DIV(x, y) op2(a, EXPR_DIV, x, y)
#define MOD(x, y) op2(a, EXPR_MOD, x, y)
#define AND(x, y) op2(a, EXPR_AND, x, y)
#define OR(x, y) op2(a, EXPR_OR, x, y)
#define SHL(x, y) op2(a, EXPR_SHL, x, y)
#define SHR(x, y) op2(a, EXPR_SHR, x, y)
#define LT(x, y) op2(a, EXPR_LT, x, y)
#define SELECT(x, y, z) op3(a, EXPR_SELECT, x, y, z)
#define NUM(x) num(a, x)
#define BINDER(i) var(a, (expr_var)(VAR_BINDER0 + (i)))

// Granularities.
#define PER_WEIGHT ((granularity){.kind = GRAN_WEIGHT, .group = 1})
#define PER(n) ((granularity){.kind = GRAN_GROUP, .group = (n)})
#define PER_ROW ((granularity){.kind = GRAN_ROW})
#define PER_TENSOR ((granularity){.kind = GRAN_TENSOR})

scheme *new_scheme(arena *a, const char *name, size_t field_count, const scheme_field *fields, const expr *value);
void set_tables(arena *a, scheme *s, size_t count, const scheme_table *tables);
scheme_layout *add_layout(arena *a, scheme *s, const char *name);
void add_place(arena *a, scheme_layout *l, unsigned field_index, unsigned binder_count, const expr *raw);
void add_tensor(arena *a, scheme_layout *l, const char *name, elem_type type, unsigned rank, const expr *d0,
                const expr *d1);

// Formats. Those with a block layout name it "block", those with separate tensors "tensors".
scheme *kit_q4_0(arena *a);
scheme *kit_q4_1(arena *a);
scheme *kit_q5_0(arena *a);
scheme *kit_q8_0(arena *a);
scheme *kit_q4_k(arena *a);
scheme *kit_q6_k(arena *a);
scheme *kit_nf4(arena *a, unsigned group);
scheme *kit_nf4_double(arena *a);
scheme *kit_int4_zero(arena *a, unsigned group);
scheme *kit_ternary(arena *a);
scheme *kit_int8_row(arena *a);
scheme *kit_int8_tensor(arena *a);
scheme *kit_codebook3(arena *a);
scheme *kit_stored_levels(arena *a);
scheme *kit_mx(arena *a); // 8-bit exponents as scales of 4-bit floats
scheme *kit_gptq(arena *a, unsigned width, unsigned group);
scheme *kit_f16(arena *a);
scheme *kit_vector(arena *a);   // 16 learned vectors of 4 weights
scheme *kit_selector(arena *a); // a bit per group chooses one of two level tables

// Uniform and normal pseudo-random numbers, the same everywhere.
uint64_t kit_random(uint64_t *state);
double kit_normal(uint64_t *state);
float *kit_normal_weights(arena *a, uint64_t count, uint64_t seed);

#endif
