// Conversions between float formats, bit-exact, round to nearest even, independent of the host's float flags.
#ifndef QCC_SUPPORT_FP_H
#define QCC_SUPPORT_FP_H

#include <stdint.h>

float fp_from_f16(uint16_t bits);
uint16_t fp_to_f16(float value);
float fp_from_bf16(uint16_t bits);
uint16_t fp_to_bf16(float value);

// The bits of a float and back, without aliasing trouble.
uint32_t fp_bits32(float value);
float fp_from_bits32(uint32_t bits);
uint64_t fp_bits64(double value);
double fp_from_bits64(uint64_t bits);

// Any IEEE-like small float of `exp_bits` and `man_bits` plus a sign bit, bias 2^(exp_bits-1)-1. With
// `has_inf_nan` the top exponent encodes infinities and NaN (IEEE), without it those codes are ordinary numbers, and
// values that are too large, infinities and NaN become the largest number of their sign. Ties go to the even code.
double fp_from_small(uint32_t bits, unsigned exp_bits, unsigned man_bits, int has_inf_nan);
uint32_t fp_to_small(double value, unsigned exp_bits, unsigned man_bits, int has_inf_nan);

#endif
