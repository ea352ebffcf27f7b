#include "format/act.h"

#include <math.h>
#include <string.h>

#include "support/fp.h"
#include "support/text.h"

enum { BYTE_BITS = 8, BYTE_SHIFT = 128 };

static bool same_real(double a, double b) { return fp_bits64(a) == fp_bits64(b); }

bool act_is_dynamic(const act_spec *act) { return act->kind != ACT_PLAIN && act->kind != ACT_STATIC; }

bool act_equal(const act_spec *a, const act_spec *b) {
  if (a->kind != b->kind || a->type != b->type) return false;
  if (act_is_dynamic(a)) return a->group == b->group;
  return a->kind != ACT_STATIC || (same_real(a->scale, b->scale) && a->zero == b->zero);
}

// ---- text ------------------------------------------------------------------------------------------------

static const char *type_name(const act_spec *act) { return act->kind == ACT_SIGN ? "i1" : elem_get(act->type)->name; }

static const char *static_text(arena *a, const act_spec *act) {
  strbuf text = {.mem = a};
  strbuf_printf(&text, "%s static(", type_name(act));
  text_real(&text, act->scale, 0);
  strbuf_printf(&text, ", %d)", act->zero);
  return strbuf_text(&text);
}

const char *act_text(arena *a, const act_spec *act) {
  if (act->kind == ACT_PLAIN) return type_name(act);
  if (act->kind == ACT_STATIC) return static_text(a, act);
  if (act->group == 0) return arena_printf(a, "%s per token dynamic", type_name(act));
  return arena_printf(a, "%s per %llu dynamic", type_name(act), (unsigned long long)act->group);
}

// ---- which modes there are -------------------------------------------------------------------------------

static bool is_float(elem_type type) { return elem_get(type)->kind == ELEM_KIND_FLOAT; }
static bool is_small(elem_type type) { return elem_get(type)->bits <= BYTE_BITS; }

// Of a float: that it is more than a power of two.
static bool has_steps(elem_type type) {
  return !is_float(type) || (elem_get(type)->man_bits > 0 && elem_get(type)->special != ELEM_UZ);
}

static bool known(const char *name, elem_type *type) {
  *type = elem_by_name(name);
  return *type != ELEM_COUNT;
}

bool act_plain(const char *type, act_spec *out) {
  *out = (act_spec){.kind = ACT_PLAIN};
  return known(type, &out->type) && act_wrong(out) == NULL;
}

bool act_dynamic(const char *type, uint64_t group, act_spec *out) {
  *out = (act_spec){.kind = ACT_SIGN, .type = ELEM_U1, .group = group};
  if (strcmp(type, "i1") == 0) return true;
  if (!known(type, &out->type)) return false;
  out->kind = elem_get(out->type)->kind == ELEM_KIND_UINT ? ACT_ASYMMETRIC : ACT_SYMMETRIC;
  return act_wrong(out) == NULL;
}

bool act_static(const char *type, double scale, int zero, act_spec *out) {
  *out = (act_spec){.kind = ACT_STATIC, .scale = scale, .zero = zero};
  return known(type, &out->type) && is_small(out->type) && has_steps(out->type);
}

static const char *wrong_static(const act_spec *act) {
  if (!is_small(act->type)) return "the activations' numbers have more than 8 bits";
  if (!isfinite(act->scale) || act->scale <= 0) return "the scale of the activations is not positive and finite";
  if (is_float(act->type)) return act->zero == 0 ? NULL : "activations in floating point have no zero point";
  bool inside = act->zero >= elem_min(act->type) && act->zero <= elem_max(act->type);
  return inside ? NULL : "the activations' zero point is no number of their type";
}

const char *act_wrong(const act_spec *act) {
  static const char unknown[] = "the activation mode is unknown";
  if ((unsigned)act->kind > ACT_STATIC || (unsigned)act->type >= ELEM_COUNT) return unknown;
  elem_kind kind = elem_get(act->type)->kind;
  switch (act->kind) {
  case ACT_PLAIN: return act->type == ELEM_F32 || act->type == ELEM_BF16 || act->type == ELEM_F16 ? NULL : unknown;
  case ACT_SYMMETRIC: return kind != ELEM_KIND_UINT && has_steps(act->type) && is_small(act->type) ? NULL : unknown;
  case ACT_ASYMMETRIC: return kind == ELEM_KIND_UINT && is_small(act->type) ? NULL : unknown;
  case ACT_SIGN: return act->type == ELEM_U1 ? NULL : unknown;
  default: return wrong_static(act);
  }
}

// ---- numbers ---------------------------------------------------------------------------------------------

bool act_is_integer(const act_spec *act) { return act->kind != ACT_PLAIN && !is_float(act->type); }

// The largest finite number: all ones below the sign that mean a number.
static double largest_float(elem_type type) {
  const elem_info *e = elem_get(type);
  uint64_t raw = (UINT64_C(1) << (e->bits - 1)) - 1;
  while (!isfinite(elem_decode(type, raw))) raw--;
  return elem_decode(type, raw);
}

double act_largest(const act_spec *act) {
  return is_float(act->type) ? largest_float(act->type) : (double)elem_max(act->type);
}

static bool is_byte(const act_spec *act) { return elem_get(act->type)->bits == BYTE_BITS; }

int act_shift(const act_spec *act) {
  if (is_byte(act)) return elem_get(act->type)->kind == ELEM_KIND_UINT ? BYTE_SHIFT : 0;
  return act->kind == ACT_STATIC ? act->zero : 0;
}

int act_zero(const act_spec *act) {
  return act->kind == ACT_STATIC && act_is_integer(act) ? act->zero - act_shift(act) : 0;
}

bool act_has_zeros(const act_spec *act) { return act->kind == ACT_ASYMMETRIC && is_byte(act); }

act_range act_bytes(const act_spec *act) {
  int max = (int)elem_max(act->type), shift = act_shift(act);
  switch (act->kind) {
  case ACT_SYMMETRIC: return (act_range){-max, max};
  case ACT_SIGN: return (act_range){-1, 1};
  case ACT_ASYMMETRIC: return act_has_zeros(act) ? (act_range){-shift, max - shift} : (act_range){-max, max};
  default: return (act_range){(int)elem_min(act->type) - shift, max - shift};
  }
}

unsigned act_magnitude(const act_spec *act) {
  if (act_has_zeros(act)) return (unsigned)elem_max(act->type);
  act_range r = act_bytes(act);
  return (unsigned)(-r.min > r.max ? -r.min : r.max);
}

// ---- bits ------------------------------------------------------------------------------------------------

static unsigned bits_for(act_range r) {
  unsigned sign = r.min < 0 ? 1u : 0u, bits = sign;
  int most = -r.min - 1 > r.max ? -r.min - 1 : r.max;
  while (most >> (bits - sign) > 0) bits++;
  return bits;
}

unsigned act_bit_planes(const act_spec *act) {
  if (!act_is_integer(act) || act_has_zeros(act)) return 0;
  unsigned bits = act->kind == ACT_SIGN ? 1 : bits_for(act_bytes(act));
  return bits <= ACT_MAX_BIT_PLANES ? bits : 0;
}

int act_plane_weight(const act_spec *act, unsigned plane) {
  bool top = plane + 1 == act_bit_planes(act);
  return act->kind != ACT_SIGN && act_bytes(act).min < 0 && top ? -(1 << plane) : 1 << plane;
}
