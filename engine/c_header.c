// The header of --emit=kernels, from the templates text/kernels_head.h.in and text/kernels_recipe.h.in: what the kernels read
// and write, sizes and offsets, and calls.
#include <string.h>

#include "engine/engine.h"

extern const char *const kernels_head_lines[], *const kernels_recipe_lines[]; // made from the templates by the build

typedef unsigned long long ull;

// ---- templates -------------------------------------------------------------------------------------------

// What stands for @NAME@; NULL: lines that begin with @NAME@ are left out.
typedef struct slot {
  const char *name;
  const char *text;
} slot;

typedef VEC(slot) slot_list;

static void set(arena *a, slot_list *slots, const char *name, const char *text) {
  vec_push(a, slots, ((slot){name, text}));
}

static void set_number(arena *a, slot_list *slots, const char *name, uint64_t number) {
  set(a, slots, name, arena_printf(a, "%llu", (ull)number));
}

static const char *find(const slot_list *slots, const char *name, size_t length) {
  size_t i = 0;
  while (strlen(slots->data[i].name) != length || memcmp(slots->data[i].name, name, length) != 0) i++;
  return slots->data[i].text;
}

// The slot at `c`, and what follows it.
static const char *take_slot(const slot_list *slots, const char **c) {
  const char *name = *c + 1;
  size_t length = strcspn(name, "@");
  *c = name + length + 1;
  return find(slots, name, length);
}

static void put_line(strbuf *out, const char *c, const slot_list *slots) {
  while (*c != '\0') {
    size_t plain = strcspn(c, "@");
    strbuf_write(out, c, plain);
    c += plain;
    const char *text = *c == '\0' ? "" : take_slot(slots, &c);
    if (text == NULL) return;
    strbuf_printf(out, "%s", text);
  }
}

static void put_template(strbuf *out, const char *const *lines, const slot_list *slots) {
  for (; *lines != NULL; lines++) put_line(out, *lines, slots);
}

static void set_kind(const engine *g, slot_list *slots) {
  set(g->mem, slots, "CPU", g->target->gpu ? NULL : "");
  set(g->mem, slots, "GPU", g->target->gpu ? "" : NULL);
}

// ---- a recipe --------------------------------------------------------------------------------------------

static const char *planes_text(arena *a, const packing *p) {
  strbuf out = {.mem = a};
  for (size_t i = 0; i < p->plane_count; i++) {
    const pack_plane *plane = &p->planes[i];
    if (plane->width > 8)
      strbuf_printf(&out,
                    " *     at %llu: all %u bits instead, weight after weight, the rows of a weight side by side\n",
                    (ull)plane->offset, plane->width);
    else
      strbuf_printf(&out,
                    " *     at %llu: bits %u .. %u of the codes; quad q in vector q %% %u of %u bytes, shifted by %u * "
                    "(q / %u)\n",
                    (ull)plane->offset, plane->shift, plane->shift + plane->width - 1, plane->width, 4 * p->rows,
                    plane->width, plane->width);
  }
  return strbuf_text(&out);
}

static void put_coarse(strbuf *out, const recipe *r, const pack_field *f, const char *where, const char *order) {
  const scheme_field *field = &r->scheme->fields[f->field];
  uint64_t size = 1;
  scheme_field_size(field, &size);
  strbuf_printf(out, " *     at %llu of the %s: %s as %s", (ull)f->offset, where, field->name,
                elem_get(f->store)->name);
  if (size > 1) strbuf_printf(out, ", %llu numbers", (ull)size);
  if (f->span > 0) strbuf_printf(out, ", for %llu weights each", (ull)field->gran.group);
  if (f->shared > 1) strbuf_printf(out, ", one for every %u rows", f->shared);
  strbuf_printf(out, "%s\n", order);
}

static const char *coarse_text(arena *a, const recipe *r) {
  const packing *p = &r->pack;
  const char *rows = ", all rows side by side";
  strbuf out = {.mem = a};
  for (size_t i = 0; i < p->tensor_field_count; i++) put_coarse(&out, r, &p->tensor_fields[i], "tensor's head", "");
  for (size_t i = 0; i < p->field_count; i++)
    put_coarse(&out, r, &p->fields[i], p->fields[i].span == 0 ? "tile's head" : "block's header", rows);
  if (p->has_row_sums)
    strbuf_printf(&out, " *     at %llu of the tile's head: the sum of each row's weights as f32\n",
                  (ull)p->row_sum_offset);
  return strbuf_text(&out);
}

static const char *gaps_text(arena *a, const packing *p) {
  if (p->k_group == p->k_padded) return "";
  return arena_printf(a, " * Every %llu weights of a row take %llu places; what is left of these is zero.\n",
                      (ull)p->k_group, (ull)p->k_padded);
}

// Adds the bytes of a last block that is shorter than the others to `size`.
// The C expression for `what` rounded up to a multiple of `unit`.
static const char *rounded_text(arena *a, const char *what, uint64_t unit) {
  return arena_printf(a, "(%s + %lluu) / %lluu * %lluu", what, (ull)unit - 1, (ull)unit, (ull)unit);
}

static const char *rest_text(arena *a, const packing *p, const char *symbol) {
  if (!packing_has_rest(p)) return "";
  strbuf out = {.mem = a};
  strbuf_printf(&out, "  size_t rest = %s_positions(k) %% %lluu, header = 0;\n", symbol, (ull)p->block);
  for (size_t i = 0; i < p->field_count; i++)
    if (p->fields[i].span != 0)
      strbuf_printf(&out, "  header = %s + (rest + %lluu) / %lluu * %lluu;\n",
                    rounded_text(a, "header", PACK_FIELD_ALIGN), (ull)p->fields[i].span - 1, (ull)p->fields[i].span,
                    (ull)p->fields[i].bytes);
  strbuf_printf(&out, "  size += %s + rest / %uu * %lluu;\n", rounded_text(a, "header", PACK_HEADER_ALIGN), PACK_CHUNK,
                (ull)p->chunk_bytes);
  return strbuf_text(&out);
}

static const char *short_blocks_text(arena *a, const packing *p) {
  if (!packing_has_rest(p)) return "";
  return arena_printf(
      a,
      " The last block of a row may be shorter: it has the chunks that\n"
      " * its weights need, and in its header, field after field from a multiple of %u bytes on, the "
      "elements of the groups that\n"
      " * begin in them. A tile is padded to a multiple of %u bytes unless that takes more than a part in "
      "%u.",
      PACK_FIELD_ALIGN, PACK_TILE_ALIGN, PACK_TILE_SLACK);
}

static const char *span_text(arena *a, uint64_t span) {
  return span == PREPARED_ROW ? "UINT64_MAX" : arena_printf(a, "UINT64_C(%llu)", (ull)span);
}

static void set_packing(arena *a, slot_list *slots, const recipe *r, const char *symbol) {
  const packing *p = &r->pack;
  const struct {
    const char *name;
    uint64_t number;
  } numbers[] = {{"ROWS", p->rows},
                 {"K_GROUP", p->k_group},
                 {"K_PADDED", p->k_padded},
                 {"BLOCK", p->block},
                 {"BLOCK_BYTES", p->block_bytes},
                 {"HEADER_BYTES", p->header_bytes},
                 {"CHUNK_BYTES", p->chunk_bytes},
                 {"TILE_HEAD", p->tile_head_bytes},
                 {"TENSOR_HEAD", p->tensor_head_bytes}};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    set_number(a, slots, numbers[i].name, numbers[i].number);
  set(a, slots, "REST_SIZE", rest_text(a, p, symbol));
  set(a, slots, "SHORT_BLOCKS", short_blocks_text(a, p));
  set(a, slots, "GAPS", gaps_text(a, p));
  set(a, slots, "COARSE", coarse_text(a, r));
  set(a, slots, "PLANES", planes_text(a, p));
}

static void set_prepared(arena *a, slot_list *slots, const prepared_layout *l) {
  bool bytes = prepared_has_bytes(l);
  set(a, slots, "NUMBERS", bytes ? "signed" : l->as_pairs ? "bf16 (of every four, 0 2 1 3)" : "f32");
  set_number(a, slots, "POSITION_BYTES", prepared_number_bytes(l));
  set_number(a, slots, "BIT_PLANES", l->bit_planes);
  set_number(a, slots, "SCALE_BYTES", prepared_scale_bytes(l));
  set(a, slots, "ZEROS", act_has_zeros(&l->act) ? ", each with its zero point (i32)" : "");
  set(a, slots, "SCALE_SPAN", span_text(a, l->scale_span));
  set(a, slots, "ISUM_SPAN", span_text(a, l->isum_span));
  set(a, slots, "FSUM_SPAN", span_text(a, l->fsum_span));
}

static void put_recipe(const engine *g, const cg_options *co, const recipe *r, strbuf *out) {
  slot_list slots = {0};
  const target_tier *best = g->tiers[0];
  set_kind(g, &slots);
  set(g->mem, &slots, "MATMUL", cg_kernel_symbol(g->mem, co, best, engine_function(g->mem, "matmul", r)));
  set(g->mem, &slots, "PREPARE", cg_kernel_symbol(g->mem, co, best, engine_function(g->mem, "prepare", r)));
  strbuf packers = {.mem = g->mem};
  engine_put_pack_declarations(g, r, &packers);
  engine_put_steps(g, co, r, &packers);
  set(g->mem, &slots, "PREFIX", g->prefix);
  set(g->mem, &slots, "P", engine_symbol(g, r));
  set(g->mem, &slots, "RECIPE", r->name);
  set(g->mem, &slots, "SCHEME", r->scheme->name);
  set(g->mem, &slots, "ACT", act_text(g->mem, &r->act));
  set(g->mem, &slots, "PACKERS", strbuf_text(&packers));
  set_packing(g->mem, &slots, r, engine_symbol(g, r));
  set_prepared(g->mem, &slots, &r->prepared);
  put_template(out, kernels_recipe_lines, &slots);
}

// ---- tiers -----------------------------------------------------------------------------------------------

static const char *const kinds[] = {"matmul", "prepare"};

static void put_tier_member(const recipe *r, strbuf *out) {
  for (size_t i = 0; i < 2; i++) strbuf_printf(out, "  qrt_kernel %s_%s;\n", kinds[i], r->name);
}

static void put_declarations(const engine *g, const cg_options *co, const target_tier *tier, const recipe *r,
                             strbuf *out) {
  for (size_t i = 0; i < 2; i++)
    strbuf_printf(out, "void %s(const qrt_args *args, uint64_t begin, uint64_t end);\n",
                  cg_kernel_symbol(g->mem, co, tier, engine_function(g->mem, kinds[i], r)));
}

static void put_step_declarations(const engine *g, const cg_options *co, const target_tier *tier, strbuf *out) {
  steps_kernels steps = engine_of_steps(g);
  for (size_t i = 0; i < steps.len; i++)
    strbuf_printf(out, "void %s(const qrt_args *args, uint64_t begin, uint64_t end);\n",
                  cg_kernel_symbol(g->mem, co, tier, steps.data[i].name));
}

static void put_tier_row(const engine *g, const cg_options *co, const target_tier *tier, strbuf *out) {
  strbuf_printf(out, "      {\"%s\", UINT64_C(0x%llx)", tier->name, (ull)tier->cpu_features);
  for (size_t r = 0; r < g->m->recipes.len; r++)
    for (size_t i = 0; i < 2; i++)
      strbuf_printf(out, ",\n       %s",
                    cg_kernel_symbol(g->mem, co, tier, engine_function(g->mem, kinds[i], g->m->recipes.data[r])));
  steps_kernels steps = engine_of_steps(g);
  for (size_t i = 0; i < steps.len; i++)
    strbuf_printf(out, ",\n       %s", cg_kernel_symbol(g->mem, co, tier, steps.data[i].name));
  strbuf_printf(out, "},\n");
}

static void set_tiers(const engine *g, const cg_options *co, slot_list *slots) {
  strbuf members = {.mem = g->mem}, kernels = {.mem = g->mem}, rows = {.mem = g->mem};
  for (size_t r = 0; r < g->m->recipes.len; r++) put_tier_member(g->m->recipes.data[r], &members);
  steps_kernels steps = engine_of_steps(g);
  for (size_t i = 0; i < steps.len; i++) strbuf_printf(&members, "  qrt_kernel %s;\n", steps.data[i].name);
  for (size_t t = 0; t < g->tier_count; t++) {
    for (size_t r = 0; r < g->m->recipes.len; r++)
      put_declarations(g, co, g->tiers[t], g->m->recipes.data[r], &kernels);
    put_step_declarations(g, co, g->tiers[t], &kernels);
    put_tier_row(g, co, g->tiers[t], &rows);
  }
  set(g->mem, slots, "TIER_MEMBERS", strbuf_text(&members));
  set(g->mem, slots, "TIER_KERNELS", strbuf_text(&kernels));
  set(g->mem, slots, "TIER_ROWS", strbuf_text(&rows));
  set_number(g->mem, slots, "TIER_COUNT", g->tier_count);
}

// ---- the whole -------------------------------------------------------------------------------------------

void engine_put_header(const engine *g, const cg_options *co, strbuf *out) {
  slot_list slots = {0};
  strbuf recipes = {.mem = g->mem};
  for (size_t i = 0; i < g->m->recipes.len; i++) put_recipe(g, co, g->m->recipes.data[i], &recipes);
  set_kind(g, &slots);
  set(g->mem, &slots, "NAME", g->m->name);
  set(g->mem, &slots, "PREFIX", g->prefix);
  set(g->mem, &slots, "FIRST", engine_symbol(g, g->m->recipes.data[0]));
  set(g->mem, &slots, "RUNTIME", cg_runtime_header(g->mem));
  set(g->mem, &slots, "RECIPES", strbuf_text(&recipes));
  set_tiers(g, co, &slots);
  put_template(out, kernels_head_lines, &slots);
}
