/* The plan of a model as bytes: position-independent, little endian, the same for every machine. The compiler writes it
 * (ir/plan_write.c), and this is the one reader: of compiled libraries, of `qcc run`, and of the interpreter. Not
 * installed for applications.
 *
 * A number of one byte to ten is written 7 bits at a time, the lowest first, bit 7 set on all bytes but the last, which
 * is not 0 when there are several: so every number has one spelling. Below `n` is such a number, `e` an extent, `text`
 * an n of bytes and these bytes.
 *
 * An extent is a number that the sizes of a call decide. It is written as n: 2 c for the constant c, 2 i + 1 for the
 * number i of a table of values. That table begins with the call's sizes, the symbols; each row of `values` adds one,
 * made from those before it. So a call evaluates every distinct extent once, with every overflow found, before its
 * first step.
 *
 *   header     magic "QCCP", u32 version, u64 size of all bytes, u64 qrt_digest of what follows it, u64 model_id,
 *              u64 weights_size, u64 state_size; then u32 each, how many there are of kernels, symbols, values,
 *              conditions, inputs, outputs, later values, places, steps
 *   name       text
 *   symbols    text name, n least, n most (0: no bound but 64 bits)
 *   values     byte qrt_plan_op, e, e: exact; a call for which a value is negative, above 2^64 - 1 or a quotient by 0
 *              is refused
 *   conditions byte qrt_plan_relation, e, e, n message: a call for which one does not hold is refused
 *   workspace  e: bytes, without the slots below
 *   inputs     text name, byte qrt_element, byte rank, e for each dimension. Their bytes are the next values,
 *   outputs    and so are these
 *   values     the later ones
 *   places     byte qrt_space, n index, e offset: where buffers begin in inputs, outputs, weights, workspace and state
 *   steps      byte qrt_plan_kind; of a kernel: n kernel, byte number of buffers, byte number of sizes, n for each
 *              buffer, e for each size, e work, n grain. A buffer is 0 for none, 2 i + 1 for place i, 2 o + 2 for the
 *              weights at the constant offset o
 *
 * Values and places fill slots of 8 bytes. Symbols and the first values, which say what memory a call needs, are at
 * most QRT_PLAN_STACK_SLOTS. When all slots are no more than these, they are on the stack of the call; otherwise at the
 * beginning of the workspace, in whole blocks of 64 bytes. */
#ifndef QRT_PLAN_H
#define QRT_PLAN_H

#include "qrt_internal.h"

#define QRT_PLAN_MAGIC "QCCP"
#define QRT_PLAN_VERSION 1u
#define QRT_PLAN_HEADER 84u   /* bytes */
#define QRT_PLAN_DIGESTED 24u /* the digest covers the bytes from here on */
#define QRT_PLAN_STACK_SLOTS 64u
#define QRT_PLAN_MAX_RANK 8u
#define QRT_PLAN_MAX_KERNELS 65535u

typedef enum qrt_space { QRT_NONE, QRT_INPUT, QRT_OUTPUT, QRT_WEIGHTS, QRT_WORKSPACE, QRT_STATE } qrt_space;

typedef enum qrt_plan_op {
  QRT_PLAN_ADD,
  QRT_PLAN_SUB,
  QRT_PLAN_MUL,
  QRT_PLAN_DIV, /* rounded down */
  QRT_PLAN_REM,
  QRT_PLAN_MIN,
  QRT_PLAN_MAX,
  QRT_PLAN_OPS
} qrt_plan_op;

typedef enum qrt_plan_relation {
  QRT_PLAN_EQUAL,
  QRT_PLAN_LESS,
  QRT_PLAN_AT_MOST,
  QRT_PLAN_RELATIONS
} qrt_plan_relation;

typedef enum qrt_element {
  QRT_F32,
  QRT_F16,
  QRT_BF16,
  QRT_I8,
  QRT_U8,
  QRT_I16,
  QRT_U16,
  QRT_I32,
  QRT_I64,
  QRT_ELEMENTS
} qrt_element;

typedef enum qrt_plan_kind { QRT_PLAN_KERNEL, QRT_PLAN_KINDS } qrt_plan_kind;

/* ---- checking ---- */
/* Whether the bytes are a plan: every byte, every number that refers to something, and the digest. What depends on the
 * sizes of a call is checked when it begins. QRT_ERROR_ARGUMENT for NULL; QRT_ERROR_FORMAT, QRT_ERROR_VERSION or
 * QRT_ERROR_CHECKSUM for other bytes. Nothing below may be done with bytes that this has not accepted. */
qrt_status qrt_plan_check(const void *bytes, uint64_t size);

/* ---- reading ---- */
/* What the header says, and how far the rest is read. */
typedef struct qrt_plan_reader {
  const uint8_t *at;
  uint64_t model_id, weights_size, state_size;
  uint32_t kernels, symbols, values, conditions, inputs, outputs, later_values, places, steps;
  uint32_t known; /* values that are read */
} qrt_plan_reader;

/* A value or the address of a place. */
typedef union qrt_slot {
  uint64_t value;
  void *place;
} qrt_slot;

typedef struct qrt_plan_place {
  uint32_t space; /* qrt_space */
  uint64_t index;
  uint64_t offset; /* an extent */
} qrt_plan_place;

typedef struct qrt_plan_step {
  uint32_t kernel;
  uint32_t buffer_count, size_count;
  uint64_t buffers[QRT_MAX_BUFFERS];
  uint64_t sizes[QRT_MAX_SIZES]; /* extents */
  uint64_t work;                 /* an extent */
  uint64_t grain;
} qrt_plan_step;

/* Reads the header and goes to the name. The header alone is looked at; the errors are those of qrt_plan_check. */
qrt_status qrt_plan_open(qrt_plan_reader *r, const void *bytes, uint64_t size);

static inline uint64_t qrt_plan_number(const uint8_t **at) {
  uint64_t first = *(*at)++;
  if (first < 0x80) return first;
  uint64_t byte = *(*at)++, number = (first & 0x7f) | (byte & 0x7f) << 7;
  for (unsigned shift = 14; byte & 0x80; shift += 7) {
    byte = *(*at)++;
    number |= (byte & 0x7f) << shift;
  }
  return number;
}

static inline qrt_plan_place qrt_plan_read_place(qrt_plan_reader *r) {
  qrt_plan_place place = {.space = *r->at++};
  place.index = qrt_plan_number(&r->at);
  place.offset = qrt_plan_number(&r->at);
  return place;
}

static inline void qrt_plan_read_step(qrt_plan_reader *r, qrt_plan_step *step) {
  const uint8_t *at = r->at + 1; /* in a register, whatever is stored to `step`; there is one kind of step */
  step->kernel = (uint32_t)qrt_plan_number(&at);
  uint32_t buffers = *at++, sizes = *at++;
  for (uint32_t i = 0; i < buffers; i++) step->buffers[i] = qrt_plan_number(&at);
  for (uint32_t i = 0; i < sizes; i++) step->sizes[i] = qrt_plan_number(&at);
  step->buffer_count = buffers;
  step->size_count = sizes;
  step->work = qrt_plan_number(&at);
  step->grain = qrt_plan_number(&at);
  r->at = at;
}

/* ---- a call ---- */
/* An extent, when the values that it may refer to are in their slots. */
static inline uint64_t qrt_plan_extent(uint64_t extent, const qrt_slot *slots) {
  return extent & 1 ? slots[extent >> 1].value : extent >> 1;
}

/* Reads symbols, values, conditions and the bytes of the workspace (without slots) for the sizes of a call.
 * QRT_ERROR_ARGUMENT when they are not as many as the symbols, out of bounds, or a value does not exist for them;
 * QRT_ERROR_CONDITION with the message's number in *message. `slots`: QRT_PLAN_STACK_SLOTS. */
qrt_status qrt_plan_read_sizes(qrt_plan_reader *r, const uint64_t *sizes, uint64_t count, qrt_slot *slots,
                               uint64_t *workspace, uint32_t *message);

/* Then reads inputs and outputs; their bytes, each at most SIZE_MAX, go to the next slots unless `store` is NULL. False
 * when they do not exist. */
bool qrt_plan_read_ports(qrt_plan_reader *r, const qrt_slot *slots, qrt_slot *store);

/* Then reads the later values; false when one does not exist. */
bool qrt_plan_read_later(qrt_plan_reader *r, qrt_slot *slots);

/* Slots of the plan, and their bytes at the beginning of the workspace: 0 when they are on the stack. */
static inline uint64_t qrt_plan_slots(const qrt_plan_reader *r) {
  return (uint64_t)r->symbols + r->values + r->inputs + r->outputs + r->later_values + r->places;
}

static inline uint64_t qrt_plan_slot_bytes(const qrt_plan_reader *r) {
  uint64_t bytes = qrt_plan_slots(r) * sizeof(qrt_slot);
  return qrt_plan_slots(r) <= QRT_PLAN_STACK_SLOTS ? 0 : (bytes + QRT_ALIGNMENT - 1) & ~(uint64_t)(QRT_ALIGNMENT - 1);
}

/* Bytes of the space that a place lies in. */
static inline uint64_t qrt_plan_space_bytes(const qrt_plan_reader *r, const qrt_slot *slots, uint64_t workspace,
                                            const qrt_plan_place *place) {
  const qrt_slot *inputs = slots + r->symbols + r->values;
  switch (place->space) {
  case QRT_INPUT: return inputs[place->index].value;
  case QRT_OUTPUT: return inputs[r->inputs + place->index].value;
  case QRT_WEIGHTS: return r->weights_size;
  case QRT_WORKSPACE: return workspace;
  default: return r->state_size;
  }
}

#endif
