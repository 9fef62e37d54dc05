package origin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"

	"github.com/bbrks/go-blurhash"

	"github.com/imgorigin/imgorigin/transform"
)

// The preview that a BlurHash is computed from, and the components of the hash: 4 by 3 turned by the picture's shape,
// as its own examples have.
const (
	previewSide = 32
	blurLong    = 4
	blurShort   = 3
)

// look is what is learnt of a picture at upload, beside what its row of the catalog says.
type look struct {
	blurHash string
	exif     json.RawMessage // Media.EXIF
}

// look looks at the bytes of a file, which nobody can read yet.
func (o *Origin) look(ctx context.Context, f *File, bytes io.ReaderAt) look {
	return look{
		blurHash: o.preview(ctx, f, func(context.Context) (*source, error) {
			return readSource(io.NewSectionReader(bytes, 0, f.Size), f.Size)
		}),
		exif: o.exif(f, bytes),
	}
}

// exif is Media.EXIF of a file's bytes. A picture whose tags cannot be read has none, and is no failure of the upload.
func (o *Origin) exif(f *File, bytes io.ReaderAt) json.RawMessage {
	if f.Image.Format == transform.Unknown {
		return nil
	}
	tags, err := transform.Tags(bytes, f.Size)
	if err != nil {
		o.log.Warn("the EXIF tags of a picture could not be read", "key", string(f.OriginalKey()), "error", err)
		tags = make(map[string]any)
	}
	tags["SamplesPerPixel"] = f.Image.Components
	text, _ := json.Marshal(tags) // texts and numbers only
	return text
}

// preview computes the BlurHash of a picture: one small render, admitted by the gate that all renders pass. A picture that
// cannot be rendered, or not now, has none, and is no failure of the upload.
func (o *Origin) preview(ctx context.Context, f *File, load func(context.Context) (*source, error)) string {
	v := &variant{}
	thumb := transform.Thumb{Width: previewSide, Height: previewSide, Mode: transform.Fit}
	if err := o.plan(v, f, thumb); err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, o.config.FillTimeout)
	defer cancel()
	hash, err := o.blurHash(ctx, f, o.config.Options.PlanAs(thumb, transform.PNG), load)
	if err != nil {
		o.log.Warn("a picture has no BlurHash", "key", string(f.OriginalKey()), "error", err)
	}
	return hash
}

func (o *Origin) blurHash(ctx context.Context, f *File, plan transform.Plan, load func(context.Context) (*source, error)) (hash string, err error) {
	turn, err := o.gate.Admit(ctx, transform.Cost(f.Image, plan), transform.Memory(f.Image, f.Size, plan))
	if err != nil {
		return "", err
	}
	defer turn.End()
	src, err := load(ctx)
	if err != nil {
		return "", err
	}
	defer src.free()
	defer func() {
		if v := recover(); v != nil { // the upload goes on
			hash, err = "", fmt.Errorf("a preview panicked: %v", v)
		}
	}()
	small, err := o.renderer.Render(ctx, src.data, plan)
	if err != nil {
		return "", err
	}
	img, err := png.Decode(bytes.NewReader(small))
	if err != nil {
		return "", err
	}
	x, y := blurLong, blurShort
	if b := img.Bounds(); b.Dy() > b.Dx() {
		x, y = y, x
	}
	return blurhash.Encode(x, y, img)
}

// lookAtUploads looks at the uploads of a media record, before the transaction.
func (w *write) lookAtUploads(ctx context.Context, d *draft) {
	for name, u := range w.change.uploads {
		if _, done := w.change.media.looks[name]; done || u.staged == nil {
			continue
		}
		file := u.row(FileRef{w.change.c.ID, d.record.ID, name}, "", w.change.now)
		w.change.media.looks[name] = w.o.look(ctx, file, u.staged)
	}
}
