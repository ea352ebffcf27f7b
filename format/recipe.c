// The sizes that follow from a packing and from a prepared layout.
#include "format/recipe.h"

#include "support/num.h"

enum { SECTION_ALIGN = 64 };

const char *compute_mode_name(compute_mode mode) {
  static const char *const names[] = {[MODE_INT_DOT] = "int-dot", [MODE_TABLE_DOT] = "table-dot",
                                      [MODE_BIT_DOT] = "bit-dot", [MODE_PAIR_DOT] = "pair-dot",
                                      [MODE_FLOAT] = "float",     [MODE_DECODE] = "decode",
                                      [MODE_NONE] = "none"};
  return names[mode];
}

bool mode_is_integer(compute_mode mode) {
  return mode == MODE_INT_DOT || mode == MODE_TABLE_DOT || mode == MODE_BIT_DOT;
}

unsigned code_part_bits(const scheme *s, const code_part *p) {
  if (p->derived_count == 0) return elem_get(s->fields[p->field].type)->bits;
  unsigned bits = 1;
  while ((size_t)1 << bits < p->derived_count - 1) bits++;
  return bits;
}

// ---- packed weights --------------------------------------------------------------------------------------

// Kernel positions of `columns` numbers in groups of `group` that take `padded` positions each, rounded up to blocks.
static bool positions_of(uint64_t columns, uint64_t group, uint64_t padded, uint64_t block, uint64_t *out) {
  if (group == 0 || block == 0) return false;
  uint64_t whole;
  return num_mul(columns / group, padded, &whole) && num_add(whole, columns % group, &whole) &&
         num_align_up(whole, block, out);
}

bool packing_positions(const packing *p, uint64_t columns, uint64_t *out) {
  return positions_of(columns, p->k_group, p->k_padded, PACK_CHUNK, out);
}

static uint64_t align(uint64_t x, uint64_t multiple) { return num_ceil_div(x, multiple) * multiple; }

uint64_t packing_field_offset(const packing *p, size_t field, uint64_t positions) {
  uint64_t at = 0;
  for (size_t i = 0; i < field; i++)
    if (p->fields[i].span != 0)
      at = align(at, PACK_FIELD_ALIGN) + num_ceil_div(positions, p->fields[i].span) * p->fields[i].bytes;
  return align(at, PACK_FIELD_ALIGN);
}

uint64_t packing_header_bytes(const packing *p, uint64_t positions) {
  return align(packing_field_offset(p, p->field_count, positions), PACK_HEADER_ALIGN);
}

// The next tile begins at a cache line, unless padding takes more than a part of PACK_TILE_SLACK.
static bool pad_tile(uint64_t bytes, uint64_t *out) {
  uint64_t padded;
  if (!num_align_up(bytes, PACK_TILE_ALIGN, &padded)) return false;
  *out = padded - bytes <= bytes / PACK_TILE_SLACK ? padded : bytes;
  return true;
}

bool packing_bytes(const packing *p, uint64_t positions, uint64_t *out) {
  if (p->block == 0) return false;
  uint64_t rest = positions % p->block;
  uint64_t rest_bytes = packing_header_bytes(p, rest) + rest / PACK_CHUNK * p->chunk_bytes;
  return num_mul(positions / p->block, p->block_bytes, out) && num_add(*out, rest_bytes, out);
}

bool packing_tile_bytes(const packing *p, uint64_t columns, uint64_t *out) {
  uint64_t positions, bytes;
  return packing_positions(p, columns, &positions) && packing_bytes(p, positions, &bytes) &&
         num_add(bytes, p->tile_head_bytes, &bytes) && pad_tile(bytes, out);
}

bool packing_tensor_bytes(const packing *p, uint64_t rows, uint64_t columns, uint64_t *out) {
  uint64_t tile;
  uint64_t bytes;
  return p->rows != 0 && packing_tile_bytes(p, columns, &tile) && num_mul(num_ceil_div(rows, p->rows), tile, &bytes) &&
         num_add(bytes, p->tensor_head_bytes, out);
}

// ---- prepared activations --------------------------------------------------------------------------------

bool prepared_has_bytes(const prepared_layout *l) { return !l->as_f32 && act_is_integer(&l->act); }

uint64_t prepared_number_bytes(const prepared_layout *l) {
  if (prepared_has_bytes(l)) return 1;
  return l->as_pairs ? 2 : 4;
}

uint64_t prepared_scale_bytes(const prepared_layout *l) { return act_has_zeros(&l->act) ? 8 : 4; }

// Places a section of one element of `size` bytes per `span` positions at *at, which moves on to the end, rounded up.
static bool place_section(uint64_t positions, uint64_t span, uint64_t size, uint64_t *offset, uint64_t *at) {
  uint64_t count = span == 0 ? 0 : span >= positions ? 1 : num_ceil_div(positions, span);
  uint64_t bytes;
  *offset = *at;
  return num_mul(count, size, &bytes) && num_add(*at, bytes, &bytes) && num_align_up(bytes, SECTION_ALIGN, at);
}

bool prepared_get_sizes(const prepared_layout *l, uint64_t columns, prepared_sizes *out) {
  prepared_sizes s = {0};
  uint64_t at;
  if (!positions_of(columns, l->k_group, l->k_padded, l->block, &s.positions)) return false;
  if (!num_mul(s.positions / 8, l->bit_planes, &at) || !num_align_up(at, SECTION_ALIGN, &at)) return false;
  s.numbers_offset = at;
  uint64_t numbers;
  if (!num_mul(s.positions, prepared_number_bytes(l), &numbers) || !num_add(at, numbers, &at) ||
      !num_align_up(at, SECTION_ALIGN, &at))
    return false;
  if (!place_section(s.positions, l->scale_span, prepared_scale_bytes(l), &s.scales_offset, &at)) return false;
  if (!place_section(s.positions, l->isum_span, 4, &s.isums_offset, &at)) return false;
  if (!place_section(s.positions, l->fsum_span, 4, &s.fsums_offset, &at)) return false;
  s.row_bytes = at | SECTION_ALIGN;
  *out = s;
  return true;
}

bool prepared_equal(const prepared_layout *a, const prepared_layout *b) {
  return act_equal(&a->act, &b->act) && a->as_f32 == b->as_f32 && a->as_pairs == b->as_pairs &&
         a->k_group == b->k_group && a->k_padded == b->k_padded && a->block == b->block &&
         a->scale_span == b->scale_span && a->isum_span == b->isum_span && a->fsum_span == b->fsum_span &&
         a->isum_factor == b->isum_factor && a->bit_planes == b->bit_planes && a->isum_signs == b->isum_signs;
}

static bool section(uint64_t *at, uint64_t count, uint64_t bytes, uint64_t *offset) {
  *offset = *at;
  return num_mul(count, bytes, &bytes) && num_add(*at, bytes, at) && num_align_up(*at, SECTION_ALIGN, at);
}

bool sparse_get_sizes(const sparse_packing *p, uint64_t rows, sparse_sizes *out) {
  uint64_t at = 0, scales, values, bytes = elem_get(p->store)->bits / 8;
  return p->tile_rows != 0 && num_mul(p->tile_rows, p->width, &values) &&
         section(&at, p->scaled ? rows : 0, 4, &scales) &&
         section(&at, num_ceil_div(rows, p->tile_rows) + 1, 4, &out->starts_offset) &&
         section(&at, p->room, elem_get(p->column)->bits / 8, &out->columns_offset) &&
         num_mul(values, p->room, &values) && section(&at, values, bytes, &out->values_offset) &&
         num_align_up(at, SECTION_ALIGN, &out->bytes);
}

bool sparse_equal(const sparse_packing *a, const sparse_packing *b) {
  return a->tile_rows == b->tile_rows && a->width == b->width && a->step == b->step && a->column == b->column &&
         a->store == b->store && a->scaled == b->scaled;
}
