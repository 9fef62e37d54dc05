package origin

import (
	"runtime"
	"testing"
	"weak"
)

func TestAKnownETagKeepsNoBytes(t *testing.T) {
	v := &variant{}
	made := newRendition(make([]byte, 1<<20))
	tag, still := made.etag, weak.Make(made)
	v.knowETag(made.etag)
	made = nil
	runtime.GC()
	if still.Value() != nil {
		t.Error("the rendition is in memory for as long as its tag is known")
	}
	v.knowETag("another")
	if got := *v.etag.Load(); got != tag {
		t.Errorf("the tag is %s, want the first one, %s", got, tag)
	}
}
