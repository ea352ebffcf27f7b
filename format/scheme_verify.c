// The verifier of schemes. It goes on after an error, so that one run reports all.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "format/layout_bits.h"
#include "format/scheme_check.h"
#include "format/scheme_parts.h"
#include "support/num.h"

enum { MAX_NAMES = 1000, MAX_TABLE_NUMBERS = 1 << 26, MAX_FIELD_BITS = 32 };

static const char *field_name(const scheme *s, size_t f) { return s->fields[f].name; }

// Names of fields and tables share one space.
static bool check_names(diag *d, const scheme *s) {
  bool ok = true;
  if (s->field_count + s->table_count > MAX_NAMES) {
    diag_error(d, s->loc, "scheme '%s' has more than %d fields and tables", s->name, MAX_NAMES);
    return false;
  }
  for (size_t i = 0; i < s->field_count + s->table_count; i++) {
    bool is_field = i < s->field_count;
    const char *name = is_field ? field_name(s, i) : s->tables[i - s->field_count].name;
    for (size_t j = 0; j < i; j++) {
      const char *other = j < s->field_count ? field_name(s, j) : s->tables[j - s->field_count].name;
      if (strcmp(name, other) != 0) continue;
      src_loc loc = is_field ? s->fields[i].loc : s->tables[i - s->field_count].loc;
      diag_error(d, loc, "the name '%s' is declared twice in scheme '%s'", name, s->name);
      ok = false;
      break;
    }
  }
  return ok;
}

static bool check_field_type(diag *d, const scheme *s, const scheme_field *f) {
  const elem_info *e = elem_get(f->type);
  if (e->bits > MAX_FIELD_BITS) {
    diag_error(d, f->loc, "field '%s' of scheme '%s' has type %s; stored fields have at most %d bits", f->name, s->name,
               e->name, MAX_FIELD_BITS);
    return false;
  }
  if (f->gran.kind == GRAN_WEIGHT && e->kind != ELEM_KIND_FLOAT && e->bits > SCHEME_MAX_FIELD_BITS) {
    diag_error(d, f->loc, "field '%s' of scheme '%s' is an %s per weight; codes have at most %d bits", f->name, s->name,
               e->name, SCHEME_MAX_FIELD_BITS);
    return false;
  }
  return true;
}

static bool check_field_shape(diag *d, const scheme *s, const scheme_field *f) {
  uint64_t size = 0;
  if (f->gran.kind == GRAN_GROUP && f->gran.group == 0) {
    diag_error(d, f->loc, "field '%s' of scheme '%s' is 'per 0' weights; a group has at least one", f->name, s->name);
    return false;
  }
  if (f->rank > SCHEME_MAX_RANK) {
    diag_error(d, f->loc, "field '%s' of scheme '%s' has %u dimensions; at most %d are possible", f->name, s->name,
               f->rank, SCHEME_MAX_RANK);
    return false;
  }
  if (scheme_field_size(f, &size) && size > 0 && size <= MAX_TABLE_NUMBERS) return true;
  diag_error(d, f->loc, "the table '%s' of scheme '%s' needs between 1 and %d numbers", f->name, s->name,
             MAX_TABLE_NUMBERS);
  return false;
}

static bool check_sparse(diag *d, const scheme_field *f) {
  if (f->density > 0 && f->density <= 1 && granularity_rows(&f->gran) != 0 && granularity_columns(&f->gran) != 0)
    return true;
  diag_error(d, f->loc,
             "a sparse field has one element per weight, group or tile, and keeps a share of them above 0 and up to 1");
  return false;
}

static bool check_fields(diag *d, const scheme *s) {
  bool ok = true;
  if (s->field_count == 0) {
    diag_error(d, s->loc, "scheme '%s' has no field", s->name);
    return false;
  }
  for (size_t i = 0; i < s->field_count; i++) {
    ok &= check_field_type(d, s, &s->fields[i]);
    ok &= check_field_shape(d, s, &s->fields[i]) && (!s->fields[i].sparse || check_sparse(d, &s->fields[i]));
  }
  return ok;
}

static bool same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static bool check_table(diag *d, const scheme *s, const scheme_table *t) {
  if (t->count == 0 || t->count > MAX_TABLE_NUMBERS) {
    diag_error(d, t->loc, "the table '%s' of scheme '%s' needs between 1 and %d numbers", t->name, s->name,
               MAX_TABLE_NUMBERS);
    return false;
  }
  for (size_t i = 0; i < t->count; i++) {
    if (same_number(t->values[i], elem_decode(t->type, elem_encode(t->type, t->values[i])))) continue;
    diag_error(d, t->loc, "number %zu of table '%s', %g, is not a value of type %s", i, t->name, t->values[i],
               elem_get(t->type)->name);
    return false;
  }
  return true;
}

static bool check_places(diag *d, const scheme *s, const scheme_layout *l) {
  bool ok = true;
  for (size_t f = 0; f < s->field_count; f++) {
    size_t count = 0;
    for (size_t p = 0; p < l->place_count; p++) count += l->places[p].field == f;
    if (count == 1 || (count == 0 && l->fit)) continue;
    diag_error(d, l->loc,
               count == 0 ? "layout '%s' has no place for field '%s'" : "layout '%s' places field '%s' twice", l->name,
               field_name(s, f));
    ok = false;
  }
  for (size_t p = 0; p < l->place_count; p++) ok &= scheme_check_place(d, s, l, &l->places[p]);
  return ok;
}

// A field in a block: granules must not straddle blocks.
static bool check_block_field(diag *d, const scheme_layout *l, const scheme_field *f) {
  if (f->sparse) {
    diag_error(d, l->loc, "field '%s' is sparse and cannot lie in the blocks of layout '%s'", f->name, l->name);
    return false;
  }
  if (f->gran.kind == GRAN_ROW || f->gran.kind == GRAN_TENSOR || f->gran.kind == GRAN_TILE) {
    static const char *const per[] = {[GRAN_ROW] = "row", [GRAN_TENSOR] = "tensor", [GRAN_TILE] = "tile or column"};
    diag_error(d, l->loc, "field '%s' is per %s and cannot lie in the blocks of layout '%s'", f->name,
               per[f->gran.kind], l->name);
    diag_hint(d, "use a layout with separate tensors, or make the field per %" PRIu64, l->block_weights);
    return false;
  }
  if (f->gran.kind == GRAN_WEIGHT || l->block_weights % f->gran.group == 0) return true;
  diag_error(d, l->loc,
             "a block of layout '%s' has %" PRIu64 " weights, which groups of %" PRIu64 " (field '%s') do not divide",
             l->name, l->block_weights, f->gran.group, f->name);
  return false;
}

static bool check_block_layout(diag *d, const scheme *s, const scheme_layout *l) {
  enum { MAX_BLOCK = 1 << 20 };
  bool ok = true;
  if (l->block_weights > MAX_BLOCK || l->block_bytes == 0 || l->block_bytes > MAX_BLOCK) {
    diag_error(d, l->loc, "a block of layout '%s' needs between 1 and %d weights and bytes", l->name, MAX_BLOCK);
    return false;
  }
  if (l->tensor_count != 0) {
    diag_error(d, l->loc, "layout '%s' has both blocks and separate tensors", l->name);
    return false;
  }
  for (size_t f = 0; f < s->field_count; f++) ok &= check_block_field(d, l, &s->fields[f]);
  return ok;
}

static bool check_layout_tensor(diag *d, const scheme *s, const scheme_layout *l, const layout_tensor *t) {
  bool ok = true;
  if (t->rank > SCHEME_MAX_RANK) {
    diag_error(d, t->loc, "tensor '%s' has %u dimensions; at most %d are possible", t->name, t->rank, SCHEME_MAX_RANK);
    return false;
  }
  if (elem_get(t->type)->bits % 8 != 0) {
    diag_error(d, t->loc, "tensor '%s' of layout '%s' has type %s; elements of tensors are whole bytes", t->name,
               l->name, elem_get(t->type)->name);
    diag_hint(d, "declare the bytes or words that hold the codes and read them with stream(..)");
    ok = false;
  }
  for (unsigned i = 0; i < t->stored_count; i++) {
    if (elem_get(t->stored[i])->bits % 8 == 0 && layout_type_holds(t->type, t->stored[i])) continue;
    diag_error(d, t->loc, "tensor '%s' of layout '%s' may be stored as %s, whose numbers are not all %s", t->name,
               l->name, elem_get(t->stored[i])->name, elem_get(t->type)->name);
    ok = false;
  }
  for (unsigned r = 0; r < t->rank; r++)
    if (t->dims[r] != NULL) ok &= scheme_check_dimension(d, s, l, t, t->dims[r]);
  return ok;
}

static bool has_place(const scheme_layout *l, unsigned field) {
  for (size_t p = 0; p < l->place_count; p++)
    if (l->places[p].field == field) return true;
  return false;
}

// Exactly the fields of the dense part have no place.
static bool check_fit(diag *d, const scheme *s, const scheme_layout *l) {
  arena *a = arena_new();
  const scheme_part *parts;
  size_t count = scheme_split(d, a, s, &parts);
  bool dense = count > 1 && parts[0].kind == PART_REST && l->block_weights == 0, ok = dense;
  for (unsigned f = 0; f < s->field_count && ok; f++) {
    bool rest = false;
    for (size_t i = 0; i < parts[0].scheme->field_count; i++) rest = rest || parts[0].fields[i] == f;
    ok = rest != has_place(l, f);
  }
  if (!ok)
    diag_error(
        d, l->loc,
        "layout '%s' of '%s' fits what has no place to float weights: that can only be all fields of the dense part "
        "of a sum",
        l->name, s->name);
  arena_free(a);
  return ok;
}

// What a container numbers is one tensor of bytes, whose size follows from the shape.
static bool check_typed_tensor(diag *d, const scheme_layout *l) {
  const layout_tensor *t = l->tensors;
  bool ok = l->tensor_count == 1 && !l->fit && t->type == ELEM_U8 && t->stored_count <= 1;
  for (unsigned r = 0; ok && r < t->rank; r++) ok = t->dims[r] != NULL;
  if (ok) return true;
  diag_error(d, l->loc, "layout '%s' has a type number, so it needs blocks, or one tensor of u8 of a known size",
             l->name);
  return false;
}

static bool check_layout(diag *d, const scheme *s, const scheme_layout *l) {
  bool ok = true;
  if (l->fit && !check_fit(d, s, l)) return false;
  if (l->block_weights > 0)
    ok = check_block_layout(d, s, l);
  else if (l->type_id >= 0)
    ok = check_typed_tensor(d, l);
  for (size_t t = 0; t < l->tensor_count; t++) ok &= check_layout_tensor(d, s, l, &l->tensors[t]);
  ok = ok && check_places(d, s, l);
  return ok && (l->block_weights == 0 || layout_check_block_reads(d, s, l));
}

static bool check_layouts(diag *d, const scheme *s) {
  bool ok = true;
  for (size_t i = 0; i < s->layout_count; i++) {
    for (size_t j = 0; j < i; j++) {
      if (strcmp(s->layouts[i].name, s->layouts[j].name) != 0) continue;
      diag_error(d, s->layouts[i].loc, "scheme '%s' has two layouts '%s'", s->name, s->layouts[i].name);
      ok = false;
    }
    ok &= check_layout(d, s, &s->layouts[i]);
  }
  return ok;
}

// Parts of parts multiply. Every one of them is a matrix with a product and steps of its own.
#define MAX_PARTS 1024

// Adds the matrices that a scheme is made of; gives up beyond MAX_PARTS.
static void count_parts(const scheme *s, size_t *count) {
  if (s->section_count == 0) ++*count;
  for (size_t i = 0; i < s->section_count && *count <= MAX_PARTS; i++) count_parts(s->sections[i].scheme, count);
}

static bool check_part_count(diag *d, const scheme *s) {
  size_t count = 0;
  count_parts(s, &count);
  if (count <= MAX_PARTS) return true;
  diag_error(d, s->loc, "scheme '%s' is made of more than %d parts, with the parts of its parts", s->name, MAX_PARTS);
  return false;
}

// A scheme of sections has no value, and fields for its input and output only.
static bool check_sections(diag *d, const scheme *s) {
  bool ok = check_names(d, s);
  for (unsigned f = 0; f < s->field_count; f++)
    ok &= check_field_type(d, s, &s->fields[f]) && check_field_shape(d, s, &s->fields[f]);
  for (size_t t = 0; t < s->table_count; t++) ok &= check_table(d, s, &s->tables[t]);
  if (!ok) return false;
  for (unsigned f = 0; f < s->field_count; f++) ok &= scheme_is_transform_field(s, f) && !s->fields[f].sparse;
  if (!ok || s->value != NULL || s->layout_count > 0) {
    diag_error(d, s->loc,
               "scheme '%s' has parts in other formats, so it can have no value and no layout, and fields only for its "
               "input and output",
               s->name);
    return false;
  }
  ok &= scheme_check_transforms(d, s) && check_part_count(d, s);
  for (size_t i = 0; i < s->section_count; i++) {
    const scheme_section *c = &s->sections[i];
    ok &= scheme_check_bound(d, s, c->from) && scheme_check_bound(d, s, c->to);
    if (c->scheme->input.count + c->scheme->output.count > 0) {
      diag_error(d, c->loc, "a part cannot change the input or output: that is for the whole, '%s'", s->name);
      ok = false;
    }
    if (c->is_rows == s->sections[0].is_rows) continue;
    diag_error(d, c->loc, "the parts of '%s' are both rows and columns", s->name);
    diag_hint(d, "let one of them be a scheme of parts in turn");
    ok = false;
  }
  return ok;
}

// Sparse fields stand where they can be split off, and what is split off can be told.
static bool check_sum(diag *d, const scheme *s) {
  arena *a = arena_new();
  const scheme_part *parts;
  bool ok = scheme_split(d, a, s, &parts) > 0;
  arena_free(a);
  return ok;
}

bool scheme_verify(diag *d, const scheme *s) {
  if (s->section_count > 0) return check_sections(d, s);
  bool ok = check_names(d, s);
  bool parts = check_fields(d, s);
  for (size_t t = 0; t < s->table_count; t++) parts &= check_table(d, s, &s->tables[t]);
  if (!parts) return false; // expressions can be checked only against sound fields and tables
  if (s->value == NULL) {
    diag_error(d, s->loc, "scheme '%s' has no value", s->name);
    return false;
  }
  ok &= scheme_check_value(d, s) && check_sum(d, s);
  ok &= scheme_check_transforms(d, s);
  ok &= check_layouts(d, s);
  return ok;
}
