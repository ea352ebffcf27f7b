#include "format/program.h"

#include <math.h>
#include <string.h>

#include "format/eval.h"
#include "format/int_math.h"
#include "support/fp.h"

// The result of one node in every lane. A lane is bad when its value depends on a read out of range.
typedef union slot {
  int64_t ints[PROGRAM_LANES];
  double reals[PROGRAM_LANES];
} slot;

typedef struct step {
  const expr *e;
  unsigned args[SCHEME_MAX_RANK + 2]; // steps; FIND of a line of SCHEME_MAX_RANK dimensions has the most
} step;

struct program {
  const scheme *scheme;
  size_t step_count;
  step *steps;
  slot *slots; // one a step
  bool *bad;   // steps x lanes; NULL when nothing can fault. Means nothing before a read of this run has faulted
  bool faulted;
  size_t root_count;
  unsigned *roots;
};

// Steps under construction.
typedef struct builder {
  arena *mem;
  VEC(step) steps;
  bool reads;
} builder;

static bool is_read(expr_op op) { return op == EXPR_BITS || op == EXPR_LOAD || expr_line_args(op) > 0; }

static bool same_step(const step *a, const step *b) {
  const expr *x = a->e, *y = b->e;
  return x->op == y->op && x->is_int == y->is_int && x->index == y->index && x->axis == y->axis && x->i == y->i &&
         fp_bits64(x->r) == fp_bits64(y->r) && x->arg_count == y->arg_count &&
         memcmp(a->args, b->args, sizeof a->args) == 0;
}

static unsigned add_step(builder *b, const expr *e) {
  step s = {.e = e};
  for (unsigned i = 0; i < e->arg_count; i++) s.args[i] = add_step(b, e->args[i]);
  for (size_t i = 0; i < b->steps.len; i++)
    if (same_step(&b->steps.data[i], &s)) return (unsigned)i;
  b->reads |= is_read(e->op);
  vec_push(b->mem, &b->steps, s);
  return (unsigned)(b->steps.len - 1);
}

static void fill_constants(program *p) {
  for (size_t i = 0; i < p->step_count; i++) {
    const expr *e = p->steps[i].e;
    for (size_t l = 0; l < PROGRAM_LANES; l++) {
      if (e->op == EXPR_INT) p->slots[i].ints[l] = e->i;
      if (e->op == EXPR_REAL) p->slots[i].reals[l] = e->r;
    }
  }
}

program *program_new(arena *a, const scheme *s, size_t root_count, const expr *const *roots) {
  builder b = {.mem = a};
  program *p = ARENA_NEW(a, program);
  p->scheme = s;
  p->root_count = root_count;
  p->roots = ARENA_ARRAY(a, unsigned, root_count);
  for (size_t r = 0; r < root_count; r++) p->roots[r] = add_step(&b, roots[r]);
  p->steps = b.steps.data;
  p->step_count = b.steps.len;
  p->slots = ARENA_ARRAY(a, slot, b.steps.len);
  p->bad = b.reads ? ARENA_ARRAY(a, bool, b.steps.len *PROGRAM_LANES) : NULL;
  fill_constants(p);
  return p;
}

// Arguments of a step as arrays of the wanted kind; integers are converted into `copy`.
static const double *real_arg(const program *p, const step *s, unsigned i, double *copy, size_t lanes) {
  unsigned from = s->args[i];
  if (!p->steps[from].e->is_int) return p->slots[from].reals;
  for (size_t l = 0; l < lanes; l++) copy[l] = (double)p->slots[from].ints[l];
  return copy;
}

static const int64_t *int_arg(const program *p, const step *s, unsigned i) {
  return p->slots[s->args[i]]
      .ints; // NOLINT(clang-analyzer-security.ArrayBound): the checks of expressions count arguments
}

static void run_int_binary(expr_op op, int64_t *d, const int64_t *a, const int64_t *b, size_t n) {
  size_t l;
  switch (op) {
  case EXPR_ADD:
    for (l = 0; l < n; l++) d[l] = int_add(a[l], b[l]);
    break;
  case EXPR_SUB:
    for (l = 0; l < n; l++) d[l] = int_sub(a[l], b[l]);
    break;
  case EXPR_MUL:
    for (l = 0; l < n; l++) d[l] = int_mul(a[l], b[l]);
    break;
  case EXPR_DIV:
    for (l = 0; l < n; l++) d[l] = int_div(a[l], b[l]);
    break;
  case EXPR_MOD:
    for (l = 0; l < n; l++) d[l] = int_mod(a[l], b[l]);
    break;
  case EXPR_SHL:
    for (l = 0; l < n; l++) d[l] = int_shl(a[l], b[l]);
    break;
  case EXPR_SHR:
    for (l = 0; l < n; l++) d[l] = int_shr(a[l], b[l]);
    break;
  case EXPR_AND:
    for (l = 0; l < n; l++) d[l] = a[l] & b[l];
    break;
  case EXPR_OR:
    for (l = 0; l < n; l++) d[l] = a[l] | b[l];
    break;
  case EXPR_XOR:
    for (l = 0; l < n; l++) d[l] = a[l] ^ b[l];
    break;
  case EXPR_MIN:
    for (l = 0; l < n; l++) d[l] = a[l] < b[l] ? a[l] : b[l];
    break;
  case EXPR_MAX:
    for (l = 0; l < n; l++) d[l] = a[l] > b[l] ? a[l] : b[l];
    break;
  default: break;
  }
}

static void run_real_binary(expr_op op, double *d, const double *a, const double *b, size_t n) {
  size_t l;
  switch (op) {
  case EXPR_ADD:
    for (l = 0; l < n; l++) d[l] = a[l] + b[l];
    break;
  case EXPR_SUB:
    for (l = 0; l < n; l++) d[l] = a[l] - b[l];
    break;
  case EXPR_MUL:
    for (l = 0; l < n; l++) d[l] = a[l] * b[l];
    break;
  case EXPR_DIV:
    for (l = 0; l < n; l++) d[l] = a[l] / b[l];
    break;
  case EXPR_MIN:
    for (l = 0; l < n; l++) d[l] = a[l] < b[l] ? a[l] : b[l];
    break;
  case EXPR_MAX:
    for (l = 0; l < n; l++) d[l] = a[l] > b[l] ? a[l] : b[l];
    break;
  default: break;
  }
}

static void run_compare(const program *p, const step *s, int64_t *d, size_t n) {
  double ca[PROGRAM_LANES], cb[PROGRAM_LANES];
  if (s->e->args[0]->is_int && s->e->args[1]->is_int) {
    const int64_t *a = int_arg(p, s, 0), *b = int_arg(p, s, 1);
    if (s->e->op == EXPR_LT)
      for (size_t l = 0; l < n; l++) d[l] = a[l] < b[l];
    else
      for (size_t l = 0; l < n; l++) d[l] = a[l] == b[l];
    return;
  }
  const double *a = real_arg(p, s, 0, ca, n), *b = real_arg(p, s, 1, cb, n);
  if (s->e->op == EXPR_LT)
    for (size_t l = 0; l < n; l++) d[l] = a[l] < b[l];
  else
    for (size_t l = 0; l < n; l++) d[l] = a[l] == b[l];
}

static bool condition(const program *p, const step *s, size_t l) {
  const slot *c = &p->slots[s->args[0]];
  return s->e->args[0]->is_int ? c->ints[l] != 0 : c->reals[l] != 0;
}

static void run_select(const program *p, const step *s, slot *d, size_t n) {
  double ca[PROGRAM_LANES], cb[PROGRAM_LANES];
  if (s->e->is_int) {
    const int64_t *a = int_arg(p, s, 1), *b = int_arg(p, s, 2);
    for (size_t l = 0; l < n; l++) d->ints[l] = condition(p, s, l) ? a[l] : b[l];
    return;
  }
  const double *a = real_arg(p, s, 1, ca, n), *b = real_arg(p, s, 2, cb, n);
  for (size_t l = 0; l < n; l++) d->reals[l] = condition(p, s, l) ? a[l] : b[l];
}

static void store(const step *s, slot *d, size_t l, double value) {
  if (s->e->is_int)
    d->ints[l] = (int64_t)value;
  else
    d->reals[l] = value;
}

// FIELD, TABLE and ELEMENT.
static void run_look_up(const program *p, const program_env *env, const step *s, slot *d) {
  const expr *e = s->e;
  if (e->op == EXPR_FIELD) {
    for (size_t l = 0; l < env->lanes; l++) store(s, d, l, env->fields[e->index].values[l]);
    return;
  }
  const int64_t *at = int_arg(p, s, 0);
  const scheme_table *t = e->op == EXPR_TABLE ? &p->scheme->tables[e->index] : NULL;
  const program_field *f = t == NULL ? &env->fields[e->index] : NULL;
  uint64_t size = t != NULL ? t->count : f->size;
  for (size_t l = 0; l < env->lanes; l++) {
    bool inside = at[l] >= 0 && (uint64_t)at[l] < size;
    const double *values = t != NULL ? t->values : f->values + f->base[l];
    store(s, d, l, inside ? values[at[l]] : 0);
  }
}

static bool bits_inside(int64_t at, int64_t width, uint64_t limit) {
  return width >= 0 && width <= 64 && at >= 0 && (uint64_t)at <= limit && (uint64_t)width <= limit - (uint64_t)at;
}

static void run_bits(const program *p, const program_env *env, const step *s, int64_t *d, bool *bad) {
  const int64_t *at = int_arg(p, s, 0), *width = int_arg(p, s, 1);
  for (size_t l = 0; l < env->lanes; l++) {
    bool inside = bits_inside(at[l], width[l], env->block_bytes * 8);
    bad[l] |= !inside;
    d[l] = inside ? (int64_t)eval_bits(env->block, (uint64_t)at[l], (unsigned)width[l]) : 0;
  }
}

// Element offsets of LOAD, or of the lines of the others, from their index arguments.
static void run_offsets(const program *p, const program_env *env, const step *s, uint64_t *offset, bool *bad) {
  const layout_input *t = &env->inputs[s->e->index];
  memset(offset, 0, env->lanes * sizeof *offset);
  for (unsigned r = 0, arg = 0; r < t->rank; r++) {
    if (s->e->op != EXPR_LOAD && r == s->e->axis) continue;
    const int64_t *index = int_arg(p, s, arg++);
    uint64_t stride = eval_stride(t, r);
    for (size_t l = 0; l < env->lanes; l++) {
      bool inside = index[l] >= 0 && (uint64_t)index[l] < t->dims[r];
      bad[l] |= !inside;
      offset[l] += inside ? (uint64_t)index[l] * stride : 0;
    }
  }
}

static void run_load(const program *p, const program_env *env, const step *s, int64_t *d, bool *bad) {
  const layout_input *t = &env->inputs[s->e->index];
  uint64_t offset[PROGRAM_LANES];
  run_offsets(p, env, s, offset, bad);
  for (size_t l = 0; l < env->lanes; l++) d[l] = bad[l] ? 0 : (int64_t)eval_element(t, offset[l]);
}

// Most codes lie within one element.
static uint64_t stream_bits(const layout_input *t, uint64_t first, uint64_t stride, unsigned element_bits, uint64_t at,
                            unsigned width) {
  uint64_t skip = at & (element_bits - 1);
  if (skip + width > element_bits || width == 0) return eval_stream(t, first, stride, at, width);
  uint64_t element = at / element_bits;
  return int_low_bits(eval_element(t, first + element * stride) >> skip, width);
}

static void run_stream(const program *p, const program_env *env, const step *s, int64_t *d, bool *bad) {
  const layout_input *t = &env->inputs[s->e->index];
  const int64_t *at = int_arg(p, s, s->e->arg_count - 2), *width = int_arg(p, s, s->e->arg_count - 1);
  unsigned bits = elem_get(t->type)->bits;
  uint64_t offset[PROGRAM_LANES], limit = t->dims[s->e->axis] * bits;
  uint64_t stride = eval_stride(t, s->e->axis);
  run_offsets(p, env, s, offset, bad);
  for (size_t l = 0; l < env->lanes; l++) {
    bad[l] |= !bits_inside(at[l], width[l], limit);
    d[l] = bad[l] ? 0 : (int64_t)stream_bits(t, offset[l], stride, bits, (uint64_t)at[l], (unsigned)width[l]);
  }
}

static bool order_lane(const program_env *env, const tensor_line *line, const int64_t *args, int64_t *out) {
  if (args[0] < 0 || (uint64_t)args[0] >= line->length) return false;
  *out = line_order(env->lines, line, (uint64_t)args[0]);
  return true;
}

static bool rank_lane(const program_env *env, const tensor_line *line, const int64_t *args, int64_t *out) {
  uint64_t limit = line->length * elem_get(env->inputs[line->tensor].type)->bits;
  if (!bits_inside(args[0], 0, limit)) return false;
  *out = line_rank(env->lines, line, (uint64_t)args[0]);
  return true;
}

static bool find_lane(const program_env *env, const tensor_line *line, const int64_t *args, int64_t *out) {
  if (args[0] < 0 || args[1] < args[0] || (uint64_t)args[1] > line->length) return false;
  return line_find(env->lines, line, (uint64_t)args[0], (uint64_t)args[1], args[2], out);
}

// ORDER, FIND and RANK.
static void run_line(const program *p, const program_env *env, const step *s, int64_t *d, bool *bad) {
  const layout_input *t = &env->inputs[s->e->index];
  unsigned count = expr_line_args(s->e->op);
  tensor_line line = {.tensor = s->e->index, .axis = s->e->axis};
  uint64_t offset[PROGRAM_LANES];
  line.stride = eval_stride(t, s->e->axis);
  line.length = t->dims[s->e->axis];
  run_offsets(p, env, s, offset, bad);
  for (size_t l = 0; l < env->lanes; l++) {
    int64_t args[3] = {0};
    for (unsigned i = 0; i < count; i++) args[i] = int_arg(p, s, s->e->arg_count - count + i)[l];
    d[l] = 0;
    line.first = offset[l];
    if (bad[l]) continue;
    if (s->e->op == EXPR_ORDER) bad[l] = !order_lane(env, &line, args, &d[l]);
    if (s->e->op == EXPR_FIND) bad[l] = !find_lane(env, &line, args, &d[l]);
    if (s->e->op == EXPR_RANK) bad[l] = !rank_lane(env, &line, args, &d[l]);
  }
}

static void run_read(program *p, const program_env *env, const step *s, int64_t *d, bool *bad) {
  if (s->e->op == EXPR_BITS)
    run_bits(p, env, s, d, bad);
  else if (s->e->op == EXPR_LOAD)
    run_load(p, env, s, d, bad);
  else if (s->e->op == EXPR_STREAM)
    run_stream(p, env, s, d, bad);
  else
    run_line(p, env, s, d, bad);
  bool any = memchr(bad, true, env->lanes) != NULL;
  if (!any || p->faulted) return;
  p->faulted = true; // from here on, which lanes are bad is kept of all steps; so far, none were
  for (size_t i = 0; i < p->step_count; i++)
    if (p->bad + i * PROGRAM_LANES != bad) memset(p->bad + i * PROGRAM_LANES, 0, PROGRAM_LANES * sizeof *bad);
}

static void run_window(const program_env *env, const step *s, int64_t *d) {
  for (size_t l = 0; l < env->lanes; l++)
    d[l] = eval_window(env->codes, s->e, (uint64_t)env->vars[VAR_N][l], (uint64_t)env->vars[VAR_K][l]);
}

static void run_float(const program *p, const step *s, double *d, size_t n) {
  const int64_t *bits = int_arg(p, s, 0);
  for (size_t l = 0; l < n; l++) d[l] = elem_decode((elem_type)s->e->index, (uint64_t)bits[l]);
}

static void run_round(const program *p, const step *s, double *d, size_t n) {
  double copy[PROGRAM_LANES];
  const double *x = real_arg(p, s, 0, copy, n);
  elem_type type = (elem_type)s->e->index;
  for (size_t l = 0; l < n; l++) d[l] = elem_decode(type, elem_encode(type, x[l]));
}

static void run_int_unary(expr_op op, int64_t *d, const int64_t *a, size_t n) {
  size_t l;
  if (op == EXPR_NEG)
    for (l = 0; l < n; l++) d[l] = int_neg(a[l]);
  else if (op == EXPR_NOT)
    for (l = 0; l < n; l++) d[l] = ~a[l];
  else
    for (l = 0; l < n; l++) d[l] = int_abs(a[l]);
}

static void run_real_unary(expr_op op, double *d, const double *a, size_t n) {
  size_t l;
  if (op == EXPR_NEG)
    for (l = 0; l < n; l++) d[l] = -a[l];
  else if (op == EXPR_ABS)
    for (l = 0; l < n; l++) d[l] = fabs(a[l]);
  else
    for (l = 0; l < n; l++) d[l] = real_exp2(a[l]);
}

static void run_arithmetic(const program *p, const step *s, slot *d, size_t n) {
  double ca[PROGRAM_LANES], cb[PROGRAM_LANES];
  expr_op op = s->e->op;
  if (s->e->arg_count == 1) {
    if (s->e->is_int)
      run_int_unary(op, d->ints, int_arg(p, s, 0), n);
    else
      run_real_unary(op, d->reals, real_arg(p, s, 0, ca, n), n);
  } else if (s->e->is_int) {
    run_int_binary(op, d->ints, int_arg(p, s, 0), int_arg(p, s, 1), n);
  } else {
    run_real_binary(op, d->reals, real_arg(p, s, 0, ca, n), real_arg(p, s, 1, cb, n), n);
  }
}

// A lane is bad when an argument that its value depends on is; of a select that is one branch.
static void spread_bad(const program *p, const step *s, bool *bad, size_t n) {
  memset(bad, 0, n * sizeof *bad);
  if (!p->faulted) return;
  for (unsigned i = 0; i < s->e->arg_count; i++) {
    const bool *from = p->bad + (size_t)s->args[i] * PROGRAM_LANES;
    for (size_t l = 0; l < n; l++)
      if (from[l] && (s->e->op != EXPR_SELECT || i == 0 || condition(p, s, l) == (i == 1))) bad[l] = true;
  }
}

static void run_step(program *p, const program_env *env, size_t i) {
  const step *s = &p->steps[i];
  slot *d = &p->slots[i];
  bool *bad = p->bad == NULL ? NULL : p->bad + i * PROGRAM_LANES;
  if (bad != NULL && (p->faulted || is_read(s->e->op))) spread_bad(p, s, bad, env->lanes);
  switch (s->e->op) {
  case EXPR_INT:
  case EXPR_REAL: break; // filled by program_new
  case EXPR_VAR: memcpy(d->ints, env->vars[s->e->index], env->lanes * sizeof *d->ints); break;
  case EXPR_FIELD:
  case EXPR_TABLE:
  case EXPR_ELEMENT: run_look_up(p, env, s, d); break;
  case EXPR_LT:
  case EXPR_EQ: run_compare(p, s, d->ints, env->lanes); break;
  case EXPR_SELECT: run_select(p, s, d, env->lanes); break;
  case EXPR_WINDOW: run_window(env, s, d->ints); break;
  case EXPR_ROUND: run_round(p, s, d->reals, env->lanes); break;
  case EXPR_FLOAT: run_float(p, s, d->reals, env->lanes); break;
  case EXPR_BITS:
  case EXPR_LOAD:
  case EXPR_STREAM:
  case EXPR_ORDER:
  case EXPR_FIND:
  case EXPR_RANK:
    if (bad != NULL) run_read(p, env, s, d->ints, bad); // always: the program notes that it reads
    break;
  default: run_arithmetic(p, s, d, env->lanes); break;
  }
}

void program_run(program *p, const program_env *env) {
  p->faulted = false;
  for (size_t i = 0; i < p->step_count; i++) run_step(p, env, i);
}

const int64_t *program_ints(const program *p, size_t r) { return p->slots[p->roots[r]].ints; }

const double *program_reals(const program *p, size_t r, double scratch[PROGRAM_LANES]) {
  const slot *s = &p->slots[p->roots[r]];
  if (!p->steps[p->roots[r]].e->is_int) return s->reals;
  for (size_t l = 0; l < PROGRAM_LANES; l++) scratch[l] = (double)s->ints[l];
  return scratch;
}

bool program_faulted(const program *p, size_t r, size_t lane) {
  return p->faulted && p->bad[(size_t)p->roots[r] * PROGRAM_LANES + lane];
}

bool program_uses_var(const program *p, expr_var v) {
  for (size_t i = 0; i < p->step_count; i++)
    if (p->steps[i].e->op == EXPR_VAR && p->steps[i].e->index == (unsigned)v) return true;
  return false;
}

bool program_uses_field(const program *p, unsigned f) {
  for (size_t i = 0; i < p->step_count; i++) {
    const expr *e = p->steps[i].e;
    if ((e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) && e->index == f) return true;
  }
  return false;
}
