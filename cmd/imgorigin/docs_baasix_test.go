package main

import "testing"

func TestThePageAboutBaasix(t *testing.T) {
	p := spawnBuilt(t, "--fetch-allow", "127.0.0.0/8")
	p.asAdmin()
	page := docPage{
		file:    "baasix.md",
		env:     map[string]string{"BASE": p.base, "KEY": p.newKey("page", "files:read,files:write"), "SUPERUSER": p.token},
		files:   map[string][]byte{"photo.jpg": jpegOf(640, 480)},
		replace: map[string]string{"https://www.gstatic.com": elsewhere(t, jpegOf(320, 200))},
		calls: []string{`-X POST "$BASE/files"`, `curl "$BASE/files/$FILE_ID"`, `-X PATCH "$BASE/files/`, `-X DELETE "$BASE/files/`,
			`"$BASE/files/upload-from-url"`, `"$BASE/assets/$FILE_ID"`, `-I "$BASE/assets/`, `"$BASE/items/posts"`},
	}
	page.run(t)
}
