// The header of --emit=kernels: what the kernels read and write, sizes and offsets, and calls.
#include <ctype.h>
#include <string.h>

#include "driver/kernels.h"

typedef unsigned long long ull;

typedef struct writer {
  const job *j;
  const cg_options *co;
  const recipe *r;
  const char *p;    // start of the recipe's names
  const char *tier; // type of the tier table
  strbuf *out;
} writer;

// ---- tiers --------------------------------------------------------------------------------------------------------------------

static void put_tier_type(const job *j, strbuf *out) {
  const char *prefix = kernels_prefix(j);
  strbuf_printf(out, "/* The kernels compiled for one set of processor features. */\ntypedef struct %s_tier {\n",
                prefix);
  strbuf_printf(
      out, "  const char *name;\n  uint64_t cpu_features; /* all of these bits of qrt_cpu_features() are needed */\n");
  for (size_t i = 0; i < j->m->recipes.len; i++)
    strbuf_printf(out, "  qrt_kernel matmul_%s, prepare_%s;\n", j->m->recipes.data[i]->name,
                  j->m->recipes.data[i]->name);
  strbuf_printf(out, "} %s_tier;\n\n", prefix);
}

static void put_kernel_declarations(const job *j, const cg_options *co, strbuf *out) {
  for (size_t t = 0; t < j->s.tiers.len; t++)
    for (size_t i = 0; i < j->m->recipes.len; i++) {
      const recipe *r = j->m->recipes.data[i];
      const target_tier *tier = j->s.tiers.data[t];
      strbuf_printf(out, "void %s(const qrt_args *args, uint64_t begin, uint64_t end);\n",
                    cg_kernel_symbol(j->mem, co, tier, kernels_function(j->mem, "matmul", r)));
      strbuf_printf(out, "void %s(const qrt_args *args, uint64_t begin, uint64_t end);\n",
                    cg_kernel_symbol(j->mem, co, tier, kernels_function(j->mem, "prepare", r)));
    }
}

static void put_tier_row(const job *j, const cg_options *co, const target_tier *tier, strbuf *out) {
  strbuf_printf(out, "    {\"%s\", UINT64_C(0x%llx)", tier->name, (ull)tier->cpu_features);
  for (size_t i = 0; i < j->m->recipes.len; i++) {
    const recipe *r = j->m->recipes.data[i];
    strbuf_printf(out, ",\n     %s", cg_kernel_symbol(j->mem, co, tier, kernels_function(j->mem, "matmul", r)));
    strbuf_printf(out, ", %s", cg_kernel_symbol(j->mem, co, tier, kernels_function(j->mem, "prepare", r)));
  }
  strbuf_printf(out, "},\n");
}

static void put_tiers(const job *j, const cg_options *co, strbuf *out) {
  const char *prefix = kernels_prefix(j);
  put_kernel_declarations(j, co, out);
  strbuf_printf(
      out,
      "\n#define %s_TIERS %zu\n\n/* All tiers, best first. */\nstatic inline const %s_tier *%s_tiers(void) {\n"
      "  static const %s_tier tiers[] = {\n",
      prefix, j->s.tiers.len, prefix, prefix, prefix);
  for (size_t t = 0; t < j->s.tiers.len; t++) put_tier_row(j, co, j->s.tiers.data[t], out);
  strbuf_printf(
      out,
      "  };\n  return tiers;\n}\n\n/* The best tier for a processor with these features: qrt_cpu_features() of the "
      "runtime, or bits of your own\n * (qrt_cpu.h). NULL when there is none. */\n"
      "static inline const %s_tier *%s_select(uint64_t cpu_features) {\n"
      "  for (unsigned i = 0; i < %zu; i++)\n"
      "    if ((%s_tiers()[i].cpu_features & ~cpu_features) == 0) return &%s_tiers()[i];\n  return 0;\n}\n\n",
      prefix, prefix, j->s.tiers.len, prefix, prefix);
}

// ---- a recipe: words about its layout ---------------------------------------------------------------------------------------------

static void put_planes(const writer *w) {
  const packing *p = &w->r->pack;
  strbuf_printf(
      w->out,
      " *   chunk: 32 weights of each row, %llu bytes, as %zu plane%s of bits. Quad q holds weights 4q .. 4q+3 of all "
      "rows,\n *     weight j of row r at byte 4r+j:\n",
      (ull)p->chunk_bytes, p->plane_count, p->plane_count == 1 ? "" : "s");
  for (size_t i = 0; i < p->plane_count; i++) {
    const pack_plane *plane = &p->planes[i];
    if (plane->width > 8)
      strbuf_printf(w->out, " *     at %llu: %u bits, weight after weight, the rows of a weight side by side\n",
                    (ull)plane->offset, plane->width);
    else
      strbuf_printf(w->out,
                    " *     at %llu: bits %u..%u of the code; quad q is in vector q %% %u (of %u bytes) at bits "
                    "%u*(q/%u) and up\n",
                    (ull)plane->offset, plane->shift, plane->shift + plane->width - 1, plane->width, 4 * p->rows,
                    plane->width, plane->width);
  }
}

static void put_field_place(const writer *w, const pack_field *f, const char *where) {
  const scheme_field *field = &w->r->scheme->fields[f->field];
  uint64_t size = 1;
  scheme_field_size(field, &size);
  strbuf_printf(w->out, " *     at %llu of the %s: %s as %s", (ull)f->offset, where, field->name,
                elem_get(f->store)->name);
  if (size > 1) strbuf_printf(w->out, ", %llu numbers", (ull)size);
  if (f->span > 0) strbuf_printf(w->out, ", for %llu weights each", (ull)field->gran.group);
  strbuf_printf(w->out, "%s\n", where[0] == 't' && where[1] == 'e' ? "" : ", rows side by side");
}

static void put_layout_words(const writer *w) {
  const packing *p = &w->r->pack;
  strbuf_printf(
      w->out,
      " * Packed W[n][k]: a head of %llu bytes for the tensor, then tiles of %u rows (the last one filled up\n"
      " * with zeros). A tile is a head of %llu bytes and blocks of %llu weights a row, %llu bytes each: a header of\n"
      " * %llu bytes, and chunks.\n",
      (ull)p->tensor_head_bytes, p->rows, (ull)p->tile_head_bytes, (ull)p->block, (ull)p->block_bytes,
      (ull)p->header_bytes);
  if (p->k_group != p->k_padded)
    strbuf_printf(w->out, " * Every %llu weights of a row take %llu places; the others are zero.\n", (ull)p->k_group,
                  (ull)p->k_padded);
  for (size_t i = 0; i < p->tensor_field_count; i++) put_field_place(w, &p->tensor_fields[i], "tensor's head");
  for (size_t i = 0; i < p->field_count; i++)
    put_field_place(w, &p->fields[i], p->fields[i].span == 0 ? "tile's head" : "block's header");
  if (p->has_row_sums)
    strbuf_printf(w->out, " *     at %llu of the tile's head: sums of the rows' weights, f32\n",
                  (ull)p->row_sum_offset);
  put_planes(w);
}

static void put_prepared_words(const writer *w) {
  const prepared_layout *l = &w->r->prepared;
  strbuf_printf(
      w->out,
      " * Prepared x[k], one row of it: k numbers (%s) in the places of the weights, then, each from a multiple of\n"
      " * 64 bytes on, scales (f32), sums of the numbers (i32) and sums of what they stand for (f32).\n",
      l->as_f32 || l->act.kind == ACT_F32 || l->act.kind == ACT_BF16 ? "f32" : "signed bytes");
}

// ---- a recipe: functions ------------------------------------------------------------------------------------------------------------

static void put_packed_sizes(const writer *w) {
  const packing *p = &w->r->pack;
  strbuf_printf(w->out,
                "#define %s_N_STEP %uu /* rows of a tile */\n\n"
                "static inline size_t %s_positions(size_t k) {\n"
                "  return (k / %lluu * %lluu + k %% %lluu + %lluu) / %lluu * %lluu;\n}\n",
                w->p, p->rows, w->p, (ull)p->k_group, (ull)p->k_padded, (ull)p->k_group, (ull)p->block - 1,
                (ull)p->block, (ull)p->block);
  strbuf_printf(w->out, "static inline size_t %s_blocks(size_t k) { return %s_positions(k) / %lluu; }\n", w->p, w->p,
                (ull)p->block);
  strbuf_printf(w->out, "static inline size_t %s_tiles(size_t n) { return n / %uu + (n %% %uu != 0); }\n", w->p,
                p->rows, p->rows);
  strbuf_printf(
      w->out,
      "static inline size_t %s_tile_size(size_t k) { return %lluu + %s_blocks(k) * %lluu; }\n"
      "/* Bytes of packed W[n][k]. */\n"
      "static inline size_t %s_packed_size(size_t n, size_t k) { return %lluu + %s_tiles(n) * %s_tile_size(k); }\n"
      "/* Where the tile of row n begins. */\n"
      "static inline size_t %s_packed_offset(size_t n, size_t k) { return %lluu + n / %uu * %s_tile_size(k); }\n",
      w->p, (ull)p->tile_head_bytes, w->p, (ull)p->block_bytes, w->p, (ull)p->tensor_head_bytes, w->p, w->p, w->p,
      (ull)p->tensor_head_bytes, p->rows, w->p);
}

// A section of one 4-byte element for `span` positions, from the bytes `at` on; `next` is the name of its end.
static void put_section(const writer *w, const char *name, const char *at, uint64_t span, const char *next) {
  strbuf_printf(w->out, "static inline size_t %s_%s_offset(size_t k) { return %s_%s(k); }\n", w->p, name, w->p, at);
  strbuf_printf(w->out, "static inline size_t %s_%s(size_t k) {\n", w->p, next);
  if (span == 0)
    strbuf_printf(w->out, "  return %s_%s_offset(k);\n}\n", w->p, name);
  else if (span == PREPARED_ROW)
    strbuf_printf(w->out, "  return (%s_%s_offset(k) + 4u + 63u) / 64u * 64u;\n}\n", w->p, name);
  else
    strbuf_printf(
        w->out,
        "  size_t positions = %s_positions(k), count = %lluu >= positions ? 1 : (positions + %lluu) / %lluu;\n"
        "  return (%s_%s_offset(k) + 4u * count + 63u) / 64u * 64u;\n}\n",
        w->p, (ull)span, (ull)span - 1, (ull)span, w->p, name);
}

static void put_prepared_sizes(const writer *w) {
  const prepared_layout *l = &w->r->prepared;
  bool bytes = !l->as_f32 && (l->act.kind == ACT_I8_DYNAMIC || l->act.kind == ACT_I8_STATIC);
  strbuf_printf(w->out,
                "static inline size_t %s_numbers_end(size_t k) { return (%s_positions(k) * %uu + 63u) / 64u * 64u; }\n",
                w->p, w->p, bytes ? 1 : 4);
  put_section(w, "scales", "numbers_end", l->scale_span, "scales_end");
  put_section(w, "isums", "scales_end", l->isum_span, "isums_end");
  put_section(w, "fsums", "isums_end", l->fsum_span, "fsums_end");
  strbuf_printf(
      w->out,
      "/* Bytes of m prepared rows, and where row m begins. */\n"
      "static inline size_t %s_prepared_row_size(size_t k) { return %s_fsums_end(k); }\n"
      "static inline size_t %s_prepared_size(size_t m, size_t k) { return m * %s_prepared_row_size(k); }\n"
      "static inline size_t %s_prepared_offset(size_t m, size_t k) { return m * %s_prepared_row_size(k); }\n\n",
      w->p, w->p, w->p, w->p, w->p, w->p);
}

static void put_prepare(const writer *w) {
  strbuf_printf(
      w->out,
      "/* Prepares rows begin .. end of x (x_stride floats from row to row). For a pool of threads:\n"
      " * qrt_parallel(pool, tier->prepare_%s, &args, m, 1). */\n"
      "static inline qrt_args %s_prepare_args(size_t k, const float *x, size_t x_stride, void *prepared) {\n"
      "  qrt_args a = {{(void *)(uintptr_t)x, prepared}, {k, x_stride, %s_prepared_row_size(k), %s_scales_offset(k),\n"
      "                %s_isums_offset(k), %s_fsums_offset(k), %s_positions(k)}};\n  return a;\n}\n",
      w->r->name, w->p, w->p, w->p, w->p, w->p, w->p);
  strbuf_printf(
      w->out,
      "static inline void %s_prepare(const %s *tier, size_t k, const float *x, size_t x_stride, void *prepared,\n"
      "                              size_t begin, size_t end) {\n"
      "  qrt_args a = %s_prepare_args(k, x, x_stride, prepared);\n"
      "  tier->prepare_%s(&a, begin, end);\n}\n\n",
      w->p, w->tier, w->p, w->r->name);
}

static void put_matmul(const writer *w) {
  strbuf_printf(
      w->out,
      "/* y[m][n] = sum over k of W[n][k] x[m][k], for the rows of W in tiles begin .. end (0 .. %s_tiles(n)) and all\n"
      " * m rows of x; y_stride floats from row to row of y. For a pool of threads:\n"
      " * qrt_parallel(pool, tier->matmul_%s, &args, %s_tiles(n), grain). */\n"
      "static inline qrt_args %s_matmul_args(size_t m, size_t n, size_t k, const void *packed, const void *prepared,\n"
      "                                      float *y, size_t y_stride) {\n",
      w->p, w->r->name, w->p, w->p);
  strbuf_printf(
      w->out,
      "  qrt_args a = {{(void *)(uintptr_t)packed, (void *)(uintptr_t)prepared, y},\n"
      "                {m, n, %s_blocks(k), %s_prepared_row_size(k), %s_scales_offset(k), %s_isums_offset(k),\n"
      "                 %s_fsums_offset(k), y_stride}};\n  return a;\n}\n",
      w->p, w->p, w->p, w->p, w->p);
  strbuf_printf(
      w->out,
      "static inline void %s_matmul(const %s *tier, size_t m, size_t n, size_t k, const void *packed,\n"
      "                             const void *prepared, float *y, size_t y_stride, size_t begin, size_t end) {\n"
      "  qrt_args a = %s_matmul_args(m, n, k, packed, prepared, y, y_stride);\n"
      "  tier->matmul_%s(&a, begin, end);\n}\n\n",
      w->p, w->tier, w->p, w->r->name);
}

static void put_recipe(const job *j, const cg_options *co, const recipe *r, strbuf *out) {
  writer w = {.j = j, .co = co, .r = r, .p = kernels_symbol(j, r), .out = out};
  w.tier = arena_printf(j->mem, "%s_tier", kernels_prefix(j));
  strbuf_printf(out, "/* ==== weights %s, activations %s ====\n", r->scheme->name, act_text(j->mem, &r->act));
  put_layout_words(&w);
  put_prepared_words(&w);
  strbuf_printf(out, " */\n");
  put_packed_sizes(&w);
  put_prepared_sizes(&w);
  put_prepare(&w);
  put_matmul(&w);
  kernels_put_pack_declarations(j, r, out);
}

// ---- the whole -------------------------------------------------------------------------------------------------------------------------

static const char *upper(arena *a, const char *text) {
  char *copy = arena_strdup(a, text);
  for (char *c = copy; *c != '\0'; c++) *c = (char)toupper((unsigned char)*c);
  return copy;
}

static void put_introduction(const job *j, strbuf *out) {
  const char *p = kernels_symbol(j, j->m->recipes.data[0]), *prefix = kernels_prefix(j);
  strbuf_printf(out,
                "/* Matmul kernels for quantized weights, made by qcc. Link lib%s.a and compile %s_pack.c.\n"
                " *\n"
                " *   const %s_tier *tier = %s_select(qrt_cpu_features());\n"
                " *   void *packed = aligned_alloc(64, %s_packed_size(n, k));            // once for each W[n][k]\n"
                " *   %s_pack(n, k, &fields, packed);\n"
                " *   void *prepared = aligned_alloc(64, %s_prepared_size(m, k));        // for x[m][k]\n"
                " *   %s_prepare(tier, k, x, k, prepared, 0, m);\n"
                " *   %s_matmul(tier, m, n, k, packed, prepared, y, n, 0, %s_tiles(n));  // y[m][n]\n"
                " *\n",
                j->m->name, j->m->name, prefix, prefix, p, p, p, p, p, p);
  strbuf_printf(out, " * Kernels allocate nothing, have no state and may run in any number of threads at once: cut the "
                     "range of tiles.\n"
                     " * Every n, k and m is possible. Packed and prepared buffers begin at a multiple of 4 bytes, "
                     "better of 64. qrt_args\n"
                     " * and qrt_cpu_features are the runtime's, see below. Nothing here checks its arguments. */\n");
}

void kernels_put_header(const job *j, const cg_options *co, strbuf *out) {
  const char *guard = upper(j->mem, kernels_prefix(j));
  put_introduction(j, out);
  strbuf_printf(out, "#ifndef %s_KERNELS_H\n#define %s_KERNELS_H\n\n", guard, guard);
  strbuf_printf(out, "%s\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n", cg_runtime_header(j->mem));
  put_tier_type(j, out);
  put_tiers(j, co, out);
  for (size_t i = 0; i < j->m->recipes.len; i++) put_recipe(j, co, j->m->recipes.data[i], out);
  strbuf_printf(out, "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
