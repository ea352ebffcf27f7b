// Global symbols of ELF objects, of any machine and byte order.
#include <string.h>

#include "codegen/codegen.h"
#include "support/num.h"

// Numbers of the format (System V ABI, "Object files").
enum { CLASS_64 = 2, DATA_BIG = 2, SECTION_SYMBOLS = 2, BIND_GLOBAL = 1, BIND_WEAK = 2 };

typedef struct elf {
  cg_bytes bytes;
  bool wide;
  bool big;
} elf;

// Where the members of each structure lie, for 32 and 64 bits.
typedef struct member {
  uint8_t offset[2];
  uint8_t size[2];
} member;

static const member section_table = {{32, 40}, {4, 8}};
static const member section_size = {{46, 58}, {2, 2}};
static const member section_count = {{48, 60}, {2, 2}};
static const member sh_type = {{4, 4}, {4, 4}};
static const member sh_offset = {{16, 24}, {4, 8}};
static const member sh_size = {{20, 32}, {4, 8}};
static const member sh_link = {{24, 40}, {4, 4}};
static const member st_name = {{0, 0}, {4, 4}};
static const member st_info = {{12, 4}, {1, 1}};
static const member st_section = {{14, 6}, {2, 2}};
static const unsigned symbol_size[] = {16, 24};
static const unsigned header_size[] = {52, 64};
static const unsigned section_entry[] = {40, 64};

static bool inside(const elf *e, uint64_t offset, uint64_t size) {
  uint64_t end;
  return num_add(offset, size, &end) && end <= e->bytes.size;
}

// A member of a structure that lies inside the file.
static uint64_t get(const elf *e, uint64_t base, member m) {
  const uint8_t *p = e->bytes.data + base + m.offset[e->wide];
  unsigned size = m.size[e->wide];
  uint64_t value = 0;
  for (unsigned i = 0; i < size; i++) value |= (uint64_t)p[e->big ? size - 1 - i : i] << (8 * i);
  return value;
}

typedef struct table {
  uint64_t offset;
  uint64_t size;
} table;

static bool section(const elf *e, uint64_t index, uint64_t *header) {
  uint64_t size = get(e, 0, section_size);
  uint64_t at;
  if (index >= get(e, 0, section_count) || size < section_entry[e->wide]) return false;
  if (!num_mul(index, size, &at) || !num_add(at, get(e, 0, section_table), &at)) return false;
  *header = at;
  return inside(e, at, size);
}

static bool contents(const elf *e, uint64_t header, table *out) {
  *out = (table){get(e, header, sh_offset), get(e, header, sh_size)};
  return inside(e, out->offset, out->size);
}

// The name, if it ends inside the string table.
static const char *name_at(const elf *e, table strings, uint64_t offset) {
  if (offset >= strings.size) return NULL;
  const char *name = (const char *)e->bytes.data + strings.offset + offset;
  return memchr(name, '\0', (size_t)(strings.size - offset)) != NULL ? name : NULL;
}

static bool wanted(const elf *e, uint64_t symbol, bool defined) {
  uint64_t bind = get(e, symbol, st_info) >> 4;
  if (bind != BIND_GLOBAL && bind != BIND_WEAK) return false;
  return (get(e, symbol, st_section) != 0) == defined;
}

static bool read_symbols(const elf *e, arena *a, table symbols, table strings, bool defined, cg_names *out) {
  uint64_t count = symbols.size / symbol_size[e->wide];
  out->data = ARENA_ARRAY(a, const char *, (size_t)count);
  for (uint64_t i = 1; i < count; i++) {
    uint64_t symbol = symbols.offset + i * symbol_size[e->wide];
    if (!wanted(e, symbol, defined)) continue;
    const char *name = name_at(e, strings, get(e, symbol, st_name));
    if (name == NULL) return false;
    out->data[out->count++] = arena_strdup(a, name);
  }
  return true;
}

bool cg_object_symbols(arena *a, cg_bytes object, bool defined, cg_names *out) {
  elf e = {.bytes = object};
  *out = (cg_names){0};
  if (object.size < 6 || memcmp(object.data, "\177ELF", 4) != 0) return true;
  e.wide = object.data[4] == CLASS_64;
  e.big = object.data[5] == DATA_BIG;
  if (object.size < header_size[e.wide]) return false;
  for (uint64_t i = 0; i < get(&e, 0, section_count); i++) {
    uint64_t header;
    uint64_t linked;
    table symbols;
    table strings;
    if (!section(&e, i, &header)) return false;
    if (get(&e, header, sh_type) != SECTION_SYMBOLS) continue;
    return contents(&e, header, &symbols) && section(&e, get(&e, header, sh_link), &linked) &&
           contents(&e, linked, &strings) && read_symbols(&e, a, symbols, strings, defined, out);
  }
  return true;
}
