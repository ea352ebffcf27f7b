// What `qcc inspect` prints for people.
#include <inttypes.h>
#include <string.h>

#include "inspect/inspection.h"
#include "support/text_table.h"

static const char *size_text(arena *a, double bytes) {
  static const struct {
    double from;
    const char *unit;
  } units[] = {{1e9, "GB"}, {1e6, "MB"}, {1e3, "KB"}};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (bytes >= units[i].from) return arena_printf(a, "%.2f %s", bytes / units[i].from, units[i].unit);
  return arena_printf(a, "%.0f bytes", bytes);
}

enum { MOST_LINES = 20, MOST_NAME = 60 }; // of what may be a line for each tensor; of names, in columns of the terminal

static const char *short_name(arena *a, const inspected *t) { return text_elide(a, t->what->name, MOST_NAME); }

// Of `count` lines as many as are printed; where some are left out that is said.
static bool is_shown(FILE *out, size_t line, size_t count) {
  if (line == MOST_LINES) fprintf(out, "  .. and %zu more: --json has all\n", count - MOST_LINES);
  return line < MOST_LINES;
}

// ---- head ------------------------------------------------------------------------------------------------

static void print_meta(FILE *out, const tensor_meta *m) {
  enum { SHOWN = 100 };
  size_t length = strcspn(m->value, "\n");
  bool cut = length > SHOWN || m->value[length] != '\0';
  if (length > SHOWN)
    for (length = SHOWN; length > 0 && ((unsigned char)m->value[length] & 0xc0) == 0x80;) length--;
  fprintf(out, "  %s = %.*s%s\n", m->key, (int)length, m->value, cut ? ".." : "");
}

static void print_meta_list(FILE *out, const tensor_meta *first, size_t count) {
  for (size_t i = 0; i < count && is_shown(out, i, count); i++) print_meta(out, &first[i]);
}

static void print_head(FILE *out, arena *a, const inspection *x, bool summary) {
  const tensor_file *f = x->file;
  size_t parts = tensor_file_part_count(f);
  fprintf(out, "%s: %s, ", tensor_file_path(f), tensor_file_kind(f));
  if (parts > 1) fprintf(out, "%zu files, ", parts);
  fprintf(out, "%zu tensors, %s\n", tensor_file_count(f), size_text(a, (double)x->bytes));
  if (summary) return;
  size_t count = tensor_file_meta_count(f);
  if (count > 0) fprintf(out, "\nmetadata\n");
  if (count > 0) print_meta_list(out, tensor_file_meta_at(f, 0), count);
  for (size_t i = 0; x->config != NULL && i < x->config->path_count; i++)
    fprintf(out, "%s  %s\n", i == 0 ? "\nquantization, as files beside it say\n" : "", x->config->paths[i]);
  if (x->config != NULL) print_meta_list(out, x->config->members, x->config->member_count);
}

// ---- tensors ---------------------------------------------------------------------------------------------

static const char *shape_text(arena *a, const inspected *t) {
  const found *w = t->what;
  if (w->scheme != NULL || w->noted != NULL || w->tensor_count == 0)
    return arena_printf(a, "%" PRIu64 " x %" PRIu64, w->rows, w->columns);
  strbuf text = {.mem = a};
  for (unsigned r = 0; r < w->tensors[0]->rank; r++)
    strbuf_printf(&text, "%s%" PRIu64, r == 0 ? "" : " x ", w->tensors[0]->dims[r]);
  return text.len == 0 ? "1" : strbuf_text(&text);
}

static const char *zero_text(const inspected *t) {
  const sample_facts *f = &t->what->facts;
  if (t->levels.kind != LEVELS_MANY) return t->levels.symmetric ? "symmetric" : "asymmetric";
  if (!f->known || !f->has_codes) return "-";
  return f->symmetric ? "symmetric" : "asymmetric";
}

static const char *share_text(arena *a, double bits, double of) { return arena_printf(a, "%.1f %%", 100 * bits / of); }

// What a network does with it.
static const char *use_text(arena *a, const inspected *t) {
  const char *what = t->use == NULL ? inspect_role_word(t->role) : t->use;
  return t->transposed ? arena_printf(a, "%s, transposed", what) : what;
}

static void print_tensors(FILE *out, arena *a, const inspection *x) {
  static const text_column columns[] = {{"tensor", false}, {"shape", true},       {"format", false},
                                        {"per", true},     {"around 0", false},   {"packing", false},
                                        {"bytes", true},   {"bits/weight", true}, {"of f32", true},
                                        {"of f16", true},  {"offset", true},      {"use", false}};
  text_table t = {.mem = a, .columns = columns, .column_count = sizeof columns / sizeof *columns, .most = MOST_NAME};
  for (size_t i = 0; i < x->tensors.len; i++) {
    const inspected *v = &x->tensors.data[i];
    const char *cells[] = {v->what->name,
                           shape_text(a, v),
                           v->format,
                           v->group == NULL ? "-" : v->group,
                           zero_text(v),
                           v->packing == NULL ? "-" : v->packing,
                           arena_printf(a, "%" PRIu64, v->what->bytes),
                           arena_printf(a, "%.2f", v->bits),
                           share_text(a, v->bits, 32),
                           share_text(a, v->bits, 16),
                           v->has_offset ? arena_printf(a, "%" PRIu64, v->offset) : "-",
                           use_text(a, v)};
    text_table_row(&t, cells);
  }
  fputc('\n', out);
  text_table_print(out, &t);
}

static void print_values(FILE *out, arena *a, const inspection *x) {
  static const text_column columns[] = {{"values", false}, {"least", true},    {"largest", true}, {"rms", true},
                                        {"NaN", true},     {"infinite", true}, {"outliers", true}};
  text_table t = {.mem = a, .columns = columns, .column_count = sizeof columns / sizeof *columns, .most = MOST_NAME};
  for (size_t i = 0; i < x->tensors.len; i++) {
    const inspected *v = &x->tensors.data[i];
    const value_facts *f = &v->values;
    if (!f->known) continue;
    const char *cells[] = {v->what->name,
                           f->finite == 0 ? "-" : arena_printf(a, "%.6g", f->min),
                           f->finite == 0 ? "-" : arena_printf(a, "%.6g", f->max),
                           f->finite == 0 ? "-" : arena_printf(a, "%.6g", f->rms),
                           arena_printf(a, "%" PRIu64, f->nan),
                           arena_printf(a, "%" PRIu64, f->infinite),
                           arena_printf(a, "%" PRIu64, f->outliers)};
    text_table_row(&t, cells);
  }
  if (t.rows.len == 0) return;
  fputc('\n', out);
  text_table_print(out, &t);
}

static const char *levels_where(arena *a, const level_facts *l) {
  if (l->whole) return "in all";
  return l->group == 0 ? "in a row" : arena_printf(a, "in every %" PRIu64, l->group);
}

static bool has_levels(const inspected *t) {
  return t->levels.kind != LEVELS_MANY && t->levels.kind != LEVELS_CONSTANT;
}

static void print_levels(FILE *out, arena *a, const inspection *x) {
  size_t line = 0, count = 0;
  for (size_t i = 0; i < x->tensors.len; i++) count += has_levels(&x->tensors.data[i]);
  if (count > 0) fprintf(out, "\nfloats with few levels\n");
  for (size_t i = 0; i < x->tensors.len; i++) {
    const inspected *t = &x->tensors.data[i];
    const level_facts *l = &t->levels;
    if (!has_levels(t)) continue;
    if (!is_shown(out, line++, count)) return;
    fprintf(out, "  %s: %u levels %s, %s", short_name(a, t), l->count, levels_where(a, l), level_kind_word(l->kind));
    if (l->kind == LEVELS_CODEBOOK) fprintf(out, " of %s", l->format->name);
    if (l->whole && l->kind == LEVELS_UNIFORM) fprintf(out, ", step %g, nearest to zero %g", l->step, l->offset);
    fprintf(out, ": codes of %u bit%s\n", l->bits, l->bits == 1 ? "" : "s");
  }
}

// ---- formats ---------------------------------------------------------------------------------------------

static void print_formats(FILE *out, arena *a, const inspection *x) {
  static const text_column columns[] = {
      {"format", false}, {"tensors", true}, {"weights", true}, {"share", true}, {"bits/weight", true}};
  text_table t = {.mem = a, .columns = columns, .column_count = sizeof columns / sizeof *columns};
  for (size_t i = 0; i < x->formats.len; i++) {
    const format_share *s = &x->formats.data[i];
    double weights = (double)s->weights;
    const char *cells[] = {s->format, arena_printf(a, "%zu", s->tensors), arena_printf(a, "%" PRIu64, s->weights),
                           share_text(a, weights, x->weights > 0 ? (double)x->weights : 1),
                           weights > 0 ? arena_printf(a, "%.2f", 8 * (double)s->bytes / weights) : "-"};
    text_table_row(&t, cells);
  }
  fputc('\n', out);
  text_table_print(out, &t);
  if (x->weights == 0) return;
  double bits = 8 * (double)x->bytes / (double)x->weights;
  fprintf(out, "total: %" PRIu64 " numbers in %s, %.2f bits each: %.1f %% of f32, %.1f %% of f16\n", x->weights,
          size_text(a, (double)x->bytes), bits, 100 * bits / 32, 100 * bits / 16);
}

// ---- verdict ---------------------------------------------------------------------------------------------

static void print_list(FILE *out, const char *title, const char *const *texts, size_t count) {
  if (count > 0) fputc('\n', out);
  for (size_t i = 0; i < count && is_shown(out, i, count); i++) fprintf(out, "%s: %s\n", title, texts[i]);
}

static void print_problems(FILE *out, arena *a, const inspection *x) {
  size_t line = 0, count = x->matrices - x->exact - x->open;
  for (size_t i = 0; i < x->tensors.len; i++) {
    const inspected *t = &x->tensors.data[i];
    if (!t->is_matrix || found_inexact(t->what) == NULL) continue;
    if (!is_shown(out, line++, count)) return;
    fprintf(out, "  %s: %s\n", short_name(a, t), found_inexact(t->what));
  }
}

// Readings that fit as well as the one that was taken.
static void print_doubts(FILE *out, arena *a, const inspection *x) {
  size_t line = 0, count = 0;
  for (size_t i = 0; i < x->tensors.len; i++) count += x->tensors.data[i].what->others.len;
  for (size_t i = 0; i < x->tensors.len; i++) {
    const found *w = x->tensors.data[i].what;
    for (size_t k = 0; k < w->others.len; k++) {
      if (!is_shown(out, line++, count)) return;
      fprintf(out, "  %s: may be %s as well; a rule of 'quantize' can say which\n", short_name(a, &x->tensors.data[i]),
              w->others.data[k]);
    }
  }
}

// What is stored and no weights of layers.
static void print_others(FILE *out, const inspection *x) {
  static const struct {
    const char *one, *several;
  } texts[] = {
#define X(id, word, one, several) [ROLE_##id] = {one, several},
      INSPECT_ROLES(X)
#undef X
  };
  bool any = false;
  for (size_t r = 0; r < ROLE_COUNT; r++) {
    if (r == ROLE_MATRIX || x->roles[r] == 0) continue;
    fprintf(out, "%s%zu %s", any ? "; " : "  besides: ", x->roles[r],
            x->roles[r] == 1 ? texts[r].one : texts[r].several);
    any = true;
  }
  if (any) fputc('\n', out);
}

static void print_verdict(FILE *out, arena *a, const inspection *x) {
  if (x->matrices == 0)
    fprintf(out, "\nverdict: no weights of layers are in it\n");
  else if (x->exact == x->matrices)
    fprintf(out, "\nverdict: qcc compiles all %zu matrices as they are stored, bit for bit\n", x->matrices);
  else
    fprintf(out, "\nverdict: qcc compiles %zu of %zu matrices as they are stored, bit for bit; not these:\n", x->exact,
            x->matrices);
  print_problems(out, a, x);
  print_doubts(out, a, x);
  print_others(out, x);
}

void inspection_print(FILE *out, const inspection *x, const report_options *options) {
  arena *a = arena_new();
  print_head(out, a, x, options->summary);
  if (x->tensors.len > 0 && !options->summary) print_tensors(out, a, x);
  if (!options->summary) print_values(out, a, x);
  if (!options->summary) print_levels(out, a, x);
  if (x->formats.len > 0) print_formats(out, a, x);
  print_list(out, "warning", x->warnings.data, x->warnings.len);
  print_verdict(out, a, x);
  if (options->advise) print_list(out, "advice", x->advice.data, x->advice.len);
  arena_free(a);
}
