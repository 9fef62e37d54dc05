package vips

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/transform"
)

// layoutsOf lays the forms out on a source of that size and orientation.
func layoutsOf(w, h int, turn orientation, forms ...string) (all []layout, which []int) {
	upright := turn.size(transform.Size{Width: w, Height: h}) // turning swaps back as it swaps
	for i, form := range forms {
		all = append(all, newLayout(thumb(form).Geometry(upright.Width, upright.Height), turn))
		which = append(which, i)
	}
	return all, which
}

func TestWhatOneDecodeServes(t *testing.T) {
	for _, c := range []struct {
		name  string
		w, h  int
		forms []string
		want  [][]int // the families, each the densest first
	}{
		{"six widths", 4000, 3000, []string{"160x0", "320x0", "480x0", "640x0", "960x0", "1280x0"}, [][]int{{5, 4, 3, 2, 1, 0}}},
		{"crops of what is whole", 4000, 3000, []string{"400x300t", "1280x0", "300x300", "200x500b"}, [][]int{{1, 3, 0, 2}}},
		{"nothing whole", 4000, 3000, []string{"100x300", "300x100"}, [][]int{{0}, {1}}},
		{"nearly the same size", 4000, 3000, []string{"1280x0", "1200x0", "600x0"}, [][]int{{0, 2}, {1}}},
		{"the same size twice", 4000, 3000, []string{"640x0", "640x480"}, [][]int{{0, 1}}},
		{"larger than the source", 500, 400, []string{"160x0", "480x0", "1280x0"}, [][]int{{2, 1, 0}}},
		{"the source's own size", 1280, 960, []string{"1280x0", "1200x0", "100x100"}, [][]int{{0, 1, 2}}},
		{"too large to be held", 9000, 9000, []string{"4000x0", "1000x0", "500x0"}, [][]int{{0}, {1, 2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, which := layoutsOf(c.w, c.h, 1, c.forms...)
			var got [][]int
			for _, f := range share(all, which) {
				got = append(got, f.members)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEveryMemberIsCovered holds what share promises of any plans: each is in one family, whose base shows all of it,
// large enough, and what is in memory is bounded.
func TestEveryMemberIsCovered(t *testing.T) {
	forms := []string{"160x0", "0x200", "320x0", "480x480f", "640x0", "960x0", "1280x0", "400x300", "400x300t", "300x400b", "50x50", "2000x100"}
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 6000).Draw(t, "w"), rapid.IntRange(1, 6000).Draw(t, "h")
		turn := orientation(rapid.IntRange(1, 8).Draw(t, "orientation"))
		all, which := layoutsOf(w, h, turn, rapid.SliceOfN(rapid.SampledFrom(forms), 1, 8).Draw(t, "forms")...)
		var seen []int
		for _, f := range share(all, which) {
			seen = append(seen, f.members...)
			if len(f.members) > 1 && f.pixels > maxShared {
				t.Errorf("a family of %d holds %d pixels", len(f.members), f.pixels)
			}
			base := viewOf(f.base)
			for _, i := range f.members {
				if l := all[i]; !within(l.crop, base.part) || f.base.resampled() && !base.covers(l, reach) {
					t.Errorf("%+v is not covered by %+v", l, f.base)
				}
			}
		}
		if slices.Sort(seen); !slices.Equal(seen, which) {
			t.Errorf("families of %v have %v", which, seen)
		}
	})
}
