package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"image"
	"image/color/palette"
	"image/gif"
	"math/rand/v2"
	"strings"

	"image/color"

	"github.com/imgorigin/imgorigin/internal/picture"
)

func chartPalette() color.Palette { return palette.WebSafe }

func stillGIF(img *image.Paletted) []byte {
	return must(picture.GIF(&gif.GIF{Image: []*image.Paletted{img}, Delay: []int{0}}))
}

// polyglots are whole pictures that are something else as well. The picture is what counts.
func polyglots(all []base) []file {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	must(must(z.Create("a.html")).Write([]byte("<script>alert(1)</script>")))
	must(0, z.Close())
	tails := []struct{ name, bytes string }{
		{"an archive", archive.String()},
		{"a page", "<!doctype html><script>alert(1)</script>"},
		{"a program", "<?php system($_GET[0]); ?>"},
		{"a PDF", pdf},
		{"a script of ImageMagick", mvg},
		{"a drawing", xxe},
		{"two megabytes", strings.Repeat("\x00\xff", 1<<20)},
	}
	var files []file
	add := func(name, upload string, want outcome, size image.Point, data []byte) {
		files = append(files, file{family: "polyglots", name: name, upload: upload, want: want, size: size, bytes: still(data)})
	}
	for _, b := range all {
		for _, t := range tails {
			add(b.format+" with "+t.name+" behind", "a"+b.ext, served, b.size, append(bytes.Clone(b.data), t.bytes...))
		}
		for _, o := range all {
			if o.format != b.format {
				add(b.format+" with a "+o.format+" behind", "a"+b.ext, served, b.size, append(bytes.Clone(b.data), o.data...))
			}
		}
	}
	jpeg := flatJPEG(64, 48, 3)
	inComment := func(s string) []byte { return bytes.Join([][]byte{soi, segment(com, []byte(s)...), jpeg[2:]}, nil) }
	size := image.Pt(64, 48)
	add("JPEG with a page in a comment", "a.html", served, size, inComment(tails[1].bytes))
	add("JPEG with a drawing in a comment", "a.svg", served, size, inComment(xxe))
	add("GIF that is a script too", "a.js", either, image.Point{}, append([]byte("GIF89a=1;/*"), make([]byte, 400)...))
	add("PNG with a page in a text chunk", "a.png", served, image.Pt(8, 8), pngOf(ihdr(8, 8, 8, pngGrey, false), zeros(72), chunk("tEXt", []byte("Comment\x00"+tails[1].bytes))))
	add("JPEG behind an archive", "a.jpg", refused, image.Point{}, append(archive.Bytes(), jpeg...))
	add("JPEG behind a PDF's first line", "a.jpg", refused, image.Point{}, append([]byte("%PDF-1.4\n"), jpeg...))
	add("JPEG behind a space", "a.jpg", refused, image.Point{}, append([]byte(" "), jpeg...))
	add("JPEG with two frame headers", "a.jpg", refused, image.Point{}, bytes.Join([][]byte{soi, frameHeader(sof0, 8, 8, 1), jpeg[2:]}, nil))
	add("JPEG that begins twice", "a.jpg", either, image.Point{}, append(bytes.Clone(soi), jpeg...))
	return files
}

// carrier is a picture that metadata is put into.
type carrier struct {
	upload string
	data   []byte
}

// carriers are three flat pictures of 300×200.
func carriers() []carrier {
	return []carrier{
		{"a.jpg", flatJPEG(300, 200, 3)},
		{"a.png", blackPNG(300, 200, 8, pngRGB, false)},
		{"a.webp", webpOf(vp8l(300, 200))},
	}
}

func carrying(name, upload string, want outcome, make func() []byte) file {
	f := file{family: "metadata", name: name, upload: upload, want: want, bytes: make}
	if want == served {
		f.size = image.Pt(300, 200)
	}
	return f
}

// profiles are ICC and EXIF blocks, whole and broken, in each format that can carry them.
func profiles() []file {
	var files []file
	for _, c := range carriers() {
		add := func(name string, want outcome, make func() []byte) {
			files = append(files, carrying(name+", in "+c.upload, c.upload, want, make))
		}
		icc := func(profile []byte) func() []byte {
			return func() []byte { return must(picture.WithICC(c.data, profile)) }
		}
		exif := func(block []byte) func() []byte {
			return func() []byte { return must(picture.WithEXIF(c.data, block)) }
		}
		add("noise for a profile", served, icc(noise(3000)))
		add("4 MB of noise for a profile", served, icc(noise(4_000_000)))
		add("5 MB of noise for a profile", refused, icc(noise(5_000_000)))
		for _, n := range []int{4, 128, 300, 600} {
			add(fmt.Sprintf("a profile that ends after %d bytes", n), either, icc(picture.ProfileDisplayP3()[:n]))
		}
		for seed := range 6 {
			add(fmt.Sprintf("a profile with flipped bits, seed %d", seed), either, icc(picture.FlipBits(picture.ProfileDisplayP3(), 24, int64(seed))))
		}
		add("a profile of four thousand million tags", either, icc(manyTags(1<<32-1)))
		add("a profile of a hundred tags", either, icc(manyTags(100)))
		add("a grey profile", either, icc(picture.ProfileGrey()))
		add("an empty profile", either, icc(nil))
		for o := range 12 {
			add(fmt.Sprintf("EXIF orientation %d", o), served, exif(picture.OrientationEXIF(o, picture.MM)))
			if last := &files[len(files)-1]; o >= 5 && o <= 8 { // the sides are swapped
				last.size = image.Pt(last.size.Y, last.size.X)
			}
		}
		add("EXIF of noise", served, exif(noise(60_000)))
		add("EXIF whose every tag is all of it", either, exif(allOfIt(65_000)))
		add("EXIF that points at itself", either, exif([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x69\x87\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00")))
		add("EXIF that points beyond its end", either, exif([]byte("MM\x00*\xff\xff\xff\xff")))
	}
	return files
}

// metadata is long, or cheap to write and dear to read.
func metadata() []file {
	all := carriers()
	jpeg, png, webp := all[0].data, all[1].data, all[2].data
	var files []file
	add := func(name, upload string, want outcome, make func() []byte) {
		files = append(files, carrying(name, upload, want, make))
	}
	add("2 MB of EXIF in a WebP", "a.webp", refused, func() []byte { return must(picture.WithEXIF(webp, noise(2_000_000))) })
	add("2 MB of EXIF in a PNG", "a.png", refused, func() []byte { return must(picture.WithEXIF(png, noise(2_000_000))) })
	add("EXIF whose every tag is all of it, a megabyte, in a WebP", "a.webp", either, func() []byte { return must(picture.WithEXIF(webp, allOfIt(1<<20))) })
	add("200 blocks of EXIF in a JPEG", "a.jpg", refused, func() []byte {
		return bytes.Join([][]byte{soi, bytes.Repeat(segment(app1, append([]byte("Exif\x00\x00"), allOfIt(60_000)...)...), 200), jpeg[2:]}, nil)
	})
	add("a profile in pieces that lie about their number", "a.jpg", either, func() []byte {
		return bytes.Join([][]byte{soi, bytes.Repeat(segment(app2, append([]byte("ICC_PROFILE\x00\xff\xff"), noise(1000)...)...), 40), jpeg[2:]}, nil)
	})
	add("a megabyte of comments", "a.jpg", served, func() []byte {
		return bytes.Join([][]byte{soi, bytes.Repeat(segment(com, make([]byte, 60_000)...), 17), jpeg[2:]}, nil)
	})
	add("100,000 empty segments", "a.jpg", served, func() []byte {
		return bytes.Join([][]byte{soi, bytes.Repeat(segment(0xEB), 100_000), jpeg[2:]}, nil)
	})
	add("a restart after every block, and none", "a.jpg", either, func() []byte {
		return bytes.Join([][]byte{soi, segment(dri, 0, 1), jpeg[2:]}, nil)
	})
	black := func(between ...[]byte) func() []byte {
		return func() []byte {
			return pngOf(ihdr(300, 200, 8, pngRGB, false), zeros(rawSize(300, 200, 24, false)), between...)
		}
	}
	bomb := deflatedText(7_900_000)
	for _, n := range []int{1, 4} {
		add(fmt.Sprintf("%d texts that inflate to 8 MB each", n), "a.png", served, black(bytes.Repeat(chunk("zTXt", append([]byte("a\x00\x00"), bomb...)), n)))
	}
	add("1,000 texts that inflate to 8 MB each", "a.png", refused, black(bytes.Repeat(chunk("zTXt", append([]byte("a\x00\x00"), bomb...)), 1000)))
	add("1,000 international texts that inflate to 8 MB each", "a.png", refused, black(bytes.Repeat(chunk("iTXt", append([]byte("a\x00\x01\x00\x00\x00"), bomb...)), 1000)))
	add("a profile that inflates to 8 MB", "a.png", either, black(chunk("iCCP", append([]byte("a\x00\x00"), bomb...))))
	add("a profile that inflates to 500 MB", "a.png", either, black(chunk("iCCP", append([]byte("a\x00\x00"), zeros(500<<20)...))))
	add("100,000 texts", "a.png", served, black(bytes.Repeat(chunk("tEXt", []byte("a\x00b")), 100_000)))
	add("8 MB of text", "a.png", served, black(chunk("tEXt", append([]byte("a\x00"), bytes.Repeat([]byte("b"), 8<<20)...))))
	add("data in 60,000 chunks", "a.png", either, func() []byte {
		data := noisyPNG(120, 100, false)
		at := bytes.Index(data, []byte("IDAT"))
		n := int(binary.BigEndian.Uint32(data[at-4:]))
		parts := [][]byte{data[:at-4]}
		for i := range n {
			parts = append(parts, chunk("IDAT", data[at+4+i:at+5+i]), chunk("IDAT", nil))
		}
		return bytes.Join(append(parts, chunk("IEND", nil)), nil)
	})
	return files
}

// noise is n bytes of no meaning, the same for the same n.
func noise(n int) []byte {
	b := make([]byte, n)
	must(rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)}).Read(b))
	return b
}

func deflatedText(n int) []byte { return zlibbed(bytes.Repeat([]byte("a"), n)) }

// manyTags is a profile whose table claims n tags, each of them all of the profile.
func manyTags(n uint32) []byte {
	p := bytes.Clone(picture.ProfileSRGB()[:128])
	p = binary.BigEndian.AppendUint32(p, n)
	for i := range min(n, 100) {
		p = binary.BigEndian.AppendUint32(p, 0x41324230+i)
		p = binary.BigEndian.AppendUint32(p, 0)
		p = binary.BigEndian.AppendUint32(p, 60_000)
	}
	p = append(p, make([]byte, 60_000-len(p))...)
	binary.BigEndian.PutUint32(p, uint32(len(p)))
	return p
}

// allOfIt is a TIFF directory of n bytes whose every entry says that its value is nearly all of them.
func allOfIt(n int) []byte {
	entries := min((n-14)/12, 65_535)
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("II*\x00"), 8)
	b = le.AppendUint16(b, uint16(entries))
	for i := range entries {
		b = le.AppendUint16(b, uint16(0x100+i%64))
		b = le.AppendUint16(b, 7) // bytes without a meaning
		b = le.AppendUint32(b, uint32(min(n, 65_000)-64))
		b = le.AppendUint32(b, 8)
	}
	return append(b, make([]byte, n-len(b))...)
}

const (
	pdf = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj " +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200000 200000]>>endobj trailer<</Root 1 0 R>>\n%%EOF"
	mvg = "push graphic-context\nviewbox 0 0 640 480\nfill 'url(https://127.0.0.1:9/x.jpg\"|touch /tmp/imgorigin-owned\")'\nimage over 0,0 0,0 '/etc/passwd'\npop graphic-context\n"
	msl = `<?xml version="1.0"?><image><read filename="/etc/passwd"/><write filename="/tmp/imgorigin-owned"/></image>`
	xxe = `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><text>&x;</text></svg>`
)

// otherTypes are what libraries for pictures open as well, and this program must not, each called a.jpg and under its own name.
func otherTypes() []file {
	laughs := `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">`
	for c := 'b'; c <= 'k'; c++ {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
	}
	laughs += `]><svg xmlns="http://www.w3.org/2000/svg"><text>&k;</text></svg>`
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	must(w.Write([]byte(xxe)))
	must(0, w.Close())
	tiff := "II*\x00\x08\x00\x00\x00\x03\x00\x00\x01\x03\x00\x01\x00\x00\x00\xff\xff\x00\x00\x01\x01\x03\x00\x01\x00\x00\x00\xff\xff\x00\x00\x11\x01\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00"
	ftyp := func(brand string) string {
		return "\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x00\x00mif1" + brand + strings.Repeat("\x00", 200)
	}
	var files []file
	for _, o := range []struct{ ext, name, bytes string }{
		{".svg", "SVG that reads a file", xxe},
		{".svg", "SVG of a thousand million laughs", laughs},
		{".svg", "SVG of a million pixels squared", `<svg xmlns="http://www.w3.org/2000/svg" width="1000000" height="1000000"><rect width="100%" height="100%"/></svg>`},
		{".svg", "SVG that fetches", `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="http://127.0.0.1:9/x.png" width="10" height="10"/></svg>`},
		{".svgz", "compressed SVG", gz.String()},
		{".pdf", "PDF", pdf},
		{".pdf", "PDF behind spaces", strings.Repeat(" ", 100) + pdf},
		{".eps", "PostScript", "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n{ } loop\n"},
		{".ps", "PostScript that runs a command", "%!PS\n(%pipe%touch /tmp/imgorigin-owned) (w) file\n"},
		{".mvg", "MVG", mvg},
		{".mvg", "MVG that calls itself one", "mvg:" + mvg},
		{".msl", "MSL", msl},
		{".txt", "a file list", "@/etc/passwd"},
		{".txt", "a pipe", "|touch /tmp/imgorigin-owned"},
		{".txt", "ephemeral", "ephemeral:/etc/passwd"},
		{".tif", "TIFF of a strip that is its directory", tiff},
		{".tif", "TIFF that never ends", "MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x08"},
		{".tif", "BigTIFF", "II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\xff", 64)},
		{".heic", "HEIC", ftyp("heic")}, {".avif", "AVIF", ftyp("avif")}, {".avif", "AVIF sequence", ftyp("avis")}, {".heif", "HEIF", ftyp("mif1")},
		{".mp4", "MP4", ftyp("isom")}, {".cr3", "CR3", ftyp("crx ")},
		{".jxl", "JPEG XL", "\xff\x0a" + strings.Repeat("\xfa", 200)},
		{".jxl", "JPEG XL in a box", "\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a" + strings.Repeat("\x00", 200)},
		{".jp2", "JPEG 2000", "\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a" + ftyp("jp2 ")},
		{".j2k", "JPEG 2000 codestream", "\xff\x4f\xff\x51\x00\x2f" + strings.Repeat("\xff", 200)},
		{".jls", "JPEG-LS", "\xff\xd8\xff\xf7\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00\xff\xd9"},
		{".jpg", "lossless JPEG", string(bytes.Join([][]byte{soi, frameHeader(0xC3, 64, 48, 1), huffman(0, 0), scanHeader(1, 0, 0, 0, 1), make([]byte, 400), eoi}, nil))},
		{".jpg", "hierarchical JPEG", string(bytes.Join([][]byte{soi, frameHeader(0xC5, 64, 48, 1), huffman(0, 0), scanHeader(0, 63, 0, 0, 1), make([]byte, 400), eoi}, nil))},
		{".jpg", "JPEG of 12 bits", string(bytes.Replace(bytes.Join([][]byte{soi, quantisation(), frameHeader(0xC1, 64, 48, 1), huffman(0, 0), huffman(0x10, 0), scanHeader(0, 63, 0, 0, 1), make([]byte, 400), eoi}, nil), []byte("\x00\x0b\x08\x00"), []byte("\x00\x0b\x0c\x00"), 1))},
		{".jpg", "JPEG of two components", string(flatJPEG(64, 48, 2))},
		{".exr", "OpenEXR", "v/1\x01\x02\x00\x00\x00channels\x00chlist\x00\xff\xff\xff\x7f" + strings.Repeat("\x00", 200)},
		{".hdr", "Radiance", "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 65000 +X 65000\n" + strings.Repeat("\x02\x02\xff\xff", 100)},
		{".fits", "FITS", "SIMPLE  =                    T" + strings.Repeat(" ", 2850)},
		{".mat", "MATLAB", "MATLAB 5.0 MAT-file" + strings.Repeat(" ", 105) + "\x00\x01IM" + strings.Repeat("\xff", 64)},
		{".nii", "NIfTI", "\x5c\x01\x00\x00" + strings.Repeat("\x00", 340) + "n+1\x00"},
		{".ppm", "PPM of 65,000 squared", "P6 65000 65000 255\n" + strings.Repeat("x", 300)},
		{".pgm", "PGM in words", "P2 3 3 255\n" + strings.Repeat("9 ", 300)},
		{".pfm", "PFM", "PF 65000 65000 -1.0\n" + strings.Repeat("x", 300)},
		{".v", "libvips' own", "\x08\xf2\xa6\xb6" + strings.Repeat("\x7f", 100)},
		{".v", "libvips' own, big-endian", "\xb6\xa6\xf2\x08" + strings.Repeat("\x7f", 100)},
		{".csv", "a matrix of numbers", "3 3\n1 2 3\n4 5 6\n7 8 9\n"},
		{".bmp", "BMP of 30,000 squared", "BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x30\x75\x00\x00\x30\x75\x00\x00\x01\x00\x18\x00" + strings.Repeat("\x00", 200)},
		{".ico", "icon", "\x00\x00\x01\x00\xff\xff" + strings.Repeat("\x00", 200)},
		{".psd", "Photoshop", "8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x75\x30\x00\x00\x75\x30\x00\x08\x00\x03" + strings.Repeat("\x00", 200)},
		{".xcf", "GIMP", "gimp xcf v011\x00\x00\x00\x75\x30\x00\x00\x75\x30" + strings.Repeat("\x00", 200)},
		{".dcm", "DICOM", strings.Repeat("\x00", 128) + "DICM" + strings.Repeat("\x00", 200)},
		{".tga", "Targa", "\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\x20\x00" + strings.Repeat("\xff", 200)},
		{".pcx", "PCX", "\x0a\x05\x01\x08" + strings.Repeat("\xff", 200)},
		{".wmf", "WMF", "\xd7\xcd\xc6\x9a" + strings.Repeat("\x00", 200)},
		{".xpm", "XPM", "/* XPM */\nstatic char *x[] = {\"99999 99999 1 1\", \"a c None\"};\n"},
		{".qoi", "QOI of 400 megapixels", "qoif\x00\x00\x4e\x20\x00\x00\x4e\x20\x04\x00" + strings.Repeat("\xfd", 200)},
		{".flif", "FLIF", "FLIF\x44\x31" + strings.Repeat("\xff", 200)},
		{".avi", "RIFF that is a film", "RIFF\x00\x01\x00\x00AVI LIST" + strings.Repeat("\x00", 200)},
		{".wav", "RIFF that is a sound", "RIFF\x00\x01\x00\x00WAVEfmt " + strings.Repeat("\x00", 200)},
		{".mng", "MNG", "\x8aMNG\r\n\x1a\n" + strings.Repeat("\x00", 200)},
		{".html", "a page", "<!doctype html><script>alert(1)</script>"},
		{".xml", "XML that reads a file", `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><r/>`},
		{".zip", "an archive", "PK\x05\x06" + strings.Repeat("\x00", 18)},
		{".elf", "a program", "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 200)},
		{".sh", "a script", "#!/bin/sh\ntouch /tmp/imgorigin-owned\n"},
		{".txt", "text", "not a picture"},
	} {
		for _, upload := range []string{"a.jpg", "a" + o.ext} {
			if upload == "a.jpg" && o.ext == ".jpg" {
				continue
			}
			files = append(files, file{family: "other types", name: o.name + " as " + upload, upload: upload, want: refused, bytes: still([]byte(o.bytes))})
		}
	}
	return files
}
