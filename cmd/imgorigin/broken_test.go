package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// brokenPNG has a header like any other's, and data that fails its checksum: only a render finds out.
func brokenPNG() []byte {
	data := picture.Must(picture.PNG(picture.Chart(300, 200)))
	at := bytes.Index(data, []byte("IDAT"))
	data[at+100] ^= 0xFF
	return data
}

func TestABrokenPictureIsDecodedOnceUntilItChanges(t *testing.T) {
	p := start(t, "--metrics", "127.0.0.1:0", "--retry-broken", "1h").asAdmin()
	p.collection("photos", everyForm, nil)
	wantRenders := func(n int) {
		t.Helper()
		if got := p.metric("imgorigin_renders_total"); got != fmt.Sprint(n) {
			t.Errorf("%s renders, want %d", got, n)
		}
	}
	broken := brokenPNG()
	path := p.upload("photos", "a.png", broken)
	for range 5 { // at once, and again and again
		var all sync.WaitGroup
		for _, form := range everyForm {
			for range 4 {
				all.Go(func() {
					a, err := p.try("GET", path+"?thumb="+form, nil)
					if err != nil || a.status != 200 || !bytes.Equal(a.body, broken) || a.header.Get("Cache-Control") != "max-age=60" {
						t.Errorf("%s: status %d, %v, %v", form, a.status, a.header, err)
					}
				})
			}
		}
		all.Wait()
		wantRenders(len(everyForm))
	}

	// Another file in its place is another picture: it is tried at once.
	mended := picture.Must(picture.PNG(picture.Chart(300, 200)))
	a := p.form("PATCH", "/api/collections/photos/records/"+strings.Split(path, "/")[4], p.token, part{"image", "a.png", mended}).want(t, 200)
	v := a.json(t)
	whole := fmt.Sprintf("/api/files/%s/%s/%s", v["collectionId"], v["id"], v["image"])
	for range 3 {
		if _, w, h := dimensions(t, p.get(whole+"?thumb=60x40").want(t, 200).body); w != 60 || h != 40 {
			t.Errorf("the mended picture's thumb is %d×%d", w, h)
		}
	}
	wantRenders(len(everyForm) + 1)

	// What its header refuses is never rendered at all.
	cut := p.upload("photos", "a.jpg", jpegOf(300, 200)[:2000])
	large := p.upload("photos", "a.png", picture.Must(picture.PNGBomb(30000, 30000)))
	for range 3 {
		for _, path := range []string{cut, large} {
			if a := p.get(path+"?thumb=60x40").want(t, 200); a.header.Get("Cache-Control") != "max-age=60" {
				t.Errorf("%s: %v", path, a.header)
			}
		}
	}
	if got := p.metric("imgorigin_renders_total"); got != fmt.Sprint(len(everyForm)+2) { // the cut one once, by the bytes
		t.Errorf("%s renders", got)
	}
}

func TestABrokenPictureIsTriedAgainAfterAWhile(t *testing.T) {
	p := start(t, "--metrics", "127.0.0.1:0", "--retry-broken", "50ms").asAdmin()
	p.collection("photos", everyForm, nil)
	path := p.upload("photos", "a.png", brokenPNG())
	p.get(path+"?thumb=60x40").want(t, 200)
	eventually(t, "the picture is tried a second and a third time", func() bool {
		p.get(path+"?thumb=60x40").want(t, 200)
		n := p.metric("imgorigin_renders_total")
		return n != "1" && n != "2"
	})
}
