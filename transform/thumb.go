package transform

import (
	"errors"
	"strconv"
)

// ErrThumb means that a string is not a thumb form.
var ErrThumb = errors.New("transform: not a thumb form")

// MaxThumbSide bounds the numbers of a thumb form. It is the longest side that
// libjpeg writes; PocketBase's observed behaviour has no bound, and fails later.
const MaxThumbSide = 65500

// Mode says how a picture is put into a box of which both sides are given.
type Mode uint8

// The modes, by the suffix of the thumb form.
const (
	// Center crops the overhang evenly from both ends: no suffix.
	Center Mode = iota
	// Top crops vertical overhang from the bottom: suffix t.
	Top
	// Bottom crops vertical overhang from the top: suffix b.
	Bottom
	// Fit scales down until the whole picture fits, and never up: suffix f.
	Fit
)

// suffix is the mode's letter in a thumb form, 0 for none.
func (m Mode) suffix() byte {
	switch m {
	case Top:
		return 't'
	case Bottom:
		return 'b'
	case Fit:
		return 'f'
	}
	return 0
}

// Thumb is a parsed thumb form. Width and Height are in pixels, 0 to
// MaxThumbSide; a 0 is derived from the other side, and both are never 0.
type Thumb struct {
	Width, Height int
	Mode          Mode
}

// ParseThumb reads the form WxH with an optional suffix t, b or f: decimal digits
// on both sides of a lower-case x, not both zero, each at most MaxThumbSide. It
// does not allocate. The result is canonical: a suffix beside a zero side, which
// PocketBase's observed behaviour accepts and ignores, is dropped, and so are
// leading zeros. The only error is ErrThumb.
func ParseThumb(s string) (Thumb, error) {
	width, rest, ok := parseSide(s)
	if !ok || rest == "" || rest[0] != 'x' {
		return Thumb{}, ErrThumb
	}
	height, rest, ok := parseSide(rest[1:])
	if !ok || width == 0 && height == 0 {
		return Thumb{}, ErrThumb
	}
	t := Thumb{Width: width, Height: height}
	switch rest {
	case "":
	case "t":
		t.Mode = Top
	case "b":
		t.Mode = Bottom
	case "f":
		t.Mode = Fit
	default:
		return Thumb{}, ErrThumb
	}
	return t.canonical(), nil
}

// parseSide reads the digits that s begins with, at least one, and returns what
// follows them.
func parseSide(s string) (n int, rest string, ok bool) {
	i := 0
	for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
		n = n*10 + int(s[i]-'0')
		if n > MaxThumbSide {
			return 0, "", false
		}
	}
	return n, s[i:], i > 0
}

// canonical drops the mode that a derived side makes meaningless.
func (t Thumb) canonical() Thumb {
	if t.Width == 0 || t.Height == 0 {
		t.Mode = Center
	}
	return t
}

// String returns the canonical thumb form, which ParseThumb reads back to the
// same value.
func (t Thumb) String() string {
	return string(t.append(make([]byte, 0, 16)))
}

func (t Thumb) append(b []byte) []byte {
	t = t.canonical()
	b = strconv.AppendInt(b, int64(t.Width), 10)
	b = append(b, 'x')
	b = strconv.AppendInt(b, int64(t.Height), 10)
	if c := t.Mode.suffix(); c != 0 {
		b = append(b, c)
	}
	return b
}
