package vips

import (
	"bytes"
	"context"
	"errors"
	"image/color"
	"regexp"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

func TestConfigIsValidated(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(c *Config){
		"no threads":       func(c *Config) { c.Concurrency = 0 },
		"too many threads": func(c *Config) { c.Concurrency = 65 },
		"no arenas":        func(c *Config) { c.Arenas = 0 },
		"too many arenas":  func(c *Config) { c.Arenas = 65 },
		"no pixels":        func(c *Config) { c.Limits.MaxPixels = 0 },
	} {
		c := DefaultConfig()
		change(&c)
		if _, err := New(c); !errors.Is(err, transform.ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSettingsAreTheProcesss: libvips has one set of them, which a second Renderer
// must not change under the first.
func TestSettingsAreTheProcesss(t *testing.T) {
	newRenderer(t)
	newRenderer(t)
	for _, change := range []func(c *Config){func(c *Config) { c.Concurrency++ }, func(c *Config) { c.Arenas++ }} {
		c := DefaultConfig()
		change(&c)
		if _, err := New(c); !errors.Is(err, errSettings) {
			t.Errorf("other settings: %v", err)
		}
	}
}

func TestFingerprintIsAName(t *testing.T) {
	if got := newRenderer(t).Fingerprint(); !regexp.MustCompile(`^p\d+-libvips\d+\.\d+\.\d+-bimg1\.1\.9$`).MatchString(got) {
		t.Errorf("got %q", got)
	}
}

func TestClosedRendererRefuses(t *testing.T) {
	r := newRenderer(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	src := encode(flat(9, 9, color.White), transform.PNG)
	if _, err := r.Render(context.Background(), src, plan(t, src, "3x3", transform.Unknown)); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoPictureIsUnsupported(t *testing.T) {
	r := newRenderer(t)
	p := transform.DefaultOptions().PlanAs(thumb("9x9"), transform.PNG)
	for name, src := range map[string][]byte{
		"nothing": nil, "a byte": {0xff}, "text": []byte("no picture at all, but long enough for a signature"),
		"a JPEG of 12 bits":        withByte(encode(flat(9, 9, color.White), transform.JPEG), "\xff\xc0\x00\x11", 4, 12),
		"a JPEG of two components": twoComponents(),
	} {
		if _, err := r.Render(context.Background(), src, p); !errors.Is(err, transform.ErrUnsupported) && !errors.Is(err, transform.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	src := encode(flat(9, 9, color.White), transform.PNG)
	if _, err := r.Render(context.Background(), src, transform.Plan{Output: transform.PNG}); !errors.Is(err, transform.ErrThumb) {
		t.Errorf("a plan without a size: %v", err)
	}
}

// withByte replaces the byte that lies so far behind a marker.
func withByte(file []byte, marker string, behind int, b byte) []byte {
	file[bytes.Index(file, []byte(marker))+behind] = b
	return file
}

// twoComponents is the CMYK file with the last two components cut from its headers.
func twoComponents() []byte {
	file := picture.CMYK([4]uint8{}, 1, 1)
	at := bytes.Index(file, []byte("\xff\xc0"))
	frame := append([]byte{0xff, 0xc0, 0, 14}, file[at+4:at+9]...)
	frame = append(append(frame, 2), file[at+10:at+16]...)
	return append(append(append([]byte{}, file[:at]...), frame...), file[at+22:]...)
}

// TestStoppedContextStopsTheRender cancels while the decoder is at work on a picture
// that takes it a second or more, and sees that the render gives up with the cause.
func TestStoppedContextStopsTheRender(t *testing.T) {
	r := newRenderer(t)
	why := errors.New("why")
	file := picture.Must(picture.PNGBomb(9_900, 9_900))
	for _, form := range []string{"1000x1000", "3000x0"} {
		ctx, cancel := context.WithCancelCause(context.Background())
		go func() {
			for r.Stats().MemoryBytes == 0 { // not decoding yet
				runtime.Gosched()
			}
			cancel(why)
		}()
		_, err := r.Render(ctx, file, plan(t, file, form, transform.Unknown))
		if !errors.Is(err, why) {
			t.Errorf("%s: %v, want the context's cause", form, err)
		}
	}
	wantNothingHeld(t, r)

	done, cancel := context.WithTimeout(context.Background(), -time.Second)
	defer cancel()
	if _, err := r.Render(done, file, plan(t, file, "9x9", transform.Unknown)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a deadline that is over: %v", err)
	}
	if s := r.Stats(); s.Cancelled != 3 || s.Failed != 0 {
		t.Errorf("%d renders counted as cancelled, %d as failed, want 3 and 0", s.Cancelled, s.Failed)
	}
}

// TestEightAtATimeLeaveNothingBehind renders everything that there is, good and bad,
// on eight goroutines: the answers are the same as alone, and libvips holds nothing
// afterwards.
func TestEightAtATimeLeaveNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r := newRenderer(t)
	scene := picture.Landscape(160, 120, 4)
	type job struct {
		src  []byte
		plan transform.Plan
		want string
	}
	var jobs []job
	for _, src := range [][]byte{
		encode(scene, transform.JPEG), encode(scene, transform.PNG), encode(scene, transform.GIF), encode(scene, transform.WebP),
		turned(160, 120, transform.JPEG, 6),
		picture.Must(picture.WithICC(encode(scene, transform.JPEG), picture.ProfileDisplayP3())),
		picture.Must(picture.WithICC(encode(scene, transform.PNG), []byte("no profile at all"))),
		encode(halves(160, 120), transform.PNG),
		without(encode(scene, transform.JPEG), 1000, 0.5),
		withFixedLength(without(encode(scene, transform.PNG), 100, 0.5), "IDAT", 100),
		picture.CMYK([4]uint8{9, 90, 190, 9}, 9, 9),
	} {
		for _, form := range []string{"40x40", "100x0", "160x120", "200x0"} {
			j := job{src: src, plan: plan(t, src, form, transform.Unknown)}
			out, err := r.Render(context.Background(), j.src, j.plan)
			if err != nil && !errors.Is(err, transform.ErrCorrupt) {
				t.Fatal(err)
			}
			j.want = string(out)
			jobs = append(jobs, j)
		}
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range len(jobs) {
				j := jobs[(worker*37+i)%len(jobs)]
				if out, err := r.Render(context.Background(), j.src, j.plan); string(out) != j.want {
					t.Errorf("%s: another answer than alone (%d and %d bytes, %v)", j.plan.Key(), len(out), len(j.want), err)
				}
			}
		})
	}
	wg.Wait()
	wantNothingHeld(t, r)
	if s := r.Stats(); s.Panics != 0 || s.Failed != 0 || s.ViaBimg == 0 || s.ViaLibvips == 0 {
		t.Errorf("%+v", s)
	}
}
