package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// bombs are small and decode to much: within the limits, where all is paid for, and beyond, where nothing may be.
func bombs() []file {
	const side = 10000 // 100 megapixels: the most that is decoded
	within := func(name, upload string, size image.Point, make func() []byte) file {
		return file{family: "bombs within the limits", name: name, upload: upload, want: served, size: size, heavy: true, bytes: make}
	}
	small := func(name, upload string, size image.Point, make func() []byte) file {
		f := within(name, upload, size, make)
		f.heavy = false
		return f
	}
	beyond := func(name, upload string, make func() []byte) file {
		return file{family: "bombs beyond the limits", name: name, upload: upload, want: refused, bytes: make}
	}
	large := func(name, upload string, make func() []byte) file { // to write, not to refuse
		f := beyond(name, upload, make)
		f.heavy = true
		return f
	}
	square := image.Pt(side, side)
	return []file{
		within("grey PNG", "a.png", square, func() []byte { return must(picture.PNGBomb(side, side)) }),
		within("PNG of 16-bit RGBA", "a.png", square, func() []byte { return blackPNG(side, side, 16, pngRGBA, false) }),
		within("interlaced PNG", "a.png", square, func() []byte { return blackPNG(side, side, 8, pngRGB, true) }),
		within("interlaced PNG of 16-bit RGBA", "a.png", square, func() []byte { return blackPNG(side, side, 16, pngRGBA, true) }),
		within("PNG of a palette, 1 bit", "a.png", square, func() []byte { return blackPNG(side, side, 1, pngPalette, false) }),
		within("wide PNG", "a.png", image.Pt(65500, 1500), func() []byte { return blackPNG(65500, 1500, 8, pngRGB, false) }),
		within("tall PNG", "a.png", image.Pt(1500, 65500), func() []byte { return blackPNG(1500, 65500, 8, pngRGB, false) }),
		within("GIF", "a.gif", square, func() []byte { return must(picture.GIFBomb(side, side, 1)) }),
		within("animated GIF", "a.gif", square, func() []byte { return must(picture.GIFBomb(side, side, 100)) }),
		within("lossless WebP", "a.webp", square, func() []byte { return must(picture.WebPBomb(side, side)) }),
		within("wide lossless WebP", "a.webp", image.Pt(16383, 6100), func() []byte { return must(picture.WebPBomb(16383, 6100)) }),
		within("lossy WebP", "a.webp", image.Pt(7000, 7000), func() []byte { return webpOf(flatVP8(7000, 7000)) }),
		within("animated WebP", "a.webp", square, func() []byte {
			return webpOf(vp8x(animationFlag, side, side), riff("ANIM", make([]byte, 6)),
				bytes.Repeat(anmf(0, 0, side, side, 0, vp8l(side, side)), 100))
		}),
		within("animated WebP of a small frame on a large canvas", "a.webp", square, func() []byte {
			return webpOf(vp8x(animationFlag, side, side), riff("ANIM", make([]byte, 6)), anmf(2, 2, 16, 16, 0, vp8l(16, 16)))
		}),
		within("baseline JPEG", "a.jpg", square, func() []byte { return flatJPEG(side, side, 3) }),
		within("baseline JPEG of four components", "a.jpg", square, func() []byte { return flatJPEG(side, side, 4) }),
		within("progressive JPEG", "a.jpg", square, func() []byte { return flatProgressive(side, side, 3) }),
		within("progressive JPEG of four components", "a.jpg", square, func() []byte { return flatProgressive(side, side, 4) }),
		within("progressive JPEG of 20 scans", "a.jpg", square, func() []byte { return must(picture.JPEGScanBomb(side, side, 19)) }),
		within("wide JPEG", "a.jpg", image.Pt(65500, 1500), func() []byte { return flatJPEG(65500, 1500, 3) }),
		within("tall JPEG", "a.jpg", image.Pt(1500, 65500), func() []byte { return flatJPEG(1500, 65500, 3) }),

		small("grey PNG of 4 megapixels", "a.png", image.Pt(2000, 2000), func() []byte { return must(picture.PNGBomb(2000, 2000)) }),
		small("GIF of 4 megapixels", "a.gif", image.Pt(2000, 2000), func() []byte { return must(picture.GIFBomb(2000, 2000, 1)) }),
		small("lossless WebP of 4 megapixels", "a.webp", image.Pt(2000, 2000), func() []byte { return must(picture.WebPBomb(2000, 2000)) }),
		small("lossy WebP of 4 megapixels", "a.webp", image.Pt(2000, 2000), func() []byte { return webpOf(flatVP8(2000, 2000)) }),
		small("JPEG of 4 megapixels", "a.jpg", image.Pt(2000, 2000), func() []byte { return flatJPEG(2000, 2000, 3) }),
		small("progressive JPEG of 4 megapixels", "a.jpg", image.Pt(2000, 2000), func() []byte { return flatProgressive(2000, 2000, 4) }),

		beyond("PNG of 900 megapixels", "a.png", func() []byte { return must(picture.PNGBomb(30000, 30000)) }),
		beyond("PNG of 1 × 200,000", "a.png", func() []byte { return must(picture.PNGBomb(1, 200_000)) }),
		beyond("PNG of 101 megapixels", "a.png", func() []byte { return must(picture.PNGBomb(10100, 10000)) }),
		large("GIF of 101 megapixels", "a.gif", func() []byte { return must(picture.GIFBomb(10100, 10000, 1)) }),
		beyond("GIF of 4,294 megapixels", "a.gif", func() []byte { return must(picture.HeaderOnly(picture.GIFFormat, 65535, 65535)) }),
		beyond("WebP of 268 megapixels", "a.webp", func() []byte { return must(picture.WebPBomb(16384, 16384)) }),
		beyond("animated WebP on a canvas of 2,000 megapixels", "a.webp", func() []byte {
			return webpOf(vp8x(animationFlag, 50000, 40000), riff("ANIM", make([]byte, 6)), anmf(0, 0, 16, 16, 0, vp8l(16, 16)))
		}),
		beyond("JPEG of 4,290 megapixels", "a.jpg", func() []byte { return arithmeticJPEG(65500, 65500, 3, 1) }),
		beyond("JPEG of 101 megapixels", "a.jpg", func() []byte { return flatJPEG(10100, 10000, 1) }),
	}
}

// scans are JPEGs whose scans cost more than their pixels.
func scans() []file {
	one := func(name string, want outcome, size image.Point, heavy bool, make func() []byte) file {
		return file{family: "many scans", name: name, upload: "a.jpg", want: want, size: size, heavy: heavy, bytes: make}
	}
	none := image.Point{}
	return []file{
		one("64 × 64 with 100 scans", served, image.Pt(64, 64), false, func() []byte { return must(picture.JPEGScanBomb(64, 64, 99)) }),
		one("4400 × 4400 with 100 scans", served, image.Pt(4400, 4400), true, func() []byte { return must(picture.JPEGScanBomb(4400, 4400, 99)) }),
		one("64 × 64 with 101 scans", refused, none, false, func() []byte { return must(picture.JPEGScanBomb(64, 64, 100)) }),
		one("64 × 64 with 30,000 scans", refused, none, false, func() []byte { return must(picture.JPEGScanBomb(64, 64, 29_999)) }),
		one("10000 × 10000 with 21 scans", refused, none, false, func() []byte { return must(picture.JPEGScanBomb(10000, 10000, 20)) }),
		one("4600 × 4600 with 100 scans", refused, none, false, func() []byte { return must(picture.JPEGScanBomb(4600, 4600, 99)) }),
		one("arithmetic without data, small", either, none, false, func() []byte { return arithmeticJPEG(300, 200, 3, 1) }),
		one("arithmetic without data", either, none, true, func() []byte { return arithmeticJPEG(10000, 10000, 3, 1) }),
		one("arithmetic without data, four components", either, none, true, func() []byte { return arithmeticJPEG(10000, 10000, 4, 1) }),
		one("arithmetic without data, 20 scans", either, none, true, func() []byte { return arithmeticJPEG(10000, 10000, 3, 20) }),
		one("arithmetic without data, 100 scans", either, none, true, func() []byte { return arithmeticJPEG(4400, 4400, 3, 100) }),
		one("the same scan of a baseline JPEG 100 times", either, none, false, func() []byte { return repeatedScan(1600, 1200, 100) }),
	}
}

// repeatedScan sends each component of a baseline JPEG in a scan of its own, again and again.
func repeatedScan(w, h, n int) []byte {
	parts := [][]byte{soi, quantisation(), frameHeader(sof0, w, h, 3), huffman(0x00, 0), huffman(0x10, 0)}
	for i := range n {
		parts = append(parts, scanHeader(0, 63, 0, 0, byte(i%3+1)), make([]byte, (2*blocks(w, h)+7)/8))
	}
	return bytes.Join(append(parts, eoi), nil)
}

// frames are animations, of which a thumb shows the first frame alone.
func frames() []file {
	one := func(name, upload string, want outcome, size image.Point, make func() []byte) file {
		return file{family: "frames", name: name, upload: upload, want: want, size: size, bytes: make}
	}
	none := image.Point{}
	anim := riff("ANIM", make([]byte, 6))
	px := vp8l(16, 16)
	frame := anmf(0, 0, 16, 16, 0, px)
	webp := func(name string, want outcome, chunks ...[]byte) file {
		return one(name, "a.webp", want, none, func() []byte { return webpOf(chunks...) })
	}
	return []file{
		one("GIF of 4,000 frames", "a.gif", served, image.Pt(8, 8), func() []byte { return must(picture.GIFBomb(8, 8, 4_000)) }),
		one("GIF of 10,000 frames", "a.gif", either, none, func() []byte { return must(picture.GIFBomb(8, 8, 10_000)) }),
		one("GIF of 10,001 frames", "a.gif", refused, none, func() []byte { return must(picture.GIFBomb(8, 8, 10_001)) }),
		one("GIF of 300,000 frames", "a.gif", refused, none, func() []byte { return must(picture.GIFBomb(1, 1, 300_000)) }),
		one("animated WebP of 10,000 frames", "a.webp", served, image.Pt(16, 16), func() []byte {
			return webpOf(vp8x(animationFlag, 16, 16), anim, bytes.Repeat(frame, 10_000))
		}),
		one("animated WebP of 10,001 frames", "a.webp", refused, none, func() []byte {
			return webpOf(vp8x(animationFlag, 16, 16), anim, bytes.Repeat(frame, 10_001))
		}),
		webp("animated WebP without a frame", refused, vp8x(animationFlag, 16, 16), anim),
		webp("animated WebP without ANIM", either, vp8x(animationFlag, 16, 16), frame),
		webp("animated WebP whose flag is not set", either, vp8x(0, 16, 16), anim, frame),
		webp("still WebP whose animation flag is set", either, vp8x(animationFlag, 16, 16), px),
		webp("animated WebP whose frame lies outside", refused, vp8x(animationFlag, 16, 16), anim, anmf(8, 8, 16, 16, 0, px)),
		webp("animated WebP whose frame says another size", refused, vp8x(animationFlag, 16, 16), anim, anmf(0, 0, 8, 8, 0, px)),
		webp("animated WebP whose first frame is empty", either, vp8x(animationFlag, 16, 16), anim, anmf(0, 0, 16, 16, 0, nil), frame),
		webp("animated WebP whose first frame is cut", refused, vp8x(animationFlag, 16, 16), anim, anmf(0, 0, 16, 16, 0, px[:10])),
		webp("animated WebP whose first frame holds an animation", either, vp8x(animationFlag, 16, 16), anim, anmf(0, 0, 16, 16, 0, frame)),
		webp("animated WebP with a still picture behind", either, vp8x(animationFlag, 16, 16), anim, frame, px),
		webp("WebP with two headers", refused, vp8x(0, 16, 16), vp8x(0, 16, 16), px),
		webp("WebP with two pictures", either, vp8x(0, 16, 16), px, vp8l(32, 32)),
		webp("WebP whose picture is larger than its canvas", refused, vp8x(0, 8, 8), px),
		webp("WebP of alpha alone", refused, vp8x(alphaFlag, 16, 16), riff("ALPH", make([]byte, 300))),
		webp("WebP of alpha that is none", either, vp8x(alphaFlag, 16, 16), riff("ALPH", []byte{1, 0, 0, 0}), flatVP8(16, 16)),
		one("APNG", "a.png", either, none, func() []byte { return apng(1, false) }),
		one("APNG that claims four thousand million frames", "a.png", either, none, func() []byte { return apng(1<<32-1, false) }),
		one("APNG of no frames", "a.png", either, none, func() []byte { return apng(0, false) }),
		one("APNG whose frames come before its picture", "a.png", either, none, func() []byte { return apng(2, true) }),
		one("APNG of 10,001 frames", "a.png", refused, none, func() []byte {
			return pngOf(ihdr(8, 8, 8, pngGrey, false), zeros(72), append([]byte(nil), bytes.Repeat(fctl(8, 8), 10_001)...), actl(10_001))
		}),
		one("GIF whose frame lies outside", "a.gif", either, none, func() []byte { return gifOf(16, 16, 60000, 60000, 16, 16) }),
		one("GIF whose frame is larger than its screen", "a.gif", either, none, func() []byte { return gifOf(4, 4, 0, 0, 64, 64) }),
		one("GIF whose screen is empty", "a.gif", either, none, func() []byte { return gifOf(0, 0, 0, 0, 64, 64) }),
		one("GIF whose frame is empty", "a.gif", refused, none, func() []byte { return gifOf(16, 16, 0, 0, 0, 0) }),
		one("GIF of codes of 12 bits", "a.gif", refused, none, func() []byte {
			g := gifOf(16, 16, 0, 0, 16, 16)
			g[bytes.IndexByte(g, 0x2C)+10] = 12
			return g
		}),
		one("GIF of a megabyte of extensions", "a.gif", served, image.Pt(16, 16), func() []byte {
			g := gifOf(16, 16, 0, 0, 16, 16)
			at := bytes.IndexByte(g, 0x2C)
			return bytes.Join([][]byte{g[:at], bytes.Repeat([]byte("\x21\xfe\x02hi\x00"), 1<<20/6), g[at:]}, nil)
		}),
	}
}

func actl(n uint32) []byte { return chunk("acTL", binary.BigEndian.AppendUint64(nil, uint64(n)<<32)) }

func fctl(w, h int) []byte {
	d := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(w))
	d = binary.BigEndian.AppendUint32(d, uint32(h))
	return chunk("fcTL", append(d, make([]byte, 14)...))
}

// apng is a PNG that claims n frames; with early the frame's data stands before the picture's.
func apng(n uint32, early bool) []byte {
	between := [][]byte{actl(n), fctl(8, 8)}
	if early {
		between = append(between, chunk("fdAT", append(make([]byte, 4), zeros(72)...)))
	}
	return pngOf(ihdr(8, 8, 8, pngGrey, false), zeros(72), between...)
}

// gifOf is a whole GIF of one frame, put where it may not lie.
func gifOf(w, h, left, top, fw, fh int) []byte {
	g := must(picture.GIFBomb(max(fw, 1), max(fh, 1), 1))
	le := binary.LittleEndian
	le.PutUint16(g[6:], uint16(w))
	le.PutUint16(g[8:], uint16(h))
	at := bytes.IndexByte(g, 0x2C)
	for i, v := range []int{left, top, fw, fh} {
		le.PutUint16(g[at+1+2*i:], uint16(v))
	}
	return g
}

// largest are pictures whose thumbs are larger than they are: what is asked for, not what is sent, is the cost.
func largest() []file {
	one := func(name, upload string, make func() []byte) file {
		return file{family: "largest thumbs", name: name, upload: upload, heavy: true, wide: true, bytes: make}
	}
	var files []file
	for _, size := range []image.Point{{640, 480}, {400, 16}, {1, 20000}} {
		flat := image.NewPaletted(image.Rectangle{Max: size}, chartPalette())
		for i := range flat.Pix {
			flat.Pix[i] = uint8(i * 7 % len(flat.Palette))
		}
		name := fmt.Sprintf("of %d×%d", size.X, size.Y)
		files = append(files,
			one("JPEG "+name, "a.jpg", func() []byte { return must(picture.JPEG(flat, 90)) }),
			one("PNG "+name, "a.png", func() []byte { return must(picture.PNG(flat)) }),
			one("GIF "+name, "a.gif", func() []byte { return stillGIF(flat) }),
		)
		if max(size.X, size.Y) < 16384 {
			files = append(files, one("WebP "+name, "a.webp", func() []byte { return must(picture.WebP(flat)) }))
		}
	}
	return files
}

// scraps are almost nothing, or one thing over and over.
func scraps() []file {
	all := map[string]string{
		"empty": "", "one byte": "x", "a zero": "\x00", "two bytes": "\xff\xd8", "a byte order mark": "\xef\xbb\xbf", "a line": "\n",
		"a megabyte of zeros": strings.Repeat("\x00", 1<<20), "a megabyte of ones": strings.Repeat("\xff", 1<<20),
		"a JPEG's start and nothing but fill bytes":  "\xff\xd8" + strings.Repeat("\xff", 1<<20),
		"a JPEG's start over and over":               strings.Repeat("\xff\xd8\xff\xe0\x00\x02", 1<<17),
		"a JPEG of nothing but restart markers":      "\xff\xd8" + strings.Repeat("\xff\xd0", 1<<19),
		"a JPEG of nothing but comments":             "\xff\xd8" + strings.Repeat("\xff\xfe\x00\x02", 1<<18),
		"a JPEG of nothing but tables":               "\xff\xd8" + strings.Repeat(string(huffman(0, 0)), 1<<15),
		"a JPEG of nothing but segments of length 0": "\xff\xd8" + strings.Repeat("\xff\xe1\x00\x00", 1<<18),
		"a PNG of nothing but empty chunks":          magics[1].bytes + string(ihdr(8, 8, 8, pngGrey, false)) + strings.Repeat(string(chunk("tEXt", nil)), 1<<16),
		"a PNG of nothing but headers":               magics[1].bytes + strings.Repeat(string(ihdr(8, 8, 8, pngGrey, false)), 1<<15),
		"a GIF of nothing but extensions":            "GIF89a\x08\x00\x08\x00\x00\x00\x00" + strings.Repeat("\x21\xff\x00", 1<<18),
		"a GIF of nothing but zeros":                 "GIF89a\x08\x00\x08\x00\x00\x00\x00" + strings.Repeat("\x00", 1<<20),
		"a WebP of nothing but unknown chunks":       string(webpOf(vp8x(0, 8, 8), bytes.Repeat(riff("????", nil), 1<<17))),
		"a WebP that holds itself":                   string(webpOf(webpOf(vp8l(8, 8)))),
	}
	var files []file
	for _, name := range slices.Sorted(maps.Keys(all)) {
		files = append(files, file{family: scrapsFamily, name: name, upload: "a.jpg", want: refused, bytes: still([]byte(all[name]))})
	}
	for _, m := range magics {
		for _, n := range []int{0, 1, 4, 8, 100} {
			files = append(files, file{family: scrapsFamily, name: fmt.Sprintf("the magic bytes of %s and %d zeros", m.format, n), upload: "a.jpg", want: refused,
				bytes: still(append([]byte(m.bytes), make([]byte, n)...))})
		}
	}
	return files
}
