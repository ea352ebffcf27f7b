// ZIP archives: the directory at the end, then every member's own header.
#include "files/zip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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

// Where a member is unpacked to: memory, or a file.
typedef struct unpacking {
  uint8_t *memory;
  int file;
  size_t done;
  uint32_t sum;
  int error; // of the file
} unpacking;

enum { IN_MEMORY = 32 << 10, PIECE = 256 << 10, MOST_IN = 1 << 30 }; // zlib counts in unsigned int

static bool put(unpacking *u, const uint8_t *bytes, size_t size) {
  u->sum = (uint32_t)crc32_z(u->sum, bytes, size);
  if (u->memory != NULL)
    memcpy(u->memory + u->done, bytes, size);
  else
    u->error = file_write_all(u->file, bytes, size);
  u->done += size;
  return u->error == 0;
}

// Whether the stream gives exactly m->size bytes out of m->packed.
static bool inflate_all(z_stream *z, const zip_member *m, uint8_t *piece, unpacking *u) {
  size_t in_left = m->packed;
  int status = Z_OK;
  z->next_in = m->data;
  while (status == Z_OK) {
    uInt in = in_left < MOST_IN ? (uInt)in_left : MOST_IN;
    z->avail_in = in;
    z->next_out = piece;
    z->avail_out = PIECE;
    status = inflate(z, Z_NO_FLUSH);
    size_t out = PIECE - z->avail_out;
    if ((status == Z_OK && in == z->avail_in && out == 0) || out > m->size - u->done) return false;
    in_left -= in - z->avail_in;
    if (out > 0 && !put(u, piece, out)) return false;
  }
  return status == Z_STREAM_END && in_left == 0 && u->done == m->size;
}

static bool inflate_member(const zip_member *m, unpacking *u) {
  arena *a = arena_new();
  z_stream z = {0};
  bool ok = inflateInit2(&z, -MAX_WBITS) == Z_OK;
  if (ok) {
    ok = inflate_all(&z, m, arena_alloc(a, PIECE, 1), u);
    inflateEnd(&z);
  }
  arena_free(a);
  return ok;
}

static const uint8_t *refuse_member(diag *d, const tensor_file *f, const zip_member *m, const unpacking *u, bool ok) {
  if (u->error != 0) {
    tensor_report_refusal(d, f, m->offset, "member '%s' cannot be unpacked into a temporary file: %s", m->name,
                          strerror(u->error));
    diag_hint(d, "free some space, or save the arrays with numpy.savez, which does not deflate");
  } else {
    tensor_report_damage(d, f, m->offset, "member '%s' is damaged: %s", m->name,
                         ok ? "its checksum is wrong" : "it does not unpack to the size that is said");
  }
  return NULL;
}

// Files that were opened get rid of their mappings when they are closed. Large members do not stay in memory.
static const uint8_t *unpack(diag *d, tensor_file *f, const zip_member *m) {
  unpacking u = {.file = -1};
  mapped_file map;
  if (f->mapped && m->size > IN_MEMORY)
    u.error = (u.file = file_make_nameless()) < 0 ? errno : 0;
  else
    u.memory = arena_alloc(f->mem, m->size, 1);
  bool ok = u.error == 0 && inflate_member(m, &u);
  if (!ok || u.sum != m->crc) {
    if (u.file >= 0) close(u.file);
    return refuse_member(d, f, m, &u, ok);
  }
  if (u.memory != NULL) return u.memory;
  if (!file_map_open(d, f->mem, u.file, f->bytes.path, &map)) return NULL;
  if (map.kept > 0) close(map.kept - 1);
  map.kept = 0; // nobody else can change it
  vec_push(f->mem, &f->unpacked, map);
  return map.data;
}

const uint8_t *zip_unpack(diag *d, tensor_file *f, const zip_member *m) {
  if (m->encrypted || (m->method != STORED && m->method != DEFLATED)) {
    tensor_report_refusal(d, f, m->offset, "member '%s' is %s; only stored and deflated ones are read", m->name,
                          m->encrypted ? "encrypted" : arena_printf(f->mem, "packed with method %u", m->method));
    diag_hint(d, "save the arrays again with numpy.savez");
    return NULL;
  }
  if (m->method == DEFLATED) return unpack(d, f, m);
  bool same = (uint32_t)crc32_z(0, m->data, m->size) == m->crc;
  return same ? m->data : refuse_member(d, f, m, &(unpacking){0}, true);
}
