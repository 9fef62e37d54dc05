package catalog

import (
	"fmt"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

func TestGreatTransactionsAreLoggedInOneRow(t *testing.T) {
	of := func(i int) origin.Change {
		return origin.Change{Collection: "c", Record: origin.RecordID(fmt.Sprint("r", i))}
	}
	var s Changes
	for i := range ManyChanges {
		for range 2 { // each thing once
			s.Add(of(i))
		}
	}
	if n := len(s.List()); n != ManyChanges {
		t.Errorf("%d changes, want %d", n, ManyChanges)
	}
	s.Add(of(0))
	if n := len(s.List()); n != ManyChanges {
		t.Errorf("%d changes after a known one, want %d", n, ManyChanges)
	}
	s.Add(of(ManyChanges))
	s.Add(origin.Change{Schema: true})
	if list := s.List(); len(list) != 1 || !list[0].All {
		t.Errorf("%d changes, want All alone", len(list))
	}
}

func TestChangesAreReadBackAsTheyWereLogged(t *testing.T) {
	for _, c := range []origin.Change{{All: true}, {Schema: true}, {Collection: "c", Record: "r"}} {
		if got := ChangeOf(ChangeValues(c)); got != c {
			t.Errorf("%+v was read back as %+v", c, got)
		}
	}
	if got := ChangeOf(99, "c", "r"); got != (origin.Change{All: true}) {
		t.Errorf("a change of a newer kind: %+v, want All", got)
	}
}
