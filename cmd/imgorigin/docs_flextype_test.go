package main

import "testing"

func TestThePageAboutFlextype(t *testing.T) {
	p := spawnBuilt(t)
	page := docPage{
		file:  "flextype.md",
		env:   map[string]string{"BASE": p.base + "/flextype", "TOKEN": p.newKey("site", "files:read"), "ACCESS": p.newKey("editor", "files:write")},
		files: map[string][]byte{"new-cover.jpg": jpegOf(1600, 900)},
		calls: []string{`-X POST "$BASE/api/files" `, `"$BASE/api/files?id=`, "collection=true", `-X PUT "$BASE/api/files" `, `-X PUT "$BASE/api/files/copy"`,
			`-X PATCH "$BASE/api/files/meta"`, `-X POST "$BASE/api/files/meta"`, `-X DELETE "$BASE/api/files/meta"`, `-X DELETE "$BASE/api/files" `, "?thumb="},
	}
	page.run(t)
}
