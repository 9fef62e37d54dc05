// Command gallery writes docs/thumbs.md: every thumb form of every demo picture, as a program in a process of its own
// answers them. The same program writes the same bytes, so that version control shows when a thumb begins to look different.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	_ "image/gif" // decoders for image.DecodeConfig
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	_ "golang.org/x/image/webp"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// form is one way to write a thumb.
type form struct{ spec, says string }

// forms are flat, so that it shows what is cut from a picture of 4:3.
var forms = []form{
	{"240x120", "crop to fill, from the centre"},
	{"240x120t", "crop to fill, from the top"},
	{"240x120b", "crop to fill, from the bottom"},
	{"240x120f", "fit inside, nothing cut"},
	{"0x120", "a height; the width follows"},
	{"240x0", "a width; the height follows"},
}

// shot is one thumb as it was answered.
type shot struct {
	form
	file  string // below the page's folder
	size  image.Point
	bytes int
}

// exhibit is one demo picture with its thumbs.
type exhibit struct {
	title, name string
	size        image.Point // as stored, not turned
	bytes       int
	shots       []shot
}

func main() {
	exe := flag.String("program", "bin/imgorigin", "the program")
	page := flag.String("page", "docs/thumbs.md", "the page; its thumbs go into a folder of the same name beside it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := write(ctx, *exe, *page); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, exe, page string) error {
	dir, err := os.MkdirTemp("", "gallery")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := rig.Start(ctx, rig.Config{Exe: exe, Dir: dir, Args: []string{"--demo"}})
	if err != nil {
		return err
	}
	defer p.Kill()
	folder := strings.TrimSuffix(page, ".md")
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	all, err := take(ctx, p, folder)
	if err != nil {
		return err
	}
	return os.WriteFile(page, markdown(all), 0o644)
}

// demo is the program's collection of sample pictures.
const demo = "/api/collections/demo"

// take asks for every thumb and keeps the answers in the folder.
func take(ctx context.Context, p *rig.Program, folder string) ([]exhibit, error) {
	if err := listForms(ctx, p); err != nil {
		return nil, err
	}
	a, err := get(ctx, p, demo+"/records?sort=@rowid")
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []struct{ ID, Title, Image string }
	}
	if err := json.Unmarshal(a.Body, &list); err != nil {
		return nil, err
	}
	var all []exhibit
	for _, item := range list.Items {
		from := "/api/files/demo/" + item.ID + "/" + item.Image
		original, err := get(ctx, p, from)
		if err != nil {
			return nil, err
		}
		e := exhibit{title: item.Title, name: plainName(item.Image), bytes: len(original.Body)}
		if e.size, err = sizeOf(original.Body); err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		for _, f := range forms {
			s, err := e.take(ctx, p, from, folder, f)
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", f.spec, e.name, err)
			}
			e.shots = append(e.shots, s)
		}
		all = append(all, e)
	}
	return all, nil
}

// take keeps one thumb.
func (e *exhibit) take(ctx context.Context, p *rig.Program, from, folder string, f form) (shot, error) {
	a, err := get(ctx, p, from+"?thumb="+f.spec)
	if err != nil {
		return shot{}, err
	}
	if !strings.Contains(a.Header.Get("Content-Disposition"), "filename="+f.spec+"_") {
		return shot{}, errors.New("answered with the original")
	}
	size, err := sizeOf(a.Body)
	if err != nil {
		return shot{}, err
	}
	ext := path.Ext(e.name)
	name := strings.TrimSuffix(e.name, ext) + "-" + f.spec + ext
	s := shot{form: f, file: filepath.Base(folder) + "/" + name, size: size, bytes: len(a.Body)}
	return s, os.WriteFile(filepath.Join(folder, name), a.Body, 0o644)
}

// listForms adds the page's forms to those that the demo's collection lists: any other answers the original.
func listForms(ctx context.Context, p *rig.Program) error {
	a, err := get(ctx, p, demo)
	if err != nil {
		return err
	}
	var collection struct {
		Fields []map[string]any `json:"fields"`
	}
	if err := json.Unmarshal(a.Body, &collection); err != nil {
		return err
	}
	for _, field := range collection.Fields {
		if field["type"] == "file" {
			var specs []string
			for _, f := range forms {
				specs = append(specs, f.spec)
			}
			field["thumbs"] = specs
		}
	}
	body, err := json.Marshal(collection)
	if err != nil {
		return err
	}
	a, err = p.Do(ctx, http.MethodPatch, demo, "application/json", bytes.NewReader(body))
	return whole(a, err)
}

func get(ctx context.Context, p *rig.Program, path string) (rig.Answer, error) {
	a, err := p.Get(ctx, path)
	return a, whole(a, err)
}

// whole makes an error of any status but 200.
func whole(a rig.Answer, err error) error {
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("status %d: %.200s", a.Status, a.Body)
	}
	return err
}

func sizeOf(data []byte) (image.Point, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	return image.Pt(c.Width, c.Height), err
}

// plainName is a stored name without its random suffix of an underscore and ten characters, and with hyphens for underscores.
func plainName(stored string) string {
	ext := path.Ext(stored)
	base := strings.TrimSuffix(stored, ext)
	if at := strings.LastIndexByte(base, '_'); at > 0 && len(base)-at == 11 {
		base = base[:at]
	}
	return strings.ReplaceAll(base, "_", "-") + ext
}
