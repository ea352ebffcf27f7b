/* Reading plans that qrt_plan_check accepted, and what the sizes of a call make of them. */
#include "qrt_plan.h"

/* ---- the header ---- */
static void read_counts(qrt_plan_reader *r, const uint8_t *counts) {
  uint32_t *const all[] = {&r->kernels, &r->symbols,      &r->values, &r->conditions, &r->inputs,
                           &r->outputs, &r->later_values, &r->places, &r->steps};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) *all[i] = qrt_load32(counts + sizeof(uint32_t) * i);
}

/* Whether they can be true of that many bytes: each entry takes two at least. */
static bool counts_are_possible(const qrt_plan_reader *r, uint64_t bytes) {
  return r->kernels <= QRT_PLAN_MAX_KERNELS && (uint64_t)r->symbols + r->values <= QRT_PLAN_STACK_SLOTS &&
         (qrt_plan_slots(r) + r->conditions + r->steps) * 2 <= bytes && bytes <= UINT32_MAX;
}

static bool magic_matches(const uint8_t *bytes) {
  static const uint8_t magic[] = QRT_PLAN_MAGIC;
  return bytes[0] == magic[0] && bytes[1] == magic[1] && bytes[2] == magic[2] && bytes[3] == magic[3];
}

qrt_status qrt_plan_open(qrt_plan_reader *r, const void *bytes, uint64_t size) {
  const uint8_t *b = bytes;
  if (!b) return QRT_ERROR_ARGUMENT;
  if (size < QRT_PLAN_HEADER || !magic_matches(b)) return QRT_ERROR_FORMAT;
  if (qrt_load32(b + 4) != QRT_PLAN_VERSION) return QRT_ERROR_VERSION;
  if (size > SIZE_MAX || qrt_load64(b + 8) != size) return QRT_ERROR_FORMAT;
  *r = (qrt_plan_reader){.at = b + QRT_PLAN_HEADER,
                         .model_id = qrt_load64(b + 24),
                         .weights_size = qrt_load64(b + 32),
                         .state_size = qrt_load64(b + 40)};
  read_counts(r, b + 48);
  return counts_are_possible(r, size) ? QRT_OK : QRT_ERROR_FORMAT;
}

/* ---- values ---- */
/* False when there is no such number. */
static bool evaluate(uint64_t code, uint64_t a, uint64_t b, uint64_t *result) {
  switch ((qrt_plan_op)code) {
  case QRT_PLAN_ADD: return qrt_add(a, b, result);
  case QRT_PLAN_SUB: *result = a - b; return a >= b;
  case QRT_PLAN_MUL: return qrt_multiply(a, b, result);
  case QRT_PLAN_DIV: return b != 0 && (*result = a / b, true);
  case QRT_PLAN_REM: return b != 0 && (*result = a % b, true);
  case QRT_PLAN_MIN: *result = a < b ? a : b; return true;
  default: *result = a > b ? a : b; return true;
  }
}

static bool read_values(qrt_plan_reader *r, uint64_t count, qrt_slot *slots) {
  const uint8_t *at = r->at;
  bool exist = true;
  for (uint64_t i = 0; i < count && exist; i++) {
    uint64_t op = *at++, a = qrt_plan_number(&at), b = qrt_plan_number(&at);
    exist = evaluate(op, qrt_plan_extent(a, slots), qrt_plan_extent(b, slots), &slots[r->known++].value);
  }
  r->at = at;
  return exist;
}

bool qrt_plan_read_later(qrt_plan_reader *r, qrt_slot *slots) { return read_values(r, r->later_values, slots); }

static bool holds(uint64_t relation, uint64_t a, uint64_t b) {
  switch ((qrt_plan_relation)relation) {
  case QRT_PLAN_EQUAL: return a == b;
  case QRT_PLAN_LESS: return a < b;
  default: return a <= b;
  }
}

static qrt_status read_conditions(qrt_plan_reader *r, const qrt_slot *slots, uint32_t *message) {
  for (uint64_t i = 0; i < r->conditions; i++) {
    uint64_t relation = *r->at++, a = qrt_plan_number(&r->at), b = qrt_plan_number(&r->at);
    uint32_t number = (uint32_t)qrt_plan_number(&r->at);
    if (holds(relation, qrt_plan_extent(a, slots), qrt_plan_extent(b, slots))) continue;
    *message = number;
    return QRT_ERROR_CONDITION;
  }
  return QRT_OK;
}

/* ---- sizes and ports ---- */
static void skip_text(const uint8_t **at) {
  uint64_t size = qrt_plan_number(at);
  *at += size;
}

static bool read_symbols(qrt_plan_reader *r, const uint64_t *sizes, qrt_slot *slots) {
  for (; r->known < r->symbols; r->known++) {
    skip_text(&r->at);
    uint64_t least = qrt_plan_number(&r->at), most = qrt_plan_number(&r->at), size = sizes[r->known];
    if (size < least || (most && size > most)) return false;
    slots[r->known].value = size;
  }
  return true;
}

qrt_status qrt_plan_read_sizes(qrt_plan_reader *r, const uint64_t *sizes, uint64_t count, qrt_slot *slots,
                               uint64_t *workspace, uint32_t *message) {
  if (count != r->symbols || (count && !sizes)) return QRT_ERROR_ARGUMENT;
  skip_text(&r->at);
  if (!read_symbols(r, sizes, slots) || !read_values(r, r->values, slots)) return QRT_ERROR_ARGUMENT;
  qrt_status status = read_conditions(r, slots, message);
  if (status == QRT_OK) *workspace = qrt_plan_extent(qrt_plan_number(&r->at), slots);
  return status;
}

static const uint8_t element_bytes[QRT_ELEMENTS] = {[QRT_F32] = 4, [QRT_F16] = 2, [QRT_BF16] = 2,
                                                    [QRT_I8] = 1,  [QRT_U8] = 1,  [QRT_I16] = 2,
                                                    [QRT_U16] = 2, [QRT_I32] = 4, [QRT_I64] = 8};

bool qrt_plan_read_ports(qrt_plan_reader *r, const qrt_slot *slots, qrt_slot *store) {
  uint32_t count = r->inputs + r->outputs;
  const uint8_t *at = r->at;
  for (uint32_t i = 0; i < count; i++) {
    skip_text(&at);
    uint64_t bytes = element_bytes[*at++];
    for (uint32_t rank = *at++; rank > 0; rank--)
      if (!qrt_multiply(bytes, qrt_plan_extent(qrt_plan_number(&at), slots), &bytes)) return false;
    if (bytes > SIZE_MAX) return false;
    if (store) store[r->known + i].value = bytes;
  }
  r->known += count;
  r->at = at;
  return true;
}
