// The levels of one block, by the least of distortion and rate together.

#ifndef IMGORIGIN_VIPS_TRELLIS_H
#define IMGORIGIN_VIPS_TRELLIS_H

#include "quantise.h"

// Rates are counted in parts of a bit, and distortions, of coefficients times 8, in as many.
enum { IG_PART = 16 };

// IG_END and IG_RUN are the symbols of the end of a block and of sixteen zeros (T.81 F.1.2.2.1).
enum { IG_END = 0x00, IG_RUN = 0xf0 };

typedef struct {
	uint16_t step[IG_AREA];     // times 8, in zigzag order, as all here
	uint32_t inverse[IG_AREA]; // 2^20 / step
} ig_scale;

// ig_category is how many bits follow the symbol of v (T.81 table F.1).
static inline int ig_category(int v)
{
	return v ? 32 - __builtin_clz(v < 0 ? -v : v) : 0;
}

// ig_level is v, at least 0 and less than 2^15, in steps.
static inline uint32_t ig_level(const ig_scale *s, int at, uint32_t v)
{
	return (v + s->step[at] / 2) * s->inverse[at] >> 20;
}

// ig_price is what a bit may cost in distortion where a place is so calm, as blocks.h
// has it, and the step of brightness is step, 1/64.
int64_t ig_price(int step, uint64_t calm, int colour);

// ig_thin chooses the levels of the coefficients of x but the first, in zigzag order,
// where AC symbols have those rates with the bits that follow them, 1/IG_PART.
void ig_thin(const ig_scale *s, const uint16_t rate[256], int64_t price, const int16_t *x, int16_t *to);

#endif
