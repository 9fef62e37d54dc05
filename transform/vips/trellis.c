// Trellis quantisation. What an error costs is its
// part in structural similarity (Wang, Bovik, Sheikh and Simoncelli, IEEE Transactions
// on Image Processing 13, 2004): a window loses about the mean square of its error
// over twice its variance plus a constant. So little is spent where much goes on, and
// a flat sky is kept smooth.

#include "trellis.h"

#include <math.h>
#include <string.h>

// PRICE is what a bit may cost where busyness is 1 and the step 1/64: 0.05 squares of
// the step, which gave the most similarity for the bytes over the photographs of bench/RESULTS.md.
// Errors of colour weigh less.
static const double PRICE = 0.05 * 64 / 4096, PRICE_COLOUR = 0.15 * 64 / 4096;

// SKIPPED is how many coefficients in a row may be left out that are not rounded to
// nothing: more is hardly ever best, and takes time.
enum { SKIPPED = 3 };

// price is what a bit may cost in distortion, by how calm a place is. By the similarity
// alone it would rise as what an error there is divided by; as the 3/4th power of that it gives
// as much, and less error altogether. Nothing is added to what is rounded, so that no
// machine fuses anything.
int64_t ig_price(int step, uint64_t calm, int colour)
{
	const double busy = (double)(1 << 28) / (calm ? calm : 1) / 120;
	const double mask = sqrt(busy) * sqrt(sqrt(busy));
	const int64_t p = mask * step * step * (colour ? PRICE_COLOUR : PRICE);

	return p ? p : 1;
}

// node is a coefficient that may be kept, the cheapest way to it, and what it is then.
typedef struct {
	int64_t cost, gone; // and the distortion of leaving out all up to it
	int at, from, value;
} node;

// ig_thin chooses the levels of a block's coefficients but the first, so that distortion
// and price times rate are least together, by dynamic programming over what is kept.
// Each is what it is rounded to, or nothing, or where that has one bit less, one less.
// At most SKIPPED that are not rounded to nothing are left out in a row.
void ig_thin(const ig_scale *s, const uint16_t rate[256], int64_t price, const int16_t *x, int16_t *to)
{
	int32_t size[IG_AREA], levels[IG_AREA];
	int64_t gone = 0; // by leaving out all before
	node nodes[IG_AREA];
	int n = 1, end = 0;

	for (int i = 0; i < IG_AREA; i++) {
		size[i] = x[i] < 0 ? -x[i] : x[i];
		levels[i] = ig_level(s, i, size[i]);
	}
	memset(to + 1, 0, (IG_AREA - 1) * sizeof *to);
	nodes[0] = (node){0};
	int64_t best = price * rate[IG_END]; // less all that is left out behind the last
	for (int i = 1; i < IG_AREA; gone += IG_PART * size[i] * size[i], i++) {
		const int whole = levels[i];
		if (!whole)
			continue;
		node here = {.cost = INT64_MAX, .at = i};
		for (int v = whole; v > 0 && v >= whole - 1; v--) {
			if (v < whole && v & whole) // no shorter
				break;
			const int off = size[i] - v * s->step[i];
			const int64_t error = (int64_t)IG_PART * off * off + gone;
			const uint16_t *r = rate + ig_category(v);
			for (int j = n - 1; j >= 0 && j >= n - SKIPPED; j--) {
				const int run = i - nodes[j].at - 1;
				const int64_t cost = nodes[j].cost - nodes[j].gone + error + price * (r[(run & 15) << 4] + (run >> 4) * rate[IG_RUN]);
				if (cost < here.cost) {
					here.cost = cost;
					here.from = j;
					here.value = v;
				}
			}
		}
		here.gone = gone + IG_PART * size[i] * size[i];
		nodes[n] = here;
		const int64_t last = here.cost - here.gone + (i < IG_AREA - 1 ? price * rate[IG_END] : 0);
		if (last < best) {
			best = last;
			end = n;
		}
		n++;
	}
	for (int j = end; j > 0; j = nodes[j].from)
		to[nodes[j].at] = x[nodes[j].at] < 0 ? -nodes[j].value : nodes[j].value;
}

