// ZIP archives: the directory at the end, then every member's own header.
#include "weights/zip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST // its input is const, too
#include <zlib.h>

enum {
  END_BYTES = 22,
  LOCATOR_BYTES = 20,
  END64_BYTES = 56,
  ENTRY_BYTES = 46,
  LOCAL_BYTES = 30,
  MAX_COMMENT = 65535,
  MAX_NAME = 1024,
  STORED = 0,
  DEFLATED = 8,
  // Deflate makes at most 258 bytes out of two bits.
  MAX_RATIO = 1032,
  WIDE_SIZES = 1, // the extra field with 64-bit sizes
};

#define SIGNATURE_END 0x06054b50u
#define SIGNATURE_LOCATOR 0x07064b50u
#define SIGNATURE_END64 0x06064b50u
#define SIGNATURE_ENTRY 0x02014b50u
#define SIGNATURE_LOCAL 0x04034b50u

typedef struct zip_reader {
  diag *d;
  tensor_file *f;
  const uint8_t *data;
  size_t size;
  uint64_t at;  // of the directory's next entry
  uint64_t end; // of the directory
  uint64_t count;
} zip_reader;

#define DAMAGE(r, offset, ...) tensor_parse_error((r)->d, (r)->f, (offset), __VA_ARGS__)

// Whether `bytes` bytes lie at an offset of the archive.
static bool inside(const zip_reader *r, uint64_t offset, uint64_t bytes) {
  return offset <= r->size && bytes <= r->size - offset;
}

// ---- the end ---------------------------------------------------------------------------------------------

// The record at the very end, behind which only its own comment follows.
static bool find_end(const zip_reader *r, size_t *out) {
  for (size_t back = END_BYTES; back <= r->size && back <= END_BYTES + MAX_COMMENT; back++) {
    const uint8_t *p = r->data + r->size - back;
    if (tensor_le32(p) == SIGNATURE_END && tensor_le16(p + 20) == back - END_BYTES) return *out = r->size - back, true;
  }
  return false;
}

// The record with 64-bit numbers, when there is one; false when reported.
static bool read_wide_end(zip_reader *r, size_t end) {
  if (end < LOCATOR_BYTES || tensor_le32(r->data + end - LOCATOR_BYTES) != SIGNATURE_LOCATOR) return true;
  uint64_t at = tensor_le64(r->data + end - LOCATOR_BYTES + 8);
  if (!inside(r, at, END64_BYTES) || tensor_le32(r->data + at) != SIGNATURE_END64) {
    return DAMAGE(r, end - LOCATOR_BYTES, "the archive's 64-bit directory is not where it should be");
  }
  r->count = tensor_le64(r->data + at + 32);
  r->at = tensor_le64(r->data + at + 48);
  r->end = tensor_le64(r->data + at + 40); // its length, until read_end
  return true;
}

static bool read_end(zip_reader *r) {
  size_t end;
  if (!find_end(r, &end)) return DAMAGE(r, r->size, "the archive has no directory at its end: it is truncated");
  const uint8_t *p = r->data + end;
  r->count = tensor_le16(p + 10);
  r->end = tensor_le32(p + 12);
  r->at = tensor_le32(p + 16);
  if (!read_wide_end(r, end)) return false;
  if (!inside(r, r->at, r->end) || r->count > r->end / ENTRY_BYTES) {
    return DAMAGE(r, end, "the archive's directory of %" PRIu64 " members does not lie inside of it", r->count);
  }
  r->end += r->at;
  return true;
}

// ---- an entry --------------------------------------------------------------------------------------------

// Sizes that do not fit 32 bits are in an extra field, in this order, each only when it is needed.
static bool read_wide_sizes(zip_reader *r, const uint8_t *extra, size_t length, uint64_t *values[3]) {
  while (length >= 4) {
    size_t bytes = tensor_le16(extra + 2);
    const uint8_t *p = extra + 4;
    if (bytes > length - 4) break;
    for (size_t i = 0, left = bytes; tensor_le16(extra) == WIDE_SIZES && i < 3; i++) {
      if (*values[i] != UINT32_MAX) continue;
      if (left < 8) return DAMAGE(r, r->at, "an entry of the archive's directory lacks its 64-bit sizes");
      *values[i] = tensor_le64(p);
      p += 8;
      left -= 8;
    }
    extra += 4 + bytes;
    length -= 4 + bytes;
  }
  return true;
}

static bool read_name(zip_reader *r, const uint8_t *text, size_t length, zip_member *m) {
  if (length == 0 || length > MAX_NAME || !tensor_utf8_valid(text, length, true)) {
    return tensor_refuse(r->d, r->f, r->at, "an archive member's name %s is not 1 to %d bytes of UTF-8 text",
                         tensor_quote(r->f->mem, text, length), MAX_NAME);
  }
  m->name = arena_strndup(r->f->mem, (const char *)text, length);
  return true;
}

// Finds a member's bytes behind its own header, which must be of the same name and method.
static bool read_local(zip_reader *r, zip_member *m, uint64_t offset) {
  if (!inside(r, offset, LOCAL_BYTES) || tensor_le32(r->data + offset) != SIGNATURE_LOCAL) {
    return DAMAGE(r, r->at, "member '%s' is not where the archive's directory says", m->name);
  }
  const uint8_t *p = r->data + offset;
  size_t name = tensor_le16(p + 26);
  uint64_t begin = offset + LOCAL_BYTES + name + tensor_le16(p + 28); // below size + 2^18
  if (!inside(r, begin, m->packed)) {
    return DAMAGE(r, r->at, "member '%s' reaches beyond the end of the archive: it is truncated", m->name);
  }
  if (tensor_le16(p + 8) != m->method || name != strlen(m->name) || memcmp(p + LOCAL_BYTES, m->name, name) != 0) {
    return DAMAGE(r, offset, "member '%s' is something else by its own header", m->name);
  }
  m->offset = begin;
  m->data = r->data + begin;
  return true;
}

static bool check_sizes(zip_reader *r, zip_member *m, uint64_t packed, uint64_t size) {
  bool possible = m->method != DEFLATED || size / MAX_RATIO <= packed;
  if (m->method == STORED) possible = size == packed;
  if (!possible || !num_to_size(packed, &m->packed) || !num_to_size(size, &m->size)) {
    return DAMAGE(r, r->at, "member '%s': %" PRIu64 " bytes cannot unpack to %" PRIu64, m->name, packed, size);
  }
  return true;
}

static bool read_entry(zip_reader *r, zip_member *m) {
  if (r->end - r->at < ENTRY_BYTES || tensor_le32(r->data + r->at) != SIGNATURE_ENTRY) {
    return DAMAGE(r, r->at, "the archive's directory ends too early");
  }
  const uint8_t *p = r->data + r->at;
  size_t name = tensor_le16(p + 28), extra = tensor_le16(p + 30), comment = tensor_le16(p + 32);
  if (name + extra + comment > r->end - r->at - ENTRY_BYTES) {
    return DAMAGE(r, r->at, "an entry of the archive's directory reaches beyond it");
  }
  uint64_t packed = tensor_le32(p + 20), size = tensor_le32(p + 24), offset = tensor_le32(p + 42);
  uint64_t *wide[3] = {&size, &packed, &offset};
  m->encrypted = (tensor_le16(p + 8) & 1) != 0;
  m->method = tensor_le16(p + 10);
  m->crc = tensor_le32(p + 16);
  if (!read_name(r, p + ENTRY_BYTES, name, m) || !read_wide_sizes(r, p + ENTRY_BYTES + name, extra, wide) ||
      !check_sizes(r, m, packed, size) || !read_local(r, m, offset))
    return false;
  r->at += ENTRY_BYTES + name + extra + comment;
  return true;
}

// ---- the directory ---------------------------------------------------------------------------------------

static int compare_members(const void *a, const void *b) {
  const zip_member *const *x = a, *const *y = b;
  return ((*x)->offset > (*y)->offset) - ((*x)->offset < (*y)->offset);
}

// Members that share bytes would let a small archive unpack to a huge one.
static bool check_overlap(zip_reader *r, zip_member *members, size_t count) {
  zip_member **order = ARENA_ARRAY(r->f->mem, zip_member *, count);
  for (size_t i = 0; i < count; i++) order[i] = &members[i];
  qsort(order, count, sizeof *order, compare_members);
  for (size_t i = 1; i < count; i++) {
    if (order[i]->offset - order[i - 1]->offset >= order[i - 1]->packed) continue;
    return DAMAGE(r, order[i]->offset, "members '%s' and '%s' share bytes", order[i - 1]->name, order[i]->name);
  }
  return true;
}

bool zip_read_directory(diag *d, tensor_file *f, zip_member **out, size_t *count) {
  zip_reader r = {.d = d, .f = f, .data = f->bytes.data, .size = f->bytes.size};
  if (!read_end(&r)) return false;
  *count = (size_t)r.count; // a small number: checked against the directory's bytes
  *out = ARENA_ARRAY(f->mem, zip_member, *count + 1);
  for (size_t i = 0; i < *count; i++)
    if (!read_entry(&r, &(*out)[i])) return false;
  return check_overlap(&r, *out, *count);
}

// ---- members ---------------------------------------------------------------------------------------------

static uint32_t sum_of(const uint8_t *data, size_t size) { return (uint32_t)crc32_z(0, data, size); }

// zlib counts in unsigned int, so large members are given in pieces.
static bool inflate_all(z_stream *z, const zip_member *m, uint8_t *out) {
  enum { PIECE = 1 << 30 };
  size_t in_left = m->packed, out_left = m->size;
  int status = Z_OK;
  z->next_in = m->data;
  z->next_out = out;
  while (status == Z_OK) {
    uInt in = in_left < PIECE ? (uInt)in_left : PIECE, room = out_left < PIECE ? (uInt)out_left : PIECE;
    z->avail_in = in;
    z->avail_out = room;
    status = inflate(z, Z_NO_FLUSH);
    in_left -= in - z->avail_in;
    out_left -= room - z->avail_out;
    if (status == Z_OK && z->avail_in == in && z->avail_out == room) return false; // no progress
  }
  return status == Z_STREAM_END && in_left == 0 && out_left == 0;
}

static uint8_t *inflate_member(tensor_file *f, const zip_member *m) {
  uint8_t *out = arena_alloc(f->mem, m->size, 1);
  z_stream z = {0};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return NULL;
  bool ok = inflate_all(&z, m, out);
  inflateEnd(&z);
  return ok ? out : NULL;
}

const uint8_t *zip_unpack(diag *d, tensor_file *f, const zip_member *m) {
  if (m->encrypted || (m->method != STORED && m->method != DEFLATED)) {
    tensor_report_refusal(d, f, m->offset, "member '%s' is %s; only stored and deflated ones are read", m->name,
                          m->encrypted ? "encrypted" : arena_printf(f->mem, "packed with method %u", m->method));
    diag_hint(d, "save the arrays again with numpy.savez");
    return NULL;
  }
  const uint8_t *bytes = m->method == STORED ? m->data : inflate_member(f, m);
  if (bytes != NULL && sum_of(bytes, m->size) == m->crc) return bytes;
  (void)tensor_parse_error(d, f, m->offset, "member '%s' is damaged: %s", m->name,
                           bytes == NULL ? "it does not unpack to the size that is said" : "its checksum is wrong");
  return NULL;
}
