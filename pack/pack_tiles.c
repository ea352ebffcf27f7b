// Which plans a tensor needs, and running them over its tiles.
#include "pack/pack.h"

#include <string.h>

#include "pack/inside.h"
#include "support/fp.h"
#include "support/num.h"
#include "support/vec.h"

enum { MAX_SPLITS = 4 };

struct pack_tiles {
  arena *mem;
  pack_shape shape;
  pack_source source;
  layout_rows *reader;
  pack_origins origins;
  bool plain;
  const uint8_t *packed; // plain: all of it
  uint64_t tile_bytes;
  uint64_t used_bytes; // of a tile, before it is padded
  tensor_bits tensors[PACK_MAX_TENSORS];
  VEC(const pack_plan *) plans;
};

static const scheme *scheme_of(const pack_tiles *x) { return x->shape.r->scheme; }
static const packing *packing_of(const pack_tiles *x) { return &x->shape.r->pack; }

// ---- what is needed --------------------------------------------------------------------------------------

static bool is_packed(const recipe *r, unsigned field) {
  for (size_t i = 0; i < r->pack.field_count; i++)
    if (r->pack.fields[i].field == field) return true;
  for (size_t i = 0; i < r->normal.part_count; i++)
    if (r->normal.parts[i].derived_count == 0 && r->normal.parts[i].field == field) return true;
  return false;
}

static bool is_mapped(const pack_tiles *x, unsigned field) {
  const normal_form *n = &x->shape.r->normal;
  for (size_t i = 0; i < n->part_count; i++)
    if (x->origins.derived[i] != NULL && expr_uses_field(n->parts[i].derived[0], field)) return true;
  return false;
}

// The tiles' numbers that are no plan's: sums, and derived codes without a map.
static bool needs_values(const pack_tiles *x) {
  const normal_form *n = &x->shape.r->normal;
  for (size_t i = 0; i < n->part_count; i++)
    if (n->parts[i].derived_count > 0 && x->origins.derived[i] == NULL) return true;
  return packing_of(x)->has_row_sums;
}

static bool has_place(const scheme_layout *l, unsigned field) {
  for (size_t i = 0; i < l->place_count; i++)
    if (l->places[i].field == field) return true;
  return false;
}

static void choose_origins(pack_tiles *x) {
  const scheme *s = scheme_of(x);
  const normal_form *n = &x->shape.r->normal;
  x->origins.fields = ARENA_ARRAY(x->mem, field_from, s->field_count);
  x->origins.derived = ARENA_ARRAY(x->mem, const derived_map *, n->part_count);
  for (unsigned i = 0; i < n->part_count; i++)
    if (n->parts[i].derived_count > 0)
      x->origins.derived[i] = derived_map_new(x->mem, x->shape.r, i, x->shape.unit_columns);
  for (unsigned f = 0; f < s->field_count; f++) {
    if (!is_packed(x->shape.r, f) && !is_mapped(x, f)) continue;
    bool tiled = granularity_rows(&s->fields[f].gran) != 1; // elements are shared by rows
    bool in_file = x->source.codes == NULL && !tiled && has_place(x->source.layout, f);
    x->origins.fields[f] = in_file ? FIELD_FILE : FIELD_ELEMENTS;
  }
}

// ---- plans -----------------------------------------------------------------------------------------------

// A region whose bits do not move evenly is halved: some layouts fold the matrix.
static bool plan_region(pack_tiles *x, pack_region region, unsigned splits, int *field) {
  const pack_plan *plan = pack_plan_new(x->mem, &x->shape, &x->origins, &region, field);
  if (plan != NULL) {
    vec_push(x->mem, &x->plans, plan);
    return true;
  }
  if (*field < 0 || x->origins.fields[*field] != FIELD_FILE || splits == 0 || region.tiles < 2) return false;
  pack_region first = region, rest = region;
  first.tiles = region.tiles / 2;
  rest.tile += first.tiles;
  rest.tiles -= first.tiles;
  return plan_region(x, first, splits - 1, field) && plan_region(x, rest, splits - 1, field);
}

// Whole tiles and the last one, whole units and the last one, and heads.
static bool plan_tiles(pack_tiles *x, uint64_t tile, uint64_t tiles, int *field) {
  const pack_shape *s = &x->shape;
  uint64_t whole = s->columns / s->unit_columns;
  pack_region units = {.tile = tile, .tiles = tiles, .units = whole};
  pack_region last = {.tile = tile, .tiles = tiles, .unit = whole, .units = 1};
  pack_region heads = {.tile = tile, .tiles = tiles};
  if (tiles == 0) return true;
  return (whole == 0 || plan_region(x, units, MAX_SPLITS, field)) &&
         (whole == s->units || plan_region(x, last, MAX_SPLITS, field)) &&
         (packing_of(x)->tile_head_bytes == 0 || plan_region(x, heads, MAX_SPLITS, field));
}

static bool plan_all(pack_tiles *x) {
  uint64_t whole = x->shape.rows / packing_of(x)->rows;
  for (;;) {
    int field = -1;
    x->plans.len = 0;
    if (plan_tiles(x, 0, whole, &field) && plan_tiles(x, whole, x->shape.tiles - whole, &field)) return true;
    if (field < 0 || x->origins.fields[field] != FIELD_FILE) return false;
    x->origins.fields[field] = FIELD_ELEMENTS;
  }
}

// ---- making ----------------------------------------------------------------------------------------------

static bool little_endian(void) {
  const uint16_t one = 1;
  uint8_t first;
  memcpy(&first, &one, 1);
  return first == 1;
}

static tensor_codes *read_all(diag *d, const pack_tiles *x) {
  const pack_source *s = &x->source;
  const recipe *r = x->shape.r;
  if (s->layout->block_weights != 0)
    return layout_read_blocks(d, x->mem, r->scheme, s->layout, s->name, s->inputs[0].data, s->inputs[0].size,
                              x->shape.rows, x->shape.columns);
  return layout_read_tensors(d, x->mem, r->scheme, s->layout, s->name, s->inputs, x->shape.rows, x->shape.columns);
}

static bool open_layout(diag *d, pack_tiles *x) {
  const scheme_layout *l = x->source.layout;
  x->reader =
      layout_rows_new(d, x->mem, scheme_of(x), l, x->source.name, x->source.inputs, x->shape.rows, x->shape.columns);
  if (x->reader == NULL || l->block_weights != 0) return x->reader != NULL;
  const layout_input *inputs = layout_rows_inputs(x->reader);
  x->shape.tensors = x->tensors;
  for (size_t i = 0; i < l->tensor_count; i++) {
    x->tensors[i] = (tensor_bits){.rank = inputs[i].rank, .bits = elem_get(inputs[i].type)->bits};
    memcpy(x->tensors[i].dims, inputs[i].dims, sizeof inputs[i].dims);
  }
  return true;
}

// Codes instead of the file, when it cannot be opened field by field, or values are needed.
static bool use_codes(diag *d, pack_tiles *x) {
  if (x->source.codes == NULL) x->source.codes = read_all(d, x);
  return x->source.codes != NULL;
}

static bool pack_whole(diag *d, pack_tiles *x) {
  uint64_t size = 0;
  packing_tensor_bytes(packing_of(x), x->shape.rows, x->shape.columns, &size);
  uint8_t *out = arena_alloc(x->mem, (size_t)size, 1);
  x->plain = true;
  x->packed = out;
  return use_codes(d, x) && pack_plain(d, x->mem, x->shape.r, x->source.codes, out, size);
}

pack_tiles *pack_tiles_new(diag *d, arena *a, const recipe *r, uint64_t rows, uint64_t columns,
                           const pack_source *source) {
  pack_tiles *x = ARENA_NEW(a, pack_tiles);
  x->mem = a;
  x->source = *source;
  bool shaped = little_endian() && pack_shape_new(r, source->layout, rows, columns, &x->shape);
  if (!shaped)
    x->shape = (pack_shape){.r = r, .rows = rows, .columns = columns, .tiles = num_ceil_div(rows, r->pack.rows)};
  uint64_t positions;
  if (!packing_positions(&r->pack, columns, &positions) || !packing_bytes(&r->pack, positions, &x->used_bytes) ||
      !packing_tile_bytes(&r->pack, columns, &x->tile_bytes))
    return NULL;
  x->used_bytes += r->pack.tile_head_bytes;
  if (!shaped) return pack_whole(d, x) ? x : NULL;
  if (source->codes == NULL && !open_layout(d, x)) return use_codes(d, x) && pack_whole(d, x) ? x : NULL;
  choose_origins(x);
  if (needs_values(x) && x->source.codes == NULL) {
    if (!use_codes(d, x)) return NULL;
    choose_origins(x);
  }
  if (!plan_all(x)) return pack_whole(d, x) ? x : NULL;
  return x;
}

uint64_t pack_tiles_count(const pack_tiles *x) { return x->shape.tiles; }
uint64_t pack_tiles_bytes(const pack_tiles *x) { return x->tile_bytes; }
uint64_t pack_tiles_head_bytes(const pack_tiles *x) { return packing_of(x)->tensor_head_bytes; }

// ---- elements that are read ------------------------------------------------------------------------------

// Tiles that are packed together, and what they need besides the file.
typedef struct strip {
  const pack_tiles *x;
  diag *d;
  arena *mem;
  uint64_t tile, tiles; // first, number
  uint64_t row, rows;
  bit_source sources[PACK_SOURCE_COUNT];
  uint8_t *out;
} strip;

// Rows of granules as they are stored: the strip's.
static const uint32_t *granule_rows(strip *s, unsigned field, uint64_t first, uint64_t rows, uint64_t per_row) {
  if (s->x->source.codes != NULL) return s->x->source.codes->elements[field] + first * per_row;
  uint32_t *out = ARENA_ARRAY(s->mem, uint32_t, (size_t)(rows * per_row));
  return layout_rows_read(s->x->reader, s->d, field, first, rows, out) ? out : NULL;
}

// A row of elements for each row of weights.
static const uint32_t *element_rows(strip *s, unsigned field, uint64_t per_row) {
  uint64_t high = granularity_rows(&scheme_of(s->x)->fields[field].gran);
  uint64_t first = high == 0 ? 0 : s->row / high, last = high == 0 ? 0 : (s->row + s->rows - 1) / high;
  const uint32_t *stored = granule_rows(s, field, first, last - first + 1, per_row);
  if (high == 1 || stored == NULL) return stored;
  uint32_t *out = ARENA_ARRAY(s->mem, uint32_t, (size_t)(s->rows * per_row));
  for (uint64_t r = 0; r < s->rows; r++) {
    uint64_t granule = high == 0 ? 0 : (s->row + r) / high - first;
    memcpy(out + r * per_row, stored + granule * per_row, (size_t)per_row * sizeof *out);
  }
  return out;
}

static bool open_elements(strip *s) {
  for (unsigned f = 0; f < scheme_of(s->x)->field_count; f++) {
    if (s->x->origins.fields[f] != FIELD_ELEMENTS) continue;
    uint64_t per_row = pack_elements_per_row(&s->x->shape, f);
    const uint32_t *elements = element_rows(s, f, per_row);
    if (elements == NULL) return false;
    s->sources[PACK_SOURCE_ELEMENTS + f] =
        (bit_source){.data = (const uint8_t *)elements, .size = s->rows * per_row * sizeof *elements};
  }
  return true;
}

// Derived codes without a map, evaluated.
static void open_derived(strip *s) {
  const normal_form *n = &s->x->shape.r->normal;
  uint64_t columns = s->x->shape.columns;
  for (size_t i = 0; i < n->part_count; i++) {
    if (n->parts[i].derived_count == 0 || s->x->origins.derived[i] != NULL) continue;
    double *row = ARENA_ARRAY(s->mem, double, (size_t)columns);
    uint8_t *codes = arena_alloc(s->mem, (size_t)(s->rows * columns), 1);
    for (uint64_t r = 0; r < s->rows; r++) {
      scheme_row_of(s->x->source.codes, n->parts[i].derived[0], s->row + r, row);
      for (uint64_t c = 0; c < columns; c++)
        codes[r * columns + c] = (uint8_t)derived_number(&n->parts[i], (int64_t)row[c]);
    }
    s->sources[PACK_SOURCE_DERIVED + i] = (bit_source){.data = codes, .size = s->rows * columns};
  }
}

static void open_file(strip *s) {
  const pack_tiles *x = s->x;
  if (x->source.codes != NULL) return;
  bool blocks = x->source.layout->block_weights != 0;
  const layout_input *inputs = blocks ? x->source.inputs : layout_rows_inputs(x->reader);
  for (size_t i = 0; i < (blocks ? 1 : x->source.layout->tensor_count); i++)
    s->sources[PACK_SOURCE_FILE + i] = (bit_source){.data = inputs[i].data, .size = inputs[i].size};
}

// ---- running ---------------------------------------------------------------------------------------------

// Memory for the work on a batch.
typedef struct batch_room {
  uint8_t *keys, *values;
  stream_at *streams;
} batch_room;

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

static batch_room room_for(strip *s, const pack_plan *p) {
  batch_room room = {0};
  size_t streams = bit_plan_streams(p->out), more = p->value_count == 0 ? 0 : bit_plan_streams(p->keys);
  room.streams = ARENA_ARRAY(s->mem, stream_at, (streams > more ? streams : more) + 1);
  if (p->value_count == 0) return room;
  room.keys = arena_alloc(s->mem, BIT_PLAN_BATCH * p->value_count, sizeof(uint32_t));
  room.values = arena_alloc(s->mem, BIT_PLAN_BATCH * p->value_count + 1, sizeof(uint64_t));
  return room;
}

static void look_up(const pack_plan *p, const uint8_t *keys, uint8_t *values) {
  for (size_t i = 0; i < p->run_count; i++) {
    const uint64_t *entries = p->runs[i].map->entries;
    for (size_t j = 0; j < p->runs[i].count; j++, keys += sizeof(uint32_t), values += sizeof(uint64_t)) {
      uint32_t key;
      memcpy(&key, keys, sizeof key);
      memcpy(values, &entries[key], sizeof *entries);
    }
  }
}

static void run_batch(strip *s, const pack_plan *p, const batch_room *room, const bit_run *run) {
  size_t key_bytes = sizeof(uint32_t) * p->value_count, value_bytes = sizeof(uint64_t) * p->value_count;
  if (p->value_count > 0) {
    bit_run keys = *run;
    keys.out = room->keys;
    keys.out_step = key_bytes;
    bit_plan_run(p->keys, s->sources, &keys);
    for (size_t i = 0; i < run->count; i++) look_up(p, room->keys + i * key_bytes, room->values + i * value_bytes);
    s->sources[PACK_SOURCE_VALUES] = (bit_source){.data = room->values,
                                                  .size = run->count * value_bytes + BIT_PLAN_SLACK,
                                                  .base = -(int64_t)((run->first[0] + run->first[1]) * value_bytes)};
  }
  bit_plan_run(p->out, s->sources, run);
}

// Where sources that begin with the strip have the region's first instance.
static void place_sources(strip *s, const pack_plan *p) {
  const pack_shape *shape = &s->x->shape;
  int64_t rows = ((int64_t)p->region.tile - (int64_t)s->tile) * packing_of(s->x)->rows;
  uint64_t column = p->region.unit * shape->unit_columns;
  for (unsigned f = 0; f < scheme_of(s->x)->field_count; f++) {
    if (s->x->origins.fields[f] != FIELD_ELEMENTS) continue;
    const scheme_field *field = &scheme_of(s->x)->fields[f];
    uint64_t group = granularity_columns(&field->gran), size = 1;
    scheme_field_size(field, &size);
    int64_t in_row = group == 0 ? 0 : (int64_t)(column / group * size);
    s->sources[PACK_SOURCE_ELEMENTS + f].base =
        (int64_t)sizeof(uint32_t) * (rows * (int64_t)pack_elements_per_row(shape, f) + in_row);
  }
  for (size_t i = 0; i < shape->r->normal.part_count; i++)
    s->sources[PACK_SOURCE_DERIVED + i].base = rows * (int64_t)shape->columns + (int64_t)column;
}

// The tiles of a plan that the strip has, from..to - 1 of the region.
static void run_plan(strip *s, const pack_plan *p, uint64_t from, uint64_t to) {
  const pack_tiles *x = s->x;
  const packing *k = packing_of(x);
  uint64_t unit_bytes = x->shape.unit_blocks * k->block_bytes, units = p->region.units == 0 ? 1 : p->region.units;
  uint64_t counts[2] = {to - from, units}, steps[2] = {x->tile_bytes, unit_bytes};
  unsigned along = bit_plan_direction(p->out);
  if (counts[along] < BIT_PLAN_BATCH && counts[along] < counts[1 - along]) along = 1 - along;
  uint8_t *first = s->out + (p->region.tile + from - s->tile) * x->tile_bytes;
  if (p->region.units != 0) first += k->tile_head_bytes + p->region.unit * unit_bytes;
  batch_room room = room_for(s, p);
  place_sources(s, p);
  for (uint64_t outer = 0; outer < counts[1 - along]; outer++)
    for (uint64_t inner = 0; inner < counts[along]; inner += BIT_PLAN_BATCH) {
      uint64_t at[2];
      // The last batch is a whole one, too, and stores some bytes once more.
      at[along] = inner + BIT_PLAN_BATCH > counts[along] && inner > 0 ? counts[along] - BIT_PLAN_BATCH : inner;
      at[1 - along] = outer;
      bit_run run = {.streams = room.streams,
                     .first = {from + at[0], at[1]},
                     .along = along,
                     .count = (size_t)min_u64(BIT_PLAN_BATCH, counts[along] - at[along]),
                     .out = first + at[0] * steps[0] + at[1] * steps[1],
                     .out_step = (size_t)steps[along]};
      run_batch(s, p, &room, &run);
    }
}

static void clear_padding(strip *s) {
  const pack_tiles *x = s->x;
  for (uint64_t t = 0; t < s->tiles; t++)
    memset(s->out + t * x->tile_bytes + x->used_bytes, 0, (size_t)(x->tile_bytes - x->used_bytes));
}

static void put_little(uint8_t *out, uint32_t value, uint64_t bytes) {
  for (uint64_t b = 0; b < bytes; b++) out[b] = (uint8_t)(value >> 8 * b);
}

static void put_row_sums(strip *s) {
  const packing *p = packing_of(s->x);
  uint64_t columns = s->x->shape.columns;
  if (!p->has_row_sums) return;
  double *row = ARENA_ARRAY(s->mem, double, (size_t)columns);
  for (uint64_t r = 0; r < s->rows; r++) {
    double sum = 0;
    scheme_row(s->x->source.codes, s->row + r, row);
    for (uint64_t c = 0; c < columns; c++) sum += row[c];
    put_little(s->out + r / p->rows * s->x->tile_bytes + p->row_sum_offset + 4 * (r % p->rows), fp_bits32((float)sum),
               4);
  }
}

bool pack_tiles_run(const pack_tiles *x, diag *d, uint64_t first, uint64_t count, uint8_t *out) {
  const packing *p = packing_of(x);
  if (x->plain) {
    memcpy(out, x->packed + p->tensor_head_bytes + first * x->tile_bytes, (size_t)(count * x->tile_bytes));
    return true;
  }
  strip s = {.x = x, .d = d, .mem = arena_new(), .tile = first, .tiles = count, .row = first * p->rows, .out = out};
  s.rows = min_u64(count * p->rows, x->shape.rows - s.row);
  open_file(&s);
  open_derived(&s);
  bool ok = open_elements(&s);
  for (size_t i = 0; ok && i < x->plans.len; i++) {
    const pack_region *g = &x->plans.data[i]->region;
    uint64_t from = first > g->tile ? first : g->tile, to = min_u64(first + count, g->tile + g->tiles);
    if (from < to) run_plan(&s, x->plans.data[i], from - g->tile, to - g->tile);
  }
  if (ok) put_row_sums(&s);
  clear_padding(&s);
  arena_free(s.mem);
  return ok;
}

// ---- the tensor's own numbers ----------------------------------------------------------------------------

static bool put_tensor_field(const pack_tiles *x, diag *d, const pack_field *pf, uint8_t *out) {
  const scheme_field *f = &scheme_of(x)->fields[pf->field];
  uint64_t count = 1, bytes = elem_get(pf->store)->bits / 8;
  scheme_field_size(f, &count);
  arena *room = arena_new();
  const uint32_t *raw = x->source.codes == NULL ? NULL : x->source.codes->elements[pf->field];
  if (raw == NULL) {
    uint32_t *read = ARENA_ARRAY(room, uint32_t, (size_t)count);
    raw = layout_rows_read(x->reader, d, pf->field, 0, 1, read) ? read : NULL;
  }
  for (uint64_t i = 0; raw != NULL && i < count; i++)
    put_little(out + i * bytes, pack_stored_bits(f->type, pf->store, raw[i]), bytes);
  arena_free(room);
  return raw != NULL;
}

bool pack_tiles_head(const pack_tiles *x, diag *d, uint8_t *out) {
  const packing *p = packing_of(x);
  bool ok = true;
  memset(out, 0, (size_t)p->tensor_head_bytes);
  for (size_t i = 0; i < p->tensor_field_count && ok; i++)
    ok = put_tensor_field(x, d, &p->tensor_fields[i], out + p->tensor_fields[i].offset);
  return ok;
}

bool pack_tensor(diag *d, arena *a, const recipe *r, const tensor_codes *t, uint8_t *out, uint64_t size) {
  const pack_source source = {.codes = t, .name = r->name};
  if (t->rows * t->columns < PACK_WORTH_PLANS) return pack_plain(d, a, r, t, out, size);
  if (!pack_check_size(d, r, t->rows, t->columns, size)) return false;
  const pack_tiles *x = pack_tiles_new(d, a, r, t->rows, t->columns, &source);
  return x != NULL && pack_tiles_head(x, d, out) &&
         pack_tiles_run(x, d, 0, pack_tiles_count(x), out + pack_tiles_head_bytes(x));
}

// ---- telling ---------------------------------------------------------------------------------------------

pack_way pack_tiles_way(const pack_tiles *x, arena *a) {
  pack_way way = {.plain = x->plain, .codes = x->source.codes != NULL, .slow = "", .derived = ""};
  if (x->plain) return way;
  for (unsigned f = 0; f < scheme_of(x)->field_count; f++)
    if (x->origins.fields[f] == FIELD_ELEMENTS)
      way.slow = arena_printf(a, "%s%s%s", way.slow, way.slow[0] == '\0' ? "" : " ", scheme_of(x)->fields[f].name);
  const normal_form *n = &x->shape.r->normal;
  for (size_t i = 0; i < n->part_count; i++)
    if (n->parts[i].derived_count > 0) way.derived = x->origins.derived[i] != NULL ? "table" : "evaluated";
  return way;
}
