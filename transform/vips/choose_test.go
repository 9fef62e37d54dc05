package vips

import (
	"fmt"
	"image"
	"testing"

	"github.com/h2non/bimg"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

func TestChoose(t *testing.T) {
	plain := transform.Meta{Format: transform.JPEG, Width: 1600, Height: 1200, Orientation: 1, Depth: 8, Components: 3, Frames: 1}
	with := func(change func(m *transform.Meta)) transform.Meta {
		m := plain
		change(&m)
		return m
	}
	for _, c := range []struct {
		name   string
		m      transform.Meta
		form   string
		output transform.Format
		want   path
	}{
		{"to JPEG", plain, "800x0", transform.JPEG, viaLibvips},
		{"copy", plain, "1600x1200", transform.PNG, viaBimg},
		{"fit that fits", plain, "9000x9000f", transform.PNG, viaBimg},
		{"to PNG", plain, "800x0", transform.PNG, viaBimg},
		{"PNG", with(func(m *transform.Meta) { m.Format = transform.PNG }), "800x0", transform.PNG, viaBimg},
		{"copy of a WebP to PNG", with(func(m *transform.Meta) { m.Format = transform.WebP }), "1600x1200", transform.PNG, viaBimg},
		{"strong reduction", plain, "400x0", transform.PNG, viaLibvips},
		{"enlarging", plain, "1700x0", transform.PNG, viaLibvips},
		{"one side kept", plain, "1600x1199", transform.PNG, viaLibvips},
		{"crop", plain, "800x800", transform.PNG, viaLibvips},
		{"rotated", with(func(m *transform.Meta) { m.Orientation = 6 }), "800x0", transform.PNG, viaLibvips},
		{"mirrored", with(func(m *transform.Meta) { m.Orientation = 2 }), "800x0", transform.PNG, viaLibvips},
		{"profile", with(func(m *transform.Meta) { m.ICCBytes = 500 }), "800x0", transform.PNG, viaLibvips},
		{"CMYK", with(func(m *transform.Meta) { m.Components = 4 }), "800x0", transform.PNG, viaLibvips},
		{"grey", with(func(m *transform.Meta) { m.Components = 1 }), "800x0", transform.PNG, viaLibvips},
		{"16 bits", with(func(m *transform.Meta) { m.Format, m.Depth = transform.PNG, 16 }), "800x0", transform.PNG, viaLibvips},
		{"alpha", with(func(m *transform.Meta) { m.Format, m.Components, m.Alpha = transform.PNG, 4, true }), "800x0", transform.PNG, viaLibvips},
		{"animation", with(func(m *transform.Meta) { m.Format, m.Frames = transform.WebP, 2 }), "1600x1200", transform.PNG, viaLibvips},
		{"GIF", with(func(m *transform.Meta) { m.Format = transform.GIF }), "800x0", transform.GIF, viaLibvips},
		{"reduced WebP", with(func(m *transform.Meta) { m.Format = transform.WebP }), "800x0", transform.PNG, viaLibvips},
		{"to WebP", plain, "800x0", transform.WebP, viaLibvips},
		{"large", with(func(m *transform.Meta) { m.Width, m.Height = 4000, 3000 }), "2000x0", transform.PNG, viaLibvips},
	} {
		l := newLayout(thumb(c.form).Geometry(c.m.Upright()), orientation(c.m.Orientation))
		if got, why := choose(c.m, l, transform.DefaultOptions().PlanAs(thumb(c.form), c.output)); got != c.want {
			t.Errorf("%s: path %d because of %q, want %d", c.name, got, why, c.want)
		}
	}
}

// TestBimgIsTakenWhereItIsRight: what it makes there is what our own steps make, to
// within the rounding of bytes between libvips' two passes.
func TestBimgIsTakenWhereItIsRight(t *testing.T) {
	r := newRenderer(t)
	scene := picture.Landscape(300, 200, 3)
	for _, f := range []transform.Format{transform.JPEG, transform.PNG} {
		file := encode(scene, f)
		for _, form := range []string{"150x0", "0x125", "300x200", "800x800f"} {
			p := plan(t, file, form, transform.PNG) // so that no codec adds to the difference
			before := r.Stats().ViaBimg
			got, err := r.Render(t.Context(), file, p)
			if err != nil {
				t.Fatal(err)
			}
			if r.Stats().ViaBimg == before {
				t.Fatalf("%v as %s: not by bimg", f, form)
			}
			m := probe(t, file)
			own, err := r.workers.render(t.Context(), file, m, newLayout(p.Thumb.Geometry(m.Width, m.Height), 1), p)
			if err != nil {
				t.Fatal(err)
			}
			if like := ssim(luma(decode(t, got)), luma(decode(t, own))); like < 0.995 {
				t.Errorf("%v as %s: SSIM %.4f of bimg's to ours", f, form, like)
			}
		}
	}
}

// TestBimgIsNotTakenWhereItIsWrong shows for each ground in choose that can be seen
// in pixels that it holds of the bimg that is compiled in: once it does not, the
// case can be given back.
func TestBimgIsNotTakenWhereItIsWrong(t *testing.T) {
	r := newRenderer(t)
	scene := picture.Landscape(900, 600, 3)
	chart := picture.Chart(900, 600)
	jpeg := func(img image.Image) []byte { return encode(img, transform.JPEG) }
	for name, c := range map[string]struct {
		file []byte
		form string
		how  func(o *bimg.Options)
	}{
		"crop":             {jpeg(scene), "200x171", func(o *bimg.Options) { o.Force, o.Crop, o.Enlarge = false, true, true }},
		"enlarging":        {jpeg(picture.Landscape(300, 200, 3)), "450x0", func(*bimg.Options) {}},
		"strong reduction": {jpeg(chart), "110x0", func(*bimg.Options) {}},
		"rotated WebP": {picture.Must(picture.WithOrientation(encode(picture.UpsideFor(3, scene), transform.WebP), 3, picture.II)), "300x0",
			func(o *bimg.Options) { o.NoAutoRotate, o.Force, o.Height = false, false, 0 }},
		"colour profile": {picture.Must(picture.WithICC(encode(scene, transform.PNG), picture.ProfileProPhoto())), "450x0", func(*bimg.Options) {}},
	} {
		t.Run(name, func(t *testing.T) {
			m := probe(t, c.file)
			l := newLayout(thumb(c.form).Geometry(m.Upright()), orientation(m.Orientation))
			if got, _ := choose(m, l, plan(t, c.file, c.form, transform.PNG)); got != viaLibvips {
				t.Fatal("the case is bimg's")
			}
			o := bimgOptions(l, plan(t, c.file, c.form, transform.PNG))
			c.how(&o)
			out, err := bimg.Resize(c.file, o)
			if err != nil {
				t.Fatal(err)
			}
			got, want := luma(decode(t, out)), luma(render(t, r, c.file, c.form, transform.PNG))
			if got.w != want.w || got.h != want.h {
				return // wrong already
			}
			if like := ssim(got, want); like >= leastSSIM {
				t.Errorf("SSIM %.4f: bimg is right after all", like)
			}
		})
	}
}

// TestBimgLeavesMetadataInWebP is the ground for keeping it from writing WebP.
func TestBimgLeavesMetadataInWebP(t *testing.T) {
	newRenderer(t)
	src := picture.Must(picture.WithOrientation(encode(picture.Chart(90, 60), transform.JPEG), 1, picture.II))
	out, err := bimg.Resize(src, bimg.Options{Type: bimg.WEBP, StripMetadata: true})
	if err != nil {
		t.Fatal(err)
	}
	if m := probe(t, out); m.EXIFBytes == 0 {
		t.Error("it does not: the case can be given back")
	}
}

func TestEncodeWebP(t *testing.T) {
	r := newRenderer(t)
	for name, img := range map[string]image.Image{
		"opaque": picture.Landscape(120, 80, 1), "with alpha": picture.Balloons(120, 80), "a part": picture.Chart(120, 80).SubImage(image.Rect(30, 20, 90, 70)),
	} {
		out, err := r.EncodeWebP(img, 90)
		if err != nil {
			t.Fatal(err)
		}
		m := probe(t, out)
		if m.Format != transform.WebP || m.EXIFBytes != 0 || m.ICCBytes != 0 || m.Truncated {
			t.Errorf("%s: %+v", name, m)
		}
		want := nrgba(img)
		if like := ssim(luma(onBlack(decode(t, out))), luma(onBlack(want))); like < 0.97 || m.Alpha != !want.Opaque() {
			t.Errorf("%s: SSIM %.4f, alpha %v", name, like, m.Alpha)
		}
	}
	for _, quality := range []int{0, 101} {
		if _, err := r.EncodeWebP(picture.Chart(8, 8), quality); err == nil {
			t.Errorf("quality %d is taken", quality)
		}
	}
	for _, size := range []transform.Size{{}, {Width: 16384, Height: 1}} {
		if _, err := r.EncodeWebP(image.NewNRGBA(image.Rect(0, 0, size.Width, size.Height)), 80); err == nil {
			t.Error(fmt.Sprint(size, " is taken"))
		}
	}
}
