// JPEG, its coefficients chosen by quantise.c and written by libjpeg. libvips' own saver
// leaves the brightness to the table of
// ITU-T T.81 annex K, which was found for screens of the eighties seen from six times
// their height: it spares the coarse and clears the fine. A thumbnail is looked at
// closely and is all fine detail, and the same bytes spent evenly, and less where much
// goes on, keep more of it: bench/RESULTS.md has both.

#include "render.h"
#include "quantise.h"

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

// The standard is PocketBase's own file, quality 95 by annex K. A file of less than FULL_COLOUR aims
// at BUDGET of 1024 of its bytes and is made anew, coarser, REMAKES times at most, where
// it has more than MOST. Scans save a large one some bytes that are not counted on.
enum { STANDARD = 95, BUDGET = 500, LARGE_BUDGET = 514, MOST = 509, REMAKES = 2 };

// LOSS is how much less structural similarity than 1 a file of quality 80 may have to
// the standard where its budget allows more; it goes with the square of the step.
static const double LOSS = 0.01;

// LARGE is from how many pixels on a file is progressive, asked for or not: it is then
// smaller by two hundredths, and of a large one it is worth to see something early.
enum { LARGE = 400000 };

// SCANS is what a progressive file is written in: the means, the coarse half of
// brightness, the colours, and the last bit of brightness (T.81 annex G). Many scans, as libjpeg
// has them, pay where most is zero, and cost where it is not.
static const jpeg_scan_info SCANS[] = {
	{3, {0, 1, 2}, 0, 0, 0, 0},
	{1, {0}, 1, 63, 0, 1},
	{1, {1}, 1, 63, 0, 0},
	{1, {2}, 1, 63, 0, 0},
	{1, {0}, 1, 63, 1, 0},
};
static const jpeg_scan_info GREY_SCANS[] = {{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 1}, {1, {0}, 1, 63, 1, 0}};

// work is a file to be written: of the pixels by annex K, or by what q chose.
typedef struct {
	VipsImage *in;
	int quality, progressive;
	ig_quantiser *q; // NULL from FULL_COLOUR on
	const int *cancel;
} work;

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

static void begin(j_compress_ptr c, int width, int height, int bands, int quality)
{
	c->image_width = width;
	c->image_height = height;
	c->input_components = bands;
	c->in_color_space = bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(c);
	jpeg_set_quality(c, quality, TRUE);
	c->write_JFIF_header = FALSE; // says no more than what is taken for granted without it
	c->optimize_coding = TRUE;
}

static void heed(j_compress_ptr c, const int *cancel)
{
	if (__atomic_load_n(cancel, __ATOMIC_RELAXED))
		longjmp(((guard *)c->err)->failed, 1);
}

// write_pixels leaves everything to libjpeg, with as many colours as pixels.
static void write_pixels(j_compress_ptr c, const work *w)
{
	c->comp_info[0].h_samp_factor = c->comp_info[0].v_samp_factor = 1;
	if (w->progressive)
		jpeg_simple_progression(c);
	jpeg_start_compress(c, TRUE);
	while (c->next_scanline < c->image_height) {
		JSAMPROW row = VIPS_IMAGE_ADDR(w->in, 0, c->next_scanline);
		heed(c, w->cancel);
		jpeg_write_scanlines(c, &row, 1);
	}
}

// write_blocks writes the coefficients that q keeps, and its steps.
static void write_blocks(j_compress_ptr c, const work *w)
{
	const j_common_ptr common = (j_common_ptr)c;
	jvirt_barray_ptr arrays[3];
	int across, down;

	ig_quantiser_size(w->q, &across, &down);
	for (int t = 0; t < 2; t++) {
		unsigned int steps[IG_AREA];
		ig_quantiser_steps(w->q, t, steps);
		jpeg_add_quant_table(c, t, steps, 100, TRUE);
	}
	if (w->progressive) {
		c->scan_info = c->num_components == 1 ? GREY_SCANS : SCANS;
		c->num_scans = c->num_components == 1 ? VIPS_NUMBER(GREY_SCANS) : VIPS_NUMBER(SCANS);
	}
	for (int i = 0; i < c->num_components; i++)
		arrays[i] = c->mem->request_virt_barray(common, JPOOL_IMAGE, TRUE,
			i ? across : 2 * across, i ? down : 2 * down, i ? 1 : 2);
	jpeg_write_coefficients(c, arrays);
	for (int y = 0; y < down; y++) {
		int16_t (*to[4])[IG_AREA] = {NULL};
		heed(c, w->cancel);
		JBLOCKARRAY rows = c->mem->access_virt_barray(common, arrays[0], 2 * y, 2, TRUE);
		to[0] = rows[0];
		to[1] = rows[1];
		for (int i = 1; i < c->num_components; i++)
			to[i + 1] = c->mem->access_virt_barray(common, arrays[i], y, 1, TRUE)[0];
		ig_quantiser_row(w->q, y, to);
	}
}

static int save(const work *w, void **data, size_t *length)
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
		begin(&c, w->in->Xsize, w->in->Ysize, w->in->Bands, w->quality);
		if (w->q)
			write_blocks(&c, w);
		else
			write_pixels(&c, w);
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

// lengths finds how long the code of each symbol is (T.81 annex C).
static void lengths(const JHUFF_TBL *table, uint8_t *to, int symbols)
{
	for (int length = 1, i = 0; length <= 16; length++)
		for (int n = 0; n < table->bits[length] && i < 256; n++, i++)
			if (table->huffval[i] < symbols)
				to[table->huffval[i]] = length;
}

// standard asks libjpeg for the tables of annex K.
static int standard(ig_standard *to)
{
	struct jpeg_compress_struct c = {0};
	guard g;

	memset(to, 0, sizeof *to);
	c.err = jpeg_std_error(&g.errors);
	g.errors.error_exit = fail;
	g.errors.output_message = hush;
	const int failed = setjmp(g.failed);
	if (!failed) {
		jpeg_create_compress(&c);
		begin(&c, IG_AREA, IG_AREA, 3, STANDARD);
		for (int t = 0; t < 2; t++) {
			memcpy(to->steps[t], c.quant_tbl_ptrs[t]->quantval, sizeof to->steps[t]);
			lengths(c.dc_huff_tbl_ptrs[t], to->dc[t], VIPS_NUMBER(to->dc[t]));
			lengths(c.ac_huff_tbl_ptrs[t], to->ac[t], VIPS_NUMBER(to->ac[t]));
		}
	}
	jpeg_destroy_compress(&c);
	return failed ? -1 : 0;
}

// thrifty writes w as like the standard's file as its budget allows.
static int thrifty(work *w, void **data, size_t *length)
{
	const int step = EVEN * 64 * jpeg_quality_scaling(w->quality) / 100, at80 = EVEN * 64 * 40 / 100;
	const ig_pixels pixels = {VIPS_IMAGE_ADDR(w->in, 0, 0), VIPS_IMAGE_SIZEOF_LINE(w->in),
		w->in->Xsize, w->in->Ysize, w->in->Bands};
	ig_standard by;
	int failed = -1;

	if (!standard(&by) && !(w->q = ig_quantiser_new(pixels, &by, w->cancel)))
		vips_error("imgorigin", "no memory for coefficients");
	if (w->q) {
		const int large = (gint64)pixels.width * pixels.height >= LARGE;
		w->progressive |= large;
		ig_quantiser_aim(w->q, (ig_aim){step, LOSS * (1 << 20) * step / at80 * step / at80, large ? LARGE_BUDGET : BUDGET});
		failed = save(w, data, length);
		for (int i = 0; !failed && i < REMAKES; i++) {
			const int64_t whole = ig_quantiser_standard(w->q);
			if ((int64_t)*length * 1024 <= whole * MOST)
				break;
			g_free(*data);
			ig_quantiser_coarsen(w->q, *length, whole * BUDGET / 1024);
			failed = save(w, data, length);
		}
	}
	ig_quantiser_free(w->q);
	return failed;
}

int ig_jpegsave(VipsImage *in, int quality, int progressive, const int *cancel, void **data, size_t *length)
{
	work w = {in, quality, progressive, NULL, cancel};

	if (in->BandFmt != VIPS_FORMAT_UCHAR || (in->Bands != 1 && in->Bands != 3) || vips_image_wio_input(in)) {
		vips_error("imgorigin", "no pixels for JPEG");
		return -1;
	}
	return quality >= FULL_COLOUR ? save(&w, data, length) : thrifty(&w, data, length);
}
