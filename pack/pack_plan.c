// Plans for the regions of a tensor.
#include "pack/inside.h"

#include <string.h>

#include "support/num.h"
#include "support/vec.h"

enum { MAX_UNIT_COLUMNS = 4096, USUAL_PERIOD = 256, MAX_MAP_BITS = 16, ELEMENT_BITS = 32 };

// ---- shape -----------------------------------------------------------------------------------------------

static uint64_t field_size(const scheme_field *f) {
  uint64_t size = 1;
  scheme_field_size(f, &size);
  return size;
}

// Makes the unit a multiple of `by`, unless it would be too large then.
static bool join_columns(uint64_t *unit, uint64_t by) {
  uint64_t joined = *unit / num_gcd(*unit, by) * by;
  if (joined > MAX_UNIT_COLUMNS) return false;
  *unit = joined;
  return true;
}

bool pack_shape_new(const recipe *r, const scheme_layout *l, uint64_t rows, uint64_t columns, pack_shape *out) {
  const packing *p = &r->pack;
  if (p->k_group == 0 || p->block % p->k_padded != 0 || r->scheme->field_count > PACK_MAX_FIELDS ||
      r->normal.part_count > PACK_SOURCE_VALUES - PACK_SOURCE_DERIVED ||
      (l != NULL && l->tensor_count > PACK_MAX_TENSORS))
    return false;
  uint64_t block_columns = p->block / p->k_padded * p->k_group, unit = block_columns;
  // Layouts of separate tensors do not tell after how many columns they repeat.
  if (l != NULL && l->block_weights == 0 && columns >= USUAL_PERIOD) join_columns(&unit, USUAL_PERIOD);
  if (unit > MAX_UNIT_COLUMNS || (l != NULL && l->block_weights != 0 && !join_columns(&unit, l->block_weights)))
    return false;
  for (size_t f = 0; f < r->scheme->field_count; f++) {
    const scheme_field *field = &r->scheme->fields[f];
    if (granularity_is_grouped(&field->gran) && !join_columns(&unit, granularity_columns(&field->gran))) return false;
  }
  *out = (pack_shape){.r = r, .rows = rows, .columns = columns, .layout = l, .unit_columns = unit};
  out->unit_blocks = unit / block_columns;
  out->units = num_ceil_div(columns, unit);
  out->tiles = num_ceil_div(rows, p->rows);
  return true;
}

// Granules of a field in so many columns.
static uint64_t granules_in(const scheme_field *f, uint64_t columns) {
  uint64_t group = granularity_columns(&f->gran);
  return group == 0 ? 1 : num_ceil_div(columns, group);
}

uint64_t pack_elements_per_row(const pack_shape *s, unsigned field) {
  const scheme_field *f = &s->r->scheme->fields[field];
  return granules_in(f, s->columns) * field_size(f);
}

uint32_t pack_stored_bits(elem_type type, elem_type store, uint32_t raw) {
  if (elem_get(type)->kind == ELEM_KIND_FLOAT)
    return store == type ? raw : (uint32_t)elem_encode(store, elem_decode(type, raw));
  return (uint32_t)(uint64_t)elem_decode_int(type, raw);
}

// ---- the builder -----------------------------------------------------------------------------------------

// A raw element of row 0 of a tile: its bits, less a number that is added to them; or, with a map, the bits of a key.
typedef struct raw_element {
  const pack_map *map;
  unsigned width;
  uint32_t add;
  bit_ref bits[ELEMENT_BITS];
} raw_element;

// The elements of a field in a unit, for each row of the tile or (not by_row) for the first one.
typedef struct unit_elements {
  bool found;
  bool by_row;
  size_t count;
  raw_element *all;
} unit_elements;

typedef struct builder {
  arena *mem;
  arena *keep; // of the plan
  const pack_shape *s;
  const packing *p;
  const pack_origins *o;
  const pack_region *g;
  unsigned rows;      // that a tile has
  uint64_t columns;   // that a unit has
  uint64_t positions; // of the kernel's, that a unit has
  uint64_t per_unit;  // columns from one unit to the next
  VEC(bit_stream) streams;
  VEC(int64_t) row_steps; // of streams: bits from row to row
  unit_elements *fields;
  bit_ref *out;
  size_t out_bytes;
  VEC(bit_ref) keys; // ELEMENT_BITS each
  VEC(const pack_map *) maps;
  block_maps block_maps;
  uint16_t values; // the stream of what the maps gave
  int failed;      // field, or -1
} builder;

static bool fail(builder *b, unsigned field) {
  b->failed = (int)field;
  return false;
}

static uint16_t stream_of(builder *b, unsigned source, int64_t row_step, int64_t tile_step, int64_t unit_step) {
  for (size_t i = 0; i < b->streams.len; i++) {
    const bit_stream *s = &b->streams.data[i];
    if (s->source == source && s->step[0] == tile_step && s->step[1] == unit_step && b->row_steps.data[i] == row_step)
      return (uint16_t)i;
  }
  vec_push(b->mem, &b->streams, ((bit_stream){.source = source, .step = {tile_step, unit_step}}));
  vec_push(b->mem, &b->row_steps, row_step);
  return (uint16_t)(b->streams.len - 1);
}

static const scheme_field *field_at(const builder *b, unsigned field) { return &b->s->r->scheme->fields[field]; }

// Columns of a unit over a field's granules: of heads all columns.
static uint64_t unit_granules(const builder *b, const scheme_field *f) {
  uint64_t group = granularity_columns(&f->gran);
  return group == 0 ? 0 : b->per_unit / group;
}

// A bit of a row's element.
static bit_ref of_row(const builder *b, bit_ref bit, unsigned row) {
  if (bit.stream != BIT_NO_STREAM) bit.at = (uint64_t)((int64_t)bit.at + row * b->row_steps.data[bit.stream]);
  return bit;
}

// ---- elements: blocks ------------------------------------------------------------------------------------

static void clear_bits(raw_element *e, unsigned width, uint32_t add) {
  e->map = NULL;
  e->width = width;
  e->add = add;
  for (unsigned i = 0; i < ELEMENT_BITS; i++) e->bits[i] = (bit_ref){.stream = BIT_NO_STREAM};
}

static void take_pieces(const block_place *place, const element_bits *from, uint64_t first, uint16_t stream,
                        raw_element *out) {
  clear_bits(out, place->bits, from->add);
  for (uint32_t i = 0; i < from->piece_count; i++) {
    bit_piece piece = place->pieces[from->first_piece + i];
    for (unsigned w = 0; w < piece.width; w++)
      out->bits[piece.shift + w] = (bit_ref){.at = first + piece.at + w, .stream = stream};
  }
  for (unsigned i = 0; i < place->bits; i++) out->bits[i].invert = (from->flip >> i & 1) != 0;
}

static const layout_place *find_place(const scheme_layout *l, unsigned field) {
  for (size_t i = 0; i < l->place_count; i++)
    if (l->places[i].field == field) return &l->places[i];
  return NULL;
}

// The stream of a block layout, and where it begins, in bytes.
static uint16_t block_stream(builder *b, uint64_t *first) {
  const scheme_layout *l = b->s->layout;
  uint64_t row_bytes = b->s->columns / l->block_weights * l->block_bytes;
  uint64_t unit_bytes = b->per_unit / l->block_weights * l->block_bytes;
  *first = b->g->tile * b->p->rows * row_bytes + b->g->unit * unit_bytes;
  return stream_of(b, PACK_SOURCE_FILE, (int64_t)(8 * row_bytes), (int64_t)(b->p->rows * row_bytes),
                   (int64_t)unit_bytes);
}

// Codes that are no bits of the block, but follow from a few of them.
static bool find_by_map(builder *b, unsigned field, unit_elements *out) {
  const scheme_layout *l = b->s->layout;
  const scheme *s = b->s->r->scheme;
  uint64_t first, per_block = layout_block_elements(l, field_at(b, field));
  uint16_t stream = block_stream(b, &first);
  if (field_at(b, field)->gran.kind != GRAN_WEIGHT) return fail(b, field);
  for (size_t i = 0; i < out->count; i++) {
    raw_element *e = &out->all[i];
    uint64_t at[ELEMENT_BITS], block = 8 * (first + i / per_block * l->block_bytes);
    if (i >= per_block) { // as in the first block
      *e = out->all[i % per_block];
      for (unsigned w = 0; w < e->width; w++) e->bits[w].at += block - 8 * first;
      continue;
    }
    const pack_map *map = block_map_find(b->keep, &b->block_maps, s, l, find_place(l, field), i, at);
    if (map == NULL) return fail(b, field);
    clear_bits(e, map->bits, 0);
    e->map = map;
    for (unsigned w = 0; w < map->bits; w++) e->bits[w] = (bit_ref){.at = block + at[w], .stream = stream};
  }
  return true;
}

static bool find_in_blocks(builder *b, unsigned field, unit_elements *out) {
  const scheme_layout *l = b->s->layout;
  const block_place *place = layout_block_place(b->mem, b->s->r->scheme, l, find_place(l, field));
  uint64_t first;
  if (place == NULL) return find_by_map(b, field, out);
  uint16_t stream = block_stream(b, &first);
  for (size_t i = 0; i < out->count; i++) {
    uint64_t block = i / place->element_count;
    take_pieces(place, &place->elements[i % place->element_count], 8 * (first + block * l->block_bytes), stream,
                &out->all[i]);
  }
  return true;
}

// ---- elements: separate tensors --------------------------------------------------------------------------

static void set_binders(const builder *b, const scheme_field *f, unsigned row, uint64_t index, int64_t *vars,
                        bit_range *range) {
  uint64_t size = field_size(f), per_unit = unit_granules(b, f);
  unsigned v = VAR_BINDER0;
  memset(range->growth, 0, sizeof range->growth);
  if (granularity_rows(&f->gran) != 0) {
    vars[v] = (int64_t)(b->g->tile * b->p->rows + row);
    range->growth[v][0] = 1;
    range->growth[v++][1] = b->p->rows;
  }
  if (granularity_columns(&f->gran) != 0) {
    vars[v] = (int64_t)(b->g->unit * per_unit + index / size);
    range->growth[v++][2] = (int64_t)per_unit;
  }
  if (f->rank != 0) vars[v] = (int64_t)(index % size);
}

// Steps from instance to instance are whole bytes.
static bool take_raw(builder *b, const bit_range *range, const raw_bits *raw, raw_element *out) {
  clear_bits(out, raw->width, (uint32_t)raw->add);
  for (unsigned i = 0; i < raw->width; i++) {
    out->bits[i].invert = (raw->flip >> i & 1) != 0;
    if (raw->at[i] == RAW_CONSTANT) continue;
    const int64_t *step = range->streams[raw->at[i] >> BIT_STREAM_SHIFT].step;
    if (step[1] % 8 != 0 || step[2] % 8 != 0) return false;
    out->bits[i].at = raw->at[i] & ((UINT64_C(1) << BIT_STREAM_SHIFT) - 1);
    out->bits[i].stream = stream_of(b, PACK_SOURCE_FILE + range->streams[raw->at[i] >> BIT_STREAM_SHIFT].tensor,
                                    step[0], step[1] / 8, step[2] / 8);
  }
  return true;
}

static bool find_row(builder *b, unsigned field, unsigned row, unsigned rows, unit_elements *out, raw_element *all) {
  const scheme *s = b->s->r->scheme;
  const layout_place *place = find_place(b->s->layout, field);
  int64_t vars[EXPR_VAR_COUNT] = {[VAR_ROWS] = (int64_t)b->s->rows, [VAR_COLUMNS] = (int64_t)b->s->columns};
  bit_range range = {.extent = {rows, b->g->tiles, b->g->units == 0 ? 1 : b->g->units}};
  for (size_t i = 0; i < out->count; i++) {
    raw_bits raw;
    set_binders(b, field_at(b, field), row, i, vars, &range);
    if (!layout_range_bits(s, b->s->tensors, vars, place, &range, &raw) || !take_raw(b, &range, &raw, &all[i]))
      return false;
  }
  return true;
}

// Rows are alike in most layouts.
static bool find_in_tensors(builder *b, unsigned field, unit_elements *out) {
  if (find_row(b, field, 0, b->rows, out, out->all)) return true;
  out->by_row = true;
  out->all = ARENA_ARRAY(b->mem, raw_element, out->count * b->rows);
  for (unsigned r = 0; r < b->rows; r++)
    if (!find_row(b, field, r, 1, out, out->all + r * out->count)) return fail(b, field);
  return true;
}

// ---- elements: those that have been read -----------------------------------------------------------------

static bool find_read(builder *b, unsigned field, unit_elements *out) {
  const scheme_field *f = field_at(b, field);
  uint64_t per_row = pack_elements_per_row(b->s, field), bytes = sizeof(uint32_t);
  uint64_t in_unit = unit_granules(b, f) * field_size(f);
  uint16_t stream = stream_of(b, PACK_SOURCE_ELEMENTS + field, (int64_t)(8 * bytes * per_row),
                              (int64_t)(bytes * per_row * b->p->rows), (int64_t)(bytes * in_unit));
  unsigned width = elem_get(f->type)->bits;
  for (size_t i = 0; i < out->count; i++) {
    clear_bits(&out->all[i], width, 0);
    for (unsigned w = 0; w < width; w++) out->all[i].bits[w] = (bit_ref){.at = 8 * bytes * i + w, .stream = stream};
  }
  return true;
}

// The elements of a field that the region's units have.
static const unit_elements *elements_of(builder *b, unsigned field) {
  const scheme_field *f = field_at(b, field);
  unit_elements *e = &b->fields[field];
  if (e->found) return e;
  e->count = (size_t)(granules_in(f, b->columns) * field_size(f));
  e->all = ARENA_ARRAY(b->mem, raw_element, e->count);
  bool from_file = b->o->fields[field] == FIELD_FILE;
  e->found =
      elem_get(f->type)->bits <= ELEMENT_BITS && (!from_file                         ? find_read
                                                  : b->s->layout->block_weights != 0 ? find_in_blocks
                                                                                     : find_in_tensors)(b, field, e);
  return e->found ? e : NULL;
}

static const raw_element *element_of_row(const unit_elements *e, unsigned row, uint64_t index) {
  return &e->all[(e->by_row ? row * e->count : 0) + index];
}

// ---- look-ups --------------------------------------------------------------------------------------------

// Bit `bit` of the number that a new look-up gives for a key of these bits.
static uint64_t add_value(builder *b, const pack_map *map, const bit_ref *key) {
  for (unsigned i = 0; i < ELEMENT_BITS; i++)
    vec_push(b->mem, &b->keys, i < map->bits ? key[i] : (bit_ref){.stream = BIT_NO_STREAM});
  vec_push(b->mem, &b->maps, map);
  return (b->maps.len - 1) * 64;
}

static const pack_map *map_new(arena *a, unsigned bits, uint64_t **entries) {
  pack_map *m = ARENA_NEW(a, pack_map);
  *entries = ARENA_ARRAY(a, uint64_t, (size_t)1 << bits);
  *m = (pack_map){.bits = bits, .entries = *entries};
  return m;
}

// The bits of an element as they are stored, for row `row`: out[ELEMENT_BITS]. `map` is made at first use.
static bool stored_element(builder *b, const raw_element *e, unsigned row, elem_type type, elem_type store,
                           const pack_map **map, bit_ref *out) {
  const elem_info *info = elem_get(type);
  bool same = info->kind != ELEM_KIND_FLOAT || type == store;
  for (unsigned i = 0; i < ELEMENT_BITS; i++) out[i] = of_row(b, e->bits[i < e->width ? i : e->width - 1], row);
  for (unsigned i = e->width; info->kind != ELEM_KIND_INT && i < ELEMENT_BITS; i++)
    out[i] = (bit_ref){.stream = BIT_NO_STREAM};
  if (e->map != NULL) {
    uint64_t at = add_value(b, e->map, out);
    for (unsigned i = 0; i < ELEMENT_BITS; i++)
      out[i] = i < info->bits ? (bit_ref){.at = at + i, .stream = b->values} : (bit_ref){.stream = BIT_NO_STREAM};
    return true;
  }
  if (same && e->add == 0) return true;
  if (e->width > MAX_MAP_BITS) return false;
  if (*map == NULL) {
    uint64_t *entries, mask = (UINT64_C(1) << e->width) - 1;
    *map = map_new(b->keep, e->width, &entries);
    for (uint64_t v = 0; v <= mask; v++) entries[v] = pack_stored_bits(type, store, (uint32_t)((v + e->add) & mask));
  }
  uint64_t at = add_value(b, *map, out);
  for (unsigned i = 0; i < ELEMENT_BITS; i++) out[i] = (bit_ref){.at = at + i, .stream = b->values};
  return true;
}

// ---- codes -----------------------------------------------------------------------------------------------

// Positions of a block of the unit that are there.
static uint64_t positions_in(const builder *b, uint64_t block) {
  uint64_t left = b->positions - block * b->p->block;
  return left < b->p->block ? left : b->p->block;
}

// Where in the unit's blocks bit `bit` of the code in row `row`, column `column` goes. False: nowhere.
static bool code_place(const builder *b, unsigned row, uint64_t column, unsigned bit, uint64_t *out) {
  const packing *p = b->p;
  uint64_t position = column / p->k_group * p->k_padded + column % p->k_group, at = position % p->block;
  uint64_t block = position / p->block, header = packing_header_bytes(p, positions_in(b, block));
  uint64_t chunk = block * p->block_bytes + header + at / PACK_CHUNK * p->chunk_bytes;
  unsigned j = (unsigned)(at % PACK_CHUNK);
  for (size_t i = 0; i < p->plane_count; i++) {
    const pack_plane *plane = &p->planes[i];
    if (bit < plane->shift || bit >= plane->shift + plane->width) continue;
    uint64_t first = chunk + plane->offset;
    unsigned in = bit - plane->shift, quad = j / 4;
    if (plane->width > 8)
      *out = 8 * (first + (uint64_t)(j * p->rows + row) * (plane->width / 8)) + in;
    else
      *out = 8 * (first + (uint64_t)(quad % plane->width) * 4 * p->rows + 4 * row + j % 4) +
             plane->width * (quad / plane->width) + in;
    return true;
  }
  return false;
}

static void put_code_bits(builder *b, const code_part *part, unsigned row, uint64_t column, unsigned width,
                          const bit_ref *bits) {
  uint64_t at;
  for (unsigned i = 0; i < width; i++)
    if (code_place(b, row, column, part->shift + i, &at)) b->out[at] = bits[i];
}

static bool put_field_codes(builder *b, const code_part *part) {
  const scheme_field *f = field_at(b, part->field);
  const unit_elements *e = elements_of(b, part->field);
  const pack_map *map = NULL;
  unsigned width = elem_get(f->type)->bits;
  if (e == NULL) return false;
  for (unsigned r = 0; r < b->rows; r++)
    for (uint64_t c = 0; c < b->columns; c++) {
      bit_ref bits[ELEMENT_BITS];
      if (!stored_element(b, element_of_row(e, r, c), r, f->type, f->type, &map, bits)) return fail(b, part->field);
      // Signed codes are stored from their minimum up: flipping the sign bit does that.
      if (elem_get(f->type)->kind == ELEM_KIND_INT) bits[width - 1].invert = !bits[width - 1].invert;
      put_code_bits(b, part, r, c, width, bits);
    }
  return true;
}

// ---- derived codes ---------------------------------------------------------------------------------------

// The raw bits that the codes of weights first .. first + span - 1 of a row are made from, in the maps' order.
static bool gather_key(builder *b, const derived_map *m, unsigned row, uint64_t first, bit_ref *key) {
  const scheme *s = b->s->r->scheme;
  const expr *e = b->s->r->normal.parts[m->part].derived[0];
  unsigned at = 0;
  for (unsigned f = 0; f < s->field_count; f++) {
    if (!expr_uses_field(e, f)) continue;
    uint64_t columns = granularity_columns(&s->fields[f].gran), size = field_size(&s->fields[f]);
    uint64_t granules = columns >= m->span ? 1 : m->span / columns;
    const unit_elements *all = elements_of(b, f);
    if (all == NULL) return false;
    for (uint64_t i = 0; i < granules * size; i++) {
      uint64_t index = first / columns * size + i;
      if (index >= all->count) { // beyond the row's end
        at += elem_get(s->fields[f].type)->bits;
        continue;
      }
      const raw_element *raw = element_of_row(all, row, index);
      if (raw->add != 0 || raw->map != NULL) return fail(b, f);
      for (unsigned w = 0; w < raw->width; w++) key[at++] = of_row(b, raw->bits[w], row);
    }
  }
  return true;
}

static bool put_mapped_codes(builder *b, const code_part *part, const derived_map *m) {
  unsigned width = code_part_bits(b->s->r->scheme, part);
  for (uint64_t phase = 0; phase < m->period / m->span; phase++)
    for (unsigned r = 0; r < b->rows; r++)
      for (uint64_t c = phase * m->span; c < b->columns; c += m->period) {
        bit_ref key[ELEMENT_BITS], bits[ELEMENT_BITS];
        for (unsigned i = 0; i < ELEMENT_BITS; i++) key[i] = (bit_ref){.stream = BIT_NO_STREAM};
        if (!gather_key(b, m, r, c, key)) return false;
        uint64_t at = add_value(b, &m->phases[phase], key);
        for (unsigned j = 0; j < m->span && c + j < b->columns; j++) {
          for (unsigned i = 0; i < width; i++) bits[i] = (bit_ref){.at = at + 8 * j + i, .stream = b->values};
          put_code_bits(b, part, r, c + j, width, bits);
        }
      }
  return true;
}

static void put_read_codes(builder *b, const code_part *part, unsigned number) {
  unsigned width = code_part_bits(b->s->r->scheme, part);
  int64_t row = (int64_t)b->s->columns;
  uint16_t stream = stream_of(b, PACK_SOURCE_DERIVED + number, 8 * row, b->p->rows * row, (int64_t)b->per_unit);
  for (unsigned r = 0; r < b->rows; r++)
    for (uint64_t c = 0; c < b->columns; c++) {
      bit_ref bits[ELEMENT_BITS];
      for (unsigned i = 0; i < width; i++) bits[i] = of_row(b, (bit_ref){.at = 8 * c + i, .stream = stream}, r);
      put_code_bits(b, part, r, c, width, bits);
    }
}

static bool put_codes(builder *b) {
  const normal_form *n = &b->s->r->normal;
  for (unsigned i = 0; i < n->part_count; i++) {
    const code_part *part = &n->parts[i];
    if (part->derived_count == 0) {
      if (!put_field_codes(b, part)) return false;
    } else if (b->o->derived[i] == NULL) {
      put_read_codes(b, part, i);
    } else if (!put_mapped_codes(b, part, b->o->derived[i])) {
      return false;
    }
  }
  return true;
}

// ---- coarse elements -------------------------------------------------------------------------------------

// Element e of a granule goes to first + e * step + row * its bytes, rows that have it together being one.
static bool put_granule(builder *b, const pack_field *pf, uint64_t granule, uint64_t first, uint64_t step,
                        const pack_map **map) {
  const scheme_field *f = field_at(b, pf->field);
  const unit_elements *all = elements_of(b, pf->field);
  uint64_t size = field_size(f), bits = elem_get(pf->store)->bits;
  if (all == NULL) return false;
  unsigned shared = pf->shared > 1 ? pf->shared : 1;
  for (unsigned r = 0; r < b->rows; r += shared)
    for (uint64_t e = 0; e < size; e++) {
      bit_ref from[ELEMENT_BITS];
      const raw_element *raw = element_of_row(all, r, granule * size + e);
      if (!stored_element(b, raw, r, f->type, pf->store, map, from)) return fail(b, pf->field);
      memcpy(b->out + 8 * (first + e * step) + r / shared * bits, from, bits * sizeof *from);
    }
  return true;
}

static bool put_group_field(builder *b, size_t number) {
  const packing *p = b->p;
  const pack_field *pf = &p->fields[number];
  uint64_t row_bytes = elem_get(pf->store)->bits / 8 * (uint64_t)pack_field_width(p, pf);
  uint64_t in_block = p->block / pf->span, granules = granules_in(field_at(b, pf->field), b->columns);
  const pack_map *map = NULL;
  for (uint64_t g = 0; g < granules; g++) {
    uint64_t block = g / in_block, header = block * p->block_bytes;
    uint64_t first = header + packing_field_offset(p, number, positions_in(b, block)) + g % in_block * pf->bytes;
    if (!put_granule(b, pf, g, first, row_bytes, &map)) return false;
  }
  return true;
}

static bool put_fields(builder *b, bool heads) {
  for (size_t i = 0; i < b->p->field_count; i++) {
    const pack_field *pf = &b->p->fields[i];
    const pack_map *map = NULL;
    if ((pf->span == 0) != heads) continue;
    if (!(heads ? put_granule(b, pf, 0, pf->offset,
                              elem_get(pf->store)->bits / 8 * (uint64_t)pack_field_width(b->p, pf), &map)
                : put_group_field(b, i)))
      return false;
  }
  return true;
}

// ---- the plan --------------------------------------------------------------------------------------------

static const pack_map_run *join_runs(builder *b, size_t *count) {
  VEC(pack_map_run) runs = {0};
  for (size_t i = 0; i < b->maps.len; i++) {
    if (runs.len > 0 && runs.data[runs.len - 1].map == b->maps.data[i])
      runs.data[runs.len - 1].count++;
    else
      vec_push(b->mem, &runs, ((pack_map_run){b->maps.data[i], 1}));
  }
  *count = runs.len;
  return runs.data;
}

static const pack_plan *finish(builder *b) {
  arena *a = b->keep;
  pack_plan *plan = ARENA_NEW(a, pack_plan);
  int64_t bytes = (int64_t)(8 * b->maps.len);
  *plan = (pack_plan){.region = *b->g, .value_count = b->maps.len, .out_bytes = b->out_bytes};
  b->streams.data[b->values].step[0] = b->streams.data[b->values].step[1] = bytes;
  plan->out = bit_plan_new(a, b->out_bytes, b->out, (size_t)4 * b->p->rows, b->streams.len, b->streams.data);
  if (plan->value_count == 0) return plan;
  plan->keys = bit_plan_new(a, sizeof(uint32_t) * b->maps.len, b->keys.data, 0, b->streams.len, b->streams.data);
  const pack_map_run *runs = join_runs(b, &plan->run_count);
  plan->runs = arena_memdup(a, runs, plan->run_count * sizeof *runs);
  return plan;
}

// What the tiles and units of the region have.
static void measure(builder *b) {
  const pack_shape *s = b->s;
  uint64_t first_row = b->g->tile * b->p->rows, first_column = b->g->unit * s->unit_columns;
  b->rows = s->rows - first_row < b->p->rows ? (unsigned)(s->rows - first_row) : b->p->rows;
  b->per_unit = s->unit_columns;
  if (b->g->units == 0) {
    b->columns = s->columns;
    b->out_bytes = (size_t)b->p->tile_head_bytes;
    return;
  }
  uint64_t bytes = 0, positions = 0, unit = s->unit_blocks * b->p->block;
  packing_positions(b->p, s->columns, &positions);
  positions -= b->g->unit * unit;
  b->positions = positions < unit ? positions : unit;
  b->columns = s->columns - first_column < s->unit_columns ? s->columns - first_column : s->unit_columns;
  packing_bytes(b->p, b->positions, &bytes);
  b->out_bytes = (size_t)bytes;
}

const pack_plan *pack_plan_new(arena *a, const pack_shape *s, const pack_origins *o, const pack_region *region,
                               int *field) {
  builder b = {.mem = arena_new(), .keep = a, .s = s, .p = &s->r->pack, .o = o, .g = region, .failed = -1};
  measure(&b);
  b.fields = ARENA_ARRAY(b.mem, unit_elements, s->r->scheme->field_count);
  b.out = ARENA_ARRAY(b.mem, bit_ref, 8 * b.out_bytes);
  for (size_t i = 0; i < 8 * b.out_bytes; i++) b.out[i].stream = BIT_NO_STREAM;
  b.values = stream_of(&b, PACK_SOURCE_VALUES, 0, 0, 0);
  bool ok = put_fields(&b, region->units == 0) && (region->units == 0 || put_codes(&b));
  const pack_plan *plan = ok ? finish(&b) : NULL;
  *field = b.failed;
  arena_free(b.mem);
  return plan;
}
