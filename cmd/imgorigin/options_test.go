package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

var update = flag.Bool("update", false, "write docs/options.md anew")

const optionsDoc = "../../docs/options.md"

func TestOptionsDocumented(t *testing.T) {
	want := optionsTable(t)
	if *update {
		if err := os.WriteFile(optionsDoc, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(optionsDoc)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/options.md is not what the program says of itself: run make docs")
	}
}

// optionsTable describes every option of every command as the program itself knows them.
func optionsTable(t *testing.T) []byte {
	t.Helper()
	parser, err := newParser(&commandLine{}, &Main{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("# Options\n\nMade from the program by `make docs`. A flag goes before the environment variable, which goes before the default. Sizes are written\n" +
		"`512KiB`, `64MiB`, `10GiB`; times `500ms`, `30s`, `5m`.\n")
	var walk func(node *kong.Node, path string)
	walk = func(node *kong.Node, path string) {
		for _, child := range node.Children {
			walk(child, path+" "+child.Name)
		}
		if len(node.Children) > 0 {
			return
		}
		fmt.Fprintf(&b, "\n## %s", strings.TrimSpace(path))
		for _, p := range node.Positional {
			fmt.Fprintf(&b, " %s", strings.ToUpper(p.Name))
		}
		fmt.Fprintf(&b, "\n\n%s\n", node.Help)
		var rows []string
		for _, f := range node.Flags {
			if f.Name == "help" {
				continue
			}
			def := "`" + f.Default + "`"
			if f.Default == "" {
				def = ""
			}
			rows = append(rows, fmt.Sprintf("| `--%s` | `%s` | %s | %s |\n", f.Name, strings.Join(f.Envs, "`, `"), def, strings.ReplaceAll(f.Help, "|", "\\|")))
		}
		if len(rows) > 0 {
			b.WriteString("\n| option | environment | default | |\n|---|---|---|---|\n" + strings.Join(rows, ""))
		}
	}
	walk(parser.Model.Node, "imgorigin")
	return b.Bytes()
}

func TestABadValueStopsTheStartWithOneLine(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		env  string
		says string
	}{
		{args: []string{"--http", "8090"}, says: "--http"},
		{args: []string{"--http", "127.0.0.1:99999"}, says: "--http"},
		{args: []string{"--memory-cache", "lots"}, says: "lots"},
		{args: []string{"--memory-cache", "-1MiB"}, says: "-1MiB"},
		{args: []string{"--memory-cache", "1"}, says: "--memory-cache"},
		{args: []string{"--jpeg-quality", "101"}, says: "--jpeg-quality"},
		{args: []string{"--mezzanine", "100"}, says: "--mezzanine"},
		{args: []string{"--max-pixels", "0"}, says: "--max-pixels"},
		{args: []string{"--workers", "-1"}, says: "--workers"},
		{args: []string{"--queue-wait", "soon"}, says: "queue-wait"},
		{args: []string{"--log-level", "loud"}, says: "log-level"},
		{args: []string{"--cache-control", "a\nb"}, says: "--cache-control"},
		{args: []string{"--body-timeout", "1ns"}, says: "--body-timeout"},
		{args: []string{"--dir", file}, says: "--dir"},
		{args: []string{"--no-such-option"}, says: "--no-such-option"},
		{env: "IMGORIGIN_JPEG_QUALITY=0", says: "--jpeg-quality"},
		{env: "IMGORIGIN_HTTP=nonsense", says: "--http"},
	} {
		t.Run(strings.Join(c.args, " ")+c.env, func(t *testing.T) {
			if name, value, ok := strings.Cut(c.env, "="); ok {
				t.Setenv(name, value)
			}
			args := []string{"serve"}
			if len(c.args) == 0 || c.args[0] != "--dir" {
				args = append(args, "--dir", dir+"/data")
			}
			out, err := run(t, append(args, c.args...)...)
			if err == nil {
				t.Fatal("the program started")
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q does not say %q in one line", err, c.says)
			}
			if out != "" {
				t.Errorf("printed beside it: %q", out)
			}
		})
	}
}

// TestEveryNumberIsChecked sets every option that is a number, a size or a time to -1.
func TestEveryNumberIsChecked(t *testing.T) {
	parser, err := newParser(&commandLine{}, &Main{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range parser.Model.Node.Children[0].Flags {
		bad := map[string]string{"N": "-1", "TIME": "-1s", "SIZE": "-1"}[f.PlaceHolder]
		if bad == "" {
			continue
		}
		_, err := run(t, "serve", "--dir", t.TempDir(), "--"+f.Name+"="+bad)
		if err == nil || !strings.Contains(err.Error(), f.Name) {
			t.Errorf("--%s=%s: %v", f.Name, bad, err)
		}
	}
}

func TestGarbageIsOnlyCollectedWhereThereIsALibrary(t *testing.T) {
	dir := t.TempDir()
	p := startIn(t, dir).asAdmin()
	p.collection("photos", everyForm, nil)
	p.upload("photos", "a.jpg", jpegOf(100, 50))
	p.stop()
	for _, f := range []string{"data.db", "data.db-wal", "data.db-shm"} {
		_ = os.Remove(dir + "/" + f)
	}
	if _, err := run(t, "gc", "--dir", dir, "--age", "0s"); err == nil {
		t.Error("gc ran without a catalog")
	}
	if kept, err := os.ReadDir(dir + "/storage/originals"); err != nil || len(kept) == 0 {
		t.Errorf("the originals are gone: %v", err)
	}
}

func TestAnOccupiedAddressIsAnError(t *testing.T) {
	p := start(t)
	_, err := run(t, "serve", "--dir", t.TempDir(), "--http", strings.TrimPrefix(p.base, "http://"))
	if err == nil || !strings.Contains(err.Error(), "--http") {
		t.Errorf("error %v", err)
	}
}

func TestHelpIsComplete(t *testing.T) {
	out, err := run(t, "serve", "--help")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := newParser(&commandLine{}, &Main{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range parser.Model.Node.Children[0].Flags {
		if f.Name == "help" {
			continue
		}
		if !strings.Contains(out, "--"+f.Name) || len(f.Envs) == 0 || !strings.HasPrefix(f.Envs[0], "IMGORIGIN_") {
			t.Errorf("--%s (%v) is not in the help", f.Name, f.Envs)
		}
	}
}

func TestVersionAndHealth(t *testing.T) {
	out, err := run(t, "version")
	if err != nil || !strings.HasPrefix(out, "imgorigin ") {
		t.Errorf("%q, %v", out, err)
	}
	p := start(t)
	address := strings.TrimPrefix(p.base, "http://")
	if _, err := run(t, "health", "--http", address); err != nil {
		t.Error(err)
	}
	p.stop()
	if _, err := run(t, "health", "--http", address); err == nil {
		t.Error("a stopped server is healthy")
	}
	a := (&program{t: t, base: start(t).base}).get("/api/health").want(t, 200)
	if string(a.body) != `{"message":"API is healthy.","code":200,"data":{}}`+"\n" {
		t.Errorf("body %s", a.body)
	}
}

func TestASecondStartFindsItsDataAgain(t *testing.T) {
	p := start(t).asAdmin()
	p.collection("photos", everyForm, nil)
	path := p.upload("photos", "a.jpg", jpegOf(200, 100))
	thumb := p.get(path+"?thumb=60x40").want(t, 200)
	p.stop()
	again := startIn(t, p.dir)
	if a := again.get(path+"?thumb=60x40").want(t, 200); a.header.Get("Etag") != thumb.header.Get("Etag") {
		t.Error("the thumb changed its ETag")
	}
	again.token = p.token
	again.call("GET", "/api/collections", p.token, nil).want(t, 200) // secrets are kept: so is the token
}

func TestByteSizes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1048576": 1 << 20, "64MiB": 64 << 20, "1.5GiB": 3 << 29, "10 kB": 10000, "2TB": 2e12, "7B": 7} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err != nil || int64(b) != want {
			t.Errorf("%s: %d, %v", text, b, err)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1XB", "NaN", "1e30TiB", "0x10"} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %d", text, b)
		}
	}
}

// The parser and the commands are used by one goroutine each; this keeps the context argument honest.
func TestACancelledContextEndsServing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	out := &lockedBuffer{}
	m := &Main{Stdout: out, Stderr: out, Ready: func(string) { cancel() }}
	if err := m.Run(ctx, []string{"serve", "--http", "127.0.0.1:0", "--dir", t.TempDir()}); err != nil {
		t.Error(err)
	}
}
