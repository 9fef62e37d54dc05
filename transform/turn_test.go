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
		turn, err := a.Admit(t.Context(), 50)
		if err != nil {
			t.Fatal(err)
		}
		turn.Grow(30)
		turn.Grow(-10)
		if s := a.Stats(); s.InFlight != 1 || s.InFlightCost != 80 {
			t.Errorf("%d jobs at a cost of %d, want one at 80", s.InFlight, s.InFlightCost)
		}
		next := enqueue(t.Context(), a, 30)
		if next.done() {
			t.Fatal("what no longer fits was admitted")
		}
		turn.Grow(1000) // beyond the capacity: it runs already
		turn.End()
		synctest.Wait()
		if !next.done() || next.err != nil {
			t.Fatalf("the turn was not given back: %v", next.err)
		}
		turn.End()
		turn.Grow(10)
		if s := a.Stats(); s.InFlight != 1 || s.InFlightCost != 30 {
			t.Errorf("after its end a turn still counts: %+v", s)
		}
		next.release()
	})
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
