package main

import (
	"fmt"
	"testing"
)

// TestWhatAThumbAsksOfTheStore holds the table of docs/scaling.md: what is read and written for each kind of answer is what a
// bucket is paid for and a database is sized by.
func TestWhatAThumbAsksOfTheStore(t *testing.T) {
	dir := t.TempDir()
	p := startIn(t, dir, "--metrics", "127.0.0.1:0").asAdmin()
	p.collection("photos", everyForm, nil)
	counters := []string{"puts", "opens", "missing", "deletes"}
	asked := func() (now [4]int) {
		for i, name := range counters {
			now[i] = number(t, p.metric("imgorigin_store_"+name+"_total"))
		}
		return now
	}
	costs := func(what string, want [4]int, do func()) {
		t.Helper()
		before := asked()
		do()
		var got [4]int
		eventually(t, fmt.Sprintf("%s: %v of %v", what, want, counters), func() bool {
			for i, n := range asked() {
				got[i] = n - before[i]
			}
			return got == want
		})
	}
	var path string
	get := func(query string) func() { return func() { p.get(path+query).want(t, 200) } }
	costs("an upload", [4]int{1, 0, 0, 0}, func() { path = p.upload("photos", "a.jpg", jpegOf(200, 100)) })
	costs("a thumb that nobody has asked for", [4]int{1, 1, 1, 0}, get("?thumb=60x40"))
	p.get(path+"?thumb=60x40").want(t, 200)
	eventually(t, "it is in memory", func() bool {
		p.get(path+"?thumb=60x40").want(t, 200)
		return p.metric("imgorigin_memory_hits_total") != "0"
	})
	costs("a thumb in memory", [4]int{}, get("?thumb=60x40"))
	costs("an original", [4]int{0, 1, 0, 0}, get(""))
	p.stop()
	p = startIn(t, dir, "--metrics", "127.0.0.1:0")
	costs("a thumb that is stored", [4]int{0, 1, 0, 0}, get("?thumb=60x40"))
}
