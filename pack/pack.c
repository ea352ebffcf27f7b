// The plain packer, weight by weight: what fast packing (pack_tiles) must give. Everything it knows about a format is in the recipe: which elements form the joint code, how its bits are
// planed, where coarse elements go.
#include "pack/pack.h"

#include <string.h>

#include "format/transform.h"
#include "pack/inside.h"
#include "support/fp.h"
#include "support/num.h"

typedef struct packer {
  const recipe *r;
  const packing *p;
  const tensor_codes *t;
  uint64_t positions;
  uint32_t *codes; // rows x positions of one tile
  double *row;     // one row of weights, for row sums
} packer;

// ---- codes -----------------------------------------------------------------------------------------------

static uint32_t joint_code(const packer *k, uint64_t index) {
  uint32_t code = 0;
  for (size_t i = 0; i < k->r->normal.part_count; i++) {
    const code_part *part = &k->r->normal.parts[i];
    if (part->derived_count > 0) continue;
    elem_type type = k->r->scheme->fields[part->field].type;
    uint32_t raw = k->t->elements[part->field][index];
    // Signed codes are stored from their minimum up: flipping the sign bit does that.
    if (elem_get(type)->kind == ELEM_KIND_INT) raw ^= UINT32_C(1) << (elem_get(type)->bits - 1);
    code |= raw << part->shift;
  }
  return code;
}

static void derive_codes(const packer *k, uint64_t row, uint32_t *out) {
  for (size_t i = 0; i < k->r->normal.part_count; i++) {
    const code_part *part = &k->r->normal.parts[i];
    if (part->derived_count == 0) continue;
    scheme_row_of(k->t, part->derived[0], row, k->row);
    for (uint64_t c = 0; c < k->t->columns; c++)
      out[c / k->p->k_group * k->p->k_padded + c % k->p->k_group] |= derived_number(part, (int64_t)k->row[c])
                                                                     << part->shift;
  }
}

static void gather_codes(packer *k, uint64_t first_row) {
  const packing *p = k->p;
  memset(k->codes, 0, p->rows * k->positions * sizeof *k->codes);
  for (uint64_t r = 0; r < p->rows && first_row + r < k->t->rows; r++) {
    uint32_t *out = k->codes + r * k->positions;
    uint64_t index = (first_row + r) * k->t->columns;
    for (uint64_t c = 0; c < k->t->columns; c++)
      out[c / p->k_group * p->k_padded + c % p->k_group] = joint_code(k, index + c);
    derive_codes(k, first_row + r, out);
  }
}

static void put_narrow(const packer *k, const pack_plane *plane, uint64_t position, uint8_t *chunk) {
  uint32_t mask = (UINT32_C(1) << plane->width) - 1;
  for (unsigned j = 0; j < PACK_CHUNK; j++) {
    unsigned quad = j / 4;
    uint8_t *vector = chunk + plane->offset + (uint64_t)(quad % plane->width) * 4 * k->p->rows + j % 4;
    unsigned shift = plane->width * (quad / plane->width);
    const uint32_t *code = k->codes + position + j;
    for (unsigned r = 0; r < k->p->rows; r++, code += k->positions)
      vector[(size_t)4 * r] |= (uint8_t)((*code >> plane->shift & mask) << shift);
  }
}

static void put_little(uint8_t *out, uint32_t value, unsigned bytes) {
  for (unsigned b = 0; b < bytes; b++) out[b] = (uint8_t)(value >> 8 * b);
}

static void put_wide(const packer *k, const pack_plane *plane, uint64_t position, uint8_t *chunk) {
  unsigned bytes = plane->width / 8;
  for (unsigned j = 0; j < PACK_CHUNK; j++)
    for (unsigned r = 0; r < k->p->rows; r++)
      put_little(chunk + plane->offset + (uint64_t)(j * k->p->rows + r) * bytes,
                 k->codes[r * k->positions + position + j], bytes);
}

// Positions of a block that the row has.
static uint64_t positions_in(const packer *k, uint64_t block) {
  uint64_t left = k->positions - block * k->p->block;
  return left < k->p->block ? left : k->p->block;
}

static void put_chunks(const packer *k, uint64_t block, uint8_t *out) {
  const packing *p = k->p;
  uint64_t positions = positions_in(k, block);
  for (uint64_t c = 0; c < positions / PACK_CHUNK; c++) {
    uint8_t *chunk = out + packing_header_bytes(p, positions) + c * p->chunk_bytes;
    for (size_t i = 0; i < p->plane_count; i++)
      (p->planes[i].width > 8 ? put_wide : put_narrow)(k, &p->planes[i], block * p->block + c * PACK_CHUNK, chunk);
  }
}

// ---- coarse elements -------------------------------------------------------------------------------------

// Granule `granule` of row `row` (or of the tensor), element by element; `stride` bytes between elements.
static void put_granule(const packer *k, const pack_field *pf, uint64_t granule, uint8_t *out, uint64_t stride) {
  const scheme_field *f = &k->r->scheme->fields[pf->field];
  uint64_t count = scheme_field_elements(f);
  for (uint64_t i = 0; i < count; i++) {
    uint32_t raw = k->t->elements[pf->field][granule * count + i];
    put_little(out + i * stride, pack_stored_bits(f->type, pf->store, raw), elem_get(pf->store)->bits / 8);
  }
}

static void put_tensor_fields(const packer *k, uint8_t *out) {
  for (size_t i = 0; i < k->p->tensor_field_count; i++) {
    const pack_field *pf = &k->p->tensor_fields[i];
    put_granule(k, pf, 0, out + pf->offset, elem_get(pf->store)->bits / 8);
  }
}

static void put_row_field(const packer *k, const pack_field *pf, uint64_t row, unsigned r, uint8_t *tile) {
  uint64_t bytes = elem_get(pf->store)->bits / 8;
  const scheme_field *f = &k->r->scheme->fields[pf->field];
  uint64_t granule = scheme_field_index(f, k->t->columns, row, 0) / scheme_field_elements(f);
  put_granule(k, pf, granule, tile + pf->offset + r * bytes, bytes * pack_field_width(k->p, pf));
}

static void put_group_field(const packer *k, size_t number, uint64_t row, unsigned r, uint64_t block, uint8_t *out) {
  const pack_field *pf = &k->p->fields[number];
  const scheme_field *f = &k->r->scheme->fields[pf->field];
  uint64_t bytes = elem_get(pf->store)->bits / 8, positions = positions_in(k, block);
  uint64_t per_row = num_ceil_div(k->t->columns, f->gran.group);
  uint64_t first = scheme_field_index(f, k->t->columns, row, 0) / scheme_field_elements(f);
  uint64_t in_block = k->p->block / pf->span;
  out += packing_field_offset(k->p, number, positions) + r * bytes;
  for (uint64_t g = 0; g * pf->span < positions && block * in_block + g < per_row; g++)
    put_granule(k, pf, first + block * in_block + g, out + g * pf->bytes, bytes * pack_field_width(k->p, pf));
}

static void put_row_sum(const packer *k, uint64_t row, unsigned r, uint8_t *tile) {
  if (!k->p->has_row_sums) return;
  scheme_row(k->t, row, k->row);
  double sum = 0;
  for (uint64_t c = 0; c < k->t->columns; c++) sum += k->row[c];
  put_little(tile + k->p->row_sum_offset + (uint64_t)4 * r, fp_bits32((float)sum), 4);
}

static void pack_tile(packer *k, uint64_t first_row, uint8_t *tile) {
  const packing *p = k->p;
  uint64_t blocks = num_ceil_div(k->positions, p->block);
  gather_codes(k, first_row);
  for (uint64_t b = 0; b < blocks; b++) put_chunks(k, b, tile + p->tile_head_bytes + b * p->block_bytes);
  for (unsigned r = 0; r < p->rows && first_row + r < k->t->rows; r++) {
    for (size_t i = 0; i < p->field_count; i++) {
      const pack_field *pf = &p->fields[i];
      unsigned shared = pf->shared > 1 ? pf->shared : 1, place = r / shared;
      if (r % shared != 0) continue;
      if (pf->span == 0) put_row_field(k, pf, first_row + r, place, tile);
      for (uint64_t b = 0; pf->span != 0 && b < blocks; b++)
        put_group_field(k, i, first_row + r, place, b, tile + p->tile_head_bytes + b * p->block_bytes);
    }
    put_row_sum(k, first_row + r, r, tile);
  }
}

bool pack_plain(diag *d, arena *a, const recipe *r, const tensor_codes *t, uint8_t *out, uint64_t size) {
  packer k = {.r = r, .p = &r->pack, .t = t};
  uint64_t tile_bytes = 0;
  if (!pack_check_size(d, r, t->rows, t->columns, size)) return false;
  packing_tile_bytes(k.p, t->columns, &tile_bytes);
  packing_positions(k.p, t->columns, &k.positions);
  k.codes = ARENA_ARRAY(a, uint32_t, k.positions *k.p->rows);
  k.row = ARENA_ARRAY(a, double, t->columns);
  memset(out, 0, size);
  put_tensor_fields(&k, out);
  for (uint64_t tile = 0; tile * k.p->rows < t->rows; tile++)
    pack_tile(&k, tile * k.p->rows, out + k.p->tensor_head_bytes + tile * tile_bytes);
  return true;
}

bool pack_check_size(diag *d, const recipe *r, uint64_t rows, uint64_t columns, uint64_t size) {
  uint64_t bytes, tile_bytes;
  if (packing_tensor_bytes(&r->pack, rows, columns, &bytes) && bytes == size &&
      packing_tile_bytes(&r->pack, columns, &tile_bytes))
    return true;
  diag_error(d, SRC_NOWHERE, "a tensor of %llu x %llu weights cannot be packed as '%s' into %llu bytes",
             (unsigned long long)rows, (unsigned long long)columns, r->name, (unsigned long long)size);
  return false;
}

// ---- factors of input and output -------------------------------------------------------------------------

void pack_factor(const tensor_codes *t, const transform_step *step, bool input, uint8_t *out) {
  uint64_t count = input ? t->columns : t->rows;
  arena *a = arena_new();
  double *factor = ARENA_ARRAY(a, double, (size_t)count);
  transform_factor(t, step, input, factor);
  for (uint64_t i = 0; i < count; i++)
    put_little(out + 4 * i, step->kind == TRANSFORM_GATHER ? (uint32_t)factor[i] : fp_bits32((float)factor[i]), 4);
  arena_free(a);
}
