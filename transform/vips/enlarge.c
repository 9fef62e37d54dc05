// Enlarging by Lanczos. vips_resize enlarges with bicubic interpolation, whatever
// kernel it is told, and its result is shifted against the source.
//
// One output pixel is the weighted sum of the TAPS nearest source pixels on each
// axis; beyond an edge the edge pixel counts again, as libvips does when it
// reduces. Rows are scaled across once each and kept while they are needed.

#include "render.h"

#include <math.h>
#include <string.h>

enum { LOBES = 3, TAPS = 2 * LOBES };

// tap is where an output pixel's weights begin in the source, before clamping.
typedef struct {
	int first;
	float weight[TAPS];
} tap;

static double lanczos(double x)
{
	if (x == 0)
		return 1;
	if (fabs(x) >= LOBES)
		return 0;
	x *= G_PI;
	return LOBES * sin(x) * sin(x / LOBES) / (x * x);
}

// make_taps returns the weights of the count output pixels from start on, of an
// axis of which in pixels become out; in is at most out.
static tap *make_taps(int in, int out, int start, int count)
{
	tap *taps = g_new(tap, count);
	const double factor = (double)in / out;

	for (int i = 0; i < count; i++) {
		const double centre = (start + i + 0.5) * factor - 0.5;
		double weight[TAPS], sum = 0;

		taps[i].first = (int)floor(centre) - LOBES + 1;
		for (int k = 0; k < TAPS; k++)
			sum += weight[k] = lanczos(taps[i].first + k - centre);
		for (int k = 0; k < TAPS; k++)
			taps[i].weight[k] = weight[k] / sum;
	}
	return taps;
}

typedef struct {
	VipsImage *in; // in memory, 8 or 16 bits
	const tap *taps;
	int width, bands;
	float *padded;     // one source row with LOBES pixels more at each end
	float *row[TAPS];  // source rows scaled across,
	int number[TAPS];  // and which ones
} across;

// scaled_row returns source row y scaled across.
static const float *scaled_row(across *a, int y)
{
	const int slot = y % TAPS, bands = a->bands, n = a->in->Xsize;
	float *q = a->row[slot];

	if (a->number[slot] == y)
		return q;
	a->number[slot] = y;
	float *p = a->padded + LOBES * bands;
	const void *line = VIPS_IMAGE_ADDR(a->in, 0, y);
	for (int i = 0; i < n * bands; i++)
		p[i] = a->in->BandFmt == VIPS_FORMAT_UCHAR ?
			((const guint8 *)line)[i] : ((const guint16 *)line)[i];
	for (int i = 1; i <= LOBES; i++) {
		memcpy(p - i * bands, p, bands * sizeof *p);
		memcpy(p + (n - 1 + i) * bands, p + (n - 1) * bands, bands * sizeof *p);
	}
	for (int x = 0; x < a->width; x++) {
		const tap *t = a->taps + x;
		for (int b = 0; b < bands; b++, q++) {
			const float *s = p + t->first * bands + b;
			float sum = 0;
			for (int k = 0; k < TAPS; k++, s += bands)
				sum += t->weight[k] * *s;
			*q = sum;
		}
	}
	return a->row[slot];
}

// mix writes one output row: the weighted sum of scaled rows, rounded and clipped.
static void mix(across *a, const tap *t, void *out)
{
	const float *row[TAPS];
	const int n = a->width * a->bands;

	for (int k = 0; k < TAPS; k++)
		row[k] = scaled_row(a, VIPS_CLIP(0, t->first + k, a->in->Ysize - 1));
	const gboolean wide = a->in->BandFmt != VIPS_FORMAT_UCHAR;
	const float max = wide ? 65535 : 255;
	for (int i = 0; i < n; i++) {
		float sum = 0.5f;
		for (int k = 0; k < TAPS; k++)
			sum += t->weight[k] * row[k][i];
		sum = VIPS_CLIP(0, sum, max);
		if (wide)
			((guint16 *)out)[i] = sum;
		else
			((guint8 *)out)[i] = sum;
	}
}

// ig_enlarge takes over its reference to in, a memory image of 8 or 16 bits, and
// gives back the part of it at left, top when it is scaled to scaled_width ×
// scaled_height, neither of which is below in's. It returns NULL when *cancel is set.
VipsImage *ig_enlarge(VipsImage *in, int scaled_width, int scaled_height,
	VipsRect part, const int *cancel)
{
	VipsImage *out = vips_image_new_memory();

	gboolean failed = vips_image_pipelinev(out, VIPS_DEMAND_STYLE_ANY, in, NULL);
	out->Xsize = part.width;
	out->Ysize = part.height;
	if (failed || vips_image_write_prepare(out)) {
		g_object_unref(out);
		g_object_unref(in);
		return NULL;
	}
	tap *horizontal = make_taps(in->Xsize, scaled_width, part.left, part.width);
	tap *vertical = make_taps(in->Ysize, scaled_height, part.top, part.height);
	across a = {.in = in, .taps = horizontal, .width = part.width, .bands = in->Bands};
	a.padded = g_new(float, (in->Xsize + 2 * LOBES) * in->Bands);
	float *rows = g_new(float, (gsize)TAPS * part.width * in->Bands);
	for (int k = 0; k < TAPS; k++) {
		a.row[k] = rows + (gsize)k * part.width * in->Bands;
		a.number[k] = -1;
	}
	for (int y = 0; y < part.height && !failed; y++) {
		mix(&a, vertical + y, VIPS_IMAGE_ADDR(out, 0, y));
		failed = __atomic_load_n(cancel, __ATOMIC_RELAXED) != 0;
	}
	g_free(rows);
	g_free(a.padded);
	g_free(vertical);
	g_free(horizontal);
	g_object_unref(in);
	if (failed) {
		g_object_unref(out);
		return NULL;
	}
	return out;
}
