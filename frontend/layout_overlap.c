// Two elements that claim the same bit of a block are a slip of the pen. Only places that are plain unions of bits are
// compared: digits of a mixed radix may well share a byte.
#include <inttypes.h>

#include "format/layout_bits.h"
#include "frontend/sema.h"

enum { NOBODY = -1 };

typedef struct claims {
  fe_context *c;
  const scheme *s;
  const scheme_layout *l;
  int *owners; // of each bit: index of the place
  bool reported;
} claims;

static void report(claims *k, const layout_place *place, const layout_place *other, uint64_t bit) {
  const char *name = k->s->fields[place->field].name, *other_name = k->s->fields[other->field].name;
  if (place == other)
    diag_error(k->c->d, place->raw->loc, "two elements of '%s' lie at bit %" PRIu64 " of the block", name, bit);
  else
    diag_error(k->c->d, place->raw->loc, "'%s' lies at bit %" PRIu64 " of the block, where '%s' is", name, bit,
               other_name);
  if (place != other) diag_note(k->c->d, other->raw->loc, "the place of '%s'", other_name);
  k->reported = true;
}

// Claims the bits of one piece; false after a conflict.
static bool claim_piece(claims *k, int index, const bit_piece *piece) {
  for (uint64_t bit = piece->at; bit < (uint64_t)piece->at + piece->width; bit++) {
    if (bit >= k->l->block_bytes * 8) return true;
    if (k->owners[bit] != NOBODY) {
      report(k, &k->l->places[index], &k->l->places[k->owners[bit]], bit);
      return false;
    }
    k->owners[bit] = index;
  }
  return true;
}

static void claim_place(claims *k, int index, const block_place *place) {
  for (size_t e = 0; e < place->element_count; e++) {
    const element_bits *element = &place->elements[e];
    for (uint32_t i = 0; i < element->piece_count; i++)
      if (!claim_piece(k, index, &place->pieces[element->first_piece + i])) return;
  }
}

bool fe_check_overlap(fe_context *c, const scheme *s, const scheme_layout *l) {
  if (l->block_weights == 0) return true;
  arena *temporary = arena_new();
  size_t bits = (size_t)l->block_bytes * 8;
  claims k = {.c = c, .s = s, .l = l, .owners = ARENA_ARRAY(temporary, int, bits)};
  for (size_t i = 0; i < bits; i++) k.owners[i] = NOBODY;
  for (size_t p = 0; p < l->place_count; p++) {
    const block_place *place = layout_block_place(temporary, s, l, &l->places[p]);
    if (place != NULL) claim_place(&k, (int)p, place);
  }
  arena_free(temporary);
  return !k.reported;
}
