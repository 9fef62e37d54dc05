// Alpha in integers. vips_premultiply works in float, which takes twice the
// time and is then cut, not rounded, to bytes.
//
// Premultiplied 8-bit pixels are c × a and 255 × a in 16 bits, which is exact;
// premultiplied 16-bit pixels are c × a / 65535 and a, rounded.

#include "render.h"

static void premultiply8(guint16 *q, const guint8 *p, int pixels, int bands)
{
	for (int x = 0; x < pixels; x++, p += bands, q += bands) {
		const unsigned a = p[bands - 1];
		for (int i = 0; i < bands - 1; i++)
			q[i] = p[i] * a;
		q[bands - 1] = 255 * a;
	}
}

static void premultiply16(guint16 *q, const guint16 *p, int pixels, int bands)
{
	for (int x = 0; x < pixels; x++, p += bands, q += bands) {
		const guint32 a = p[bands - 1];
		for (int i = 0; i < bands - 1; i++)
			q[i] = (p[i] * a + 32767) / 65535;
		q[bands - 1] = a;
	}
}

static int premultiply_region(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = seq;
	const VipsRect *r = &out->valid;
	const int bands = out->im->Bands;

	if (vips_region_prepare(in, r))
		return -1;
	for (int y = r->top; y < VIPS_RECT_BOTTOM(r); y++) {
		guint16 *q = (guint16 *)VIPS_REGION_ADDR(out, r->left, y);
		const void *p = VIPS_REGION_ADDR(in, r->left, y);
		if (in->im->BandFmt == VIPS_FORMAT_UCHAR)
			premultiply8(q, p, r->width, bands);
		else
			premultiply16(q, p, r->width, bands);
	}
	return 0;
}

// ig_premultiply takes over its reference to in, 8 or 16 bits with alpha last.
VipsImage *ig_premultiply(VipsImage *in)
{
	VipsImage *out = vips_image_new();

	vips_object_local(out, in); // in lives as long as out
	if (vips_image_pipelinev(out, VIPS_DEMAND_STYLE_THINSTRIP, in, NULL)) {
		g_object_unref(out);
		return NULL;
	}
	out->BandFmt = VIPS_FORMAT_USHORT;
	if (vips_image_generate(out, vips_start_one, premultiply_region, vips_stop_one, in, NULL)) {
		g_object_unref(out);
		return NULL;
	}
	return out;
}

static guint32 divide(guint32 c, guint32 a, guint32 max)
{
	const guint32 v = (guint32)(((guint64)c * max + a / 2) / a);
	return VIPS_MIN(v, max);
}

// ig_unpremultiply takes over its reference to in, a memory image that came
// from ig_premultiply, and gives back the depth that went in there: 8 bits
// unless its interpretation is one of 16.
VipsImage *ig_unpremultiply(VipsImage *in)
{
	const gboolean wide = in->Type == VIPS_INTERPRETATION_RGB16 ||
		in->Type == VIPS_INTERPRETATION_GREY16;
	const int bands = in->Bands;
	VipsImage *out = vips_image_new_memory();

	gboolean failed = vips_image_pipelinev(out, VIPS_DEMAND_STYLE_ANY, in, NULL);
	out->BandFmt = wide ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR;
	failed = failed || vips_image_write_prepare(out);
	if (failed) {
		g_object_unref(out);
		g_object_unref(in);
		return NULL;
	}
	const gint64 pixels = VIPS_IMAGE_N_PELS(in);
	const guint16 *p = (const guint16 *)VIPS_IMAGE_ADDR(in, 0, 0);
	guint8 *q8 = (guint8 *)VIPS_IMAGE_ADDR(out, 0, 0);
	guint16 *q16 = (guint16 *)q8;
	for (gint64 n = 0; n < pixels; n++, p += bands, q8 += bands, q16 += bands) {
		const guint32 a = p[bands - 1];
		for (int i = 0; i < bands - 1; i++) {
			const guint32 c = a ? divide(p[i], a, wide ? 65535 : 255) : 0;
			if (wide)
				q16[i] = c;
			else
				q8[i] = c;
		}
		if (wide)
			q16[bands - 1] = a;
		else
			q8[bands - 1] = VIPS_MIN((a + 127) / 255, 255);
	}
	g_object_unref(in);
	return out;
}

// ig_drop_opaque_alpha takes over its reference to in, an 8-bit memory image
// with alpha, and leaves the alpha out where every pixel is opaque: many
// pictures carry a channel that they do not use, and it costs bytes.
VipsImage *ig_drop_opaque_alpha(VipsImage *in)
{
	const int bands = in->Bands;
	const gint64 pixels = VIPS_IMAGE_N_PELS(in);
	const guint8 *a = (const guint8 *)VIPS_IMAGE_ADDR(in, 0, 0) + bands - 1;
	for (gint64 n = 0; n < pixels; n++, a += bands)
		if (*a != 255)
			return in;

	VipsImage *out;
	const int failed = vips_extract_band(in, &out, 0, "n", bands - 1, NULL);
	g_object_unref(in);
	return failed ? NULL : out;
}
