// From pixels to coefficients: ITU-T T.871 for the colours, T.81 annex A.3.3 for the
// cosines. All is done in integers, so that every machine finds the same.

#include "blocks.h"

#include <stdlib.h>

// ig_zigzag is where the coefficients of a block lie, in the order in which they are
// written (T.81 figure A.6).
const uint8_t ig_zigzag[IG_AREA] = {
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

// brightness fills the luma of one row of MCUs, repeating the picture's edges.
static void brightness(const ig_pixels *in, int row, uint8_t *y, int width)
{
	for (int j = 0; j < IG_MCU; j++, y += width) {
		const int line = row * IG_MCU + j < in->height ? row * IG_MCU + j : in->height - 1;
		const uint8_t *p = in->at + line * in->stride;
		int x = 0;
		if (in->bands == 1)
			for (; x < in->width; x++)
				y[x] = p[x];
		else
			for (; x < in->width; x++, p += 3)
				y[x] = (19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 32768) >> 16;
		for (; x < width; x++)
			y[x] = y[in->width - 1];
	}
}

// colour fills both chromas of one row of MCUs, of each 2 × 2 pixels' mean.
static void colour(const ig_pixels *in, int row, uint8_t *cb, uint8_t *cr, int width)
{
	for (int j = 0; j < IG_MCU; j += 2, cb += width, cr += width) {
		const int last = in->height - 1, line = row * IG_MCU + j;
		const uint8_t *p = in->at + (line < last ? line : last) * in->stride;
		const uint8_t *q = in->at + (line + 1 < last ? line + 1 : last) * in->stride;
		for (int x = 0; x < width; x++) {
			const int a = 3 * (2 * x < in->width ? 2 * x : in->width - 1);
			const int b = 3 * (2 * x + 1 < in->width ? 2 * x + 1 : in->width - 1);
			const int red = p[a] + p[b] + q[a] + q[b];
			const int green = p[a + 1] + p[b + 1] + q[a + 1] + q[b + 1];
			const int blue = p[a + 2] + p[b + 2] + q[a + 2] + q[b + 2];
			cb[x] = (-11059 * red - 21709 * green + 32768 * blue + (128 << 18) + 131071) >> 18;
			cr[x] = (32768 * red - 27439 * green - 5329 * blue + (128 << 18) + 131071) >> 18;
		}
	}
}

// cosines takes eight values, as far apart as stride, to their one-dimensional
// transform, times 2^shift less than 2^13 times the orthonormal one.
static inline void cosines(int32_t *v, int stride, int shift)
{
	const int32_t s0 = v[0] + v[7 * stride], d0 = v[0] - v[7 * stride];
	const int32_t s1 = v[stride] + v[6 * stride], d1 = v[stride] - v[6 * stride];
	const int32_t s2 = v[2 * stride] + v[5 * stride], d2 = v[2 * stride] - v[5 * stride];
	const int32_t s3 = v[3 * stride] + v[4 * stride], d3 = v[3 * stride] - v[4 * stride];
	const int32_t half = 1 << (shift - 1);

	// 4096 cos(nπ/16), and 4096 √½ for n = 0
	v[0] = (2896 * (s0 + s1 + s2 + s3) + half) >> shift;
	v[4 * stride] = (2896 * (s0 - s1 - s2 + s3) + half) >> shift;
	v[2 * stride] = (3784 * (s0 - s3) + 1567 * (s1 - s2) + half) >> shift;
	v[6 * stride] = (1567 * (s0 - s3) - 3784 * (s1 - s2) + half) >> shift;
	v[stride] = (4017 * d0 + 3406 * d1 + 2276 * d2 + 799 * d3 + half) >> shift;
	v[3 * stride] = (3406 * d0 - 799 * d1 - 4017 * d2 - 2276 * d3 + half) >> shift;
	v[5 * stride] = (2276 * d0 - 4017 * d1 + 799 * d2 + 3406 * d3 + half) >> shift;
	v[7 * stride] = (799 * d0 - 2276 * d1 + 3406 * d2 - 4017 * d3 + half) >> shift;
}

// transform writes the coefficients of 8 × 8 samples, times 8, in zigzag order.
static void transform(const uint8_t *samples, int stride, int16_t *to)
{
	int32_t v[IG_AREA];

	for (int y = 0; y < 8; y++, samples += stride)
		for (int x = 0; x < 8; x++)
			v[8 * y + x] = samples[x] - 128;
	for (int y = 0; y < 8; y++)
		cosines(v + 8 * y, 1, 9); // leaves 16 times the orthonormal
	for (int x = 0; x < 8; x++)
		cosines(v + x, 8, 14);
	for (int i = 0; i < IG_AREA; i++)
		to[i] = v[ig_zigzag[i]];
}

// busyness finds how much goes on about each block of brightness: the harmonic mean of
// twice the variance plus SSIM's second constant, (0.03 × 255)², over the windows of 8 × 8 at
// every fourth place that overlap it within the row of MCUs; the inverse, times 2^28.
static void busyness(const uint8_t *y, int across, uint32_t *calm, uint32_t *windows)
{
	const int width = across * IG_MCU, cells = across * 4;
	uint32_t *sum = windows + 3 * cells, *square = sum + 4 * cells;

	for (int j = 0; j < 4; j++)
		for (int i = 0; i < cells; i++) {
			uint32_t s = 0, q = 0;
			for (int v = 0; v < 4; v++)
				for (int u = 0; u < 4; u++) {
					const uint32_t p = y[(4 * j + v) * width + 4 * i + u];
					s += p;
					q += p * p;
				}
			sum[j * cells + i] = s;
			square[j * cells + i] = q;
		}
	for (int j = 0; j < 3; j++)
		for (int i = 0; i + 1 < cells; i++) {
			const uint32_t *s = sum + j * cells + i, *q = square + j * cells + i;
			const uint32_t all = s[0] + s[1] + s[cells] + s[cells + 1];
			const uint32_t squares = q[0] + q[1] + q[cells] + q[cells + 1];
			windows[j * cells + i] = (UINT64_C(1) << 40) / (2 * (64 * (uint64_t)squares - (uint64_t)all * all) + 239708);
		}
	for (int b = 0; b < 4 * across; b++) { // as blocks lie in MCUs
		const int x = b / 4 * 4 + b % 2 * 2, top = b % 4 / 2;
		uint32_t weighed = 0, weights = 0;
		for (int j = top; j < top + 2; j++)
			for (int i = x - 1; i <= x + 1; i++) {
				if (i < 0 || i + 1 >= cells)
					continue;
				const uint32_t weight = (i == x ? 2 : 1) * (j == 2 * top ? 2 : 1);
				weighed += weight * windows[j * cells + i];
				weights += weight;
			}
		calm[b] = weighed / weights;
	}
}

size_t ig_blocks_scratch(const ig_pixels *in)
{
	const size_t across = (in->width + IG_MCU - 1) / IG_MCU;

	return across * (IG_MCU * IG_MCU + 2 * 8 * 8 + 11 * 4 * sizeof(uint32_t));
}

void ig_blocks_row(const ig_pixels *in, int row, void *scratch, int16_t (*to)[IG_AREA], uint32_t *calm)
{
	const int across = (in->width + IG_MCU - 1) / IG_MCU, width = across * IG_MCU;
	uint32_t *windows = scratch;
	uint8_t *y = (uint8_t *)(windows + 11 * 4 * across), *cb = y + width * IG_MCU, *cr = cb + width / 2 * 8;

	brightness(in, row, y, width);
	if (in->bands > 1)
		colour(in, row, cb, cr, width / 2);
	busyness(y, across, calm, windows);
	for (int m = 0; m < across; m++) {
		for (int b = 0; b < 4; b++)
			transform(y + b / 2 * 8 * width + m * IG_MCU + b % 2 * 8, width, *to++);
		if (in->bands == 1)
			continue;
		transform(cb + 8 * m, width / 2, *to++);
		transform(cr + 8 * m, width / 2, *to++);
	}
}
