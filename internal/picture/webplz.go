package picture

// token is one step of the entropy-coded image: a literal pixel where length is 0, otherwise a copy of length pixels.
type token struct {
	argb, length, distance uint32
}

const (
	shortestMatch = 3
	longestMatch  = 4096
	farthestMatch = 1<<20 - 120
	hashBits      = 16
)

// matches finds repetitions greedily, by the last place where the same two pixels began. Distances are returned as the
// distance codes of RFC 9649, section 5.2.2: the codes up to 120 name near pixels in two dimensions, of which only the pixel
// above (1) and the one before (2) are used.
func matches(pix []uint32, w int) []token {
	var last [1 << hashBits]int32 // index + 1
	at := func(i int) *int32 {
		return &last[(pix[i]*0x9E3779B1^pix[i+1]*0x85EBCA6B)>>(32-hashBits)]
	}
	tokens := make([]token, 0, len(pix))
	for i := 0; i < len(pix); {
		n, from := 0, 0
		if i+shortestMatch <= len(pix) {
			p := at(i)
			if from = int(*p) - 1; from >= 0 && i-from < farthestMatch {
				for n < longestMatch && i+n < len(pix) && pix[from+n] == pix[i+n] {
					n++
				}
			}
			*p = int32(i) + 1
		}
		if n < shortestMatch {
			tokens = append(tokens, token{argb: pix[i]})
			i++
			continue
		}
		distance := uint32(i-from) + 120
		switch i - from {
		case w:
			distance = 1
		case 1:
			distance = 2
		}
		tokens = append(tokens, token{length: uint32(n), distance: distance})
		i += n
	}
	return tokens
}

const (
	predictBits = 4
	predictSide = 1 << predictBits
)

// predict returns the residue of the predictor transform (RFC 9649, section 4.1) and its image of modes. Each block takes
// the mode that leaves the least.
func predict(pix []uint32, w, h int) (modes, residue []uint32) {
	across := (w + predictSide - 1) / predictSide
	down := (h + predictSide - 1) / predictSide
	modes = make([]uint32, across*down)
	residue = make([]uint32, len(pix))
	parallel(down, func(by int) {
		for bx := range across {
			best, least := 0, int(^uint(0)>>1)
			for m := range predictors {
				left := 0
				eachInBlock(bx, by, w, h, func(i, x, y int) { left += weight(subPixels(pix[i], predicted(pix, i, x, y, w, m))) })
				if left < least {
					best, least = m, left
				}
			}
			modes[by*across+bx] = 0xFF000000 | uint32(predictors[best].mode)<<8
			eachInBlock(bx, by, w, h, func(i, x, y int) { residue[i] = subPixels(pix[i], predicted(pix, i, x, y, w, best)) })
		}
	})
	return modes, residue
}

func eachInBlock(bx, by, w, h int, do func(i, x, y int)) {
	for y := by * predictSide; y < min((by+1)*predictSide, h); y++ {
		for x := bx * predictSide; x < min((bx+1)*predictSide, w); x++ {
			do(y*w+x, x, y)
		}
	}
}

// predictors are the modes in use, of fourteen; each gets the pixel to the left, above, and above to the left.
var predictors = []struct {
	mode int
	of   func(l, t, tl uint32) uint32
}{
	{1, func(l, _, _ uint32) uint32 { return l }},
	{2, func(_, t, _ uint32) uint32 { return t }},
	{7, func(l, t, _ uint32) uint32 { return average(l, t) }},
	{11, selectPixel},
	{12, func(l, t, tl uint32) uint32 { return each(l, t, tl, func(a, b, c int) int { return a + b - c }) }},
	{13, func(l, t, tl uint32) uint32 {
		m := average(l, t)
		return each(m, m, tl, func(a, _, c int) int { return a + (a-c)/2 })
	}},
}

// predicted applies mode m; the borders have rules of their own.
func predicted(pix []uint32, i, x, y, w, m int) uint32 {
	switch {
	case x == 0 && y == 0:
		return 0xFF000000
	case y == 0:
		return pix[i-1]
	case x == 0:
		return pix[i-w]
	}
	return predictors[m].of(pix[i-1], pix[i-w], pix[i-w-1])
}

// average is the mean of each channel, rounded down.
func average(a, b uint32) uint32 {
	return (a^b)&0xFEFEFEFE>>1 + a&b
}

// selectPixel returns whichever of left and above is nearer to left + above - corner, by Manhattan distance.
func selectPixel(l, t, tl uint32) uint32 {
	toLeft, toTop := 0, 0
	for s := 0; s < 32; s += 8 {
		a, b, c := int(l>>s&255), int(t>>s&255), int(tl>>s&255)
		toLeft += abs(b - c)
		toTop += abs(a - c)
	}
	if toLeft < toTop {
		return l
	}
	return t
}

// each applies f to every channel and keeps the result within a byte.
func each(a, b, c uint32, f func(a, b, c int) int) (out uint32) {
	for s := 0; s < 32; s += 8 {
		out |= uint32(min(max(f(int(a>>s&255), int(b>>s&255), int(c>>s&255)), 0), 255)) << s
	}
	return out
}

// subPixels subtracts channel by channel, modulo 256.
func subPixels(a, b uint32) uint32 {
	return (0x00FF00FF+a&0xFF00FF00-b&0xFF00FF00)&0xFF00FF00 | (0xFF00FF00+a&0x00FF00FF-b&0x00FF00FF)&0x00FF00FF
}

// weight estimates what a residue costs: the sum of its channels' distances from zero.
func weight(v uint32) (sum int) {
	for s := 0; s < 32; s += 8 {
		sum += abs(int(int8(v >> s)))
	}
	return sum
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}
