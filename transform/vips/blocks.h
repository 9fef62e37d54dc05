// The coefficients of a picture, row of MCUs by row of MCUs.

#ifndef IMGORIGIN_VIPS_BLOCKS_H
#define IMGORIGIN_VIPS_BLOCKS_H

#include "quantise.h"

enum { IG_MCU = 16 }; // pixels, of grey too

extern const uint8_t ig_zigzag[IG_AREA];

// ig_blocks_scratch returns how many bytes ig_blocks_row works in.
size_t ig_blocks_scratch(const ig_pixels *in);

// ig_blocks_row writes the coefficients of one row of MCUs, times 8, in zigzag order:
// of each MCU four blocks of brightness, two by two, and where there is colour one of
// each chroma. calm gets, for each block of brightness, how little goes on there.
void ig_blocks_row(const ig_pixels *in, int row, void *scratch, int16_t (*to)[IG_AREA], uint32_t *calm);

#endif
