// Archives in GNU's format, with nothing in them that depends on the day or the machine.
#include <stdio.h>
#include <string.h>

#include "codegen/codegen.h"
#include "support/num.h"
#include "support/vec.h"

#define MAGIC "!<arch>\n"
#define HEADER 60 // bytes before each member
#define NAME 16   // of them, the name with its '/'

// ---- writing ---------------------------------------------------------------------------------------------

typedef struct archive {
  diag *diag;
  strbuf out;
  strbuf names; // of 16 characters and more, in a member of their own
  size_t count;
  const cg_member *members;
  cg_names *symbols; // of each member
  unsigned word;     // bytes of a number in the index: 4, or 8 for large archives
} archive;

static void put_header(strbuf *out, const char *name, uint64_t size) {
  strbuf_printf(out, "%-16s%-12d%-6d%-6d%-8s%-10llu`\n", name, 0, 0, 0, "644", (unsigned long long)size);
}

static void pad(strbuf *out, uint64_t size) {
  if (size % 2 != 0) strbuf_putc(out, '\n');
}

static void put_big_endian(strbuf *out, uint64_t value, unsigned size) {
  for (unsigned i = size; i > 0; i--) strbuf_putc(out, (char)(value >> (8 * (i - 1)) & 255));
}

static uint64_t padded(uint64_t size) { return size + size % 2; }

// Binutils want the padding of the index and of the names inside them.
static uint64_t index_size(const archive *a) {
  uint64_t size = a->word;
  for (size_t i = 0; i < a->count; i++)
    for (size_t j = 0; j < a->symbols[i].count; j++) size += a->word + strlen(a->symbols[i].data[j]) + 1;
  return padded(size);
}

// Where the first member's header will lie.
static uint64_t first_offset(const archive *a) {
  uint64_t names = a->names.len == 0 ? 0 : HEADER + padded(a->names.len);
  return strlen(MAGIC) + HEADER + index_size(a) + names;
}

static void put_index(archive *a) {
  uint64_t size = index_size(a);
  uint64_t symbols = 0;
  for (size_t i = 0; i < a->count; i++) symbols += a->symbols[i].count;
  put_header(&a->out, a->word == 4 ? "/" : "/SYM64/", size);
  put_big_endian(&a->out, symbols, a->word);
  uint64_t offset = first_offset(a);
  for (size_t i = 0; i < a->count; i++) {
    for (size_t j = 0; j < a->symbols[i].count; j++) put_big_endian(&a->out, offset, a->word);
    offset += HEADER + padded(a->members[i].bytes.size);
  }
  for (size_t i = 0; i < a->count; i++)
    for (size_t j = 0; j < a->symbols[i].count; j++)
      strbuf_write(&a->out, a->symbols[i].data[j], strlen(a->symbols[i].data[j]) + 1);
  while (a->out.len < strlen(MAGIC) + HEADER + size) strbuf_putc(&a->out, '\0');
}

// "name/", or "/12": where the name is in the member of names.
static bool stored_name(archive *a, const char *name, char stored[24]) {
  if (name[0] == '\0' || strpbrk(name, "/\n") != NULL) {
    diag_error(a->diag, SRC_NOWHERE, "an archive's member cannot be named '%s'", name);
    return false;
  }
  if (strlen(name) < NAME) {
    snprintf(stored, 24, "%s/", name);
    return true;
  }
  snprintf(stored, 24, "/%zu", a->names.len);
  strbuf_printf(&a->names, "%s/\n", name);
  return true;
}

static bool collect(archive *a, arena *mem) {
  for (size_t i = 0; i < a->count; i++) {
    char unused[24];
    const cg_member *m = &a->members[i];
    if (!stored_name(a, m->name, unused)) return false;
    if (cg_object_symbols(mem, m->bytes, true, &a->symbols[i])) continue;
    diag_error(a->diag, SRC_NOWHERE, "'%s' is no sound object file", m->name);
    return false;
  }
  return true;
}

static void choose_word(archive *a) {
  uint64_t end = first_offset(a);
  for (size_t i = 0; i < a->count; i++) end += HEADER + padded(a->members[i].bytes.size);
  if (end > UINT32_MAX) a->word = 8;
}

bool cg_archive_write(diag *d, arena *mem, size_t count, const cg_member *members, cg_bytes *out) {
  archive a = {.diag = d, .out = {.mem = mem}, .names = {.mem = mem}, .count = count, .members = members, .word = 4};
  a.symbols = ARENA_ARRAY(mem, cg_names, count);
  if (!collect(&a, mem)) return false;
  choose_word(&a);
  strbuf_write(&a.out, MAGIC, strlen(MAGIC));
  put_index(&a);
  if (a.names.len > 0) {
    pad(&a.names, a.names.len);
    put_header(&a.out, "//", a.names.len);
    strbuf_write(&a.out, a.names.data, a.names.len);
  }
  a.names.len = 0;
  for (size_t i = 0; i < count; i++) {
    char name[24];
    stored_name(&a, members[i].name, name);
    put_header(&a.out, name, members[i].bytes.size);
    strbuf_write(&a.out, members[i].bytes.data, members[i].bytes.size);
    pad(&a.out, members[i].bytes.size);
  }
  *out = (cg_bytes){.data = (const uint8_t *)a.out.data, .size = a.out.len};
  return true;
}

// ---- reading ---------------------------------------------------------------------------------------------

typedef struct reader {
  diag *diag;
  arena *mem;
  const char *path;
  cg_bytes bytes;
  cg_bytes names; // the member of long names
} reader;

static bool broken(const reader *r, const char *what) {
  diag_error_file(r->diag, r->path, "%s; build or install it again", what);
  return false;
}

// A decimal number in a field filled up with spaces.
static bool number(const uint8_t *field, size_t width, uint64_t *out) {
  uint64_t value = 0;
  size_t i = 0;
  for (; i < width && field[i] >= '0' && field[i] <= '9'; i++) value = value * 10 + (uint64_t)(field[i] - '0');
  *out = value;
  return i > 0 && (i == width || field[i] == ' ');
}

static const char *until(const reader *r, const uint8_t *text, size_t most, const char *ends) {
  size_t n = 0;
  while (n < most && strchr(ends, text[n]) == NULL) n++;
  return arena_strndup(r->mem, (const char *)text, n);
}

// The member's name: "name/", "/offset" into the long names, or BSD's "#1/length" before the contents.
static bool member_name(const reader *r, const uint8_t *field, cg_member *m) {
  uint64_t at;
  if (memcmp(field, "#1/", 3) == 0) {
    if (!number(field + 3, NAME - 3, &at) || at > m->bytes.size) return false;
    m->name = until(r, m->bytes.data, (size_t)at, "");
    m->bytes = (cg_bytes){.data = m->bytes.data + at, .size = m->bytes.size - (size_t)at};
    return true;
  }
  if (field[0] == '/' && number(field + 1, NAME - 1, &at)) {
    if (at >= r->names.size) return false;
    m->name = until(r, r->names.data + at, r->names.size - (size_t)at, "/\n");
    return true;
  }
  m->name = until(r, field, NAME, "/ ");
  return true;
}

static bool is_index(const uint8_t *field) {
  return memcmp(field, "/ ", 2) == 0 || memcmp(field, "/SYM64/", 7) == 0 || memcmp(field, "__.SYMDEF", 9) == 0;
}

bool cg_archive_read(diag *d, arena *mem, const char *path, cg_bytes bytes, size_t *count, cg_member **members) {
  reader r = {.diag = d, .mem = mem, .path = path, .bytes = bytes};
  size_t magic = strlen(MAGIC);
  if (bytes.size < magic || memcmp(bytes.data, MAGIC, magic) != 0) return broken(&r, "this is no archive");
  *members = ARENA_ARRAY(mem, cg_member, bytes.size / HEADER);
  *count = 0;
  for (uint64_t at = magic; at < bytes.size;) {
    const uint8_t *header = bytes.data + at;
    uint64_t size;
    uint64_t end;
    if (bytes.size - at < HEADER || !number(header + 48, 10, &size)) return broken(&r, "the archive is damaged");
    at += HEADER;
    if (!num_add(at, size, &end) || end > bytes.size) return broken(&r, "the archive is cut short");
    cg_member m = {.bytes = {.data = bytes.data + at, .size = (size_t)size}};
    at = padded(end);
    if (memcmp(header, "// ", 3) == 0)
      r.names = m.bytes;
    else if (!is_index(header) && !member_name(&r, header, &m))
      return broken(&r, "a name in the archive is damaged");
    else if (!is_index(header))
      (*members)[(*count)++] = m;
  }
  return true;
}
