// Recipes: that the joint code, the planes, the headers and the prepared activations fit together, so that packer and
// kernels read and write the same bytes.
#include <math.h>

#include "ir/verify.h"
#include "support/num.h"

enum { ALIGN = 64, MAX_CODE_BITS = 32, MAX_LEVEL_BITS = 16 };

// ---- activations -----------------------------------------------------------------------------------------

bool verify_act(verifier *v, const act_spec *act) {
  const char *wrong = act_wrong(act);
  return wrong == NULL || verify_fail(v, "%s", wrong);
}

// ---- expressions -----------------------------------------------------------------------------------------

static bool fields_exist(const scheme *s, const expr *e) {
  if ((e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) && e->index >= s->field_count) return false;
  if (e->op == EXPR_TABLE && e->index >= s->table_count) return false;
  if (e->op == EXPR_LOAD || e->op == EXPR_STREAM || e->op == EXPR_BITS) return false;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!fields_exist(s, e->args[i])) return false;
  return true;
}

static bool is_field_or_none(const scheme *s, int field) {
  return field == -1 || (field >= 0 && (size_t)field < s->field_count);
}

static bool verify_term(verifier *v, const recipe *r, const value_term *term, size_t i) {
  for (size_t j = 0; j < term->coefficient_count; j++)
    if (!fields_exist(r->scheme, term->coefficients[j]))
      return verify_fail(v, "recipe '%s': term %zu: a coefficient names no field or table of the scheme", r->name, i);
  if (!is_field_or_none(r->scheme, term->table_field) || !is_field_or_none(r->scheme, term->float_field))
    return verify_fail(v, "recipe '%s': term %zu looks up a field that the scheme does not have", r->name, i);
  return term->levels == NULL || r->normal.code_bits <= MAX_LEVEL_BITS ||
         verify_fail(v, "recipe '%s': term %zu has levels for %u bits, at most 16 are possible", r->name, i,
                     r->normal.code_bits);
}

// ---- the joint code --------------------------------------------------------------------------------------

static uint64_t bits_at(unsigned shift, unsigned width) {
  return width >= 64 || shift >= 64 ? UINT64_MAX : ((UINT64_C(1) << width) - 1) << shift;
}

static bool is_code_field(const recipe *r, const code_part *part) {
  return part->field < r->scheme->field_count && r->scheme->fields[part->field].gran.kind == GRAN_WEIGHT;
}

// An integer expression and its values in order.
static bool is_derived(const recipe *r, const code_part *part) {
  if (part->derived_count < 2 || !part->derived[0]->is_int || !fields_exist(r->scheme, part->derived[0])) return false;
  for (size_t i = 1; i < part->derived_count; i++) {
    const expr *value = part->derived[i];
    if (value->op != EXPR_INT || (i > 1 && value->i <= part->derived[i - 1]->i)) return false;
  }
  return true;
}

// Fields as parts of the code: disjoint, and together all of its bits.
static bool verify_parts(verifier *v, const recipe *r) {
  uint64_t seen = 0;
  for (size_t i = 0; i < r->normal.part_count; i++) {
    const code_part *part = &r->normal.parts[i];
    if (!(part->derived_count > 0 ? is_derived(r, part) : is_code_field(r, part)))
      return verify_fail(v, "recipe '%s': part %zu of the code is no field of single weights", r->name, i);
    uint64_t bits = bits_at(part->shift, code_part_bits(r->scheme, part));
    if ((bits & seen) != 0) return verify_fail(v, "recipe '%s': parts of the code overlap", r->name);
    seen |= bits;
  }
  return r->normal.part_count == 0 || seen == bits_at(0, r->normal.code_bits) ||
         verify_fail(v, "recipe '%s': the parts do not fill the code's %u bits", r->name, r->normal.code_bits);
}

static bool verify_code(verifier *v, const recipe *r) {
  if (r->normal.code_bits > MAX_CODE_BITS)
    return verify_fail(v, "recipe '%s': the code has %u bits, at most 32 are possible", r->name, r->normal.code_bits);
  if (r->normal.code_bits != r->pack.code_bits)
    return verify_fail(v, "recipe '%s': the code has %u bits, but %u are packed", r->name, r->normal.code_bits,
                       r->pack.code_bits);
  if (!verify_parts(v, r)) return false;
  for (size_t i = 0; i < r->normal.term_count; i++)
    if (!verify_term(v, r, &r->normal.terms[i], i)) return false;
  return true;
}

static bool verify_core(verifier *v, const recipe *r, size_t i) {
  const recipe_core *core = &r->cores[i];
  if (!isfinite(core->step)) return verify_fail(v, "recipe '%s': core %zu: the step is not finite", r->name, i);
  if (core->plane_count > RECIPE_MAX_TABLE_PLANES)
    return verify_fail(v, "recipe '%s': core %zu has too many planes", r->name, i);
  return core->plane_count == 0 || r->normal.code_bits <= MAX_LEVEL_BITS ||
         verify_fail(v, "recipe '%s': core %zu has tables for more than 16 bits", r->name, i);
}

static size_t count_dots(const recipe *r) {
  size_t count = 0;
  for (size_t i = 0; i < r->core_count; i++) count += r->cores[i].plane_count > 0 ? r->cores[i].plane_count : 1;
  return count;
}

static bool verify_terms(verifier *v, const recipe *r) {
  if ((unsigned)r->mode > MODE_DECODE) return verify_fail(v, "recipe '%s': the compute mode is unknown", r->name);
  if (r->term_count > RECIPE_MAX_TERMS || count_dots(r) > RECIPE_MAX_DOTS)
    return verify_fail(v, "recipe '%s' has more than %d terms or %d sums of products", r->name, RECIPE_MAX_TERMS,
                       RECIPE_MAX_DOTS);
  for (size_t i = 0; i < r->core_count; i++)
    if (!verify_core(v, r, i)) return false;
  for (size_t i = 0; i < r->term_count; i++) {
    int core = r->terms[i].core;
    if (core < -1 || (core >= 0 && (size_t)core >= r->core_count))
      return verify_fail(v, "recipe '%s': term %zu has core %d of %zu", r->name, i, core, r->core_count);
    if (!verify_term(v, r, &r->terms[i].value, i)) return false;
  }
  return true;
}

// ---- planes ----------------------------------------------------------------------------------------------

static bool is_width(unsigned w) { return w == 1 || w == 2 || w == 4 || w == 8 || w == 16 || w == 32; }

static bool within(uint64_t offset, uint64_t bytes, uint64_t limit) {
  uint64_t end;
  return num_add(offset, bytes, &end) && end <= limit;
}

// Planes are disjoint, in the code and in the chunk, and hold every bit of the code.
static bool verify_planes(verifier *v, const recipe *r) {
  const packing *p = &r->pack;
  uint64_t bits = 0, bytes = 0;
  if (p->plane_count > PACK_MAX_PLANES) return verify_fail(v, "recipe '%s': it has too many planes", r->name);
  for (size_t i = 0; i < p->plane_count; i++) {
    const pack_plane *plane = &p->planes[i];
    uint64_t size = (uint64_t)plane->width * 4 * p->rows;
    if (!is_width(plane->width))
      return verify_fail(v, "recipe '%s': plane %zu is %u bits wide", r->name, i, plane->width);
    if (plane->shift >= MAX_CODE_BITS || (bits & bits_at(plane->shift, plane->width)) != 0)
      return verify_fail(v, "recipe '%s': the bits of plane %zu are not its own", r->name, i);
    if (plane->offset != bytes || !within(plane->offset, size, p->chunk_bytes))
      return verify_fail(v, "recipe '%s': plane %zu does not follow the one before it in the chunk", r->name, i);
    bits |= bits_at(plane->shift, plane->width);
    bytes += size;
  }
  if (bytes != p->chunk_bytes) return verify_fail(v, "recipe '%s': the planes do not fill a chunk", r->name);
  return (bits & bits_at(0, p->code_bits)) == bits_at(0, p->code_bits) ||
         verify_fail(v, "recipe '%s': the planes do not cover all %u bits of the code", r->name, p->code_bits);
}

// ---- coarse fields ---------------------------------------------------------------------------------------

// Bytes of one granule's numbers in the kernel layout.
static bool granule_bytes(const recipe *r, const pack_field *f, uint64_t *out) {
  return scheme_field_size(&r->scheme->fields[f->field], out) && num_mul(*out, elem_get(f->store)->bits / 8, out);
}

static bool verify_field_place(const recipe *r, const pack_field *f) {
  const packing *p = &r->pack;
  uint64_t bytes;
  if (f->shared > 1 && (f->shared > p->rows || p->rows % f->shared != 0)) return false;
  uint64_t high = granularity_rows(&r->scheme->fields[f->field].gran);
  if (f->shared > 1 && high % f->shared != 0) return false;
  if (!granule_bytes(r, f, &bytes) || !num_mul(bytes, pack_field_width(p, f), &bytes)) return false;
  if (f->span == 0) return within(f->offset, bytes, p->tile_head_bytes);
  size_t number = (size_t)(f - p->fields);
  return f->bytes == bytes && f->offset == packing_field_offset(p, number, p->block) && p->block % f->span == 0 &&
         num_mul(bytes, p->block / f->span, &bytes) && within(f->offset, bytes, p->header_bytes);
}

// A group's element spans the kernel positions of its weights; rows and tensors have one.
static bool has_own_span(const recipe *r, const pack_field *f, bool tensor) {
  const granularity *g = &r->scheme->fields[f->field].gran;
  if (tensor) return f->span == 0 && g->kind == GRAN_TENSOR;
  if (!granularity_is_grouped(g)) return f->span == 0 && granularity_columns(g) == 0 && g->kind != GRAN_TENSOR;
  uint64_t span;
  return g->group % r->pack.k_group == 0 && num_mul(g->group / r->pack.k_group, r->pack.k_padded, &span) &&
         span == f->span;
}

// Stored as the same kind of number in 8, 16 or 32 bits.
static bool is_stored_well(const recipe *r, const pack_field *f) {
  const elem_info *from = elem_get(r->scheme->fields[f->field].type), *to = elem_get(f->store);
  return from->kind == to->kind && (to->bits == 8 || to->bits == 16 || to->bits == 32);
}

static bool verify_pack_field(verifier *v, const recipe *r, const pack_field *f, bool tensor) {
  uint64_t bytes;
  if (f->field >= r->scheme->field_count || (unsigned)f->store >= ELEM_COUNT || !is_stored_well(r, f) ||
      !has_own_span(r, f, tensor))
    return verify_fail(v, "recipe '%s': a packed field is not one of its scheme, or not stored as one", r->name);
  bool ok = tensor ? granule_bytes(r, f, &bytes) && within(f->offset, bytes, r->pack.tensor_head_bytes)
                   : verify_field_place(r, f);
  return ok || verify_fail(v, "recipe '%s': field '%s' does not fit where it is packed", r->name,
                           r->scheme->fields[f->field].name);
}

static bool verify_fields(verifier *v, const recipe *r) {
  const packing *p = &r->pack;
  for (size_t i = 0; i < p->field_count; i++)
    if (!verify_pack_field(v, r, &p->fields[i], false)) return false;
  for (size_t i = 0; i < p->tensor_field_count; i++)
    if (!verify_pack_field(v, r, &p->tensor_fields[i], true)) return false;
  if (p->tile_head_bytes % ALIGN != 0 || p->tensor_head_bytes % ALIGN != 0)
    return verify_fail(v, "recipe '%s': the heads of tile and tensor are no multiples of 64 bytes", r->name);
  return !p->has_row_sums || within(p->row_sum_offset, 4 * (uint64_t)p->rows, p->tile_head_bytes) ||
         verify_fail(v, "recipe '%s': the row sums do not fit the tile's head", r->name);
}

// ---- blocks ----------------------------------------------------------------------------------------------

static bool verify_positions(verifier *v, const recipe *r, uint64_t group, uint64_t padded, uint64_t block) {
  if (group == 0 || padded < group || (padded != group && padded % 4 != 0))
    return verify_fail(v, "recipe '%s': groups of %llu weights cannot take %llu positions", r->name,
                       (unsigned long long)group, (unsigned long long)padded);
  return (block > 0 && block % PACK_CHUNK == 0) ||
         verify_fail(v, "recipe '%s': a block of %llu positions is no multiple of 32", r->name,
                     (unsigned long long)block);
}

static bool verify_block_bytes(verifier *v, const recipe *r) {
  const packing *p = &r->pack;
  uint64_t bytes;
  if (p->rows == 0 || p->rows > VERIFY_MAX_LANES)
    return verify_fail(v, "recipe '%s': a tile cannot have %u rows", r->name, p->rows);
  return (num_mul(p->block / PACK_CHUNK, p->chunk_bytes, &bytes) && num_add(bytes, p->header_bytes, &bytes) &&
          bytes == p->block_bytes && p->header_bytes == packing_header_bytes(p, p->block)) ||
         verify_fail(v, "recipe '%s': a block's bytes are not those of its header and its chunks", r->name);
}

static bool verify_spans(verifier *v, const recipe *r) {
  const uint64_t spans[] = {r->segment, r->float_span};
  for (size_t i = 0; i < 2; i++)
    if (spans[i] == 0 || (spans[i] != PREPARED_ROW && r->pack.block % spans[i] != 0))
      return verify_fail(v, "recipe '%s': a span of %llu positions does not divide the block of %llu", r->name,
                         (unsigned long long)spans[i], (unsigned long long)r->pack.block);
  return r->float_span >= r->segment ||
         verify_fail(v, "recipe '%s': the segment is longer than the span of its float sums", r->name);
}

// Positions that share a scale: of bytes, whole K groups. Floats are scaled already.
static bool is_scale_span(const prepared_layout *l) {
  uint64_t span;
  if (!prepared_has_bytes(l)) return l->scale_span == 0;
  if (!act_is_dynamic(&l->act) || l->act.group == 0) return l->scale_span == PREPARED_ROW;
  return l->act.group % l->k_group == 0 && num_mul(l->act.group / l->k_group, l->k_padded, &span) &&
         l->scale_span == span;
}

// Sums are over what kernels read one for: a segment, or all blocks up to a flush.
static bool is_sum_span(const recipe *r, uint64_t span) {
  uint64_t flush;
  if (span == 0 || r->segment != PREPARED_ROW) return span == 0 || span == r->segment;
  return num_mul(r->flush, r->pack.block, &flush) && span == flush;
}

// What `prepare` writes is what a product reads: ir_interpret shows it byte by byte, and these are its terms.
static bool verify_sections(verifier *v, const recipe *r) {
  const prepared_layout *l = &r->prepared;
  if (!is_scale_span(l))
    return verify_fail(v, "recipe '%s': its activations' scales are not for the groups of its activations", r->name);
  return (is_sum_span(r, l->isum_span) && is_sum_span(r, l->fsum_span)) ||
         verify_fail(v, "recipe '%s': sums of activations are over other spans than its segments", r->name);
}

static bool verify_prepared(verifier *v, const recipe *r) {
  const prepared_layout *l = &r->prepared;
  if (!act_equal(&l->act, &r->act))
    return verify_fail(v, "recipe '%s': the activations are not prepared in its own mode", r->name);
  unsigned planes = r->mode == MODE_BIT_DOT ? act_bit_planes(&r->act) : 0;
  if (l->bit_planes != planes || (r->mode == MODE_BIT_DOT && planes == 0))
    return verify_fail(v, "recipe '%s': its activations have other bit planes than its mode reads", r->name);
  if (l->as_pairs && (l->as_f32 || act_is_integer(&l->act)))
    return verify_fail(v, "recipe '%s': its activations cannot be stored in pairs", r->name);
  if (l->k_group != r->pack.k_group || l->k_padded != r->pack.k_padded || l->block != PACK_CHUNK)
    return verify_fail(v, "recipe '%s': activations and weights have different kernel positions", r->name);
  return verify_sections(v, r);
}

// ---- the whole recipe ------------------------------------------------------------------------------------

void verify_recipe(verifier *v, const recipe *r) {
  const packing *p = &r->pack;
  if (r->scheme == NULL || ir_find_scheme(v->module, r->scheme->name) != r->scheme) {
    verify_fail(v, "recipe '%s': its scheme is not in the module", r->name);
    return;
  }
  // Between the passes that make it a recipe has no layout yet; a plan needs whole ones.
  if (p->rows == 0 && v->module->plan == NULL) return;
  if (!verify_act(v, &r->act) || !verify_code(v, r) || !verify_terms(v, r)) return;
  if (!verify_positions(v, r, p->k_group, p->k_padded, p->block)) return;
  if (!verify_positions(v, r, r->prepared.k_group, r->prepared.k_padded, r->prepared.block)) return;
  if (!verify_block_bytes(v, r) || !verify_planes(v, r) || !verify_fields(v, r)) return;
  if (verify_spans(v, r)) verify_prepared(v, r);
}
