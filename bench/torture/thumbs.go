package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // decoders for image.Decode
	_ "image/jpeg"
	_ "image/png"
	"strconv"
	"strings"

	_ "golang.org/x/image/webp"
)

// usual is what is asked for: cut, fitted, enlarged, one side given. Files that come alone are asked for the first few.
// largeThumbs are the largest that a small picture can be asked for within the limit of 25 megapixels, one just beyond it,
// and those whose other side follows from the source's.
var (
	usual       = []string{"100x70", "300x200f", "500x400", "0x50", "200x0"}
	largeThumbs = []string{"5000x5000", "5001x5000", "0x1000", "65500x0"}
)

// form is a thumb form, read by this program's own reading of PocketBase's documentation.
type form struct {
	w, h int
	fit  bool
}

func parseForm(s string) (form, error) {
	left, right, _ := strings.Cut(s, "x")
	right, fit := strings.CutSuffix(right, "f")
	w, err1 := strconv.Atoi(left)
	h, err2 := strconv.Atoi(right)
	return form{w, h, fit}, errors.Join(err1, err2)
}

// check complains about a thumb that is not a whole picture, or not of the size that its form promises. Sides that follow from
// the source's are compared to the pixel above or below where the source's size is known.
// Thumbs of at most decoded pixels are decoded.
func (f form) check(thumb []byte, source image.Point, decoded int) error {
	config, _, err := image.DecodeConfig(bytes.NewReader(thumb))
	if err != nil {
		return fmt.Errorf("a thumb that is no picture: %w", err)
	}
	got := image.Pt(config.Width, config.Height)
	if err := f.checkSize(got, source); err != nil {
		return err
	}
	if got.X*got.Y <= decoded {
		if _, _, err := image.Decode(bytes.NewReader(thumb)); err != nil {
			return fmt.Errorf("a thumb that is not whole: %w", err)
		}
	}
	return nil
}

func (f form) checkSize(got, source image.Point) error {
	wrong := func() error {
		return fmt.Errorf("a thumb of %d×%d, asked for %d×%d (fit: %v) of %d×%d", got.X, got.Y, f.w, f.h, f.fit, source.X, source.Y)
	}
	known := source != image.Point{}
	switch {
	case f.w == 0 || f.h == 0:
		if f.w != 0 && got.X != f.w || f.h != 0 && got.Y != f.h {
			return wrong()
		}
		if known && f.w == 0 && !near(got.X, f.h*source.X, source.Y) || known && f.h == 0 && !near(got.Y, f.w*source.Y, source.X) {
			return wrong()
		}
	case !f.fit:
		if got != image.Pt(f.w, f.h) {
			return wrong()
		}
	case got.X > f.w || got.Y > f.h:
		return wrong()
	case known && source.X <= f.w && source.Y <= f.h:
		if got != source {
			return wrong()
		}
	case known && got.X != f.w && got.Y != f.h:
		return wrong()
	case known && !near(got.X, got.Y*source.X, source.Y) && !near(got.Y, got.X*source.Y, source.X):
		return wrong()
	}
	return nil
}

// near tells whether n is num/den to the pixel above or below, and never less than one.
func near(n, num, den int) bool {
	return n >= max(num/den-1, 1) && n <= max((num+den-1)/den+1, 1)
}
