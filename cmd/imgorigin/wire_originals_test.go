package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// animatedPNG puts the chunk that makes an APNG of a PNG between its header and its data.
func animatedPNG(still []byte) []byte {
	const header = 8 + 12 + 13 // signature, then IHDR
	chunk := []byte("acTL\x00\x00\x00\x01\x00\x00\x00\x00")
	out := append(bytes.Clone(still[:header]), 0, 0, 0, 8)
	out = append(out, chunk...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
	return append(out, still[header:]...)
}

// wireWithoutThumbs are the kinds of files whose original is what every thumb is answered with.
func wireWithoutThumbs(t *testing.T, w *world) {
	w.collection("originals", everyForm, map[string]any{"fields": []any{
		map[string]any{"name": "typed", "type": "file", "mimeTypes": []string{"image/vnd.mozilla.apng"}},
	}})
	apng := animatedPNG(picture.Must(picture.PNG(picture.Chart(100, 50))))
	box := func(brand string) []byte {
		return []byte("\x00\x00\x00\x1cftyp" + brand + "\x00\x00\x00\x00" + brand + "mif1miaf\x00\x00\x00\x08mdat")
	}
	for _, c := range []struct {
		name, contentType, kind string
		data                    []byte
	}{
		{"a.avif", "image/avif", "attachment", box("avif")},
		{"a.heic", "image/heic", "attachment", box("heic")},
		{"a.tiff", "image/tiff", "attachment", []byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00")},
		{"a.bmp", "image/bmp", "inline", []byte("BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x18\x00")},
		{"a.ico", "image/x-icon", "inline", []byte("\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00\x20\x00")},
		{"a.png", "image/apng", "attachment", apng},
		{"a.pdf", "application/pdf", "inline", []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")},
		{"a.svg", "image/svg+xml", "attachment", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`)},
		{"a.txt", textPlain, "attachment", []byte("text")},
		{"a.html", "text/html; charset=utf-8", "attachment", []byte("<!doctype html><script>alert(1)</script>")},
		{"empty.txt", "text/plain", "attachment", nil},
	} {
		t.Run(c.contentType, func(t *testing.T) {
			path := w.upload("originals", c.name, c.data)
			stored := path[strings.LastIndexByte(path, '/')+1:]
			plain := w.get(path).want(t, 200)
			for _, thumb := range []string{"100x100", "60x40"} {
				a := w.get(path+"?thumb="+thumb).want(t, 200)
				if !bytes.Equal(a.body, c.data) {
					t.Errorf("%s: %d bytes, not the original", thumb, len(a.body))
				}
				fileSent(t, a, false, true, map[string]string{
					"Accept-Ranges": "bytes", "Cache-Control": "max-age=60", "Content-Security-Policy": fileCSP, "Content-Type": c.contentType,
					"Content-Disposition": c.kind + "; filename=" + stored,
				})
				if a.header.Get("Etag") != plain.header.Get("Etag") {
					t.Errorf("%s: another tag than the original's", thumb)
				}
			}
		})
	}
	t.Run("another name of the type that is allowed", func(t *testing.T) {
		w.form("POST", "/api/collections/originals/records", w.token, part{"typed", "a.png", apng}).want(t, 200)
	})
}

// wireNotListed are the sizes that get the original, under its own name and nothing that tells.
func wireNotListed(t *testing.T, w *world) {
	w.collection("listed", []string{"60x40", "40x40t", "0x40t"}, nil)
	data := jpegOf(300, 150)
	path := w.upload("listed", "photo.jpg", data)
	stored := path[strings.LastIndexByte(path, '/')+1:]
	for _, thumb := range []string{"61x40", "60X40", "60x40+", "+60x40", "60x40f", "40x40T", "40x40", "0x0", "x", "100x100t", "060x40", "-60x40", "60x40,0x40t"} {
		t.Run(thumb, func(t *testing.T) {
			a := w.get(path+"?thumb="+thumb).want(t, 200)
			if !bytes.Equal(a.body, data) {
				t.Errorf("%d bytes, not the original", len(a.body))
			}
			fileSent(t, a, false, true, map[string]string{
				"Accept-Ranges": "bytes", "Cache-Control": "max-age=60", "Content-Security-Policy": fileCSP, "Content-Type": "image/jpeg",
				"Content-Disposition": "inline; filename=" + stored,
			})
		})
	}
	t.Run("a zero side passes over the letter", func(t *testing.T) {
		if _, width, height := dimensions(t, w.get(path+"?thumb=0x40t").want(t, 200).body); width != 80 || height != 40 {
			t.Errorf("%d×%d", width, height)
		}
	})
	t.Run("100x100 needs no list", func(t *testing.T) {
		if _, width, height := dimensions(t, w.get(path+"?thumb=100x100").want(t, 200).body); width != 100 || height != 100 {
			t.Errorf("%d×%d", width, height)
		}
	})
	t.Run("HEAD makes and keeps the thumb", func(t *testing.T) {
		fresh := w.upload("listed", "photo.jpg", data)
		w.head(fresh+"?thumb=60x40").want(t, 200)
		folder := filepath.Join(w.stored(), "renditions", filepath.FromSlash(strings.TrimPrefix(fresh, "/api/files/")))
		if kept, err := os.ReadDir(folder); err != nil || len(kept) != 1 {
			t.Errorf("%d renditions are kept, %v", len(kept), err)
		}
	})
	t.Run("an animated WebP is its first frame", func(t *testing.T) {
		frames := []image.Image{picture.Chart(200, 100), picture.Balloons(200, 100)}
		fresh := w.upload("listed", "film.webp", picture.Must(picture.AnimatedWebP(frames, 100)))
		a := w.get(fresh+"?thumb=60x40").want(t, 200)
		if format, width, height := dimensions(t, a.body); format != "webp" || width != 60 || height != 40 || bytes.Contains(a.body, []byte("ANIM")) {
			t.Errorf("%s of %d×%d", format, width, height)
		}
	})
}
