// The steps are as fine as quality, similarity and the budget say; trellis.c then
// leaves out or lowers what saves more than it costs (rate-distortion optimised
// quantisation). Errors are counted from what the standard's file shows.
//
// All is done in integers, so that every machine finds the same.

#include "quantise.h"
#include "blocks.h"
#include "trellis.h"

#include <stdlib.h>
#include <string.h>

// LOOKED_AT is how many MCUs the search for the steps looks at, at most, in rows spread over
// the picture, of which there are LEAST_ROWS at least, and how often.
enum { LOOKED_AT = 128, LEAST_ROWS = 5, ATTEMPTS = 2 };

// What a file has beside its coefficients: of the standard, and with two tables of
// steps and four of codes but their symbols; and those of grey.
enum { STANDARD_HEAD = 591, STANDARD_GREY = 371, HEAD = 259, GREY = 138 };

typedef struct {
	uint32_t dc[2][16], ac[2][256];
} counts;

struct ig_quantiser {
	ig_pixels in;
	ig_standard by;
	int across, down; // MCUs
	int blocks;       // of an MCU
	const int *cancel;
	void *scratch;

	ig_scale standard[2], chosen[2];
	int step;              // 1/64
	uint16_t rate[2][256]; // of AC symbols with the bits that follow them, 1/IG_PART

	int every, rows; // which rows are looked at: every/2, and so on
	int16_t (*looked)[IG_AREA];
	uint32_t *calm; // four of each MCU
	int16_t (*row)[IG_AREA]; // one that is not, and its four
	uint32_t *row_calm;

	counts made;
	int last[3]; // DC (T.81 F.1.1.5.1)
	int64_t bits;  // of the standard's file: of rows looked at, and then of others up to counted
	int counted;
	int symbols; // different ones of those made
};

// log2_64 is 64 log2(v), within 1.
static int log2_64(uint64_t v)
{
	const int whole = 63 - __builtin_clzll(v);
	const int f = (whole > 10 ? v >> (whole - 10) : v << (10 - whole)) & 1023;

	return 64 * whole + (f * 64 + f * (1024 - f) * 22 / 1024 + 512) / 1024;
}

static void set_scale(ig_scale *s, int at, int step)
{
	s->step[at] = 8 * step;
	s->inverse[at] = (1 << 20) / (8 * step) + 1;
}

// set_steps takes a broken step down where frequencies are low and up where they are
// high. The first of a colour, which is its mean, is as fine as brightness: flat
// patches keep their colour.
static void set_steps(ig_quantiser *q, int step)
{
	const int coarsest = 255 * 64;

	q->step = step < IG_FINEST ? IG_FINEST : step > coarsest ? coarsest : step;
	for (int i = 0; i < IG_AREA; i++) {
		set_scale(&q->chosen[0], i, (q->step + i) / 64);
		// Colours are seen less sharply, but not less exactly.
		const int part = i == 0 ? 4 : i < 3 ? 7 : 10, coarse = q->step * part / 4;
		set_scale(&q->chosen[1], i, coarse > coarsest ? 255 : (coarse + i) / 64);
	}
}

// standardise takes a block to what the standard's file keeps of it, and returns how
// many bits it has there.
static int standardise(const ig_quantiser *q, int16_t *x, int c, int *last)
{
	const ig_standard *by = &q->by;
	const int t = c > 0;
	const ig_scale *s = &q->standard[t];
	int bits, run = 0;

	for (int i = 0; i < IG_AREA; i++) {
		const int m = ig_level(s, i, x[i] < 0 ? -x[i] : x[i]);
		x[i] = x[i] < 0 ? -m : m;
	}
	const int size = ig_category(x[0] - last[c]);
	last[c] = x[0];
	bits = by->dc[t][size] + size;
	for (int i = 1; i < IG_AREA; i++) {
		if (!x[i]) {
			run++;
			continue;
		}
		const int size = ig_category(x[i]);
		bits += (run >> 4) * by->ac[t][IG_RUN] + by->ac[t][(run & 15) << 4 | (size & 15)] + size;
		run = 0;
	}
	if (run)
		bits += by->ac[t][IG_END];
	for (int i = 0; i < IG_AREA; i++)
		x[i] *= s->step[i];
	return bits;
}

// count adds a block to the symbols made.
static void count(ig_quantiser *q, const int16_t *v, int c)
{
	const int t = c > 0;
	uint32_t *ac = q->made.ac[t];
	int run = 0;

	q->made.dc[t][ig_category(v[0] - q->last[c])]++;
	q->last[c] = v[0];
	for (int i = 1; i < IG_AREA; i++) {
		if (!v[i]) {
			run++;
			continue;
		}
		for (; run > 15; run -= 16)
			ac[IG_RUN]++;
		ac[run << 4 | ig_category(v[i])]++;
		run = 0;
	}
	if (run)
		ac[IG_END]++;
}

// learn returns how many bits the symbols made would have with a code made for them,
// and takes that code's lengths for the rates.
static int64_t learn(ig_quantiser *q)
{
	int64_t bits = 0; // 1/64

	q->symbols = 0;
	for (int t = 0; t < 2; t++) {
		uint64_t dc = 0, ac = 0;
		for (int i = 0; i < 16; i++)
			dc += q->made.dc[t][i];
		for (int i = 0; i < 256; i++)
			ac += q->made.ac[t][i];
		for (int i = 0; i < 16; i++)
			if (q->made.dc[t][i] && ++q->symbols)
				bits += (int64_t)q->made.dc[t][i] * (log2_64(dc) - log2_64(q->made.dc[t][i]) + 64 * i);
		for (int i = 0; i < 256; i++) {
			const uint64_t n = q->made.ac[t][i];
			const int length = log2_64(16 * ac + 256) - log2_64(16 * n + 1) + 64 * (i & 15);
			bits += n * length;
			q->symbols += n > 0;
			q->rate[t][i] = length * IG_PART / 64;
		}
	}
	return bits / 64;
}

// outside reports whether block b of an MCU lies beyond the picture's blocks, where the
// writer puts nothing.
static int outside(const ig_quantiser *q, int m, int row, int b)
{
	return b < 4 && ((2 * m + b % 2) * 8 >= q->in.width || (2 * row + b / 2) * 8 >= q->in.height);
}

// quantise chooses the levels of one row of MCUs, hands them to to, unless that is NULL, and
// returns by how much the row's blocks of brightness lose likeness, 2^-20 each.
static uint64_t quantise(ig_quantiser *q, int row, int16_t (*x)[IG_AREA], const uint32_t *calm, int16_t (*to[4])[IG_AREA])
{
	uint64_t loss = 0;

	for (int m = 0; m < q->across; m++, calm += 4)
		for (int b = 0; b < q->blocks; b++, x++) {
			const int c = b < 4 ? 0 : b - 3, t = c > 0;
			int16_t v[IG_AREA];
			const uint64_t quiet = t ? ((uint64_t)calm[0] + calm[1] + calm[2] + calm[3]) / 4 : calm[b];
			if (outside(q, m, row, b))
				continue;
			const int first = ig_level(&q->chosen[t], 0, (*x)[0] < 0 ? -(*x)[0] : (*x)[0]);
			v[0] = (*x)[0] < 0 ? -first : first;
			ig_thin(&q->chosen[t], q->rate[t], ig_price(q->step, quiet, t), *x, v);
			count(q, v, c);
			if (to) {
				int16_t *block = t ? to[b - 2][m] : to[b / 2][2 * m + b % 2];
				for (int i = 0; i < IG_AREA; i++)
					block[ig_zigzag[i]] = v[i];
			} else if (!t) {
				uint32_t lost = 0;
				for (int i = 1; i < IG_AREA; i++) {
					const int off = (*x)[i] - v[i] * q->chosen[0].step[i];
					lost += off * off;
				}
				loss += lost * quiet >> 20;
			}
		}
	return loss;
}

// look finds the coefficients of a row of MCUs as the standard's file has them, and
// returns how many bits it takes for them.
static int64_t look(ig_quantiser *q, int row, int16_t (*x)[IG_AREA], uint32_t *calm, int *last)
{
	int64_t bits = 0;

	ig_blocks_row(&q->in, row, q->scratch, x, calm);
	for (int b = 0; b < q->across * q->blocks; b++) {
		const int c = b % q->blocks < 4 ? 0 : b % q->blocks - 3;
		bits += standardise(q, x[b], c, last);
	}
	return bits;
}

ig_quantiser *ig_quantiser_new(ig_pixels in, const ig_standard *by, const int *cancel)
{
	ig_quantiser *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	q->in = in;
	q->by = *by;
	q->cancel = cancel;
	q->across = (in.width + IG_MCU - 1) / IG_MCU;
	q->down = (in.height + IG_MCU - 1) / IG_MCU;
	q->blocks = in.bands == 1 ? 4 : 6;
	int rows = LOOKED_AT / q->across;
	if (rows < LEAST_ROWS)
		rows = LEAST_ROWS;
	q->every = (q->down + rows - 1) / rows;
	q->rows = (q->down - q->every / 2 + q->every - 1) / q->every;
	q->scratch = malloc(ig_blocks_scratch(&q->in));
	q->looked = malloc((size_t)(q->rows + 1) * q->across * q->blocks * sizeof *q->looked);
	q->calm = malloc((size_t)(q->rows + 1) * q->across * 4 * sizeof *q->calm);
	if (!q->scratch || !q->looked || !q->calm) {
		ig_quantiser_free(q);
		return NULL;
	}
	q->row = q->looked + (size_t)q->rows * q->across * q->blocks;
	q->row_calm = q->calm + (size_t)q->rows * q->across * 4;
	for (int t = 0; t < 2; t++) {
		for (int i = 0; i < IG_AREA; i++)
			set_scale(&q->standard[t], i, by->steps[t][ig_zigzag[i]]);
		for (int i = 0; i < 256; i++) // to begin with; symbols it does not have are dear
			q->rate[t][i] = IG_PART * (by->ac[t][i] ? by->ac[t][i] + (i & 15) : 32);
	}
	return q;
}

void ig_quantiser_free(ig_quantiser *q)
{
	if (!q)
		return;
	free(q->scratch);
	free(q->looked);
	free(q->calm);
	free(q);
}

static int stopped(const ig_quantiser *q)
{
	return __atomic_load_n(q->cancel, __ATOMIC_RELAXED);
}

// attempt returns how many bytes the file will have with those steps, and how much
// likeness it loses, 2^-20. A 64th more than the symbols tell is because codes are whole bits,
// and for zeros behind bytes of 0xFF.
static int64_t attempt(ig_quantiser *q, int step, int64_t *loss)
{
	uint64_t lost = 0;

	set_steps(q, step);
	memset(&q->made, 0, sizeof q->made);
	memset(q->last, 0, sizeof q->last);
	for (int i = 0; i < q->rows && !stopped(q); i++) {
		const size_t at = (size_t)i * q->across;
		lost += quantise(q, q->every / 2 + i * q->every, q->looked + at * q->blocks, q->calm + at * 4, NULL);
	}
	*loss = lost / ((uint64_t)q->rows * q->across * 4);
	return learn(q) * q->down / q->rows * 65 / 512 + (q->blocks == 4 ? GREY : HEAD) + q->symbols;
}

// standard returns how many bytes the standard's file has by that many bits: one byte
// of 0xFF in 256 is followed by a zero (T.81 F.1.2.3), and noise has twice as many.
static int64_t standard(const ig_quantiser *q, int64_t bits)
{
	return bits / 8 * 129 / 128 + (q->blocks == 4 ? STANDARD_GREY : STANDARD_HEAD);
}

// coarser returns the step that takes bytes to most, or nearer to it.
static int coarser(int step, int64_t bytes, int64_t most)
{
	const int64_t next = step + step * (bytes - most) * 6 / (5 * (most > 0 ? most : 1));

	return next > 2 * step ? 2 * step : next < step / 2 ? step / 2 : next;
}

void ig_quantiser_aim(ig_quantiser *q, ig_aim aim)
{
	int step = aim.step, last[3] = {0};

	for (int i = 0; i < q->rows && !stopped(q); i++) {
		const size_t at = (size_t)i * q->across;
		q->bits += look(q, q->every / 2 + i * q->every, q->looked + at * q->blocks, q->calm + at * 4, last);
	}
	const int64_t most = standard(q, q->bits * q->down / q->rows) * aim.budget / 1024;
	for (int i = 0; i < ATTEMPTS; i++) {
		int64_t loss;
		const int64_t bytes = attempt(q, step, &loss);
		int next = coarser(step, bytes, most);
		if (bytes <= most) {
			if (loss <= aim.loss)
				break;
			const int finer = step - step * (loss - aim.loss) * 3 / (5 * loss);
			next = next > finer ? next : finer;
		}
		const int near = (next > step ? next - step : step - next) < step / 64;
		step = next;
		if (near)
			break;
	}
	set_steps(q, step);
}

void ig_quantiser_coarsen(ig_quantiser *q, int64_t bytes, int64_t most)
{
	set_steps(q, coarser(q->step, bytes, most) + q->step / 64);
}

int64_t ig_quantiser_standard(const ig_quantiser *q)
{
	return standard(q, q->bits);
}

void ig_quantiser_steps(const ig_quantiser *q, int colour, unsigned int steps[IG_AREA])
{
	for (int i = 0; i < IG_AREA; i++)
		steps[ig_zigzag[i]] = q->chosen[colour].step[i] / 8;
}

void ig_quantiser_size(const ig_quantiser *q, int *across, int *down)
{
	*across = q->across;
	*down = q->down;
}

void ig_quantiser_row(ig_quantiser *q, int row, int16_t (*to[4])[IG_AREA])
{
	const int past = row - q->every / 2;

	if (past >= 0 && past % q->every == 0) {
		const size_t at = (size_t)(past / q->every) * q->across;
		quantise(q, row, q->looked + at * q->blocks, q->calm + at * 4, to);
		return;
	}
	int last[3] = {0};
	const int64_t bits = look(q, row, q->row, q->row_calm, last);
	if (row >= q->counted) {
		q->bits += bits;
		q->counted = row + 1;
	}
	quantise(q, row, q->row, q->row_calm, to);
}
