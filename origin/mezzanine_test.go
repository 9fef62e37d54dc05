package origin_test

import (
	"context"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

// mezzanineLibrary keeps reduced copies of 400 pixels, and has a picture of 800 × 600.
func mezzanineLibrary(t *testing.T) (*library, origin.ReadRequest) {
	t.Helper()
	l := newLibrary(t, func(c *origin.Config) { c.MezzanineSide = 400 })
	l.photos(func(_ *origin.CollectionInput, f *origin.Field) {
		f.Thumbs = []string{"160x0", "200x0", "220x0", "50x50", "300x100"}
	})
	return l, l.put("a.jpg", smallJPEG(t, 800, 600))
}

// fromWhat tells what a thumb was made of, after the mezzanine has been kept.
func (l *library) fromWhat(r origin.ReadRequest, spec string) string {
	l.t.Helper()
	c, err := l.thumb(r, spec)
	if err != nil || c.Variant != spec {
		l.t.Fatalf("%s: %q, %v", spec, c.Variant, err)
	}
	if strings.HasSuffix(string(c.Data), "that show 800×600") {
		return "mezzanine"
	}
	return "original"
}

func (l *library) mezzanines() (n int) {
	for _, o := range l.stored("renditions/") {
		if strings.Contains(string(o.Key), "400x400f-jpeg-q90") {
			n++
		}
	}
	return n
}

func TestLaterThumbsAreMadeOfTheMezzanine(t *testing.T) {
	l, r := mezzanineLibrary(t)
	if got := l.fromWhat(r, "160x0"); got != "original" {
		t.Errorf("the first was made of the %s", got)
	}
	eventually(t, "a mezzanine is kept", func() bool { return l.Stats().Mezzanines == 1 && l.mezzanines() == 1 })
	for _, c := range []struct{ spec, want string }{
		{"200x0", "mezzanine"},
		{"50x50", "mezzanine"},
		{"220x0", "original"},   // the mezzanine is less than twice as wide
		{"300x100", "original"}, // cut from all of its width
	} {
		if got := l.fromWhat(r, c.spec); got != c.want {
			t.Errorf("%s was made of the %s, want the %s", c.spec, got, c.want)
		}
	}
	s := l.Stats()
	if s.Mezzanines != 1 || s.MezzanineReads != 2 || s.Decodes != 3 || s.Renders != 5 {
		t.Errorf("%d mezzanines, %d reads of it, %d of the original, %d renditions", s.Mezzanines, s.MezzanineReads, s.Decodes, s.Renders)
	}
	eventually(t, "its bytes count", func() bool {
		var sum int64
		for _, o := range l.stored("renditions/") {
			sum += o.Size
		}
		return l.Stats().StoredBytes == sum
	})
	if err := l.DeleteRecord(context.Background(), origin.System(), "photos", r.Record); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it goes with its file", func() bool { return len(l.stored("renditions/")) == 0 })
}

func TestAMezzanineThatFailsIsNotMissed(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(t *testing.T, l *library, key origin.Key)
	}{
		{"it cannot be rendered", func(_ *testing.T, l *library, _ origin.Key) {
			l.renderer.reduced.Store(true)
		}},
		{"it is gone", func(t *testing.T, l *library, key origin.Key) {
			if err := l.blobs.Delete(context.Background(), key); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, r := mezzanineLibrary(t)
			l.fromWhat(r, "160x0")
			eventually(t, "a mezzanine is kept", func() bool { return l.Stats().Mezzanines == 1 })
			for _, o := range l.stored("renditions/") {
				if strings.Contains(string(o.Key), "q90") {
					c.harm(t, l, o.Key)
				}
			}
			if got := l.fromWhat(r, "200x0"); got != "original" {
				t.Errorf("made of the %s", got)
			}
		})
	}
}

func TestWithoutTheOptionNoMezzanineIsKept(t *testing.T) {
	l := newLibrary(t)
	l.photos()
	r := l.put("a.jpg", smallJPEG(t, 4000, 300))
	if _, err := l.thumb(r, "50x50"); err != nil {
		t.Fatal(err)
	}
	if n := len(l.stored("renditions/")); n != 1 {
		t.Errorf("%d objects for one thumb", n)
	}
}

func TestWhatHasAMezzanine(t *testing.T) {
	l := newLibrary(t, func(c *origin.Config) { c.MezzanineSide = 1280 })
	photo := transform.Meta{Format: transform.JPEG, Width: 4000, Height: 3000, Orientation: 1, Depth: 8, Components: 3, Frames: 1, Scans: 1}
	for _, c := range []struct {
		name   string
		change func(m *transform.Meta)
		want   bool
	}{
		{"a photograph", func(*transform.Meta) {}, true},
		{"one that stands on its side", func(m *transform.Meta) { m.Orientation = 6 }, true},
		{"a WebP photograph", func(m *transform.Meta) { m.Format = transform.WebP }, true},
		{"a lossless WebP", func(m *transform.Meta) { m.Format, m.Lossless = transform.WebP, true }, false},
		{"an animation", func(m *transform.Meta) { m.Format, m.Frames = transform.WebP, 2 }, false},
		{"transparency", func(m *transform.Meta) { m.Format, m.Alpha = transform.WebP, true }, false},
		{"PNG", func(m *transform.Meta) { m.Format = transform.PNG }, false},
		{"16 bits", func(m *transform.Meta) { m.Depth = 16 }, false},
		{"hardly larger", func(m *transform.Meta) { m.Width, m.Height = 2559, 1000 }, false},
		{"just large enough", func(m *transform.Meta) { m.Width, m.Height = 1000, 2560 }, true},
	} {
		m := photo
		c.change(&m)
		if got := l.HasMezzanine(m); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
