/* ---- the packer: the same for every format ---- */

#define QP_CHUNK 32u /* weights of a row in a chunk of bit planes */

typedef struct qp_source qp_source;

/* The raw bits of an element: row and granule (weights that share the element) within it, and number in its table. */
typedef uint32_t (*qp_get)(const qp_source *s, uint64_t row, uint64_t granule, uint64_t element);

typedef struct qp_tensor {
  const uint8_t *data;
  uint64_t dims[4];
  unsigned rank;
  unsigned bits;
} qp_tensor;

struct qp_source {
  uint64_t rows, columns;
  const qp_get *get; /* by field */
  const void *fields[16];
  qp_tensor tensors[8];
};

typedef struct qp_part { /* of the joint code of a weight */
  unsigned field, shift;
  uint32_t flip;
  int64_t (*derive)(const qp_source *s, uint64_t n, uint64_t k); /* instead of a field: a value, whose number counts */
  const int64_t *values;                                         /* ascending */
  unsigned value_count;
} qp_part;

typedef struct qp_plane {
  unsigned width, shift;
  uint64_t offset;
} qp_plane;

typedef struct qp_field { /* elements that several weights share */
  unsigned field, bits, bytes;
  int is_signed;
  unsigned exponent_bits, mantissa_bits; /* of floats that are stored in another type */
  int special;
  unsigned stored_exponent, stored_mantissa; /* 0: the bits are stored as they are */
  uint64_t group;                            /* weights per element; 0: one per row */
  uint64_t span;                             /* the same in kernel positions */
  uint64_t offset;
  uint64_t elements;      /* numbers in its table, 1 for a plain number */
  unsigned shared;        /* rows that have an element together, which is stored once */
  uint64_t granule_bytes; /* of all rows: from a granule of the header to the next */
} qp_field;

typedef struct qp_format {
  uint64_t rows, k_group, k_padded, block, header_bytes, chunk_bytes, block_bytes, tile_head_bytes, tensor_head_bytes;
  unsigned part_count, plane_count, field_count, tensor_field_count;
  const qp_part *parts;
  const qp_plane *planes;
  const qp_field *fields, *tensor_fields;
  double (*value)(const qp_source *s, uint64_t n, uint64_t k); /* for sums of rows, or NULL */
  uint64_t row_sum_offset;
} qp_format;

/* The number that the raw bits of a float mean, which has a sign, an exponent and a mantissa of these widths. Special codes:
 * 0 none, 1 infinities and NaN as IEEE has them, 2 NaN where all bits are ones, 3 a power of two without sign, 4 NaN where the
 * sign is the only one, and exponents that are one less. */
static inline double qp_float(uint32_t raw, unsigned exponent_bits, unsigned mantissa_bits, int special) {
  uint32_t mantissa = raw & ((1u << mantissa_bits) - 1), top = (1u << exponent_bits) - 1;
  uint32_t exponent = raw >> mantissa_bits & top;
  int bias = (int)(top >> 1) + (special == 4);
  double magnitude;
  if (special == 4 && raw == 1u << (exponent_bits + mantissa_bits)) return (double)NAN;
  if (special == 3) return exponent == top ? (double)NAN : ldexp(1, (int)exponent - bias);
  if (special == 2 && exponent == top && mantissa + 1 == 1u << mantissa_bits)
    magnitude = (double)NAN;
  else if (special == 1 && exponent == top)
    magnitude = mantissa == 0 ? (double)INFINITY : (double)NAN;
  else if (exponent == 0)
    magnitude = ldexp((double)mantissa, 1 - bias - (int)mantissa_bits);
  else
    magnitude = ldexp((double)(mantissa + (1u << mantissa_bits)), (int)exponent - bias - (int)mantissa_bits);
  return raw >> (exponent_bits + mantissa_bits) & 1 ? -magnitude : magnitude;
}

/* Its bits in an IEEE type of these widths, rounded to nearest even. */
static inline uint32_t qp_float_bits(double x, unsigned exponent_bits, unsigned mantissa_bits) {
  uint32_t top = (1u << exponent_bits) - 1, sign = (uint32_t)(signbit(x) != 0) << (exponent_bits + mantissa_bits);
  int bias = (int)(top >> 1), exponent;
  if (isnan(x)) return sign | top << mantissa_bits | 1u << (mantissa_bits - 1);
  if (isinf(x)) return sign | top << mantissa_bits;
  if (x == 0) return sign;
  frexp(x, &exponent);
  exponent = exponent - 1 < 1 - bias ? 1 - bias : exponent - 1;
  double units = rint(ldexp(fabs(x), (int)mantissa_bits - exponent)); /* a carry moves into the exponent by itself */
  uint64_t code = ((uint64_t)(exponent + bias - 1) << mantissa_bits) + (uint64_t)units;
  return sign | (code >= (uint64_t)top << mantissa_bits ? top << mantissa_bits : (uint32_t)code);
}

static inline void qp_put(uint8_t *out, uint32_t value, unsigned bytes) {
  for (unsigned b = 0; b < bytes; b++) out[b] = (uint8_t)(value >> 8 * b);
}

static uint64_t qp_positions(const qp_format *f, uint64_t columns) {
  uint64_t positions = columns / f->k_group * f->k_padded + columns % f->k_group;
  return (positions + QP_CHUNK - 1) / QP_CHUNK * QP_CHUNK;
}

static uint32_t qp_number_of(const qp_part *p, int64_t value) {
  uint32_t low = 0, high = p->value_count - 1;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (p->values[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* The joint code at a kernel position of a row; 0 where there is no weight. */
static uint32_t qp_code(const qp_format *f, const qp_source *s, uint64_t row, uint64_t position) {
  uint64_t in_group = position % f->k_padded, column = position / f->k_padded * f->k_group + in_group;
  uint32_t code = 0;
  if (row >= s->rows || in_group >= f->k_group || column >= s->columns) return 0;
  for (unsigned i = 0; i < f->part_count; i++) {
    const qp_part *p = &f->parts[i];
    uint32_t part =
        p->derive != 0 ? qp_number_of(p, p->derive(s, row, column)) : s->get[p->field](s, row, column, 0) ^ p->flip;
    code |= part << p->shift;
  }
  return code;
}

/* One weight into the planes of its chunk: j is its place among the 32, r its row in the tile. */
static void qp_put_code(const qp_format *f, uint32_t code, uint64_t j, uint64_t r, uint8_t *chunk) {
  for (unsigned i = 0; i < f->plane_count; i++) {
    const qp_plane *p = &f->planes[i];
    uint8_t *plane = chunk + p->offset;
    if (p->width > 8) {
      qp_put(plane + (j * f->rows + r) * (p->width / 8), code, p->width / 8);
    } else {
      uint32_t bits = code >> p->shift & ((1u << p->width) - 1u);
      uint8_t *byte = plane + j / 4 % p->width * 4 * f->rows + 4 * r + j % 4;
      *byte = (uint8_t)(*byte | bits << p->width * (j / 4 / p->width));
    }
  }
}

static void qp_put_granule(const qp_field *f, const qp_source *s, uint64_t row, uint64_t granule, uint8_t *out,
                           uint64_t stride) {
  for (uint64_t i = 0; i < f->elements; i++) {
    uint32_t raw = s->get[f->field](s, row, granule, i), sign = f->is_signed ? 1u << (f->bits - 1) : 0;
    if (f->stored_mantissa > 0)
      raw = qp_float_bits(qp_float(raw, f->exponent_bits, f->mantissa_bits, f->special), f->stored_exponent,
                          f->stored_mantissa);
    qp_put(out + i * stride, (raw ^ sign) - sign, f->bytes);
  }
}

/* Where a field's elements begin in the header of a block of so many positions; field_count: where the header ends. */
static uint64_t qp_field_offset(const qp_format *f, unsigned field, uint64_t positions) {
  uint64_t at = 0;
  for (unsigned i = 0; i < field; i++)
    if (f->fields[i].span)
      at = (at + 3) / 4 * 4 + (positions + f->fields[i].span - 1) / f->fields[i].span * f->fields[i].granule_bytes;
  return (at + 3) / 4 * 4;
}

static uint64_t qp_header(const qp_format *f, uint64_t positions) {
  return (qp_field_offset(f, f->field_count, positions) + 15) / 16 * 16;
}

/* Positions of the block that begins at `first`. */
static uint64_t qp_in_block(const qp_format *f, uint64_t positions, uint64_t first) {
  return positions - first < f->block ? positions - first : f->block;
}

static void qp_put_fields(const qp_format *f, const qp_source *s, uint64_t row, uint64_t r, uint64_t positions,
                          uint8_t *tile) {
  for (unsigned i = 0; i < f->field_count; i++) {
    const qp_field *p = &f->fields[i];
    uint64_t stride = p->bytes * (f->rows / p->shared), place = r / p->shared;
    if (r % p->shared != 0) continue;
    if (p->group == 0) qp_put_granule(p, s, row, 0, tile + p->offset + place * p->bytes, stride);
    if (p->group == 0) continue;
    uint64_t count = (s->columns + p->group - 1) / p->group, in_block = f->block / p->span;
    for (uint64_t g = 0; g < count; g++) {
      uint64_t block = g / in_block, there = qp_in_block(f, positions, block * f->block);
      qp_put_granule(p, s, row, g,
                     tile + f->tile_head_bytes + block * f->block_bytes + qp_field_offset(f, i, there) +
                         g % in_block * p->granule_bytes + place * p->bytes,
                     stride);
    }
  }
}

static void qp_put_row_sum(const qp_format *f, const qp_source *s, uint64_t row, uint64_t r, uint8_t *tile) {
  double sum = 0;
  uint32_t bits;
  for (uint64_t k = 0; k < s->columns; k++) sum += f->value(s, row, k);
  float rounded = (float)sum;
  memcpy(&bits, &rounded, 4);
  qp_put(tile + f->row_sum_offset + 4 * r, bits, 4);
}

static void qp_put_tile(const qp_format *f, const qp_source *s, uint64_t first_row, uint8_t *tile) {
  uint64_t positions = qp_positions(f, s->columns);
  for (uint64_t r = 0; r < f->rows && first_row + r < s->rows; r++) {
    for (uint64_t p = 0; p < positions; p++) {
      uint64_t at = p % f->block, there = qp_in_block(f, positions, p - at);
      qp_put_code(f, qp_code(f, s, first_row + r, p), p % QP_CHUNK, r,
                  tile + f->tile_head_bytes + p / f->block * f->block_bytes + qp_header(f, there) +
                      at / QP_CHUNK * f->chunk_bytes);
    }
    qp_put_fields(f, s, first_row + r, r, positions, tile);
    if (f->value) qp_put_row_sum(f, s, first_row + r, r, tile);
  }
}

static uint64_t qp_tile_bytes(const qp_format *f, uint64_t positions) {
  uint64_t rest = positions % f->block;
  uint64_t bytes = f->tile_head_bytes + positions / f->block * f->block_bytes + qp_header(f, rest) +
                   rest / QP_CHUNK * f->chunk_bytes;
  uint64_t padded = (bytes + 63) / 64 * 64;
  return padded - bytes <= bytes / 64 ? padded : bytes;
}

static inline void qp_pack(const qp_format *f, const qp_source *s, void *packed) {
  uint64_t tile = qp_tile_bytes(f, qp_positions(f, s->columns));
  uint8_t *out = (uint8_t *)packed;
  memset(out, 0, (size_t)(f->tensor_head_bytes + (s->rows + f->rows - 1) / f->rows * tile));
  for (unsigned i = 0; i < f->tensor_field_count; i++)
    qp_put_granule(&f->tensor_fields[i], s, 0, 0, out + f->tensor_fields[i].offset, f->tensor_fields[i].bytes);
  for (uint64_t t = 0; t * f->rows < s->rows; t++)
    qp_put_tile(f, s, t * f->rows, out + f->tensor_head_bytes + t * tile);
}

/* ---- arithmetic of layouts and values: 64-bit integers that wrap around, division towards minus infinity ---- */

static inline int64_t qp_add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static inline int64_t qp_sub(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }
static inline int64_t qp_mul(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
static inline int64_t qp_neg(int64_t a) { return qp_sub(0, a); }
static inline int64_t qp_not(int64_t a) { return ~a; }
static inline int64_t qp_abs(int64_t a) { return a < 0 ? qp_neg(a) : a; }
static inline int64_t qp_and(int64_t a, int64_t b) { return a & b; }
static inline int64_t qp_or(int64_t a, int64_t b) { return a | b; }
static inline int64_t qp_xor(int64_t a, int64_t b) { return a ^ b; }
static inline int64_t qp_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t qp_max(int64_t a, int64_t b) { return a > b ? a : b; }

static inline int64_t qp_div(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return qp_neg(a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static inline int64_t qp_mod(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  return a % b + (a % b != 0 && (a < 0) != (b < 0) ? b : 0);
}

static inline int64_t qp_shl(int64_t a, int64_t n) { return n < 0 || n > 63 ? 0 : (int64_t)((uint64_t)a << n); }

static inline int64_t qp_shr(int64_t a, int64_t n) {
  int64_t sign = a < 0 ? -1 : 0;
  return n < 0 || n > 63 ? sign : (int64_t)((uint64_t)(a ^ sign) >> n) ^ sign;
}

static inline double qp_fabs(double a) { return fabs(a); }
static inline double qp_fmin(double a, double b) { return a < b ? a : b; }
static inline double qp_fmax(double a, double b) { return a > b ? a : b; }

static inline double qp_exp2(double x) { return x >= -2000 && x <= 2000 && x == rint(x) ? ldexp(1, (int)x) : exp2(x); }

/* ---- reading ---- */

/* Bits [at, at + width) of little-endian bytes. */
static inline int64_t qp_bits(const uint8_t *bytes, int64_t at, int64_t width) {
  uint64_t raw = 0, first = (uint64_t)at;
  for (uint64_t done = 0; done < (uint64_t)width;) {
    uint64_t skip = (first + done) % 8, take = 8 - skip < (uint64_t)width - done ? 8 - skip : (uint64_t)width - done;
    raw |= ((uint64_t)(bytes[(first + done) / 8] >> skip) & ((UINT64_C(1) << take) - 1)) << done;
    done += take;
  }
  return (int64_t)raw;
}

/* Element number of an index, `skip_axis` left out (rank: none left out); -1 when it is outside of the tensor. */
static inline int64_t qp_element(const qp_tensor *t, unsigned skip_axis, const int64_t *index) {
  uint64_t element = 0;
  for (unsigned r = 0, i = 0; r < t->rank; r++) {
    int64_t at = r == skip_axis ? 0 : index[i++];
    if (at < 0 || (uint64_t)at >= t->dims[r]) return -1;
    element = element * t->dims[r] + (uint64_t)at;
  }
  return (int64_t)element;
}

static inline int64_t qp_load(const qp_tensor *t, const int64_t *index) {
  int64_t element = qp_element(t, t->rank, index);
  return element < 0 ? 0 : qp_bits(t->data, element * (int64_t)t->bits, (int64_t)t->bits);
}

/* Bits of the stream that the elements along `axis` form. */
static inline int64_t qp_stream(const qp_tensor *t, unsigned axis, const int64_t *index, int64_t at, int64_t width) {
  int64_t first = qp_element(t, axis, index), bits = (int64_t)t->bits, step = 1;
  uint64_t raw = 0;
  if (first < 0 || at < 0 || width < 0 || width > 64 || at + width > (int64_t)t->dims[axis] * bits) return 0;
  for (unsigned r = axis + 1; r < t->rank; r++) step *= (int64_t)t->dims[r];
  for (int64_t done = 0; done < width;) {
    int64_t skip = (at + done) % bits, take = bits - skip < width - done ? bits - skip : width - done;
    raw |= (uint64_t)qp_bits(t->data, (first + (at + done) / bits * step) * bits + skip, take) << done;
    done += take;
  }
  return (int64_t)raw;
}

static inline double qp_table(const double *table, uint64_t count, int64_t at) {
  return at < 0 || (uint64_t)at >= count ? 0 : table[at];
}

/* An element of a field's table; 0 when there is none of that number. */
static inline uint32_t qp_pick(const qp_source *s, unsigned field, uint64_t row, uint64_t granule, uint64_t size,
                               int64_t at) {
  return at < 0 || (uint64_t)at >= size ? 0 : s->get[field](s, row, granule, (uint64_t)at);
}

/* The integer that raw bits mean. */
static inline int64_t qp_signed(uint32_t raw, unsigned bits) {
  int64_t sign = INT64_C(1) << (bits - 1);
  return ((int64_t)raw ^ sign) - sign;
}

/* The newest `width` bits of the codes of `bits` bits that end at weight k, within `span` weights. */
static inline int64_t qp_window(const qp_source *s, unsigned field, unsigned bits, uint64_t n, uint64_t k,
                                int64_t width, int64_t span) {
  uint64_t first = k - k % (uint64_t)span, window = 0;
  for (unsigned done = 0, back = 0; done < (unsigned)width; done += bits, back++) {
    uint64_t at = (k - first + (uint64_t)span * (uint64_t)width - back) % (uint64_t)span;
    window |= (uint64_t)s->get[field](s, n, first + at, 0) << done;
  }
  return (int64_t)(window & (((uint64_t)1 << width) - 1));
}
