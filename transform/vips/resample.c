// Scaling by Lanczos with three lobes, up or down, each axis by a factor of its
// own, from a rectangle that may begin and end between pixels.
//
// libvips has all of this but not together: vips_reduce scales about the centre
// of whole pixels and rounds to bytes between the axes, vips_resize enlarges with
// another kernel and shifts, and vips_premultiply makes it all float at full size.
// Here pixels are four floats from the decoder's row to the answer's, colours
// weighted by alpha: a row is scaled across as it comes, and the scaled rows that
// the kernel reaches are kept in a ring, from which each output row is summed.

#include "render.h"

#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { LOBES = 3, STRIP = 16 }; // rows that are asked of the decoder at a time

typedef float pixel __attribute__((vector_size(16)));
typedef guint8 bytes4 __attribute__((vector_size(4)));
typedef guint16 shorts4 __attribute__((vector_size(8)));

// axis holds the weights of one axis: output i is the sum of weight[k] × input
// first[i] + k, for n weights at i × n. Inputs are numbered within the part.
typedef struct {
	int n;
	int *first;
	float *weight;
} axis;

static double lanczos(double x)
{
	if (x == 0)
		return 1;
	if (fabs(x) >= LOBES)
		return 0;
	x *= G_PI;
	return LOBES * sin(x) * sin(x / LOBES) / (x * x);
}

// axis_new prepares count outputs from from on, where length inputs from start on
// become scaled. Inputs below 0 or from inputs on do not exist: the nearest that
// does takes over their weight, as if it went on.
static axis axis_new(double start, double length, int scaled, int inputs, int from, int count)
{
	const double factor = length / scaled, wide = VIPS_MAX(factor, 1);
	axis a = {.n = VIPS_MIN((int)ceil(2 * LOBES * wide) + 1, inputs)};

	a.first = g_new(int, count);
	a.weight = g_new0(float, (gsize)count * a.n);
	for (int i = 0; i < count; i++) {
		const double centre = start + (from + i + 0.5) * factor - 0.5;
		const int low = (int)ceil(centre - LOBES * wide), high = (int)floor(centre + LOBES * wide);
		float *weight = a.weight + (gsize)i * a.n;
		double sum = 0;

		a.first[i] = VIPS_CLIP(0, low, inputs - a.n);
		for (int k = low; k <= high; k++)
			sum += lanczos((k - centre) / wide);
		for (int k = low; k <= high; k++)
			weight[VIPS_CLIP(0, k, inputs - 1) - a.first[i]] += lanczos((k - centre) / wide) / sum;
	}
	return a;
}

static void axis_free(axis a)
{
	g_free(a.first);
	g_free(a.weight);
}

// kind is what the four floats of a pixel stand for.
typedef struct {
	int bands;
	gboolean alpha; // the last band
	gboolean wide;  // 16 bits
	float max;      // of a sample
} kind;

// widen8 and widen16 read four samples. Compilers know the conversion, but do it one
// by one unless they are told how.
static inline pixel widen8(const guint8 *p)
{
#ifdef __SSE2__
	gint32 s;
	memcpy(&s, p, sizeof s);
	const __m128i none = _mm_setzero_si128();
	return (pixel)_mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(s), none), none));
#else
	bytes4 s;
	memcpy(&s, p, sizeof s);
	return __builtin_convertvector(s, pixel);
#endif
}

static inline pixel widen16(const guint8 *p)
{
#ifdef __SSE2__
	return (pixel)_mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_loadl_epi64((const __m128i *)p), _mm_setzero_si128()));
#else
	shorts4 s;
	memcpy(&s, p, sizeof s);
	return __builtin_convertvector(s, pixel);
#endif
}

// unpack turns a row of samples into pixels, colours multiplied by alpha. It may
// read up to three samples past the last pixel, which is a copy for that reason.
static void unpack(pixel *q, const guint8 *p, int n, kind k)
{
	const int size = k.bands << k.wide;

	for (int x = 0; x < n; x++, p += size)
		q[x] = k.wide ? widen16(p) : widen8(p);
	if (k.alpha)
		for (int x = 0; x < n; x++) {
			const float a = q[x][k.bands - 1];
			q[x] *= a / k.max;
			q[x][k.bands - 1] = a;
		}
}

// pack turns pixels into samples, rounded and clipped, colours divided by alpha.
static void pack(guint8 *q, const pixel *p, int n, kind k)
{
	for (int x = 0; x < n; x++) {
		pixel v = p[x];
		if (k.alpha) {
			const float a = VIPS_CLIP(0, v[k.bands - 1], k.max);
			v *= a > 0 ? k.max / a : 0;
			v[k.bands - 1] = a;
		}
		for (int b = 0; b < k.bands; b++) {
			const float s = VIPS_CLIP(0, v[b] + 0.5f, k.max);
			if (k.wide)
				((guint16 *)q)[x * k.bands + b] = s;
			else
				q[x * k.bands + b] = s;
		}
	}
}

// across scales one row of pixels. Even and odd inputs are summed apart, so that
// no addition has to wait for the one before it.
static void across(pixel *q, const pixel *p, axis a, int count)
{
	for (int x = 0; x < count; x++) {
		const float *weight = a.weight + (gsize)x * a.n;
		const pixel *s = p + a.first[x];
		pixel even = {0}, odd = {0};
		int k = 0;
		for (; k + 1 < a.n; k += 2) {
			even += weight[k] * s[k];
			odd += weight[k + 1] * s[k + 1];
		}
		if (k < a.n)
			even += weight[k] * s[k];
		q[x] = even + odd;
	}
}

// across_two scales two rows exactly as across does, and loads each weight once.
static void across_two(pixel *q, pixel *r, const pixel *p, const pixel *o, axis a, int count)
{
	for (int x = 0; x < count; x++) {
		const float *weight = a.weight + (gsize)x * a.n;
		const pixel *s = p + a.first[x], *t = o + a.first[x];
		pixel even = {0}, odd = {0}, even2 = {0}, odd2 = {0};
		int k = 0;
		for (; k + 1 < a.n; k += 2) {
			const float w = weight[k], u = weight[k + 1];
			even += w * s[k];
			even2 += w * t[k];
			odd += u * s[k + 1];
			odd2 += u * t[k + 1];
		}
		if (k < a.n) {
			even += weight[k] * s[k];
			even2 += weight[k] * t[k];
		}
		q[x] = even + odd;
		r[x] = even2 + odd2;
	}
}

enum { BLOCK = 8 }; // pixels that are summed at a time, in as many registers

// down sums output row y from the ring of rows scaled across. Rows have room for a
// whole number of blocks.
static void down(pixel *q, pixel *const *ring, axis a, int y, int count)
{
	const float *weight = a.weight + (gsize)y * a.n;
	const int first = a.first[y] % a.n;

	for (int x = 0; x < count; x += BLOCK) {
		pixel sum[BLOCK] = {0};
		for (int k = 0, i = first; k < a.n; k++, i = i + 1 < a.n ? i + 1 : 0) {
			const pixel *row = ring[i] + x;
			for (int b = 0; b < BLOCK; b++)
				sum[b] += weight[k] * row[b];
		}
		memcpy(q + x, sum, sizeof sum);
	}
}

// rows hands out the rows of a part of a picture, downwards.
typedef struct {
	VipsRegion *region;
	VipsRect part;
	int size;        // of a pixel in bytes
	guint8 *samples; // a row and what unpack may read past it
} rows;

// row returns row y of the part, NULL when it cannot be decoded.
static const guint8 *row(rows *r, int y)
{
	const VipsRect *valid = &r->region->valid;
	const int top = r->part.top + y;

	if (top >= VIPS_RECT_BOTTOM(valid) || top < valid->top) {
		const VipsRect strip = {r->part.left, top, r->part.width,
			VIPS_MIN(STRIP, r->part.height - y)};
		if (vips_region_prepare(r->region, &strip))
			return NULL;
	}
	memcpy(r->samples, VIPS_REGION_ADDR(r->region, r->part.left, top), (gsize)r->part.width * r->size);
	return r->samples;
}

// skip decodes the rows from from on that no output needs, a strip at a time so
// that it can be stopped, and reports failure.
static int skip(rows *r, int from, int to, const int *cancel)
{
	for (; from < to; from += STRIP)
		if (!row(r, from) || __atomic_load_n(cancel, __ATOMIC_RELAXED))
			return -1;
	return 0;
}

// fill computes out, row by row, and reports failure.
static int fill(VipsImage *out, rows *source, axis h, axis v, kind k, const int *cancel)
{
	const int width = out->Xsize, part = source->part.width;
	const gsize stride = (width + BLOCK - 1) / BLOCK * BLOCK;
	pixel *unpacked = vips_tracked_malloc(2 * (gsize)part * sizeof(pixel));
	pixel *scaled = vips_tracked_malloc(((gsize)v.n + 1) * stride * sizeof(pixel));
	pixel **ring = g_new(pixel *, v.n);
	int have = 0, failed = !unpacked || !scaled;

	if (scaled) // the room behind the rows, too
		memset(scaled, 0, ((gsize)v.n + 1) * stride * sizeof(pixel));
	for (int i = 0; i < v.n; i++)
		ring[i] = scaled + (i + 1) * stride; // the first is for the sum
	for (int y = 0; y < out->Ysize && !failed; y++) {
		if (have < v.first[y]) {
			failed = skip(source, have, v.first[y], cancel);
			have = v.first[y];
		}
		for (int two; have < v.first[y] + v.n && !failed; have += 1 + two) {
			two = have + 1 < v.first[y] + v.n;
			for (int i = 0; i <= two && !failed; i++) {
				const guint8 *samples = row(source, have + i);
				if (!(failed = !samples || __atomic_load_n(cancel, __ATOMIC_RELAXED)))
					unpack(unpacked + (gsize)i * part, samples, part, k);
			}
			if (failed)
				break;
			if (two)
				across_two(ring[have % v.n], ring[(have + 1) % v.n], unpacked, unpacked + part, h, width);
			else
				across(ring[have % v.n], unpacked, h, width);
		}
		if (failed)
			break;
		down(scaled, ring, v, y, width);
		pack(VIPS_IMAGE_ADDR(out, 0, y), scaled, width, k);
	}
	g_free(ring);
	if (scaled)
		vips_tracked_free(scaled);
	if (unpacked)
		vips_tracked_free(unpacked);
	return failed;
}

// ig_resample takes over its reference to in and gives back a picture in memory:
// the out part of the scaled part of in. It is NULL when in cannot be decoded, and
// soon after *cancel is set.
VipsImage *ig_resample(VipsImage *in, const ig_job *job, const int *cancel)
{
	const VipsRect part = {job->left, job->top, job->width, job->height};
	const gboolean wide = in->BandFmt == VIPS_FORMAT_USHORT;
	const kind k = {in->Bands, vips_image_hasalpha(in), wide, wide ? 65535 : 255};
	VipsImage *out = vips_image_new_memory();
	int failed = (in->BandFmt != VIPS_FORMAT_UCHAR && !wide) || in->Bands > 4 ||
		vips_image_pipelinev(out, VIPS_DEMAND_STYLE_ANY, in, NULL);

	out->Xsize = job->out_width;
	out->Ysize = job->out_height;
	if (!failed && !(failed = vips_image_write_prepare(out))) {
		const axis h = axis_new(job->x - part.left, job->w, job->scaled_width, part.width, job->out_left, job->out_width);
		const axis v = axis_new(job->y - part.top, job->h, job->scaled_height, part.height, job->out_top, job->out_height);
		rows source = {vips_region_new(in), part, VIPS_IMAGE_SIZEOF_PEL(in),
			g_malloc0((gsize)part.width * VIPS_IMAGE_SIZEOF_PEL(in) + sizeof(shorts4))};
		failed = fill(out, &source, h, v, k, cancel);
		g_free(source.samples);
		g_object_unref(source.region);
		axis_free(v);
		axis_free(h);
	}
	g_object_unref(in);
	if (failed) {
		g_object_unref(out);
		return NULL;
	}
	return out;
}
