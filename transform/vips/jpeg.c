// JPEG by libjpeg itself. libvips' own saver leaves the brightness to the table of
// ITU-T T.81 annex K, which was found for screens of the eighties seen from six times
// their height: it spares the coarse and clears the fine. A thumbnail is looked at
// closely and is all fine detail, and the same bytes spent evenly keep more of it:
// bench/RESULTS.md has both.

#include "render.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

// EVEN stands in all places of the brightness table at quality 50, from which libjpeg
// scales it as it does annex K's.
enum { EVEN = 23 };

// From this quality on, which is for what is worked on further, all is as libvips has
// it: annex K, as many colours as pixels, and no budget.
enum { FULL_COLOUR = 90 };

// BUDGET is the part of the bytes at quality 95 by annex K, PocketBase's own, that a
// file of less than FULL_COLOUR may have. Noise costs more than it shows: where a
// picture would pass the budget its steps are made coarser. RATE is by which power
// bytes fall as steps grow, seen over the photographs of bench/RESULTS.md.
static const double BUDGET = 0.49, RATE = 0.57;

// style is how brightness is quantised, and how much care is taken of it.
typedef struct {
	int quality;
	double step; // at quality 50 in all places; 0 is annex K
	int progressive, optimised;
	int full; // as many colours as pixels
} style;

typedef struct {
	struct jpeg_error_mgr errors; // first, so that libjpeg's pointer to it is one to all
	jmp_buf failed;
} guard;

static void fail(j_common_ptr c)
{
	char text[JMSG_LENGTH_MAX];

	c->err->format_message(c, text);
	vips_error("imgorigin", "%s", text);
	longjmp(((guard *)c->err)->failed, 1);
}

static void hush(j_common_ptr c)
{
}

static void set(struct jpeg_compress_struct *c, VipsImage *in, style s)
{
	unsigned int even[DCTSIZE2];

	c->image_width = in->Xsize;
	c->image_height = in->Ysize;
	c->input_components = in->Bands;
	c->in_color_space = in->Bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(c);
	jpeg_set_quality(c, s.quality, TRUE);
	for (int i = 0; i < DCTSIZE2; i++)
		even[i] = s.step + 0.5;
	if (s.step > 0)
		jpeg_add_quant_table(c, 0, even, jpeg_quality_scaling(s.quality), TRUE);
	if (s.full)
		c->comp_info[0].h_samp_factor = c->comp_info[0].v_samp_factor = 1;
	c->write_JFIF_header = FALSE; // says no more than what is taken for granted without it
	c->optimize_coding = s.optimised;
	if (s.progressive)
		jpeg_simple_progression(c);
}

static int save(VipsImage *in, style s, const int *cancel, void **data, size_t *length)
{
	struct jpeg_compress_struct c = {0};
	guard g;
	unsigned char *bytes = NULL;
	unsigned long n = 0;

	c.err = jpeg_std_error(&g.errors);
	g.errors.error_exit = fail;
	g.errors.output_message = hush;
	const int failed = setjmp(g.failed);
	if (!failed) {
		jpeg_create_compress(&c);
		jpeg_mem_dest(&c, &bytes, &n);
		set(&c, in, s);
		jpeg_start_compress(&c, TRUE);
		while (c.next_scanline < c.image_height) {
			JSAMPROW row = VIPS_IMAGE_ADDR(in, 0, c.next_scanline);
			if (__atomic_load_n(cancel, __ATOMIC_RELAXED))
				longjmp(g.failed, 1);
			jpeg_write_scanlines(&c, &row, 1);
		}
		jpeg_finish_compress(&c);
		*data = g_memdup2(bytes, n);
		*length = n;
	}
	if (failed && c.dest) // the buffer may have grown since bytes was last set
		c.dest->term_destination(&c);
	jpeg_destroy_compress(&c);
	free(bytes);
	return failed ? -1 : 0;
}

// weigh returns how many bytes a file of that style has, -1 where it cannot be made.
static double weigh(VipsImage *in, style s, const int *cancel)
{
	void *data = NULL;
	size_t length = 0;

	if (save(in, s, cancel, &data, &length))
		return -1;
	g_free(data);
	return length;
}

int ig_jpegsave(VipsImage *in, int quality, int progressive, const int *cancel, void **data, size_t *length)
{
	const style pocketbase = {.quality = 95};
	const int full = quality >= FULL_COLOUR;
	style s = {quality, full ? 0 : EVEN, progressive, TRUE, full};

	if (in->BandFmt != VIPS_FORMAT_UCHAR || (in->Bands != 1 && in->Bands != 3) || vips_image_wio_input(in)) {
		vips_error("imgorigin", "no pixels for JPEG");
		return -1;
	}
	if (save(in, s, cancel, data, length))
		return -1;
	if (full)
		return 0;
	const double part = *length / weigh(in, pocketbase, cancel);
	if (part <= BUDGET) // or below 0, where there is nothing to compare with
		return 0;
	g_free(*data);
	s.step *= pow(part / BUDGET, 1 / RATE);
	return save(in, s, cancel, data, length);
}
