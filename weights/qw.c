// The packed weights file.
#include "weights/qw.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "format/identity.h"
#include "ir/print.h"
#include "support/num.h"

_Static_assert(sizeof(qrt_weights_header) == QW_HEADER_BYTES, "the payload follows the header");

// ---- the header's numbers --------------------------------------------------------------------------------

// Where each number of the header lies; the runtime reads them at the same offsets.
static const struct {
  size_t offset;
  unsigned bytes;
} numbers[] = {
#define NUMBER(member) {offsetof(qrt_weights_header, member), sizeof(((qrt_weights_header *)NULL)->member)}
    NUMBER(version),  NUMBER(file_size), NUMBER(payload_offset), NUMBER(payload_size),
    NUMBER(model_id), NUMBER(digest),    NUMBER(reserved[0]),    NUMBER(reserved[1]),
#undef NUMBER
};
enum { NUMBER_COUNT = sizeof numbers / sizeof *numbers };

static uint64_t load(const uint8_t *p, unsigned bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)p[i] << 8 * i;
  return value;
}

static void store(uint8_t *p, unsigned bytes, uint64_t value) {
  for (unsigned i = 0; i < bytes; i++) p[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_member(const qrt_weights_header *h, size_t i) {
  if (numbers[i].bytes == sizeof(uint32_t)) return h->version;
  uint64_t value;
  memcpy(&value, (const uint8_t *)h + numbers[i].offset, sizeof value);
  return value;
}

static void header_write(uint8_t *bytes, const qrt_weights_header *h) {
  memcpy(bytes, QRT_WEIGHTS_MAGIC, sizeof h->magic);
  for (size_t i = 0; i < NUMBER_COUNT; i++) store(bytes + numbers[i].offset, numbers[i].bytes, get_member(h, i));
}

static void header_read(const uint8_t *bytes, qrt_weights_header *h) {
  memcpy(h->magic, bytes, sizeof h->magic);
  for (size_t i = 0; i < NUMBER_COUNT; i++) {
    uint64_t value = load(bytes + numbers[i].offset, numbers[i].bytes);
    if (numbers[i].bytes == sizeof(uint32_t))
      h->version = (uint32_t)value;
    else
      memcpy((uint8_t *)h + numbers[i].offset, &value, sizeof value);
  }
}

// ---- identity --------------------------------------------------------------------------------------------

// The reason and the price of a recipe are no part of it, nor whether bytes or bits are multiplied, and how activations are
// prepared for that: they differ between targets that read the same bytes.
static void put_recipe(strbuf *out, const recipe *r) {
  recipe bare = *r;
  bare.reason = NULL;
  bare.cycles = 0;
  if (bare.mode == MODE_BIT_DOT) bare.mode = MODE_INT_DOT;
  bare.prepared = (prepared_layout){.act = r->act};
  print_record(out, &record_recipe, &bare);
  strbuf_putc(out, '\n');
}

static void put_entries(strbuf *out, const sparse_packing *p) {
  strbuf_printf(out, "entries %" PRIu64 " x %" PRIu64 " by %" PRIu64 " %s %s %d room %" PRIu64 "\n", p->tile_rows,
                p->width, p->step, elem_get(p->column)->name, elem_get(p->store)->name, p->scaled, p->room);
}

uint64_t qw_model_id(const ir_module *m) {
  arena *a = arena_new();
  strbuf text = {.mem = a};
  strbuf_printf(&text, "model %s version %u\n", m->name == NULL ? "" : m->name, QRT_WEIGHTS_VERSION);
  for (size_t i = 0; i < m->weights.len; i++) {
    const ir_weight *w = m->weights.data[i];
    strbuf_printf(&text, "weight %s %" PRIu64 " x %" PRIu64 " at %" PRIu64 " size %" PRIu64 "\n", w->name, w->rows,
                  w->columns, w->offset, w->size);
    if (w->of != NULL) strbuf_printf(&text, "factor %s of %s\n", w->step == NULL ? "" : w->step, w->of);
    if (w->scheme != NULL) identity_scheme(&text, w->scheme);
    if (w->recipe != NULL) put_recipe(&text, w->recipe);
    if (w->sparse != NULL) put_entries(&text, w->sparse);
  }
  uint64_t id = qrt_digest(strbuf_text(&text), text.len);
  arena_free(a);
  return id;
}

// ---- writing ---------------------------------------------------------------------------------------------

static bool too_large(diag *d, uint64_t payload_size) {
  diag_error(d, SRC_NOWHERE, "%" PRIu64 " bytes of packed weights are too many for this machine", payload_size);
  return false;
}

bool qw_image_new(diag *d, arena *a, uint64_t payload_size, qw_image *out) {
  uint64_t size;
  if (!num_add(payload_size, QW_HEADER_BYTES, &size) || size > SIZE_MAX / 2) return too_large(d, payload_size);
  uint8_t *room = ARENA_ARRAY(a, uint8_t, (size_t)size + QW_ALIGNMENT - 1);
  room += (QW_ALIGNMENT - (uintptr_t)room % QW_ALIGNMENT) % QW_ALIGNMENT;
  *out =
      (qw_image){.bytes = room, .size = (size_t)size, .payload = room + QW_HEADER_BYTES, .payload_size = payload_size};
  return true;
}

static void write_header(uint8_t *bytes, uint64_t payload_size, uint64_t model_id, uint64_t digest) {
  qrt_weights_header h = {.version = QRT_WEIGHTS_VERSION,
                          .file_size = payload_size + QW_HEADER_BYTES,
                          .payload_offset = QW_HEADER_BYTES,
                          .payload_size = payload_size,
                          .model_id = model_id,
                          .digest = digest};
  header_write(bytes, &h);
}

void qw_image_seal(qw_image *image, uint64_t model_id) {
  write_header(image->bytes, image->payload_size, model_id, qrt_digest(image->payload, (size_t)image->payload_size));
}

bool qw_stream(diag *d, arena *a, weight_set *weights, const ir_module *m, out_file *out, weight_stats *stats) {
  uint64_t size = m->plan->weights_size, all;
  uint8_t header[QW_HEADER_BYTES] = {0};
  if (stats == NULL) stats = ARENA_ARRAY(a, weight_stats, weights_count(weights));
  if (!num_add(size, QW_HEADER_BYTES, &all)) return too_large(d, size);
  out_write(out, header, sizeof header);
  payload *to = payload_in_file(a, out, size);
  if (!weights_pack_into(weights, to, stats)) return false;
  write_header(header, size, qw_model_id(m), payload_digest(to));
  out_patch(out, 0, header, sizeof header);
  return true;
}

bool qw_build(diag *d, arena *a, weight_set *weights, const ir_module *m, qw_image *out, weight_stats *stats) {
  if (stats == NULL) stats = ARENA_ARRAY(a, weight_stats, weights_count(weights));
  if (!qw_image_new(d, a, m->plan->weights_size, out) || !weights_pack(weights, out->payload, out->payload_size, stats))
    return false;
  qw_image_seal(out, qw_model_id(m));
  return true;
}

void qw_write(out_file *out, const qw_image *image) { out_write(out, image->bytes, image->size); }

// ---- checking --------------------------------------------------------------------------------------------

#define COMPILE_AGAIN "compile the model again and use the .qw file that belongs to the library"

static bool refuse(diag *d, const char *path, const char *hint, const char *fault) {
  diag_error_file(d, path, "%s", fault);
  diag_hint(d, "%s", hint);
  return false;
}

static bool check_header(diag *d, const char *path, size_t size, const qrt_weights_header *h) {
  if (h->version != QRT_WEIGHTS_VERSION) {
    diag_error_file(d, path, "packed weights of version %" PRIu32 "; this qcc knows version %u", h->version,
                    QRT_WEIGHTS_VERSION);
    diag_hint(d, COMPILE_AGAIN);
    return false;
  }
  if (h->file_size != size) {
    diag_error_file(d, path, "has %zu bytes, but its header says %" PRIu64 ": it was cut short or added to", size,
                    h->file_size);
    diag_hint(d, "copy it again, or compile the model again");
    return false;
  }
  if (h->payload_offset != QW_HEADER_BYTES || h->payload_size != size - QW_HEADER_BYTES || h->reserved[0] != 0 ||
      h->reserved[1] != 0)
    return refuse(d, path, COMPILE_AGAIN, "the header of these packed weights is damaged");
  return true;
}

bool qw_check(diag *d, const char *path, const uint8_t *bytes, size_t size, const uint64_t *model_id,
              qrt_weights_header *header) {
  qrt_weights_header h = {0};
  if (size < QW_HEADER_BYTES || memcmp(bytes, QRT_WEIGHTS_MAGIC, sizeof h.magic) != 0)
    return refuse(d, path, "packed weights are what compiling a model writes, with the ending .qw",
                  "this is no file of packed weights");
  header_read(bytes, &h);
  if (!check_header(d, path, size, &h)) return false;
  if (model_id != NULL && h.model_id != *model_id)
    return refuse(d, path, COMPILE_AGAIN, "these weights were packed for another model, or for an older compilation");
  if (h.digest != qrt_digest(bytes + QW_HEADER_BYTES, size - QW_HEADER_BYTES))
    return refuse(d, path, "copy it again, or compile the model again",
                  "the packed weights are damaged (wrong digest)");
  if (header != NULL) *header = h;
  return true;
}
