#include "inspect/stated.h"

#include <string.h>

// ---- which dimension is which ----------------------------------------------------------------------------

static bool is_along(const expr *e, unsigned var, unsigned other) {
  return e != NULL && solve_uses(e, var) && !solve_uses(e, other);
}

// Tensors that are no weights are taken as they are.
static bool order_agrees(const layout_tensor *t, const tensor *found) {
  if (found->use == NULL || found->rank != 2) return true;
  bool inputs_first = is_along(t->dims[0], VAR_COLUMNS, VAR_ROWS),
       outputs_first = is_along(t->dims[0], VAR_ROWS, VAR_COLUMNS);
  switch (found->use->order) {
  case TENSOR_INPUTS_FIRST: return !outputs_first;
  case TENSOR_OUTPUTS_FIRST:
  case TENSOR_NO_WEIGHTS: return !inputs_first;
  default: return true;
  }
}

// Codes are floats of one type, or integers with a sign or without.
static bool kind_agrees(const layout_tensor *t, const tensor *found) {
  elem_type type;
  if (!solve_input_type(found->dtype, &type)) return false;
  elem_kind kind = elem_get(type)->kind;
  return kind == elem_get(t->type)->kind && (kind != ELEM_KIND_FLOAT || type == t->type);
}

// ---- where scales belong ---------------------------------------------------------------------------------

// The layout's tensor that is the one of that name; the count of tensors without.
static size_t find_named(const scheme_layout *l, const tensor *const *tensors, const char *name) {
  size_t i = 0;
  while (i < l->tensor_count && strcmp(tensors[i]->name, name) != 0) i++;
  return i;
}

// Scales in one line run along the dimension that the file states.
static bool line_agrees(const layout_tensor *codes, const tensor_quant *q, const layout_tensor *scales,
                        const tensor *found) {
  const expr *of = codes->dims[q->axis];
  for (unsigned r = 0; r < scales->rank && of != NULL; r++) {
    const expr *line = scales->dims[r];
    if (found->dims[r] > 1 && line != NULL &&
        (solve_uses(of, VAR_ROWS) != solve_uses(line, VAR_ROWS) ||
         solve_uses(of, VAR_COLUMNS) != solve_uses(line, VAR_COLUMNS)))
      return false;
  }
  return true;
}

// Groups are of the size that the file states.
static bool group_agrees(const catalogue_form *form, const binding *b, size_t scales, unsigned rank, uint64_t group) {
  for (size_t p = 0; p < form->info->parameter_count; p++)
    for (unsigned r = 0; r < rank; r++)
      if (form->info->parameters[p].role == FE_PARAMETER_GROUP && catalogue_depends(form, p, scales, r) &&
          b->values[p] != (int64_t)group)
        return false;
  return true;
}

static bool scales_agree(const catalogue_form *form, const scheme_layout *l, const tensor *const *tensors,
                         const binding *b, size_t codes) {
  const tensor_quant *q = tensors[codes]->quant;
  if (q->several) return false;
  if (q->scale == NULL) return true;
  size_t scales = find_named(l, tensors, q->scale);
  if (scales == l->tensor_count) return false;
  if (q->axis < 0 || q->axis >= (int)l->tensors[codes].rank) return true;
  if (q->block > 1) return group_agrees(form, b, scales, l->tensors[scales].rank, q->block);
  return line_agrees(&l->tensors[codes], q, &l->tensors[scales], tensors[scales]);
}

bool stated_agrees(const catalogue_form *form, const scheme_layout *l, const tensor *const *tensors, const binding *b) {
  for (size_t i = 0; i < l->tensor_count; i++) {
    bool packed = tensors[i]->quant != NULL && tensors[i]->quant->rows != 0;
    if (!packed && !order_agrees(&l->tensors[i], tensors[i])) return false;
    if (!packed && tensors[i]->quant != NULL && !kind_agrees(&l->tensors[i], tensors[i])) return false;
    if (tensors[i]->quant != NULL && !scales_agree(form, l, tensors, b, i)) return false;
  }
  return true;
}

// ---- sizes -----------------------------------------------------------------------------------------------

static void narrow(extent *range, uint64_t size) {
  if (range->min <= size && size <= range->max) *range = (extent){size, size};
}

void stated_shape(const scheme_layout *l, const tensor *const *tensors, shape_range *shape) {
  for (size_t i = 0; i < l->tensor_count; i++) {
    const tensor_quant *q = tensors[i]->quant;
    if (q == NULL || q->rows == 0) continue;
    narrow(&shape->rows, q->rows);
    narrow(&shape->columns, q->columns);
  }
}

uint64_t stated_group(const scheme_layout *l, const tensor *const *tensors) {
  for (size_t i = 0; i < l->tensor_count; i++)
    if (tensors[i]->quant != NULL && tensors[i]->quant->block > 1) return tensors[i]->quant->block;
  return 0;
}
