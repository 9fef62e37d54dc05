// One rendition, as a list of steps. A step takes over its reference to the
// picture and gives back the next one, or NULL; libvips works lazily, so that
// up to scale() nothing but the header has been read.

#include "render.h"

#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

// stop_when_asked runs after every few lines of every pass over the pixels.
static void stop_when_asked(VipsImage *image, VipsProgress *progress, const int *cancel)
{
	if (__atomic_load_n(cancel, __ATOMIC_RELAXED))
		vips_image_set_kill(image, TRUE);
}

static void watch(VipsImage *image, const int *cancel)
{
	vips_image_set_progress(image, TRUE);
	g_signal_connect(image, "eval", G_CALLBACK(stop_when_asked), (gpointer)cancel);
}

// next ends a step: it drops the step's input and hands on its output, by
// address since C evaluates arguments in any order.
static VipsImage *next(VipsImage *in, int failed, VipsImage **out)
{
	g_object_unref(in);
	return failed ? NULL : *out;
}

// load opens the picture at its reduced size. JPEG fails on any warning, since
// libjpeg warns where it makes up pixels. PNG fails on errors only: its warnings
// are about ancillary chunks. A GIF that is cut after its first frame is read
// leniently, for the first frame is all that is wanted. libwebp knows no middle.
static VipsImage *load(const void *source, size_t length, const ig_job *job)
{
	VipsImage *out = NULL;
	int failed = -1;

	switch (job->format) {
	case IG_JPEG:
		failed = vips_jpegload_buffer((void *)source, length, &out, "shrink", job->shrink,
			"access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_WARNING, NULL);
		break;
	case IG_PNG:
		failed = vips_pngload_buffer((void *)source, length, &out,
			"access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
		break;
	case IG_GIF:
		failed = vips_gifload_buffer((void *)source, length, &out,
			"access", VIPS_ACCESS_SEQUENTIAL,
			"fail_on", job->lenient ? VIPS_FAIL_ON_NONE : VIPS_FAIL_ON_WARNING, NULL);
		break;
	case IG_WEBP:
		failed = vips_webpload_buffer((void *)source, length, &out, "scale", job->scale,
			"access", VIPS_ACCESS_SEQUENTIAL, NULL);
		break;
	}
	return failed ? NULL : out;
}

static VipsImage *cut(VipsImage *in, VipsRect part)
{
	VipsImage *out;

	if (part.width == in->Xsize && part.height == in->Ysize)
		return in;
	return next(in, vips_extract_area(in, &out,
		part.left, part.top, part.width, part.height, NULL), &out);
}

// settle computes the picture into memory. Decoding happens here.
static VipsImage *settle(VipsImage *in)
{
	VipsImage *out = vips_image_copy_memory(in);

	return next(in, !out, &out);
}

// scale decodes, and leaves scaled pixels in memory. The decoder is closed last of
// all and listened to while it is: libvips logs libjpeg's warnings then, which is
// how damage in the last rows shows. What it logs of the header, again when it
// begins to decode, says nothing about the pixels.
static VipsImage *scale(VipsImage *in, const ig_job *job, const int *cancel, gint64 *warnings)
{
	const VipsRect part = {job->left, job->top, job->width, job->height};
	VipsImage *out = g_object_ref(in);

	if (job->resample)
		out = ig_resample(out, job, cancel);
	else {
		watch(in, cancel);
		if ((out = cut(out, part)))
			out = settle(out);
	}
	ig_warnings_begin();
	g_object_unref(in);
	*warnings = ig_warnings_end();
	return out;
}

static VipsImage *upright(VipsImage *in, int quarter_turns, int mirror)
{
	VipsImage *out;

	if (quarter_turns &&
		!(in = next(in, vips_rot(in, &out, (VipsAngle)quarter_turns, NULL), &out)))
		return NULL;
	if (mirror)
		in = next(in, vips_flip(in, &out, VIPS_DIRECTION_HORIZONTAL, NULL), &out);
	return in;
}

// narrow takes 16 bits to 8, rounding.
static VipsImage *narrow(VipsImage *in)
{
	VipsImage *out;

	if (in->BandFmt == VIPS_FORMAT_UCHAR)
		return in;
	if (!(in = next(in, vips_linear1(in, &out, 1 / 257.0, 0.5, "uchar", TRUE, NULL), &out)))
		return NULL;
	return next(in, vips_copy(in, &out, "interpretation",
		in->Bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL), &out);
}

// has_fitting_profile reports that the picture carries a profile of its own kind of
// pixels (ICC.1:2010 section 7.2.6). libvips asks for no more than enough bands,
// and would take RGB by a grey profile for grey with two alphas.
static gboolean has_fitting_profile(VipsImage *in)
{
	const char *fitting = in->Type == VIPS_INTERPRETATION_CMYK ? "CMYK" :
		in->Bands == 1 ? "GRAY" : "RGB ";
	const void *profile;
	size_t length;

	return vips_image_get_typeof(in, VIPS_META_ICC_NAME) &&
		!vips_image_get_blob(in, VIPS_META_ICC_NAME, &profile, &length) &&
		length >= 128 && !memcmp((const char *)profile + 16, fitting, 4);
}

// colours takes pixels without alpha to 8-bit sRGB or grey, relative
// colorimetric, by the picture's own profile. A profile that cannot be used is
// as good as none: then CMYK goes by libvips' own press profile, and anything
// else is taken for sRGB.
static VipsImage *colours(VipsImage *in)
{
	const int bands = in->Bands;
	const gboolean cmyk = in->Type == VIPS_INTERPRETATION_CMYK;
	VipsImage *out;

	if (has_fitting_profile(in) &&
		!vips_icc_transform(in, &out, "srgb", "embedded", TRUE,
			"intent", VIPS_INTENT_RELATIVE, "depth", 8, NULL)) {
		in = next(in, 0, &out);
		// A grey profile gives three equal bands.
		return bands == 1 ? next(in, vips_extract_band(in, &out, 1, NULL), &out) : in;
	}
	if (cmyk)
		return next(in, vips_icc_transform(in, &out, "srgb", "input_profile", "cmyk",
			"intent", VIPS_INTENT_RELATIVE, "depth", 8, NULL), &out);
	return narrow(in);
}

// srgb converts the colours and leaves the alpha, which no profile knows, as it is.
static VipsImage *srgb(VipsImage *in)
{
	VipsImage *alpha, *rest, *out;

	if (!vips_image_hasalpha(in))
		return colours(in);
	const int bands = in->Bands - 1;
	if (vips_extract_band(in, &alpha, bands, NULL))
		return next(in, -1, NULL);
	if (vips_extract_band(in, &rest, 0, "n", bands, NULL)) {
		g_object_unref(alpha);
		return next(in, -1, NULL);
	}
	g_object_unref(in);
	if (!(rest = colours(rest))) {
		g_object_unref(alpha);
		return NULL;
	}
	if (!(alpha = narrow(alpha))) {
		g_object_unref(rest);
		return NULL;
	}
	const int failed = vips_bandjoin2(rest, alpha, &out, NULL);
	g_object_unref(alpha);
	return next(rest, failed, &out);
}

// flatten puts transparent pixels on a colour.
static VipsImage *flatten(VipsImage *in, const double *background)
{
	VipsImage *out;

	if (!vips_image_hasalpha(in))
		return in;
	const gboolean tinted = background[0] != background[1] || background[1] != background[2];
	if (tinted && in->Bands == 2 &&
		!(in = next(in, vips_colourspace(in, &out, VIPS_INTERPRETATION_sRGB, NULL), &out)))
		return NULL;
	VipsArrayDouble *colour = vips_array_double_new(background, in->Bands - 1);
	const int failed = vips_flatten(in, &out, "background", colour, NULL);
	vips_area_unref(VIPS_AREA(colour));
	return next(in, failed, &out);
}

// strip removes all metadata. The encoders' own strip is not enough: that of WebP
// leaves EXIF, XMP and the profile in.
static VipsImage *strip(VipsImage *in)
{
	VipsImage *out;

	if (!(in = next(in, vips_copy(in, &out, NULL), &out)))
		return NULL;
	gchar **fields = vips_image_get_fields(in);
	for (gchar **field = fields; *field; field++)
		vips_image_remove(in, *field); // not the dimensions, which are no metadata
	g_strfreev(fields);
	return in;
}

// drop_unused_alpha leaves the alpha of an 8-bit memory image out where every pixel
// is opaque: many pictures carry a channel that they do not use.
static VipsImage *drop_unused_alpha(VipsImage *in)
{
	const int bands = in->Bands;
	const gint64 pixels = (gint64)VIPS_IMAGE_N_PELS(in);
	const guint8 *a = (const guint8 *)VIPS_IMAGE_ADDR(in, 0, 0) + bands - 1;
	VipsImage *out;

	for (gint64 n = 0; n < pixels; n++, a += bands)
		if (*a != 255)
			return in;
	return next(in, vips_extract_band(in, &out, 0, "n", bands - 1, NULL), &out);
}

// finish makes of scaled pixels what the encoder shall see.
static VipsImage *finish(VipsImage *in, const ig_job *job)
{
	if (!(in = upright(in, job->quarter_turns, job->mirror)) ||
		!(in = srgb(in)))
		return NULL;
	if (job->output == IG_JPEG && !(in = flatten(in, job->background)))
		return NULL;
	if (!(in = strip(in)) || !(in = settle(in)))
		return NULL;
	return vips_image_hasalpha(in) ? drop_unused_alpha(in) : in;
}

static int encode(VipsImage *in, const ig_job *job, const int *cancel, ig_result *result)
{
	switch (job->output) {
	case IG_JPEG:
		return ig_jpegsave(in, job->quality, job->progressive, cancel, &result->data, &result->length);
	case IG_PNG:
		return vips_pngsave_buffer(in, &result->data, &result->length, "strip", TRUE,
			"compression", job->compression, "bitdepth", 8,
			"filter", VIPS_FOREIGN_PNG_FILTER_ALL, NULL);
	case IG_GIF:
		return vips_gifsave_buffer(in, &result->data, &result->length, "strip", TRUE, NULL);
	case IG_WEBP:
		return vips_webpsave_buffer(in, &result->data, &result->length, "strip", TRUE,
			"Q", job->quality, NULL);
	case IG_AVIF: // effort 1 is speed 8 of aom, whose own default takes 150 times as long
		return vips_heifsave_buffer(in, &result->data, &result->length, "strip", TRUE,
			"Q", job->quality, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", 1, NULL);
	}
	vips_error("imgorigin", "no encoder for format %d", job->output);
	return -1;
}

// open loads the picture and makes sure that it is the one that was planned for.
static VipsImage *open(const void *source, size_t length, const ig_job *job, ig_result *result)
{
	VipsImage *in;

	result->stage = IG_OPEN;
	if (!(in = load(source, length, job)))
		return NULL;
	result->stage = IG_SIZE;
	result->loaded_width = in->Xsize;
	result->loaded_height = in->Ysize;
	if (in->Xsize == job->loaded_width && in->Ysize == job->loaded_height)
		return in;
	g_object_unref(in);
	return NULL;
}

// decode opens the picture and scales it, in memory, or says in result how far it got.
static VipsImage *decode(const void *source, size_t length, const ig_job *job,
	const int *cancel, ig_result *result)
{
	VipsImage *in;
	gint64 warnings;

	if (!(in = open(source, length, job, result)))
		return NULL;
	result->stage = IG_PIXELS;
	if (!(in = scale(in, job, cancel, &warnings)))
		return NULL;
	if (warnings && job->format == IG_JPEG) {
		result->stage = IG_WARNED;
		g_object_unref(in);
		return NULL;
	}
	return in;
}

// produce makes the answer of scaled pixels.
static void produce(VipsImage *in, const ig_job *job, const int *cancel, ig_result *result)
{
	result->stage = IG_ENCODE;
	if (!(in = finish(in, job)))
		return;
	watch(in, cancel);
	if (!encode(in, job, cancel, result))
		result->stage = IG_OK;
	g_object_unref(in);
}

// give_back returns to the system what is free in glibc's arenas, once a second at most.
// Blocks too small to be mapped leave holes there, 20 MB of them after some large
// pictures, and glibc gives back no more than what is free at an arena's end. It takes
// a millisecond or two.
static void give_back(void)
{
#ifdef __GLIBC__
	static gint64 next;
	const gint64 now = g_get_monotonic_time();
	gint64 due = __atomic_load_n(&next, __ATOMIC_RELAXED);

	if (now >= due && __atomic_compare_exchange_n(&next, &due, now + G_USEC_PER_SEC,
			FALSE, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		malloc_trim(0);
#endif
}

// conclude is the end of every call that works on pixels.
static void conclude(const int *cancel, ig_result *result)
{
	if (result->stage != IG_OK) {
		if (__atomic_load_n(cancel, __ATOMIC_RELAXED))
			result->stage = IG_CANCELLED;
		ig_take_error(result);
	}
	vips_error_clear(); // of what was tolerated, such as a broken profile
	vips_thread_shutdown();
	give_back();
}

void ig_render(const void *source, size_t length, const ig_job *job,
	const int *cancel, ig_result *result)
{
	VipsImage *in;

	*result = (ig_result){0};
	if ((in = decode(source, length, job, cancel, result)))
		produce(in, job, cancel, result);
	conclude(cancel, result);
}

VipsImage *ig_decode(const void *source, size_t length, const ig_job *job,
	const int *cancel, ig_result *result)
{
	VipsImage *base;

	*result = (ig_result){0};
	if ((base = decode(source, length, job, cancel, result)))
		result->stage = IG_OK;
	conclude(cancel, result);
	return base;
}

VipsImage *ig_rescale(VipsImage *from, const ig_job *job, const int *cancel, ig_result *result)
{
	const VipsRect part = {job->left, job->top, job->width, job->height};
	VipsImage *out = g_object_ref(from);

	*result = (ig_result){.stage = IG_PIXELS};
	if (job->resample)
		out = ig_resample(out, job, cancel);
	else if ((out = cut(out, part)))
		out = settle(out);
	if (out)
		result->stage = IG_OK;
	conclude(cancel, result);
	return out;
}

void ig_produce(VipsImage *pixels, const ig_job *job, const int *cancel, ig_result *result)
{
	*result = (ig_result){0};
	produce(g_object_ref(pixels), job, cancel, result);
	conclude(cancel, result);
}

void ig_header(const void *source, size_t length, int format, ig_result *result)
{
	const ig_job job = {.format = format, .shrink = 1, .scale = 1, .lenient = TRUE};

	*result = (ig_result){.stage = IG_OPEN};
	ig_warnings_begin();
	VipsImage *in = load(source, length, &job);
	if (in) {
		result->stage = IG_OK;
		result->loaded_width = in->Xsize;
		result->loaded_height = in->Ysize;
		g_object_unref(in);
	} else
		ig_take_error(result);
	result->warnings = ig_warnings_end();
	vips_thread_shutdown();
}

void ig_encode_webp(const void *pixels, int width, int height, int bands,
	int quality, ig_result *result)
{
	const ig_job job = {.output = IG_WEBP, .quality = quality};
	const int never = 0;
	VipsImage *in = vips_image_new_from_memory(pixels, (size_t)width * height * bands,
		width, height, bands, VIPS_FORMAT_UCHAR), *out;

	*result = (ig_result){.stage = IG_ENCODE};
	// vips_image_new_from_memory guesses no colour space.
	if (in && (in = next(in, vips_copy(in, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), &out))) {
		if (!encode(in, &job, &never, result))
			result->stage = IG_OK;
		g_object_unref(in);
	}
	if (result->stage != IG_OK)
		ig_take_error(result);
	vips_thread_shutdown();
}
