// Activation modes: what becomes of a layer's inputs before they meet the weights.
//
// Text forms, in programs and in IR: "f16", "i4 per 32 dynamic", "u8 per token dynamic", "i8 static(0.05, -3)".
#ifndef QCC_FORMAT_ACT_H
#define QCC_FORMAT_ACT_H

#include <stdbool.h>
#include <stdint.h>

#include "format/elem.h"
#include "support/arena.h"

typedef enum act_kind {
  ACT_PLAIN,      // the number rounded to `type` (f32, bf16, f16), computed in f32
  ACT_SYMMETRIC,  // dynamic; i2 .. i8, small floats: x = scale * q, scale = max|x| / the type's largest number
  ACT_ASYMMETRIC, // dynamic; u1 .. u8: x = scale * (q - zero), both from the least and the greatest x
  ACT_SIGN,       // dynamic; written i1: x = scale * (+1 or -1), scale = mean |x|
  ACT_STATIC      // x = scale * (q - zero) with both given; i2 .. i8, u1 .. u8; small floats without a zero point
} act_kind;

// What is computed with as it is.
#define ACT_F32 ((act_spec){.kind = ACT_PLAIN, .type = ELEM_F32})

typedef struct act_spec {
  act_kind kind;
  elem_type type; // of q; SIGN: u1
  uint64_t group; // dynamic: numbers along K that share a scale; 0: the whole token
  double scale;   // STATIC
  int zero;       // STATIC, a number of `type`
} act_spec;

bool act_equal(const act_spec *a, const act_spec *b);
// The text form; bytes of `a`.
const char *act_text(arena *a, const act_spec *act);

// The mode that a type's name and the rest of a text form mean; false when there is no such mode. `i1` means signs.
bool act_plain(const char *type, act_spec *out);
bool act_dynamic(const char *type, uint64_t group, act_spec *out);
bool act_static(const char *type, double scale, int zero, act_spec *out);
// What is wrong with a mode, as the end of a sentence; NULL: nothing.
const char *act_wrong(const act_spec *act);

// Whether scales are found when the model runs.
bool act_is_dynamic(const act_spec *act);
// Whether x is a scale times integers, so that integer modes are possible.
bool act_is_integer(const act_spec *act);
// The number that max|x| of a scale group becomes (SYMMETRIC), the number of steps between the least and the greatest x
// (ASYMMETRIC), the largest number of the type (STATIC floats).
double act_largest(const act_spec *act);

// ---- integers as bytes -----------------------------------------------------------------------------------
// Kernels read integers as signed bytes. Up to 7 bits a byte is q - zero. 8 bits have no room for that: the byte is q
// (of u8: q - 128), and the zero point that is left is taken off from the sums: a static one through the weights' row
// sums, a dynamic one through the sums of the weights' codes.

// What is taken off a static or unsigned q to make its byte; the zero point that bytes still have (STATIC, else 0).
int act_shift(const act_spec *act);
int act_zero(const act_spec *act);
// Whether each scale group has a zero point of its own beside its scale (dynamic u8).
bool act_has_zeros(const act_spec *act);
// Range of the bytes.
typedef struct act_range {
  int min, max;
} act_range;
act_range act_bytes(const act_spec *act);
// Largest |number| that a weight's code is multiplied by in an integer sum, dynamic zero points taken off.
unsigned act_magnitude(const act_spec *act);

// ---- integers as bits ------------------------------------------------------------------------------------
// The bytes of few values as planes of one bit each: of i1 one that is set for +1; else bit j of the byte, in two's
// complement where there are negative ones. A plane's weight is what its bits count in the byte: powers of two, the
// highest of two's complement negative; of i1 the byte is 2 * bit - 1.
#define ACT_MAX_BIT_PLANES 4
unsigned act_bit_planes(const act_spec *act); // 0: it has no bytes, or too many values
int act_plane_weight(const act_spec *act, unsigned plane);

#endif
