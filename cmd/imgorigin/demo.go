package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"net/url"
	"sync"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server/demo"
	"github.com/imgorigin/imgorigin/transform/vips"
)

// The demo's collection and the names of its fields.
const (
	demoCollection = "demo"
	demoImage      = "image"
	demoTitle      = "title"
)

// sample is one picture of the demo and how it is made.
type sample struct {
	id, title, detail, file string
	make                    func(*vips.Renderer) ([]byte, error)
}

// samples are made by code, so that the program needs no files of anybody's.
func samples() []sample {
	photo := sync.OnceValue(func() *image.RGBA { return picture.Landscape(4000, 3000, 1) })
	return []sample{
		{"demophoto000001", "A photograph", "JPEG, 12 megapixels.", "dusk.jpg",
			func(*vips.Renderer) ([]byte, error) {
				return picture.JPEG(photo(), 90)
			}},
		{"demorotated0001", "The same, held sideways", "JPEG, stored turned by 90 degrees with EXIF orientation 6; thumbs come out upright.", "dusk sideways.jpg",
			func(*vips.Renderer) ([]byte, error) {
				turned, err := picture.JPEG(picture.UpsideFor(6, photo()), 90)
				if err != nil {
					return nil, err
				}
				return picture.WithOrientation(turned, 6, picture.MM)
			}},
		{"demoalpha000001", "An illustration with transparency", "PNG with an alpha channel, kept in every thumb.", "balloons.png",
			func(*vips.Renderer) ([]byte, error) { return picture.PNG(picture.Balloons(1600, 1200)) }},
		{"demogif00000001", "A few colours", "Animated GIF; thumbs show its first frame, transparency kept.", "pinwheel.gif",
			func(*vips.Renderer) ([]byte, error) { return picture.GIF(picture.Pinwheel(480, 12)) }},
		{"demowebp0000001", "A close-up", "WebP, and its thumbs are WebP.", "flower.webp",
			func(r *vips.Renderer) ([]byte, error) {
				return r.EncodeWebP(picture.Flower(2400, 1800, 3), 85)
			}},
	}
}

// ensureDemo makes the demo's collection and pictures where they are missing, and returns where they are.
func ensureDemo(ctx context.Context, core *origin.Origin, renderer *vips.Renderer) ([]demo.Picture, error) {
	if err := ensureDemoCollection(ctx, core); err != nil {
		return nil, err
	}
	var pictures []demo.Picture
	for _, s := range samples() {
		view, err := core.ViewRecord(ctx, origin.System(), demoCollection, s.id, origin.ReadOptions{})
		if origin.KindOf(err) == origin.NotFound {
			view, err = addSample(ctx, core, renderer, s)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
		path := fmt.Sprintf("/api/files/%s/%s/%s", demoCollection, s.id, url.PathEscape(view.Record.Text(demoImage)))
		pictures = append(pictures, demo.Picture{Title: s.title, Detail: s.detail, Path: path})
	}
	return pictures, nil
}

func ensureDemoCollection(ctx context.Context, core *origin.Origin) error {
	name, kind, public := demoCollection, string(origin.BaseCollection), new(string)
	fields := []origin.Field{
		{Name: demoTitle, Type: origin.TextField},
		{Name: demoImage, Type: origin.FileField, MaxSelect: 1, MaxSize: 32 << 20, Required: true, Thumbs: demo.Thumbs()},
	}
	_, err := core.ViewCollection(ctx, origin.System(), demoCollection)
	if origin.KindOf(err) == origin.NotFound && err != nil {
		_, err = core.CreateCollection(ctx, origin.System(), origin.CollectionInput{
			Name: &name, Type: &kind, Fields: &fields, ListRule: &public, ViewRule: &public,
		})
	}
	return err
}

func addSample(ctx context.Context, core *origin.Origin, renderer *vips.Renderer, s sample) (*origin.View, error) {
	data, err := s.make(renderer)
	if err != nil {
		return nil, err
	}
	upload, err := core.Stage(ctx, s.file, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	return core.CreateRecord(ctx, origin.System(), demoCollection, origin.RecordInput{
		Values: map[string]any{origin.ColID: s.id, demoTitle: s.title},
		Files:  map[string][]*origin.Upload{demoImage: {upload}},
	})
}
