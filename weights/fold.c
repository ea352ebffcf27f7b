#include "weights/fold.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "format/transform.h"
#include "weights/from_float.h"

enum { MAX_CHOSEN = 8 };

typedef struct folder {
  diag *d;
  arena *mem;
  const scheme *s;
  const tensor_file *file;
  const char *layer;
  tensor_codes *codes;
} folder;

// ---- the values alone ------------------------------------------------------------------------------------

static const expr *renumber(arena *a, const expr *e, const unsigned *number) {
  expr *copy = arena_memdup(a, e, sizeof *e);
  if (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT || e->op == EXPR_WINDOW) copy->index = number[e->index];
  const expr **args = ARENA_ARRAY(a, const expr *, e->arg_count);
  for (unsigned i = 0; i < e->arg_count; i++) args[i] = renumber(a, e->args[i], number);
  copy->args = args;
  return copy;
}

static void make_values(folder *f, folded_weights *out) {
  scheme *values = arena_memdup(f->mem, f->s, sizeof *f->s);
  scheme_field *fields = ARENA_ARRAY(f->mem, scheme_field, f->s->field_count);
  unsigned *number = ARENA_ARRAY(f->mem, unsigned, f->s->field_count);
  out->fields = ARENA_ARRAY(f->mem, unsigned, f->s->field_count);
  values->field_count = 0;
  for (unsigned i = 0; i < f->s->field_count; i++) {
    if (scheme_is_transform_field(f->s, i)) continue;
    number[i] = (unsigned)values->field_count;
    out->fields[values->field_count] = i;
    fields[values->field_count++] = f->s->fields[i];
  }
  values->fields = fields;
  if (f->s->value != NULL) values->value = renumber(f->mem, f->s->value, number);
  values->input = values->output = (transform){0};
  values->layout_count = 0;
  out->values = values;
}

void fold_take_values(folded_weights *out, const tensor_codes *values) {
  for (size_t i = 0; i < out->values->field_count; i++) {
    out->codes->elements[out->fields[i]] = values->elements[i];
    out->codes->sparse[out->fields[i]] = values->sparse[i];
  }
  out->codes->sections = values->sections;
}

// ---- fields from the file --------------------------------------------------------------------------------

static const tensor *stored_field(const folder *f, const scheme_field *field) {
  return f->file == NULL ? NULL : tensor_file_find(f->file, arena_printf(f->mem, "%s.%s", f->layer, field->name));
}

static bool put_number(const folder *f, const tensor *t, unsigned index, uint64_t i, double number) {
  const scheme_field *field = &f->s->fields[index];
  uint64_t raw = elem_encode(field->type, number);
  double back = elem_decode(field->type, raw);
  f->codes->elements[index][i] = (uint32_t)raw;
  if (elem_get(field->type)->kind == ELEM_KIND_FLOAT ? isfinite(back) : back == number) return true;
  diag_error_file(f->d, t->path, "tensor '%s': the number %g at %" PRIu64 " is none of field '%s', which is %s",
                  t->name, number, i, field->name, elem_get(field->type)->name);
  return false;
}

static bool use_stored(const folder *f, unsigned index, const tensor *t) {
  uint64_t count = 0;
  scheme_field_count(&f->s->fields[index], f->codes->rows, f->codes->columns, &count);
  float *numbers = ARENA_ARRAY(f->mem, float, (size_t)count);
  if (t->count != count) {
    diag_error_file(
        f->d, t->path, "tensor '%s' is %s, but field '%s' of %" PRIu64 " x %" PRIu64 " weights has %" PRIu64 " numbers",
        t->name, tensor_describe(f->mem, t), f->s->fields[index].name, f->codes->rows, f->codes->columns, count);
    return false;
  }
  if (!tensor_read_f32(f->d, t, 0, (size_t)count, numbers)) return false;
  for (uint64_t i = 0; i < count; i++)
    if (!put_number(f, t, index, i, (double)numbers[i])) return false;
  return true;
}

// ---- fields that change nothing --------------------------------------------------------------------------

static bool is_index(const transform *t, unsigned field) {
  for (size_t i = 0; i < t->count; i++)
    if (t->steps[i].kind == TRANSFORM_GATHER && expr_uses_field(t->steps[i].factor, field)) return true;
  return false;
}

static void fill(const folder *f, unsigned field, bool is_order, double number) {
  uint64_t count = 0;
  scheme_field_count(&f->s->fields[field], f->codes->rows, f->codes->columns, &count);
  for (uint64_t i = 0; i < count; i++)
    f->codes->elements[field][i] = (uint32_t)elem_encode(f->s->fields[field].type, is_order ? (double)i : number);
}

static bool leaves_alone(const folder *f, const transform *t) {
  for (size_t i = 0; i < t->count; i++)
    if ((t->steps[i].kind == TRANSFORM_MUL || t->steps[i].kind == TRANSFORM_DIV) &&
        fabs(scheme_eval(f->codes, t->steps[i].factor, 0, 0)) != 1)
      return false;
  return true;
}

// Every one of the fields is 1 or 0, such that all factors are 1.
static bool choose_fields(const folder *f, size_t count, const unsigned *fields) {
  for (unsigned choice = 0; choice < 1u << count; choice++) {
    for (size_t i = 0; i < count; i++) fill(f, fields[i], false, (choice >> i & 1) != 0 ? 0 : 1);
    if (leaves_alone(f, &f->s->input) && leaves_alone(f, &f->s->output)) return true;
  }
  diag_error(f->d, f->s->loc, "the input and output of '%s' cannot be made to change nothing", f->s->name);
  diag_hint(f->d, "store the numbers of their fields, as tensors such as '%s.%s'", f->layer,
            count > 0 ? f->s->fields[fields[0]].name : "field");
  return false;
}

static bool set_fields(const folder *f) {
  unsigned chosen[MAX_CHOSEN];
  size_t count = 0;
  for (unsigned i = 0; i < f->s->field_count; i++) {
    if (!scheme_is_transform_field(f->s, i)) continue;
    const tensor *stored = stored_field(f, &f->s->fields[i]);
    bool is_order = is_index(&f->s->input, i) || is_index(&f->s->output, i);
    if (stored != NULL && !use_stored(f, i, stored)) return false;
    if (stored == NULL && is_order) fill(f, i, true, 0);
    if (stored == NULL && !is_order && count < MAX_CHOSEN) chosen[count++] = i;
  }
  return count == 0 || choose_fields(f, count, chosen);
}

// A field of both the value and the input or output is known only when the values are, which need it.
static bool check_fields(const folder *f) {
  for (unsigned i = 0; i < f->s->field_count; i++) {
    scheme without = *f->s;
    without.value = &(expr){.op = EXPR_INT};
    if (f->s->value == NULL || !expr_uses_field(f->s->value, i) || !scheme_is_transform_field(&without, i)) continue;
    diag_error(f->d, f->s->fields[i].loc,
               "weights cannot be encoded as '%s': both the value and the input or output use '%s'", f->s->name,
               f->s->fields[i].name);
    return false;
  }
  return true;
}

// ---- the weights -----------------------------------------------------------------------------------------

bool fold_weights(diag *d, arena *a, const scheme *s, const tensor_file *file, const char *layer, const float *w,
                  uint64_t rows, uint64_t columns, folded_weights *out) {
  folder f = {.d = d, .mem = a, .s = s, .file = file, .layer = layer};
  if (!transform_check_shape(d, s, layer, rows, columns, SRC_NOWHERE) || !check_fields(&f)) return false;
  f.codes = out->codes = tensor_codes_new(d, a, s, rows, columns);
  if (f.codes == NULL || !set_fields(&f) || !transform_check_codes(d, f.codes, layer)) return false;
  make_values(&f, out);
  uint64_t count = rows * columns;
  arena *room = arena_new();
  double *folded = ARENA_ARRAY(room, double, (size_t)count);
  for (uint64_t i = 0; i < count; i++) folded[i] = (double)w[i];
  bool ok = transform_fold(d, f.codes, layer, folded);
  out->w = ARENA_ARRAY(a, float, (size_t)count);
  for (uint64_t i = 0; ok && i < count; i++) out->w[i] = (float)folded[i];
  arena_free(room);
  return ok;
}
