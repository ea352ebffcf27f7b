// Codes into the blocks of a layout: the inverse of format/layout_read.c where places are bits at fixed addresses.
#include <inttypes.h>
#include <string.h>

#include "format/int_math.h"
#include "format/layout_bits.h"
#include "format/tensor_codes.h"

typedef struct writer {
  diag *d;
  const tensor_codes *t;
  const scheme_layout *l;
  const block_place **places; // by place
  uint8_t *block;             // being written
  uint8_t *taken;             // its bits that have been written
} writer;

// Writes bits of the block, some of each byte at a time; those that have been written before must be equal.
static bool put_bits(writer *w, uint64_t at, unsigned width, uint64_t bits) {
  for (unsigned done = 0; done < width;) {
    unsigned shift = (unsigned)(at % 8), count = 8 - shift < width - done ? 8 - shift : width - done;
    uint8_t mask = (uint8_t)(0xffu >> (8 - count) << shift), part = (uint8_t)((bits >> done << shift) & mask);
    uint8_t *byte = w->block + at / 8, *taken = w->taken + at / 8;
    if (((*byte ^ part) & *taken & mask) != 0) return false;
    *taken |= mask;
    *byte |= part;
    at += count;
    done += count;
  }
  return true;
}

static bool put_element(writer *w, const block_place *place, const element_bits *e, uint32_t raw) {
  uint64_t stored = int_low_bits((uint64_t)raw - e->add, place->bits) ^ e->flip;
  for (uint32_t p = 0; p < e->piece_count; p++) {
    bit_piece piece = place->pieces[e->first_piece + p];
    uint64_t mask = (piece.width >= 64 ? UINT64_MAX : ((uint64_t)1 << piece.width) - 1) << piece.shift;
    if (!put_bits(w, piece.at, piece.width, (stored & mask) >> piece.shift)) return false;
    stored &= ~mask;
  }
  return stored == 0; // what is left has no place: it must be the constant that reading gives
}

static bool write_place(writer *w, size_t p, uint64_t block) {
  const block_place *place = w->places[p];
  unsigned f = w->l->places[p].field;
  const uint32_t *raw = w->t->elements[f] + block * place->element_count;
  for (size_t i = 0; i < place->element_count; i++) {
    if (put_element(w, place, &place->elements[i], raw[i])) continue;
    diag_error(w->d, w->l->places[p].loc,
               "element %zu of field '%s' in block %" PRIu64 " is %" PRIu32 ", which layout '%s' cannot store", i,
               w->t->scheme->fields[f].name, block, raw[i], w->l->name);
    return false;
  }
  return true;
}

static bool prepare(writer *w, arena *a) {
  bool ok = true;
  w->places = ARENA_ARRAY(a, const block_place *, w->l->place_count);
  w->taken = arena_alloc(a, (size_t)w->l->block_bytes, 1);
  for (size_t p = 0; p < w->l->place_count; p++) {
    w->places[p] = layout_block_place(a, w->t->scheme, w->l, &w->l->places[p]);
    if (w->places[p] != NULL) continue;
    diag_error(w->d, w->l->places[p].loc,
               "layout '%s' can be read but not written: field '%s' is no sum of bits at fixed places", w->l->name,
               w->t->scheme->fields[w->l->places[p].field].name);
    ok = false;
  }
  return ok;
}

static bool write_blocks(writer *w, uint8_t *out) {
  uint64_t blocks = w->t->rows * (w->t->columns / w->l->block_weights);
  memset(out, 0, (size_t)(blocks * w->l->block_bytes));
  for (uint64_t b = 0; b < blocks; b++) {
    w->block = out + b * w->l->block_bytes;
    memset(w->taken, 0, (size_t)w->l->block_bytes);
    for (size_t p = 0; p < w->l->place_count; p++)
      if (!write_place(w, p, b)) return false;
  }
  return true;
}

bool layout_write_blocks(diag *d, const tensor_codes *t, const scheme_layout *l, uint8_t *out, uint64_t size) {
  uint64_t expected = 0;
  if (l->block_weights == 0) {
    diag_error(d, l->loc, "layout '%s' has separate tensors, not blocks", l->name);
    return false;
  }
  if (!layout_block_bytes(d, l, t->scheme->name, t->rows, t->columns, &expected)) return false;
  if (size != expected) {
    diag_error(d, l->loc, "layout '%s' needs %" PRIu64 " bytes for this tensor, not %" PRIu64, l->name, expected, size);
    return false;
  }
  arena *a = arena_new();
  writer w = {.d = d, .t = t, .l = l};
  bool ok = prepare(&w, a) && write_blocks(&w, out);
  arena_free(a);
  return ok;
}
