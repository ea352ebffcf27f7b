// The packer of --emit=kernels: C source that brings weights from the formats' storage layouts, or from plain arrays of
// their fields, into the layout of the kernels. text/packer.c is the part that is the same for all; written here are the
// tables of a format and the functions that read its elements.
#include "engine/c_expr.h"
#include "engine/engine.h"
#include "format/layout_bits.h"

extern const char *const packer_lines[]; // made from text/packer.c by the build

typedef unsigned long long ull;

typedef struct writer {
  const engine *g;
  const recipe *r;
  const scheme *s;
  const char *symbol;
  strbuf *out;
} writer;

static writer writer_new(const engine *g, const recipe *r, strbuf *out) {
  return (writer){.g = g, .r = r, .s = r->scheme, .symbol = engine_symbol(g, r), .out = out};
}

static uint64_t table_size(const scheme_field *f) {
  uint64_t size = 1;
  scheme_field_size(f, &size);
  return size;
}

// ---- declarations ----------------------------------------------------------------------------------------

// [n], or [(n + 127) / 128]; nothing when all share one.
static void put_count(strbuf *out, char name, uint64_t size) {
  if (size == 1) strbuf_printf(out, "[%c]", name);
  if (size > 1) strbuf_printf(out, "[(%c + %llu) / %llu]", name, (ull)size - 1, (ull)size);
}

static const char *shape_text(arena *a, const scheme_field *f) {
  strbuf text = {.mem = a};
  put_count(&text, 'n', granularity_rows(&f->gran));
  put_count(&text, 'k', granularity_columns(&f->gran));
  for (unsigned i = 0; i < f->rank; i++) strbuf_printf(&text, "[%llu]", (ull)f->dims[i]);
  return text.len == 0 ? "one" : strbuf_text(&text);
}

static void declare_fields(const writer *w) {
  strbuf_printf(
      w->out,
      "/* Arrays of all elements of every field, one after the other, rows outermost. */\ntypedef struct %s_fields {\n",
      w->symbol);
  for (size_t i = 0; i < w->s->field_count; i++) {
    const scheme_field *f = &w->s->fields[i];
    strbuf_printf(w->out, "  const %s *%s; /* %s%s: %s */\n", c_raw_type(f->type), f->name, elem_get(f->type)->name,
                  elem_get(f->type)->kind == ELEM_KIND_UINT ? "" : ", its bits", shape_text(w->g->mem, f));
  }
  strbuf_printf(w->out, "} %s_fields;\nvoid %s_pack(size_t n, size_t k, const %s_fields *fields, void *packed);\n\n",
                w->symbol, w->symbol, w->symbol);
}

static void put_dims(strbuf *out, const layout_tensor *t) {
  static const c_names names = {.vars = {[VAR_ROWS] = "n", [VAR_COLUMNS] = "k"}};
  for (unsigned i = 0; i < t->rank; i++) {
    strbuf_putc(out, '[');
    c_expr_put(out, &names, t->dims[i]);
    strbuf_putc(out, ']');
  }
}

static bool sorts(const expr *e) {
  bool found = e->op == EXPR_ORDER || e->op == EXPR_FIND || e->op == EXPR_RANK;
  for (unsigned i = 0; !found && i < e->arg_count; i++) found = sorts(e->args[i]);
  return found;
}

// Layouts whose tensors have to be sorted or counted first have no packer: it would need memory of its own. Nor have
// those with sizes that only a file knows.
static bool has_packer(const scheme_layout *l) {
  bool has = true;
  for (size_t i = 0; i < l->tensor_count; i++)
    for (unsigned r = 0; r < l->tensors[i].rank; r++) has = has && l->tensors[i].dims[r] != NULL;
  for (size_t i = 0; i < l->place_count; i++) has = has && !sorts(l->places[i].raw);
  return has;
}

static void declare_tensors(const writer *w, const scheme_layout *l) {
  if (!has_packer(l)) {
    strbuf_printf(
        w->out,
        "/* Layout '%s' has no packer: it needs a file's sizes, or sorts. Pack the fields of the format. */\n\n",
        l->name);
    return;
  }
  strbuf_printf(w->out, "/* The tensors of layout '%s', little-endian. */\ntypedef struct %s_%s {\n", l->name,
                w->symbol, l->name);
  for (size_t i = 0; i < l->tensor_count; i++) {
    strbuf_printf(w->out, "  const void *%s; /* %s ", l->tensors[i].name, elem_get(l->tensors[i].type)->name);
    put_dims(w->out, &l->tensors[i]);
    strbuf_printf(w->out, " */\n");
  }
  strbuf_printf(w->out, "} %s_%s;\nvoid %s_pack_%s(size_t n, size_t k, const %s_%s *tensors, void *packed);\n\n",
                w->symbol, l->name, w->symbol, l->name, w->symbol, l->name);
}

static void declare_blocks(const writer *w, const scheme_layout *l) {
  strbuf_printf(
      w->out,
      "/* From blocks in layout '%s': %llu bytes for %llu weights of a row, rows one after the other. k must be a\n"
      " * multiple of %llu. */\nvoid %s_pack_%s(size_t n, size_t k, const void *blocks, void *packed);\n\n",
      l->name, (ull)l->block_bytes, (ull)l->block_weights, (ull)l->block_weights, w->symbol, l->name);
}

void engine_put_pack_declarations(const engine *g, const recipe *r, strbuf *out) {
  writer w = writer_new(g, r, out);
  declare_fields(&w);
  for (size_t i = 0; i < w.s->layout_count; i++)
    (w.s->layouts[i].block_weights > 0 ? declare_blocks : declare_tensors)(&w, &w.s->layouts[i]);
}

// ---- functions that read elements ------------------------------------------------------------------------

static const char *tables_name(const writer *w) { return arena_printf(w->g->mem, "%s_table", w->symbol); }

static void mark_tables(const expr *e, bool *used) {
  if (e->op == EXPR_TABLE) used[e->index] = true;
  for (unsigned i = 0; i < e->arg_count; i++) mark_tables(e->args[i], used);
}

// The constant tables that what follows looks into.
static void put_tables(const writer *w) {
  bool *used = ARENA_ARRAY(w->g->mem, bool, w->s->table_count);
  if (w->r->pack.has_row_sums) mark_tables(w->s->value, used);
  for (size_t i = 0; i < w->s->input.count; i++)
    if (w->s->input.steps[i].factor != NULL) mark_tables(w->s->input.steps[i].factor, used);
  for (size_t i = 0; i < w->s->output.count; i++)
    if (w->s->output.steps[i].factor != NULL) mark_tables(w->s->output.steps[i].factor, used);
  for (size_t i = 0; i < w->s->layout_count; i++) {
    const scheme_layout *l = &w->s->layouts[i];
    for (size_t p = 0; has_packer(l) && p < l->place_count; p++) mark_tables(l->places[p].raw, used);
  }
  c_names names = {.s = w->s, .tables = tables_name(w)};
  for (size_t t = 0; t < w->s->table_count; t++)
    if (used[t]) c_expr_put_table(w->out, &names, t);
}

// A field's element of a source; the body follows.
static void begin_getter(const writer *w, const char *source, const scheme_field *f) {
  strbuf_printf(w->out,
                "static uint32_t %s_%s_get_%s(const qp_source *s, uint64_t row, uint64_t granule, uint64_t element) {\n"
                "  (void)s, (void)row, (void)granule, (void)element;\n",
                w->symbol, source, f->name);
}

static void put_getter_list(const writer *w, const char *source) {
  strbuf_printf(w->out, "static const qp_get %s_%s_get[] = {", w->symbol, source);
  for (size_t i = 0; i < w->s->field_count; i++)
    strbuf_printf(w->out, "%s%s_%s_get_%s", i > 0 ? ", " : "", w->symbol, source, w->s->fields[i].name);
  strbuf_printf(w->out, "};\n\n");
}

static void put_field_getter(const writer *w, size_t index) {
  const scheme_field *f = &w->s->fields[index];
  begin_getter(w, "fields", f);
  strbuf_printf(w->out, "  return ((const %s *)s->fields[%zu])[(", c_raw_type(f->type), index);
  uint64_t rows = granularity_rows(&f->gran), columns = granularity_columns(&f->gran);
  strbuf_printf(w->out, rows > 0 ? "row / %lluu" : "0u", (ull)rows);
  if (columns > 0) strbuf_printf(w->out, " * ((s->columns + %lluu) / %lluu) + granule", (ull)columns - 1, (ull)columns);
  strbuf_printf(w->out, ") * %lluu + element] & 0x%llxu;\n}\n\n", (ull)table_size(f),
                elem_get(f->type)->bits >= 32 ? 0xffffffffull : (1ull << elem_get(f->type)->bits) - 1);
}

static const layout_place *find_place(const scheme_layout *l, size_t field) {
  size_t i = 0;
  while (l->places[i].field != field) i++;
  return &l->places[i];
}

static void put_raw(const writer *w, const c_names *names, const scheme_field *f, const layout_place *p) {
  strbuf_printf(w->out, "  return (uint32_t)((uint64_t)");
  c_expr_put(w->out, names, p->raw);
  strbuf_printf(w->out, " & UINT64_C(0x%llx));\n}\n\n",
                elem_get(f->type)->bits >= 32 ? 0xffffffffull : (1ull << elem_get(f->type)->bits) - 1);
}

static void put_block_getter(const writer *w, const scheme_layout *l, size_t index) {
  const scheme_field *f = &w->s->fields[index];
  c_names names = {.s = w->s,
                   .tables = tables_name(w),
                   .block = "block",
                   .vars = {[VAR_BINDER0] = "at", [VAR_BINDER1] = "(int64_t)element"}};
  names.vars[VAR_ROWS] = "(int64_t)s->rows";
  names.vars[VAR_COLUMNS] = "(int64_t)s->columns";
  uint64_t per_block = layout_block_elements(l, f) / table_size(f);
  begin_getter(w, l->name, f);
  strbuf_printf(
      w->out,
      "  const uint8_t *block = (const uint8_t *)s->fields[0] + (row * (s->columns / %lluu) + granule / %lluu) * "
      "%lluu;\n  int64_t at = (int64_t)(granule %% %lluu);\n  (void)at;\n",
      (ull)l->block_weights, (ull)per_block, (ull)l->block_bytes, (ull)per_block);
  put_raw(w, &names, f, find_place(l, index));
}

static void put_tensor_getter(const writer *w, const scheme_layout *l, size_t index) {
  const scheme_field *f = &w->s->fields[index];
  c_names names = {.s = w->s, .tables = tables_name(w)};
  const char **tensors = ARENA_ARRAY(w->g->mem, const char *, l->tensor_count);
  for (size_t i = 0; i < l->tensor_count; i++) tensors[i] = arena_printf(w->g->mem, "&s->tensors[%zu]", i);
  names.tensors = tensors;
  names.vars[VAR_ROWS] = "(int64_t)s->rows";
  names.vars[VAR_COLUMNS] = "(int64_t)s->columns";
  unsigned b = VAR_BINDER0;
  uint64_t rows = granularity_rows(&f->gran);
  if (rows != 0) names.vars[b++] = arena_printf(w->g->mem, "(int64_t)(row / %lluu)", (ull)rows);
  if (granularity_columns(&f->gran) != 0) names.vars[b++] = "(int64_t)granule";
  names.vars[b] = "(int64_t)element";
  begin_getter(w, l->name, f);
  put_raw(w, &names, f, find_place(l, index));
}

// ---- the format's tables ---------------------------------------------------------------------------------

// A derived part's expression as a function, and the values that it can have.
static void put_derived(const writer *w, const c_names *names, size_t number) {
  const code_part *p = &w->r->normal.parts[number];
  strbuf_printf(w->out,
                "static int64_t %s_derived_%zu(const qp_source *s, uint64_t n, uint64_t k) {\n  (void)n, (void)k;\n"
                "  return ",
                w->symbol, number);
  c_expr_put(w->out, names, p->derived[0]);
  strbuf_printf(w->out, ";\n}\nstatic const int64_t %s_values_%zu[] = {", w->symbol, number);
  for (size_t i = 1; i < p->derived_count; i++)
    strbuf_printf(w->out, "%s%lld", i > 1 ? ", " : "", (long long)p->derived[i]->i);
  strbuf_printf(w->out, "};\n");
}

static void put_part(const writer *w, size_t number) {
  const code_part *p = &w->r->normal.parts[number];
  const elem_info *t = elem_get(w->s->fields[p->field].type);
  if (p->derived_count > 0)
    strbuf_printf(w->out, "{0, %u, 0, %s_derived_%zu, %s_values_%zu, %zu}", p->shift, w->symbol, number, w->symbol,
                  number, p->derived_count - 1);
  else
    strbuf_printf(w->out, "{%u, %u, 0x%xu, 0, 0, 0}", p->field, p->shift,
                  t->kind == ELEM_KIND_INT ? 1u << (t->bits - 1) : 0u);
}

static void put_parts(const writer *w, const c_names *names) {
  for (size_t i = 0; i < w->r->normal.part_count; i++)
    if (w->r->normal.parts[i].derived_count > 0) put_derived(w, names, i);
  // Codes may lie in fields of several weights alone: C wants one element all the same.
  strbuf_printf(w->out, "static const qp_part %s_parts[] = {", w->symbol);
  for (size_t i = 0; i < w->r->normal.part_count; i++) {
    strbuf_printf(w->out, i > 0 ? ", " : "");
    put_part(w, i);
  }
  if (w->r->normal.part_count == 0) strbuf_printf(w->out, "{0, 0, 0, 0, 0, 0}");
  strbuf_printf(w->out, "};\nstatic const qp_plane %s_planes[] = {", w->symbol);
  for (size_t i = 0; i < w->r->pack.plane_count; i++) {
    const pack_plane *p = &w->r->pack.planes[i];
    strbuf_printf(w->out, "%s{%u, %u, %llu}", i > 0 ? ", " : "", p->width, p->shift, (ull)p->offset);
  }
  if (w->r->pack.plane_count == 0) strbuf_printf(w->out, "{0, 0, 0}");
  strbuf_printf(w->out, "};\n");
}

static void put_coarse(const writer *w, const char *name, const pack_field *fields, size_t count) {
  if (count == 0) return;
  strbuf_printf(w->out, "static const qp_field %s_%s[] = {", w->symbol, name);
  for (size_t i = 0; i < count; i++) {
    const scheme_field *f = &w->s->fields[fields[i].field];
    const elem_info *t = elem_get(f->type);
    const elem_info *store = elem_get(fields[i].store);
    bool converts = t->kind == ELEM_KIND_FLOAT && fields[i].store != f->type;
    strbuf_printf(w->out, "%s{%u, %u, %u, %d, %u, %u, %d, %u, %u, %llu, %llu, %llu, %llu, %u, %llu}", i > 0 ? ", " : "",
                  fields[i].field, t->bits, store->bits / 8, t->kind == ELEM_KIND_INT, t->exp_bits, t->man_bits,
                  (int)t->special, converts ? store->exp_bits : 0, converts ? store->man_bits : 0,
                  fields[i].span == 0 ? 0 : (ull)f->gran.group, (ull)fields[i].span, (ull)fields[i].offset,
                  (ull)table_size(f), fields[i].shared > 1 ? fields[i].shared : 1, (ull)fields[i].bytes);
  }
  strbuf_printf(w->out, "};\n");
}

static void put_value(const writer *w, const c_names *names) {
  strbuf_printf(
      w->out, "static double %s_value(const qp_source *s, uint64_t n, uint64_t k) {\n  (void)n, (void)k;\n  return %s",
      w->symbol, w->s->value->is_int ? "(double)" : "");
  c_expr_put(w->out, names, w->s->value);
  strbuf_printf(w->out, ";\n}\n");
}

static const char *table_name(const writer *w, size_t count, const char *name) {
  return count == 0 ? "0" : arena_printf(w->g->mem, "%s_%s", w->symbol, name);
}

static void put_format(const writer *w) {
  const packing *p = &w->r->pack;
  put_tables(w);
  c_names names = {.s = w->s, .tables = tables_name(w)};
  names.vars[VAR_K] = "(int64_t)k";
  names.vars[VAR_N] = "(int64_t)n";
  put_parts(w, &names);
  put_coarse(w, "coarse", p->fields, p->field_count);
  put_coarse(w, "coarse_of_tensor", p->tensor_fields, p->tensor_field_count);
  if (p->has_row_sums) put_value(w, &names);
  strbuf_printf(
      w->out,
      "static const qp_format %s_format = {\n  %u, %llu, %llu, %llu, %llu, %llu, %llu, %llu, %llu, %zu, %zu, %zu, "
      "%zu,\n  %s_parts, %s_planes, %s, %s, %s, %llu};\n\n",
      w->symbol, p->rows, (ull)p->k_group, (ull)p->k_padded, (ull)p->block, (ull)p->header_bytes, (ull)p->chunk_bytes,
      (ull)p->block_bytes, (ull)p->tile_head_bytes, (ull)p->tensor_head_bytes, w->r->normal.part_count, p->plane_count,
      p->field_count, p->tensor_field_count, w->symbol, w->symbol, table_name(w, p->field_count, "coarse"),
      table_name(w, p->tensor_field_count, "coarse_of_tensor"),
      p->has_row_sums ? arena_printf(w->g->mem, "%s_value", w->symbol) : "0", (ull)p->row_sum_offset);
}

// ---- the functions of the header -------------------------------------------------------------------------

static void put_pack_fields(const writer *w) {
  for (size_t i = 0; i < w->s->field_count; i++) put_field_getter(w, i);
  put_getter_list(w, "fields");
  strbuf_printf(w->out,
                "void %s_pack(size_t n, size_t k, const %s_fields *fields, void *packed) {\n"
                "  qp_source s = {n, k, %s_fields_get, {0}, {{0, {0}, 0, 0}}};\n",
                w->symbol, w->symbol, w->symbol);
  for (size_t i = 0; i < w->s->field_count; i++)
    strbuf_printf(w->out, "  s.fields[%zu] = fields->%s;\n", i, w->s->fields[i].name);
  strbuf_printf(w->out, "  qp_pack(&%s_format, &s, packed);\n}\n\n", w->symbol);
}

static void put_pack_blocks(const writer *w, const scheme_layout *l) {
  for (size_t i = 0; i < w->s->field_count; i++) put_block_getter(w, l, i);
  put_getter_list(w, l->name);
  strbuf_printf(w->out,
                "void %s_pack_%s(size_t n, size_t k, const void *blocks, void *packed) {\n"
                "  qp_source s = {n, k, %s_%s_get, {blocks}, {{0, {0}, 0, 0}}};\n"
                "  qp_pack(&%s_format, &s, packed);\n}\n\n",
                w->symbol, l->name, w->symbol, l->name, w->symbol);
}

static void put_pack_tensors(const writer *w, const scheme_layout *l) {
  static const c_names names = {.vars = {[VAR_ROWS] = "(int64_t)n", [VAR_COLUMNS] = "(int64_t)k"}};
  if (!has_packer(l)) return;
  for (size_t i = 0; i < w->s->field_count; i++) put_tensor_getter(w, l, i);
  put_getter_list(w, l->name);
  strbuf_printf(w->out,
                "void %s_pack_%s(size_t n, size_t k, const %s_%s *tensors, void *packed) {\n"
                "  qp_source s = {n, k, %s_%s_get, {0}, {{0, {0}, 0, 0}}};\n",
                w->symbol, l->name, w->symbol, l->name, w->symbol, l->name);
  for (size_t i = 0; i < l->tensor_count; i++) {
    const layout_tensor *t = &l->tensors[i];
    strbuf_printf(w->out, "  s.tensors[%zu] = (qp_tensor){(const uint8_t *)tensors->%s, {", i, t->name);
    for (unsigned d = 0; d < t->rank; d++) {
      strbuf_printf(w->out, "%s(uint64_t)", d > 0 ? ", " : "");
      c_expr_put(w->out, &names, t->dims[d]);
    }
    strbuf_printf(w->out, "}, %u, %u};\n", t->rank, elem_get(t->type)->bits);
  }
  strbuf_printf(w->out, "  qp_pack(&%s_format, &s, packed);\n}\n\n", w->symbol);
}

static bool put_recipe(const engine *g, const recipe *r, strbuf *out) {
  writer w = writer_new(g, r, out);
  for (size_t i = 0; i < w.s->field_count; i++) {
    if (elem_get(w.s->fields[i].type)->bits <= 32) continue;
    diag_error(g->d, w.s->fields[i].loc, "the packer has no fields of more than 32 bits: '%s'", w.s->fields[i].name);
    return false;
  }
  strbuf_printf(out, "/* ---- %s, activations %s ---- */\n\n", w.s->name, act_text(g->mem, &r->act));
  put_format(&w);
  put_pack_fields(&w);
  engine_put_factors(g, r, out);
  for (size_t i = 0; i < w.s->layout_count; i++)
    (w.s->layouts[i].block_weights > 0 ? put_pack_blocks : put_pack_tensors)(&w, &w.s->layouts[i]);
  return true;
}

bool engine_put_pack_source(const engine *g, strbuf *out) {
  strbuf_printf(out,
                "/* Packers for the kernels of %s.h. Made by qcc; plain C11, needs the C library's math functions. */\n"
                "#include \"%s.h\"\n\n#include <math.h>\n#include <string.h>\n\n",
                g->prefix, g->prefix);
  for (const char *const *line = packer_lines; *line != NULL; line++) strbuf_printf(out, "%s", *line);
  strbuf_putc(out, '\n');
  bool ok = true;
  for (size_t i = 0; i < g->m->recipes.len; i++) ok = put_recipe(g, g->m->recipes.data[i], out) && ok;
  return ok;
}
