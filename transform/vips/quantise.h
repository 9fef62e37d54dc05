// What a JPEG keeps of a picture's coefficients (ITU-T T.81), for so many bytes.

#ifndef IMGORIGIN_VIPS_QUANTISE_H
#define IMGORIGIN_VIPS_QUANTISE_H

#include <stddef.h>
#include <stdint.h>

enum { IG_AREA = 64 }; // coefficients of a block

// ig_pixels are rows of 8-bit grey or RGB.
typedef struct {
	const uint8_t *at;
	size_t stride;
	int width, height, bands; // 1 to 65535 each side; 1 or 3 bands
} ig_pixels;

// ig_standard is the file that others are measured by: its steps of quantisation, and
// how long its Huffman codes are, of brightness and of colour.
typedef struct {
	uint16_t steps[2][IG_AREA]; // as the coefficients lie, row by row
	uint8_t dc[2][16], ac[2][256];
} ig_standard;

// ig_aim is what is wanted.
typedef struct {
	int step;   // of brightness, 1/64, unless it is made finer
	int loss;   // because more structural similarity to the standard would be lost, 2^-20,
	int budget; // or coarser, or not so fine, for more bytes than so many of 1024 of the standard's
} ig_aim;

enum { IG_FINEST = 2 * 64 };

typedef struct ig_quantiser ig_quantiser;

// ig_quantiser_new looks at the picture, or NULL where there is no memory. The pixels
// and cancel are read until ig_quantiser_free.
ig_quantiser *ig_quantiser_new(ig_pixels in, const ig_standard *by, const int *cancel);
void ig_quantiser_free(ig_quantiser *q);

// ig_quantiser_aim chooses the steps, from a part of a large picture.
void ig_quantiser_aim(ig_quantiser *q, ig_aim aim);

// ig_quantiser_coarsen makes the steps coarser so that bytes become most.
void ig_quantiser_coarsen(ig_quantiser *q, int64_t bytes, int64_t most);

// ig_quantiser_standard returns how many bytes the standard's file has, once all rows
// were quantised.
int64_t ig_quantiser_standard(const ig_quantiser *q);

// ig_quantiser_steps returns the steps of brightness or colour, row by row.
void ig_quantiser_steps(const ig_quantiser *q, int colour, unsigned int steps[IG_AREA]);

// ig_quantiser_row quantises one row of MCUs, of 16 × 16 pixels: to[0] is where the
// blocks of brightness of its upper half go, to[1] those of its lower half, to[2] and
// to[3] the two colours'; each across or 2 × across blocks, coefficients row by row.
void ig_quantiser_row(ig_quantiser *q, int row, int16_t (*to[4])[IG_AREA]);

// ig_quantiser_size returns how many MCUs there are.
void ig_quantiser_size(const ig_quantiser *q, int *across, int *down);

#endif
