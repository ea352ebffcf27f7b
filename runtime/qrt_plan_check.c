/* Checking plans. Nothing is believed: what refers to something is compared with how many there are, and after the
 * first mistake everything reads as 0. */
#include "qrt_plan.h"

typedef struct checker {
  const uint8_t *at, *end;
  bool ok;
  const qrt_plan_reader *plan;
  uint64_t known; /* values that an extent may refer to */
  uint64_t last;  /* number that was read */
} checker;

/* ---- numbers ---- */
static void fail(checker *c) {
  c->ok = false;
  c->at = c->end;
  c->last = 0;
}

/* No number of several bytes ends with a 0, which would be another spelling of a shorter one. */
static uint64_t number(checker *c) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && c->at != c->end; shift += 7) {
    uint64_t byte = *c->at++, bits = byte & 0x7f;
    if (bits << shift >> shift != bits || (byte == 0 && shift != 0)) break;
    value |= bits << shift;
    if (!(byte & 0x80)) return c->last = value;
  }
  fail(c);
  return 0;
}

static uint64_t below(checker *c, uint64_t count) {
  if (number(c) >= count) fail(c);
  return c->last;
}

static void extent(checker *c) {
  uint64_t value = number(c);
  if (value & 1 && value >> 1 >= c->known) fail(c);
}

static void text(checker *c) {
  uint64_t size = number(c);
  if (size > (uint64_t)(c->end - c->at))
    fail(c);
  else
    c->at += size;
}

static void place(checker *c) {
  uint64_t space = below(c, QRT_STATE + 1);
  uint64_t count = space == QRT_INPUT ? c->plan->inputs : space == QRT_OUTPUT ? c->plan->outputs : 1;
  (void)below(c, count);
  if (space == QRT_NONE) fail(c);
}

static void buffer(checker *c) {
  uint64_t value = number(c);
  if (value & 1 ? value >> 1 >= c->plan->places : value != 0 && value - 2 > 2 * c->plan->weights_size) fail(c);
}

static void operands(checker *c) {
  uint64_t buffers = below(c, QRT_MAX_BUFFERS + 1), sizes = below(c, QRT_MAX_SIZES + 1);
  while (buffers-- > 0) buffer(c);
  while (sizes-- > 0) extent(c);
}

/* ---- entries ---- */
/* The fields of an entry, a letter each. */
static void field(checker *c, char letter) {
  switch (letter) {
  case 't': text(c); break;
  case 'n': (void)number(c); break;
  case 'e': extent(c); break;
  case '<': { /* 0, or not less than the number before */
    uint64_t least = c->last;
    if (number(c) != 0 && c->last < least) fail(c);
    break;
  }
  case 'o': (void)below(c, QRT_PLAN_OPS); break;
  case 'c': (void)below(c, QRT_PLAN_RELATIONS); break;
  case 'm': (void)below(c, UINT32_MAX); break;
  case 'd': /* element and dimensions */
    (void)below(c, QRT_ELEMENTS);
    for (uint64_t rank = below(c, QRT_PLAN_MAX_RANK + 1); rank > 0; rank--) extent(c);
    break;
  case 'p': place(c); break;
  case 'k': /* kind of step, and kernel */
    (void)below(c, QRT_PLAN_KINDS);
    (void)below(c, c->plan->kernels);
    break;
  case 'b': operands(c); break;
  default: /* 'g', a grain */
    if (number(c) == 0) fail(c);
    break;
  }
}

static void section(checker *c, const char *fields, uint64_t count, uint64_t values_each) {
  for (uint64_t i = 0; i < count && c->ok; i++) {
    for (const char *letter = fields; *letter; letter++) field(c, *letter);
    c->known += values_each;
  }
}

static void sections(checker *c) {
  const qrt_plan_reader *p = c->plan;
  section(c, "t", 1, 0);
  section(c, "tn<", p->symbols, 1);
  section(c, "oee", p->values, 1);
  section(c, "ceem", p->conditions, 0);
  section(c, "e", 1, 0);
  section(c, "td", (uint64_t)p->inputs + p->outputs, 0);
  c->known += (uint64_t)p->inputs + p->outputs;
  section(c, "oee", p->later_values, 1);
  section(c, "pe", p->places, 0);
  section(c, "kbeg", p->steps, 0);
}

qrt_status qrt_plan_check(const void *bytes, uint64_t size) {
  qrt_plan_reader r;
  qrt_status status = qrt_plan_open(&r, bytes, size);
  if (status != QRT_OK) return status;
  const uint8_t *digested = (const uint8_t *)bytes + QRT_PLAN_DIGESTED;
  if (qrt_load64(digested - 8) != qrt_digest(digested, (size_t)size - QRT_PLAN_DIGESTED)) return QRT_ERROR_CHECKSUM;
  checker c = {.at = r.at, .end = (const uint8_t *)bytes + size, .ok = true, .plan = &r};
  sections(&c);
  return c.ok && c.at == c.end ? QRT_OK : QRT_ERROR_FORMAT;
}
