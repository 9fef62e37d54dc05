package main

import "testing"

func TestThePageAboutFibery(t *testing.T) {
	p := spawnBuilt(t, "--fetch-allow", "127.0.0.0/8")
	p.asAdmin()
	photo := jpegOf(640, 480)
	page := docPage{
		file:    "fibery.md",
		env:     map[string]string{"BASE": p.base, "KEY": p.newKey("page", "files:read,files:write"), "SUPERUSER": p.token},
		files:   map[string][]byte{"virat-kohli.jpg": photo},
		replace: map[string]string{"https://cdn.pixabay.com": elsewhere(t, jpegOf(320, 200))},
		calls: []string{`"$BASE/api/files" `, `"$BASE/api/files/from-url"`, `-I "$BASE/api/files/$SECRET`, `"$BASE/api/files/$SECRET"`,
			"/api/files/sign-urls", "fibery.entity/add-collection-items", "fibery.entity/remove-collection-items", "fibery.entity/query"},
	}
	page.run(t)
}
