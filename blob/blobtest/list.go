package blobtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/origin"
)

var listCases = []testCase{
	{"whole keys are in bytewise order, whatever is a folder", func(t *testing.T, b origin.Blobs) {
		// "/" sorts after "-" and "." and before "0": "a/b" is between "a.b" and "a0".
		want := []origin.Key{"list/Z", "list/a#1", "list/a+", "list/a-b", "list/a.b", "list/a/b", "list/a/b-", "list/a0",
			"list/aa", "list/b-/x", "list/b/x-/y", "list/b/x/y", "list/b0", "list/z", "list/~", "list/é", "list/日本"}
		if !slices.IsSorted(want) {
			t.Fatal("the expectation itself is not in order")
		}
		for i := range want {
			mustPut(t, b, want[(i*7)%len(want)], []byte("x"))
		}
		for _, prefix := range []origin.Key{"", "list/", "li"} {
			if diff := cmp.Diff(want, keys(t, b, prefix)); diff != "" {
				t.Errorf("prefix %q (-want +got):\n%s", prefix, diff)
			}
		}
	}},
	{"pages of any length, prefixes and starting points agree with a sorted list", testListModel},
	{"no page has more than its limit, and none or less is none", func(t *testing.T, b origin.Blobs) {
		for i := range 5 {
			mustPut(t, b, numbered("list/limit", i), nil)
		}
		for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 4: 4, 5: 5, 6: 5} {
			infos, err := b.List(t.Context(), "list/", "", limit)
			if err != nil || len(infos) != want {
				t.Errorf("limit %d: %d objects, %v, not %d", limit, len(infos), err, want)
			}
		}
	}},
	{"a listing tells sizes, and when objects became visible", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "list/size/0", nil)
		mustPut(t, b, "list/size/20480", sample("size", 20480))
		infos, err := b.List(t.Context(), "list/size/", "", 10)
		if err != nil || len(infos) != 2 {
			t.Fatalf("%d objects, %v", len(infos), err)
		}
		for _, info := range infos {
			if want := "list/size/" + fmt.Sprint(info.Size); string(info.Key) != want {
				t.Errorf("%q has %d bytes", info.Key, info.Size)
			}
			// An hour of difference between the clocks is not the matter here: seconds for milliseconds are.
			if age := time.Since(time.UnixMilli(info.Modified)).Abs(); age > time.Hour {
				t.Errorf("%q became visible at %v", info.Key, time.UnixMilli(info.Modified))
			}
		}
	}},
}

// testListModel compares List with a sorted slice. All keys have three segments, so that none is the folder of another,
// of an alphabet whose characters sort before and after "/".
func testListModel(t *testing.T, b origin.Blobs) {
	segment := rapid.StringMatching(`[-0a]{1,2}`)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		root := fmt.Sprintf("model/%d/", round)
		var want []origin.Key
		for range rapid.IntRange(0, 8).Draw(rt, "objects") {
			key := origin.Key(root + segment.Draw(rt, "a") + "/" + segment.Draw(rt, "b") + "/" + segment.Draw(rt, "c"))
			if !slices.Contains(want, key) {
				mustPut(t, b, key, nil)
				want = append(want, key)
			}
		}
		slices.Sort(want)
		point := rapid.StringMatching(`|[-0a]{1,2}/?|[-0a]{1,2}/[-0a]{1,2}/?[-0a]?`)
		for range 3 {
			prefix := origin.Key(root + point.Draw(rt, "prefix"))
			after := origin.Key(root + point.Draw(rt, "after"))
			limit := rapid.IntRange(1, 5).Draw(rt, "limit")
			expect := slices.DeleteFunc(slices.Clone(want), func(k origin.Key) bool {
				return !strings.HasPrefix(string(k), string(prefix)) || k <= after
			})
			if got := pages(t, b, prefix, after, limit); !slices.Equal(got, expect) {
				rt.Fatalf("objects %q\nprefix %q after %q by %d:\n got %q\nwant %q", want, prefix, after, limit, got, expect)
			}
		}
		if err := b.DeletePrefix(t.Context(), origin.Key(root)); err != nil {
			rt.Fatal(err)
		}
	})
}

// pages lists to the end by pages of limit, each of which must be full but the last.
func pages(t testing.TB, b origin.Blobs, prefix, after origin.Key, limit int) (all []origin.Key) {
	for {
		infos, err := b.List(t.Context(), prefix, after, limit)
		if err != nil {
			t.Fatalf("List %q after %q: %v", prefix, after, err)
		}
		for _, info := range infos {
			all = append(all, info.Key)
		}
		if len(infos) < limit {
			return all
		}
		if next := infos[limit-1].Key; next > after {
			after = next
		} else {
			t.Fatalf("List after %q ends with %q", after, next)
		}
	}
}

// numbered returns keys that sort by number.
func numbered(folder string, i int) origin.Key { return origin.Key(fmt.Sprintf("%s/%06d", folder, i)) }
