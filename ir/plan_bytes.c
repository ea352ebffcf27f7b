#include "ir/plan_bytes.h"

#include <string.h>

#include "support/num.h"

enum { FIRST_CAPACITY = 64 };
#define MOST_INLINE (UINT64_MAX >> 1) // larger constants are sums

static void set_problem(plan_writer *w, const char *problem) {
  if (w->problem == NULL) w->problem = problem;
}

// ---- numbers ---------------------------------------------------------------------------------------------

static void put_byte(strbuf *b, uint64_t byte) { strbuf_putc(b, (char)(uint8_t)byte); }

static void put_number(strbuf *b, uint64_t number) {
  for (; number >= 0x80; number >>= 7) put_byte(b, (number & 0x7f) | 0x80);
  put_byte(b, number);
}

static void put_fixed(strbuf *b, uint64_t number, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++) put_byte(b, number >> 8 * i & 0xff);
}

static void put_text(strbuf *b, const char *text) {
  put_number(b, strlen(text));
  strbuf_write(b, text, strlen(text));
}

// ---- entries that are written once -----------------------------------------------------------------------

static size_t find_slot(const plan_table *t, plan_key key) {
  uint64_t hash = (key.a * UINT64_C(0x9e3779b97f4a7c15) ^ key.b) * UINT64_C(0xc2b2ae3d27d4eb4f) + key.kind;
  size_t i = (size_t)((hash ^ hash >> 32) & (t->cap - 1));
  while (t->used[i] && (t->keys[i].kind != key.kind || t->keys[i].a != key.a || t->keys[i].b != key.b))
    i = (i + 1) & (t->cap - 1);
  return i;
}

static void grow(arena *mem, plan_table *t) {
  plan_table old = *t;
  t->cap = old.cap == 0 ? FIRST_CAPACITY : 2 * old.cap;
  t->keys = ARENA_ARRAY(mem, plan_key, t->cap);
  t->numbers = ARENA_ARRAY(mem, uint64_t, t->cap);
  t->used = ARENA_ARRAY(mem, bool, t->cap);
  for (size_t i = 0; i < old.cap; i++) {
    if (!old.used[i]) continue;
    size_t to = find_slot(t, old.keys[i]);
    t->keys[to] = old.keys[i];
    t->numbers[to] = old.numbers[i];
    t->used[to] = true;
  }
}

// The number of an entry; true when it is `next`, because the entry is new.
static bool is_new(arena *mem, plan_table *t, plan_key key, uint64_t next, uint64_t *number) {
  if (2 * t->len >= t->cap) grow(mem, t);
  size_t i = find_slot(t, key);
  bool added = !t->used[i];
  if (added) {
    t->keys[i] = key;
    t->numbers[i] = next;
    t->used[i] = true;
    t->len++;
  }
  *number = t->numbers[i];
  return added;
}

// ---- extents ---------------------------------------------------------------------------------------------

void plan_writer_start(plan_writer *w, arena *mem) {
  *w = (plan_writer){.mem = mem};
  plan_section *const sections[] = {&w->symbols, &w->values,       &w->conditions, &w->inputs,
                                    &w->outputs, &w->later_values, &w->places,     &w->steps};
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) sections[i]->bytes.mem = mem;
}

plan_extent plan_add_symbol(plan_writer *w, const char *name, uint64_t least, uint64_t most) {
  put_text(&w->symbols.bytes, name);
  put_number(&w->symbols.bytes, least);
  put_number(&w->symbols.bytes, most);
  return 2 * w->symbols.count++ + 1;
}

static plan_extent add_value(plan_writer *w, qrt_plan_op op, plan_extent a, plan_extent b) {
  uint64_t next = w->symbols.count + w->values.count, number;
  if (w->later) next += w->inputs.count + w->outputs.count + w->later_values.count;
  if (is_new(w->mem, &w->known_values, (plan_key){op, a, b}, next, &number)) {
    plan_section *s = w->later ? &w->later_values : &w->values;
    put_byte(&s->bytes, op);
    put_number(&s->bytes, a);
    put_number(&s->bytes, b);
    s->count++;
  }
  return 2 * number + 1;
}

plan_extent plan_constant(plan_writer *w, uint64_t value) {
  if (value <= MOST_INLINE) return 2 * value;
  return add_value(w, QRT_PLAN_ADD, plan_constant(w, value - MOST_INLINE), 2 * MOST_INLINE);
}

static bool is_constant(plan_extent e) { return (e & 1) == 0; }

// Two constants; what does not exist is left to the call.
static bool fold(qrt_plan_op op, uint64_t a, uint64_t b, uint64_t *out) {
  switch (op) {
  case QRT_PLAN_ADD: return num_add(a, b, out);
  case QRT_PLAN_SUB: return num_sub(a, b, out);
  case QRT_PLAN_MUL: return num_mul(a, b, out);
  case QRT_PLAN_DIV: return b != 0 && (*out = a / b, true);
  case QRT_PLAN_REM: return b != 0 && (*out = a % b, true);
  case QRT_PLAN_MIN: return *out = a < b ? a : b, true;
  default: return *out = a > b ? a : b, true;
  }
}

plan_extent plan_combine(plan_writer *w, qrt_plan_op op, plan_extent a, plan_extent b) {
  uint64_t value;
  bool commutes = op != QRT_PLAN_SUB && op != QRT_PLAN_DIV && op != QRT_PLAN_REM;
  if (is_constant(a) && is_constant(b) && fold(op, a >> 1, b >> 1, &value) && value <= MOST_INLINE) return 2 * value;
  // Constants come last, and otherwise the order is one of two.
  if (commutes && (is_constant(a) == is_constant(b) ? a < b : is_constant(a))) return plan_combine(w, op, b, a);
  if (b == 0 && (op == QRT_PLAN_ADD || op == QRT_PLAN_SUB)) return a;
  if (b == 0 && op == QRT_PLAN_MUL) return b;
  if (b == 2 && (op == QRT_PLAN_MUL || op == QRT_PLAN_DIV)) return a;
  return add_value(w, op, a, b);
}

// ---- sections --------------------------------------------------------------------------------------------

void plan_add_condition(plan_writer *w, qrt_plan_relation relation, plan_extent a, plan_extent b, uint32_t message) {
  put_byte(&w->conditions.bytes, relation);
  put_number(&w->conditions.bytes, a);
  put_number(&w->conditions.bytes, b);
  put_number(&w->conditions.bytes, message);
  w->conditions.count++;
}

void plan_set_workspace(plan_writer *w, plan_extent bytes) { w->workspace = bytes; }

void plan_add_port(plan_writer *w, bool input, const char *name, qrt_element element, size_t rank,
                   const plan_extent *dims) {
  plan_section *s = input ? &w->inputs : &w->outputs;
  if (rank > QRT_PLAN_MAX_RANK) set_problem(w, "has an input or output of too many dimensions");
  put_text(&s->bytes, name);
  put_byte(&s->bytes, element);
  put_byte(&s->bytes, rank);
  for (size_t i = 0; i < rank; i++) put_number(&s->bytes, dims[i]);
  s->count++;
}

uint64_t plan_buffer(plan_writer *w, qrt_space space, uint64_t index, plan_extent offset) {
  uint64_t number;
  w->later = true;
  if (space == QRT_NONE) return 0;
  if (space == QRT_WEIGHTS && is_constant(offset)) return offset + 2;
  plan_key key = {space, index, offset};
  if (is_new(w->mem, &w->known_places, key, w->places.count, &number)) {
    put_byte(&w->places.bytes, space);
    put_number(&w->places.bytes, index);
    put_number(&w->places.bytes, offset);
    w->places.count++;
  }
  return 2 * number + 1;
}

void plan_add_step(plan_writer *w, const plan_step *step) {
  strbuf *b = &w->steps.bytes;
  w->later = true;
  if (step->buffer_count > QRT_MAX_BUFFERS || step->size_count > QRT_MAX_SIZES)
    set_problem(w, "has a step with more buffers or sizes than a kernel takes");
  put_byte(b, QRT_PLAN_KERNEL);
  put_number(b, step->kernel);
  put_byte(b, step->buffer_count);
  put_byte(b, step->size_count);
  for (size_t i = 0; i < step->buffer_count; i++) put_number(b, step->buffers[i]);
  for (size_t i = 0; i < step->size_count; i++) put_number(b, step->sizes[i]);
  put_number(b, step->work);
  put_number(b, step->grain);
  w->steps.count++;
}

// ---- the whole -------------------------------------------------------------------------------------------

static void put_body(plan_writer *w, const plan_header *header, strbuf *b) {
  const plan_section *const counted[] = {&w->symbols, &w->values,       &w->conditions, &w->inputs,
                                         &w->outputs, &w->later_values, &w->places,     &w->steps};
  put_fixed(b, header->model_id, 8);
  put_fixed(b, header->weights_size, 8);
  put_fixed(b, header->state_size, 8);
  put_fixed(b, header->kernels, 4);
  for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) put_fixed(b, counted[i]->count, 4);
  put_text(b, header->name);
  for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
    if (counted[i] == &w->inputs) put_number(b, w->workspace);
    strbuf_write(b, counted[i]->bytes.data, counted[i]->bytes.len);
  }
}

plan_bytes plan_writer_finish(plan_writer *w, const plan_header *header) {
  strbuf body = {.mem = w->mem}, all = {.mem = w->mem};
  if (w->symbols.count + w->values.count > QRT_PLAN_STACK_SLOTS)
    set_problem(w, "has more sizes of inputs, outputs and workspace than a call has room for");
  if (header->kernels > QRT_PLAN_MAX_KERNELS) set_problem(w, "calls too many kernels");
  if (w->problem != NULL) return (plan_bytes){0};
  put_body(w, header, &body);
  strbuf_write(&all, QRT_PLAN_MAGIC, 4);
  put_fixed(&all, QRT_PLAN_VERSION, 4);
  put_fixed(&all, QRT_PLAN_DIGESTED + body.len, 8);
  put_fixed(&all, qrt_digest(body.data, body.len), 8);
  strbuf_write(&all, body.data, body.len);
  qrt_plan_reader r;
  (void)qrt_plan_open(&r, all.data, all.len);
  return (plan_bytes){.data = (const uint8_t *)all.data, .size = all.len, .slot_bytes = qrt_plan_slot_bytes(&r)};
}
