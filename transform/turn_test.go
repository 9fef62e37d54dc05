package transform

import (
	"testing"
	"testing/synctest"
)

func TestAJobThatGrowsHoldsTheNextBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := gate(4)
		config.Capacity = 100
		a := newGate(t, config)
		turn, err := a.Admit(t.Context(), 50, 0)
		if err != nil {
			t.Fatal(err)
		}
		turn.Grow(30, 0)
		turn.Grow(-10, -10)
		if s := a.Stats(); s.InFlight != 1 || s.InFlightCost != 80 || s.InFlightBytes != 0 {
			t.Errorf("%d jobs at a cost of %d, want one at 80", s.InFlight, s.InFlightCost)
		}
		next := enqueue(t.Context(), a, 30)
		if next.done() {
			t.Fatal("what no longer fits was admitted")
		}
		turn.Grow(1000, 0) // beyond the capacity: it runs already
		turn.End()
		synctest.Wait()
		if !next.done() || next.err != nil {
			t.Fatalf("the turn was not given back: %v", next.err)
		}
		turn.End()
		turn.Grow(10, 10)
		if s := a.Stats(); s.InFlight != 1 || s.InFlightCost != 30 || s.InFlightBytes != 0 {
			t.Errorf("after its end a turn still counts: %+v", s)
		}
		next.release()
	})
}

func TestWhatTakesTooMuchMemoryTogetherRunsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := gate(4)
		config.Memory = 100
		a := newGate(t, config)
		first, err := a.Admit(t.Context(), 1, 60)
		if err != nil {
			t.Fatal(err)
		}
		type waiting struct {
			turn *Turn
			err  error
		}
		enter := func(bytes int64) chan waiting {
			admitted := make(chan waiting, 1)
			go func() {
				turn, err := a.Admit(t.Context(), 1, bytes)
				admitted <- waiting{turn, err}
			}()
			synctest.Wait()
			return admitted
		}
		fits := <-enter(30)
		if fits.err != nil {
			t.Fatal(fits.err)
		}
		large := enter(1000) // more than there ever is: alone
		small := enter(1)    // would fit, and is not to pass
		if len(large)+len(small) != 0 {
			t.Error("what does not fit was admitted, or passed by")
		}
		fits.turn.Grow(0, 50)
		if s := a.Stats(); s.InFlightBytes != 140 {
			t.Errorf("%d bytes in flight, want 140", s.InFlightBytes)
		}
		first.End()
		synctest.Wait()
		if len(large) != 0 {
			t.Error("what exceeds the bound runs beside something")
		}
		fits.turn.End()
		alone := <-large
		synctest.Wait()
		if len(small) != 0 {
			t.Error("something runs beside what exceeds the bound")
		}
		alone.turn.End()
		(<-small).turn.End()
		if s := a.Stats(); s.InFlight != 0 || s.InFlightBytes != 0 {
			t.Errorf("in the end: %+v", s)
		}
	})
}

// TestMemoryFollowsHowADecoderWorks compares pictures of 12 megapixels by what their decoders were seen to hold of them.
func TestMemoryFollowsHowADecoderWorks(t *testing.T) {
	const mb, pixels = 1_000_000, 12
	of := func(change func(*Meta)) Meta {
		m := Meta{Width: 4000, Height: 3000, Orientation: 1, Depth: 8, Components: 3, Frames: 1, Scans: 1, Format: JPEG}
		change(&m)
		return m
	}
	for _, c := range []struct {
		name     string
		m        Meta
		form     string
		from, to int64 // MB, beside what any render takes
	}{
		{"JPEG, line by line", of(func(m *Meta) {}), "400x300", 0, 2},
		{"progressive JPEG, its coefficients", of(func(m *Meta) { m.Scans = 10 }), "400x300", 3 * pixels, 3*pixels + 2},
		{"progressive JPEG of four inks", of(func(m *Meta) { m.Scans, m.Components = 10, 4 }), "400x300", 8 * pixels, 8*pixels + 2},
		{"PNG, line by line", of(func(m *Meta) { m.Format, m.Scans = PNG, 0 }), "400x300", 0, 2},
		{"interlaced PNG of 16 bits", of(func(m *Meta) { m.Format, m.Interlaced, m.Depth, m.Components = PNG, true, 16, 4 }), "400x300", 8 * pixels, 8*pixels + 2},
		{"GIF, in whole", of(func(m *Meta) { m.Format = GIF }), "400x300", 4 * pixels, 4*pixels + 2},
		{"WebP, reduced while it is decoded", of(func(m *Meta) { m.Format = WebP }), "400x300", 0, pixels + 4},
		{"WebP, in full size", of(func(m *Meta) { m.Format = WebP }), "1920x0", 8 * pixels, 10 * pixels},
		{"lossless WebP, in whole at any size", of(func(m *Meta) { m.Format, m.Lossless = WebP, true }), "100x100", 4 * pixels, 5 * pixels},
		{"animated WebP, never reduced", of(func(m *Meta) { m.Format, m.Frames = WebP, 5 }), "100x100", 8 * pixels, 8*pixels + 2},
	} {
		p := DefaultOptions().Plan(mustThumb(t, c.form), c.m.Format)
		got := Memory(c.m, 0, p) - renderBytes
		if got < c.from*mb || got > c.to*mb {
			t.Errorf("%s: %d bytes, want %d to %d MB", c.name, got, c.from, c.to)
		}
		if more := Memory(c.m, 5*mb, p) - renderBytes; more != got+5*mb {
			t.Errorf("%s: the source itself counts %d bytes of %d", c.name, more-got, 5*mb)
		}
		if two := Memory(c.m, 0, p, p); two < Memory(c.m, 0, p) || two > 2*Memory(c.m, 0, p) {
			t.Errorf("%s: two take %d bytes", c.name, two)
		}
	}
	if got := Memory(of(func(m *Meta) { m.Format, m.Width, m.Height = GIF, 1<<30, 1<<30 }), 1<<62); got != maxCost {
		t.Errorf("of a picture that cannot be: %d", got)
	}
}

func TestPlansOfOneDecodeCostItOnce(t *testing.T) {
	m := Meta{Format: JPEG, Width: 4000, Height: 3000, Orientation: 1, Depth: 8, Frames: 1, Scans: 1}
	var plans []Plan
	var sum int64
	for _, form := range []string{"160x0", "640x0", "1280x0"} {
		p := DefaultOptions().Plan(mustThumb(t, form), JPEG)
		plans = append(plans, p)
		sum += Cost(m, p)
	}
	decode := CostAll(m)
	if got, want := CostAll(m, plans...), sum-2*decode; got < want-2 || got > want+2 { // each is rounded
		t.Errorf("three cost %d together, %d alone, a decode %d: want %d", got, sum, decode, want)
	}
	if got, want := CostAll(m, plans[0]), Cost(m, plans[0]); got != want {
		t.Errorf("one costs %d, want %d", got, want)
	}
}
