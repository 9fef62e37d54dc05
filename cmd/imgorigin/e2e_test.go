package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// e2eDir holds the JavaScript clients; make test installs what they need.
const e2eDir = "../../e2e"

// node runs a script of e2e with variables of the environment. Where the clients are not installed the test is skipped, but for
// CI, where that would be a hole.
func node(t *testing.T, env []string, args ...string) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(e2eDir, "node_modules")); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the JavaScript clients are not installed: run make test-deps")
		}
		t.Skip("the JavaScript clients are not installed: run make test-deps")
	}
	cmd := exec.Command("node", args...)
	cmd.Dir = e2eDir
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	kill := time.AfterFunc(5*time.Minute, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	if err := cmd.Run(); err != nil {
		t.Fatalf("node %v: %v\n%s\n%s", args, err, out.String(), problems.String())
	}
	return out.String()
}

func TestPocketBaseSDK(t *testing.T) {
	p := spawnBuilt(t)
	p.asAdmin()
	dir := t.TempDir()
	jpeg, webp := filepath.Join(dir, "a.jpg"), filepath.Join(dir, "a.webp")
	for file, data := range map[string][]byte{jpeg: jpegOf(400, 300), webp: picture.Must(picture.WebP(picture.Chart(300, 200)))} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := node(t, []string{"BASE_URL=" + p.base, "ADMIN_EMAIL=" + adminEmail, "ADMIN_PASSWORD=" + adminPassword,
		"PICTURE=" + jpeg, "PICTURE_WEBP=" + webp}, "--test", "--test-reporter=tap", "sdk.test.mjs")
	if !strings.Contains(out, "# fail 0") || strings.Contains(out, "# pass 0") {
		t.Errorf("%s", out)
	}
}

// TestTheDemoPageInABrowser opens the page that make run prints, in a real browser: every picture must load and have its size.
func TestTheDemoPageInABrowser(t *testing.T) {
	p := spawnBuilt(t, "--demo")
	var seen struct {
		Title  string
		Images []struct {
			Src           string
			Width, Height int
		}
		Failures []string
	}
	if err := json.Unmarshal([]byte(node(t, nil, "page.mjs", p.base+"/")), &seen); err != nil {
		t.Fatal(err)
	}
	if len(seen.Failures) > 0 {
		t.Errorf("the browser complains: %v", seen.Failures)
	}
	if want := 1 + 5*6; len(seen.Images) != want {
		t.Errorf("%d pictures, want %d", len(seen.Images), want)
	}
	exact := map[string][2]int{"300x200": {300, 200}, "300x200t": {300, 200}, "300x200b": {300, 200}}
	for _, i := range seen.Images {
		_, spec, _ := strings.Cut(i.Src, "thumb=")
		want, cropped := exact[spec]
		if i.Width == 0 || cropped && (i.Width != want[0] || i.Height != want[1]) {
			t.Errorf("%s is %d×%d", i.Src, i.Width, i.Height)
		}
		if strings.HasSuffix(spec, "f") && (i.Width > 300 || i.Height > 200 || i.Width != 300 && i.Height != 200) {
			t.Errorf("%s is %d×%d", i.Src, i.Width, i.Height)
		}
	}
	// What the terminal says: an address for every form, each of which answers with a thumb.
	forms := 0
	for line := range strings.SplitSeq(p.log.String(), "\n") {
		if _, path, ok := strings.Cut(line, p.base); ok && strings.Contains(path, "?thumb=") {
			forms++
			if a := p.get(path).want(t, 200); a.header.Get("Cache-Control") == "max-age=60" {
				t.Errorf("%s is not a thumb", path)
			}
		}
	}
	if forms != 6 {
		t.Errorf("%d addresses printed, want one for each of 6 forms\n%s", forms, p.log)
	}
}
