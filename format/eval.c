#include "format/eval.h"

#include <math.h>

#include "format/int_math.h"

uint64_t eval_bits(const uint8_t *bytes, uint64_t at, unsigned width) {
  uint64_t raw = 0;
  unsigned done = 0;
  while (done < width && done < 64) {
    unsigned skip = (unsigned)((at + done) % 8);
    unsigned take = 8 - skip < width - done ? 8 - skip : width - done;
    uint64_t piece = int_low_bits((uint64_t)bytes[(at + done) / 8] >> skip, take);
    raw |= piece << done;
    done += take;
  }
  return raw;
}

uint64_t eval_stride(const layout_input *t, unsigned axis) {
  uint64_t stride = 1;
  for (unsigned r = axis + 1; r < t->rank; r++) stride *= t->dims[r];
  return stride;
}

uint64_t eval_stream(const layout_input *t, uint64_t first, uint64_t step, uint64_t at, unsigned width) {
  unsigned bits = elem_get(t->type)->bits;
  uint64_t raw = 0;
  unsigned done = 0;
  while (done < width && done < 64) {
    unsigned skip = (unsigned)((at + done) % bits);
    unsigned take = bits - skip < width - done ? bits - skip : width - done;
    uint64_t element = first + (at + done) / bits * step;
    raw |= eval_bits(t->data, element * bits + skip, take) << done;
    done += take;
  }
  return raw;
}

void layout_tensor_sizes(const scheme *s, const layout_tensor *t, uint64_t rows, uint64_t columns, int64_t *out) {
  eval_env env = {.scheme = s};
  env.vars[VAR_ROWS] = (int64_t)rows;
  env.vars[VAR_COLUMNS] = (int64_t)columns;
  for (unsigned i = 0; i < t->rank; i++) {
    int64_t size = t->dims[i] == NULL ? LAYOUT_ANY_SIZE : eval_int(&env, t->dims[i]);
    out[i] = t->dims[i] != NULL && size < 0 ? -1 : size;
  }
}

bool layout_size_fits(int64_t wanted, uint64_t found) {
  return wanted == LAYOUT_ANY_SIZE || (wanted >= 0 && (uint64_t)wanted == found);
}

const char *layout_sizes_text(arena *a, unsigned rank, const int64_t *sizes) {
  const char *text = "[";
  for (unsigned i = 0; i < rank; i++) {
    const char *comma = i == 0 ? "" : ", ";
    text = sizes[i] == LAYOUT_ANY_SIZE ? arena_printf(a, "%s%sany", text, comma)
                                       : arena_printf(a, "%s%s%lld", text, comma, (long long)sizes[i]);
  }
  return arena_printf(a, "%s]", text);
}

static void fault(eval_env *env, const expr *e, unsigned dimension, int64_t index, uint64_t limit) {
  if (env->faulted) return;
  env->faulted = true;
  env->fault = (eval_fault){.at = e, .dimension = dimension, .index = index, .limit = limit};
}

// Whether bits [at, at + width) lie within `limit` bits.
static bool bits_inside(eval_env *env, const expr *e, unsigned dimension, int64_t at, int64_t width, uint64_t limit) {
  if (width >= 0 && width <= 64 && at >= 0 && (uint64_t)at <= limit && (uint64_t)width <= limit - (uint64_t)at)
    return true;
  fault(env, e, dimension, at, limit);
  return false;
}

static int64_t read_bits(eval_env *env, const expr *e) {
  int64_t at = eval_int(env, e->args[0]);
  int64_t width = eval_int(env, e->args[1]);
  if (!bits_inside(env, e, 0, at, width, env->block_bytes * 8)) return 0;
  return (int64_t)eval_bits(env->block, (uint64_t)at, (unsigned)width);
}

// Adds index argument `arg` along dimension `dimension` to the element offset.
static bool add_index(eval_env *env, const expr *e, const layout_input *t, unsigned arg, unsigned dimension,
                      uint64_t *offset) {
  int64_t i = eval_int(env, e->args[arg]);
  if (i < 0 || (uint64_t)i >= t->dims[dimension]) {
    fault(env, e, dimension, i, t->dims[dimension]);
    return false;
  }
  *offset += (uint64_t)i * eval_stride(t, dimension);
  return true;
}

static int64_t read_element(eval_env *env, const expr *e) {
  const layout_input *t = &env->inputs[e->index];
  uint64_t offset = 0;
  for (unsigned r = 0; r < e->arg_count; r++)
    if (!add_index(env, e, t, r, r, &offset)) return 0;
  return (int64_t)eval_element(t, offset);
}

static int64_t read_stream(eval_env *env, const expr *e, const tensor_line *line, const int64_t *args) {
  const layout_input *t = &env->inputs[e->index];
  if (!bits_inside(env, e, e->axis, args[0], args[1], line->length * elem_get(t->type)->bits)) return 0;
  return (int64_t)eval_stream(t, line->first, line->stride, (uint64_t)args[0], (unsigned)args[1]);
}

static int64_t read_order(eval_env *env, const expr *e, const tensor_line *line, const int64_t *args) {
  if (args[0] >= 0 && (uint64_t)args[0] < line->length) return line_order(env->lines, line, (uint64_t)args[0]);
  fault(env, e, e->axis, args[0], line->length);
  return 0;
}

static int64_t read_rank(eval_env *env, const expr *e, const tensor_line *line, const int64_t *args) {
  uint64_t limit = line->length * elem_get(env->inputs[e->index].type)->bits;
  return bits_inside(env, e, e->axis, args[0], 0, limit) ? line_rank(env->lines, line, (uint64_t)args[0]) : 0;
}

static int64_t read_find(eval_env *env, const expr *e, const tensor_line *line, const int64_t *args) {
  int64_t from = args[0], to = args[1], found = 0;
  if (from < 0 || to < from || (uint64_t)to > line->length) {
    fault(env, e, e->axis, from < 0 || (uint64_t)from > line->length ? from : to, line->length);
    return 0;
  }
  if (line_find(env->lines, line, (uint64_t)from, (uint64_t)to, args[2], &found)) return found;
  if (!env->faulted) {
    fault(env, e, e->axis, from, (uint64_t)to);
    env->fault.unsorted = true;
  }
  return 0;
}

// STREAM, ORDER, FIND and RANK.
static int64_t read_line(eval_env *env, const expr *e) {
  const layout_input *t = &env->inputs[e->index];
  tensor_line line = {.tensor = e->index, .axis = e->axis};
  unsigned arg = 0;
  for (unsigned r = 0; r < t->rank; r++)
    if (r != e->axis && !add_index(env, e, t, arg++, r, &line.first)) return 0;
  int64_t args[3] = {0};
  for (unsigned i = 0; i < expr_line_args(e->op); i++) args[i] = eval_int(env, e->args[arg + i]);
  line.stride = eval_stride(t, e->axis);
  line.length = t->dims[e->axis];
  if (e->op == EXPR_STREAM) return read_stream(env, e, &line, args);
  if (e->op == EXPR_ORDER) return read_order(env, e, &line, args);
  return e->op == EXPR_RANK ? read_rank(env, e, &line, args) : read_find(env, e, &line, args);
}

static uint64_t table_size(const eval_env *env, const expr *e) {
  if (e->op == EXPR_TABLE) return env->scheme->tables[e->index].count;
  uint64_t size = 0;
  scheme_field_size(&env->scheme->fields[e->index], &size);
  return size;
}

// The raw element of a field (FIELD) or of its table (ELEMENT, at `offset`).
static uint32_t field_raw(const eval_env *env, const expr *e, uint64_t offset) {
  const scheme_field *f = &env->scheme->fields[e->index];
  if (f->sparse) {
    const uint32_t *raw = tensor_codes_find(env->codes, e->index, env->n, env->k);
    return raw == NULL ? 0 : raw[offset];
  }
  return env->codes->elements[e->index][scheme_field_index(f, env->codes->columns, env->n, env->k) + offset];
}

// FIELD, TABLE and ELEMENT as a real or an integer number. An index outside of the table gives 0.
static double look_up_real(eval_env *env, const expr *e) {
  int64_t at = e->op == EXPR_FIELD ? 0 : eval_int(env, e->args[0]);
  if (e->op != EXPR_FIELD && (at < 0 || (uint64_t)at >= table_size(env, e))) return 0;
  if (e->op == EXPR_TABLE) return env->scheme->tables[e->index].values[at];
  return elem_decode(env->scheme->fields[e->index].type, field_raw(env, e, (uint64_t)at));
}

static int64_t look_up_int(eval_env *env, const expr *e) {
  int64_t at = e->op == EXPR_FIELD ? 0 : eval_int(env, e->args[0]);
  if (e->op != EXPR_FIELD && (at < 0 || (uint64_t)at >= table_size(env, e))) return 0;
  if (e->op == EXPR_TABLE) return (int64_t)env->scheme->tables[e->index].values[at];
  return elem_decode_int(env->scheme->fields[e->index].type, field_raw(env, e, (uint64_t)at));
}

int64_t eval_window(const tensor_codes *t, const expr *e, uint64_t n, uint64_t k) {
  const scheme_field *f = &t->scheme->fields[e->index];
  unsigned bits = elem_get(f->type)->bits, width = (unsigned)e->args[0]->i;
  uint64_t span = (uint64_t)e->args[1]->i, run = (uint64_t)e->args[2]->i, first = k - k % span, window = 0;
  k += run - 1 - k % run;
  const uint32_t *codes = t->elements[e->index] + scheme_field_index(f, t->columns, n, first);
  for (unsigned done = 0, back = 0; done < width; done += bits, back++)
    window |= (uint64_t)codes[(k - first + span * width - back) % span] << done;
  return (int64_t)int_low_bits(window, width);
}

static int64_t variable(const eval_env *env, const expr *e) {
  if (e->index == VAR_K && env->codes != NULL) return (int64_t)env->k;
  if (e->index == VAR_N && env->codes != NULL) return (int64_t)env->n;
  return env->vars[e->index];
}

static int64_t compare(eval_env *env, const expr *e) {
  const expr *a = e->args[0], *b = e->args[1];
  if (a->is_int && b->is_int) {
    int64_t x = eval_int(env, a), y = eval_int(env, b);
    return e->op == EXPR_LT ? x < y : x == y;
  }
  double x = eval_real(env, a), y = eval_real(env, b);
  return e->op == EXPR_LT ? x < y : x == y;
}

static const expr *chosen(eval_env *env, const expr *e) {
  const expr *c = e->args[0];
  bool yes = c->is_int ? eval_int(env, c) != 0 : eval_real(env, c) != 0;
  return e->args[yes ? 1 : 2];
}

static int64_t binary_int(expr_op op, int64_t a, int64_t b) {
  switch (op) {
  case EXPR_ADD: return int_add(a, b);
  case EXPR_SUB: return int_sub(a, b);
  case EXPR_MUL: return int_mul(a, b);
  case EXPR_DIV: return int_div(a, b);
  case EXPR_MOD: return int_mod(a, b);
  case EXPR_SHL: return int_shl(a, b);
  case EXPR_SHR: return int_shr(a, b);
  case EXPR_AND: return a & b;
  case EXPR_OR: return a | b;
  case EXPR_XOR: return a ^ b;
  case EXPR_MIN: return a < b ? a : b;
  case EXPR_MAX: return a > b ? a : b;
  default: return 0;
  }
}

int64_t eval_int(eval_env *env, const expr *e) {
  switch (e->op) {
  case EXPR_INT: return e->i;
  case EXPR_VAR: return variable(env, e);
  case EXPR_FIELD:
  case EXPR_TABLE:
  case EXPR_ELEMENT: return look_up_int(env, e);
  case EXPR_NEG: return int_neg(eval_int(env, e->args[0]));
  case EXPR_NOT: return ~eval_int(env, e->args[0]);
  case EXPR_ABS: return int_abs(eval_int(env, e->args[0]));
  case EXPR_LT:
  case EXPR_EQ: return compare(env, e);
  case EXPR_SELECT: return eval_int(env, chosen(env, e));
  case EXPR_WINDOW: return eval_window(env->codes, e, env->n, env->k);
  case EXPR_BITS: return read_bits(env, e);
  case EXPR_LOAD: return read_element(env, e);
  case EXPR_STREAM:
  case EXPR_ORDER:
  case EXPR_FIND:
  case EXPR_RANK: return read_line(env, e);
  default: break;
  }
  int64_t a = eval_int(env, e->args[0]);
  return binary_int(e->op, a, eval_int(env, e->args[1]));
}

static double binary_real(expr_op op, double a, double b) {
  switch (op) {
  case EXPR_ADD: return a + b;
  case EXPR_SUB: return a - b;
  case EXPR_MUL: return a * b;
  case EXPR_DIV: return a / b;
  case EXPR_MIN: return a < b ? a : b;
  case EXPR_MAX: return a > b ? a : b;
  default: return 0;
  }
}

double eval_real(eval_env *env, const expr *e) {
  if (e->is_int) return (double)eval_int(env, e);
  switch (e->op) {
  case EXPR_REAL: return e->r;
  case EXPR_FIELD:
  case EXPR_TABLE:
  case EXPR_ELEMENT: return look_up_real(env, e);
  case EXPR_NEG: return -eval_real(env, e->args[0]);
  case EXPR_ABS: return fabs(eval_real(env, e->args[0]));
  case EXPR_FLOAT: return elem_decode((elem_type)e->index, (uint64_t)eval_int(env, e->args[0]));
  case EXPR_ROUND:
    return elem_decode((elem_type)e->index, elem_encode((elem_type)e->index, eval_real(env, e->args[0])));
  case EXPR_EXP2: return real_exp2(eval_real(env, e->args[0]));
  case EXPR_SELECT: return eval_real(env, chosen(env, e));
  default: break;
  }
  double a = eval_real(env, e->args[0]);
  return binary_real(e->op, a, eval_real(env, e->args[1]));
}

double scheme_eval(const tensor_codes *t, const expr *e, uint64_t n, uint64_t k) {
  eval_env env = {.scheme = t->scheme, .codes = t, .n = n, .k = k};
  return eval_real(&env, e);
}

double scheme_weight(const tensor_codes *t, uint64_t n, uint64_t k) {
  for (size_t i = 0; i < t->scheme->section_count; i++) {
    const tensor_codes *part = t->sections[i];
    uint64_t *at = t->scheme->sections[i].is_rows ? &n : &k, size = at == &n ? part->rows : part->columns;
    if (*at < size) return scheme_weight(part, n, k);
    *at -= size;
  }
  return t->scheme->section_count > 0 ? 0 : scheme_eval(t, t->scheme->value, n, k);
}
