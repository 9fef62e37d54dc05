package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"mime"
	"mime/multipart"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

const ignored = "ignored"

// describe tells in one line what a Range field comes to.
func describe(header string, size int64) string {
	r, ok := ParseRange([]byte(header), size)
	if !ok {
		return ignored
	}
	parts := []string{}
	for _, part := range r.All() {
		parts = append(parts, fmt.Sprintf("%d+%d", part.Start, part.Length))
	}
	return strings.Join(parts, " ")
}

func TestParseRange(t *testing.T) {
	const unsatisfiable = ""
	sixteen, sixteenParts := "bytes=0-0", "0+1"
	for i := 10; i < 160; i += 10 {
		sixteen += fmt.Sprintf(",%d-%d", i, i)
		sixteenParts += fmt.Sprintf(" %d+1", i)
	}
	for _, c := range []struct {
		what, header string
		size         int64
		want         string
	}{
		{"absent", "", 100, ignored},
		{"14.1.2: the first bytes", "bytes=0-49", 100, "0+50"},
		{"14.1.2: the second half", "bytes=50-99", 100, "50+50"},
		{"14.1.2: from a byte on", "bytes=50-", 100, "50+50"},
		{"14.1.2: the last bytes", "bytes=-50", 100, "50+50"},
		{"14.1.2: one byte", "bytes=0-0", 100, "0+1"},
		{"14.1.2: the first and the last", "bytes=0-0,-1", 100, "0+1 99+1"},
		{"14.1.2: in another order", "bytes=-1,0-0", 100, "99+1 0+1"},
		{"14.1.2: a last position beyond the end", "bytes=50-1000", 100, "50+50"},
		{"14.1.2: a suffix longer than all", "bytes=-1000", 100, "0+100"},
		{"14.1: the unit in any case", "BYTES=0-0", 100, "0+1"},
		{"14.2: another unit", "items=0-0", 100, ignored},
		{"14.2: no unit", "0-0", 100, ignored},
		{"adjacent parts", "bytes=0-49,50-99", 100, "0+50 50+50"},
		{"5.6.1.2: empty elements and spaces", " bytes=,0-0 ,\t, 2-2,, ", 100, "0+1 2+1"},

		{"14.1.1: the last before the first", "bytes=50-49", 100, ignored},
		{"14.1.1: and a good one", "bytes=0-0,50-49", 100, ignored},
		{"no range", "bytes=", 100, ignored},
		{"no range but commas", "bytes=,,", 100, ignored},
		{"no position", "bytes=-", 100, ignored},
		{"no hyphen", "bytes=5", 100, ignored},
		{"no digits", "bytes=a-b", 100, ignored},
		{"a sign", "bytes=+1-2", 100, ignored},
		{"two hyphens", "bytes=--5", 100, ignored},
		{"three positions", "bytes=1-2-3", 100, ignored},
		{"spaces inside", "bytes=1 - 2", 100, ignored},
		{"spaces at the unit", "bytes = 1-2", 100, ignored},
		{"another line of the field", "bytes=0-0, bytes=1-1", 100, ignored},

		{"15.5.17: beyond the end", "bytes=100-", 100, unsatisfiable},
		{"15.5.17: all of them beyond the end", "bytes=100-200,300-", 100, unsatisfiable},
		{"15.5.17: a suffix of nothing", "bytes=-0", 100, unsatisfiable},
		{"some beyond the end", "bytes=0-0,100-200,-0", 100, "0+1"},
		{"of no bytes: a range", "bytes=0-", 0, unsatisfiable},
		{"of no bytes: a suffix", "bytes=-5", 0, unsatisfiable},

		{"overlapping", "bytes=0-50,50-99", 100, ignored},
		{"the same twice", "bytes=0-0,0-0", 100, ignored},
		{"one in another", "bytes=0-99,10-20", 100, ignored},
		{"another around one", "bytes=10-20,0-99", 100, ignored},
		{"overlapping beyond the end only", "bytes=0-0,100-200,150-300", 100, "0+1"},
		{"as many as allowed", sixteen, 1000, sixteenParts},
		{"one more", sixteen + ",999-", 1000, ignored},
		{"one more, beyond the end", sixteen + ",1000-", 1000, ignored},

		{"numbers beyond int64: first", "bytes=9223372036854775808-", 100, unsatisfiable},
		{"numbers beyond int64: last", "bytes=0-99999999999999999999999", 100, "0+100"},
		{"numbers beyond int64: suffix", "bytes=-99999999999999999999999", 100, "0+100"},
		{"numbers beyond int64: in order", "bytes=99999999999999999998-99999999999999999999", 100, unsatisfiable},
		{"numbers beyond int64: not in order", "bytes=99999999999999999999-99999999999999999998", 100, ignored},
		{"numbers beyond int64: with zeros", "bytes=099999999999999999999-99999999999999999999", 100, unsatisfiable},
		{"numbers beyond int64: and no digit", "bytes=0-99999999999999999999999x", 100, ignored},
		{"zeros", "bytes=000000000000000000000000001-0002", 100, "1+2"},
		{"the greatest size", "bytes=9223372036854775806-", math.MaxInt64, "9223372036854775806+1"},
		{"the greatest size, its end", "bytes=9223372036854775807-", math.MaxInt64, unsatisfiable},
	} {
		if got := describe(c.header, c.size); got != c.want {
			t.Errorf("%s: %q of %d bytes is [%s], not [%s]", c.what, c.header, c.size, got, c.want)
		}
	}
}

var modelSpec = regexp.MustCompile(`^(?:([0-9]+)-([0-9]*)|-([0-9]+))$`)

// modelRange does with regular expressions and big numbers what ParseRange does.
func modelRange(header string, size int64) string {
	unit, set, ok := strings.Cut(strings.Trim(header, " \t"), "=")
	if !ok || strings.ToLower(unit) != "bytes" {
		return ignored
	}
	total, one := big.NewInt(size), big.NewInt(1)
	value := func(digits string) *big.Int {
		n, _ := new(big.Int).SetString(digits, 10)
		return n
	}
	asked, parts := 0, []string{}
	var starts, ends []*big.Int
	for _, spec := range strings.Split(set, ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue
		}
		asked++
		m := modelSpec.FindStringSubmatch(spec)
		if m == nil {
			return ignored
		}
		var start, end *big.Int // end is the byte after the last
		if m[3] != "" {
			end = total
			if start = new(big.Int).Sub(total, value(m[3])); start.Sign() < 0 {
				start = new(big.Int)
			}
		} else {
			start, end = value(m[1]), total
			if m[2] != "" {
				last := value(m[2])
				if last.Cmp(start) < 0 {
					return ignored
				}
				if last.Cmp(total) < 0 {
					end = last.Add(last, one)
				}
			}
		}
		if start.Cmp(end) >= 0 {
			continue
		}
		for i := range starts {
			if start.Cmp(ends[i]) < 0 && starts[i].Cmp(end) < 0 {
				return ignored
			}
		}
		starts, ends = append(starts, start), append(ends, end)
		parts = append(parts, fmt.Sprintf("%v+%v", start, new(big.Int).Sub(end, start)))
	}
	if asked == 0 || asked > 16 {
		return ignored
	}
	return strings.Join(parts, " ")
}

// FuzzRange compares ParseRange with the model, and holds what its users build on.
func FuzzRange(f *testing.F) {
	for _, header := range []string{"", "bytes=0-0", "bytes=-1", "bytes=5-", "bytes=0-0, 2-3 ,-1", "bytes=3-2", "Bytes=,,0-,", "bytes=-0",
		"bytes=0-5,5-9", "bytes=9223372036854775807-9223372036854775808", "bytes=99999999999999999999-99999999999999999998",
		"items=0-1", "bytes=1 -2", "bytes=" + strings.Repeat("1-1,", 20)} {
		for _, size := range []int64{0, 1, 10, math.MaxInt64} {
			f.Add(header, size)
		}
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		if got, want := describe(header, size), modelRange(header, size); got != want {
			t.Fatalf("%q of %d bytes is [%s], not [%s]", header, size, got, want)
		}
		r, _ := ParseRange([]byte(header), size)
		sum := int64(0)
		for _, part := range r.All() {
			if part.Start < 0 || part.Length < 1 || part.Start > size-part.Length {
				t.Fatalf("%q of %d bytes: a part of %d from %d on", header, size, part.Length, part.Start)
			}
			if sum += part.Length; sum < 0 || sum > size {
				t.Fatalf("%q of %d bytes: parts of more", header, size)
			}
		}
	})
}

func TestContentRange(t *testing.T) {
	for want, got := range map[string][]byte{
		"bytes 0-0/1":        Range{0, 1}.AppendContentRange(nil, 1),
		"bytes 42-1233/1234": Range{42, 1192}.AppendContentRange(nil, 1234),
		"bytes 9223372036854775806-9223372036854775806/9223372036854775807": Range{math.MaxInt64 - 1, 1}.AppendContentRange(nil, math.MaxInt64),
		"bytes */47022": AppendUnsatisfied(nil, 47022),
		"bytes */0":     AppendUnsatisfied(nil, 0),
	} {
		if string(got) != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// source is a representation that counts what of it is open.
type source struct {
	data   []byte
	opened int
	open   int
	short  int64 // how many bytes each part lacks
	err    error
}

type sourcePart struct {
	io.Reader
	close func()
}

func (p sourcePart) Close() error { p.close(); return nil }

func (s *source) part(offset, n int64) (io.ReadCloser, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.opened++
	s.open++
	return sourcePart{bytes.NewReader(s.data[offset : offset+n-s.short]), func() { s.open-- }}, nil
}

func mustParse(t testing.TB, header string, size int) Ranges {
	t.Helper()
	r, ok := ParseRange([]byte(header), int64(size))
	if !ok {
		t.Fatalf("%q is ignored", header)
	}
	return r
}

func TestAMultipartBodyAsItIsOnTheWire(t *testing.T) {
	src := &source{data: []byte("0123456789")}
	m := NewMultipart(mustParse(t, "bytes=0-2,-1", 10), "image/png", 10, src.part)
	kind, params, err := mime.ParseMediaType(m.ContentType())
	if err != nil || kind != "multipart/byteranges" {
		t.Fatalf("%q: %v", m.ContentType(), err)
	}
	want := strings.ReplaceAll(strings.ReplaceAll(`--B
Content-Type: image/png
Content-Range: bytes 0-2/10

012
--B
Content-Type: image/png
Content-Range: bytes 9-9/10

9
--B--
`, "\n", "\r\n"), "B", params["boundary"])
	if got, err := io.ReadAll(m); string(got) != want || err != nil {
		t.Errorf("%q, %v, not\n%q", got, err, want)
	}
	if m.Length() != int64(len(want)) {
		t.Errorf("Length is %d, the body has %d", m.Length(), len(want))
	}
	if other := NewMultipart(Ranges{}, "", 0, nil).boundary; len(other) < 20 || other == m.boundary {
		t.Errorf("boundaries %q, %q", other, m.boundary)
	}
}

func TestMultipartBodies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := &source{data: rapid.SliceOfN(rapid.Byte(), 40, 300).Draw(t, "data")}
		cuts := rapid.SliceOfNDistinct(rapid.IntRange(0, len(src.data)), 4, 32, rapid.ID).Draw(t, "cuts")
		slices.Sort(cuts)
		header := "bytes="
		for i := 0; i+1 < len(cuts); i += 2 {
			header += fmt.Sprintf("%d-%d,", cuts[i], cuts[i+1]-1)
		}
		ranges, ok := ParseRange([]byte(header), int64(len(src.data)))
		if !ok || ranges.Len() != len(cuts)/2 {
			t.Fatalf("%q: %v, %v", header, ranges, ok)
		}
		written, read := NewMultipart(ranges, "a/b", int64(len(src.data)), src.part), NewMultipart(ranges, "a/b", int64(len(src.data)), src.part)
		var body bytes.Buffer
		if n, err := io.Copy(&body, written); n != written.Length() || err != nil {
			t.Fatalf("%d bytes were written, not %d: %v", n, written.Length(), err)
		}
		// Read by pieces it is the same, but for the boundary.
		again, err := io.ReadAll(iotest.OneByteReader(read))
		if same := bytes.ReplaceAll(again, []byte(read.boundary), []byte(written.boundary)); err != nil || !bytes.Equal(same, body.Bytes()) {
			t.Fatalf("read: %q\nwritten: %q\n%v", same, body.Bytes(), err)
		}
		if src.open != 0 || src.opened != 2*ranges.Len() {
			t.Fatalf("%d parts were opened, %d are still open", src.opened, src.open)
		}
		parts := multipart.NewReader(&body, written.boundary)
		whole := bytes.Clone(body.Bytes())
		for i, r := range ranges.All() {
			part, err := parts.NextRawPart()
			if err != nil {
				t.Fatal(err)
			}
			want := src.data[r.Start : r.Start+r.Length]
			if got, err := io.ReadAll(part); !bytes.Equal(got, want) || err != nil {
				t.Fatalf("part %d: %q, %v, not %q", i, got, err, want)
			}
			if got := part.Header.Get("Content-Range"); got != string(r.AppendContentRange(nil, int64(len(src.data)))) {
				t.Fatalf("part %d: %q", i, got)
			}
			if at := written.Offset(i); !bytes.HasPrefix(whole[at:], want) {
				t.Fatalf("part %d is not at %d", i, at)
			}
		}
		if _, err := parts.NextRawPart(); err != io.EOF {
			t.Fatalf("after the last part: %v", err)
		}
	})
}

func TestAMultipartBodyThatFails(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		what string
		src  source
		want error
	}{
		{"a part cannot be opened", source{err: broken}, broken},
		{"a part is too short", source{short: 1}, io.ErrUnexpectedEOF},
		{"a part is too long", source{short: -1}, errPartTooLong},
	} {
		c.src.data = []byte("0123456789")
		m := NewMultipart(mustParse(t, "bytes=0-2,5-6", 10), "a/b", 10, c.src.part)
		if _, err := m.WriteTo(io.Discard); !errors.Is(err, c.want) {
			t.Errorf("%s: WriteTo: %v, not %v", c.what, err, c.want)
		}
		_ = m.Close()
		m = NewMultipart(mustParse(t, "bytes=0-2,5-6", 10), "a/b", 10, c.src.part)
		got, err := io.ReadAll(m)
		if c.want == errPartTooLong { // Read asks for no more than there should be
			if err != nil || int64(len(got)) != m.Length() {
				t.Errorf("%s: Read: %d bytes, %v", c.what, len(got), err)
			}
		} else if !errors.Is(err, c.want) {
			t.Errorf("%s: Read: %v, not %v", c.what, err, c.want)
		}
		if err := m.Close(); err != nil || c.src.open != 0 {
			t.Errorf("%s: %d parts are open after Close: %v", c.what, c.src.open, err)
		}
	}
}

func TestAMultipartBodyThatNobodyReadsToTheEnd(t *testing.T) {
	src := &source{data: []byte("0123456789")}
	m := NewMultipart(mustParse(t, "bytes=0-2,5-6", 10), "a/b", 10, src.part)
	if _, err := io.CopyN(io.Discard, struct{ io.Reader }{m}, m.Offset(0)+1); err != nil {
		t.Fatal(err)
	}
	if src.open != 1 {
		t.Fatalf("%d parts are open", src.open)
	}
	for range 2 {
		if err := m.Close(); err != nil || src.open != 0 {
			t.Errorf("after Close %d parts are open: %v", src.open, err)
		}
	}
}

var benchmarkRanges = []string{"", "bytes=0-99", "bytes=-500", "bytes=9500-", "bytes=0-0,-1", "bytes=20000-", "items=0-1"}

func TestRangesTakeNoMemory(t *testing.T) {
	for _, header := range benchmarkRanges {
		field := []byte(header)
		if n := testing.AllocsPerRun(100, func() { ParseRange(field, 10000) }); n != 0 {
			t.Errorf("%q: %v allocations", header, n)
		}
	}
}

func BenchmarkParseRange(b *testing.B) {
	for _, header := range benchmarkRanges {
		b.Run("["+header+"]", func(b *testing.B) {
			field := []byte(header)
			b.ReportAllocs()
			for b.Loop() {
				ParseRange(field, 10000)
			}
		})
	}
}

func BenchmarkContentRange(b *testing.B) {
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		buf = Range{1000, 2000}.AppendContentRange(buf[:0], 1<<30)
	}
}

func BenchmarkMultipart(b *testing.B) {
	data := make([]byte, 20<<10)
	ranges, _ := ParseRange([]byte("bytes=0-8191,10240-18431"), int64(len(data)))
	open := func(offset, n int64) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data[offset : offset+n])), nil
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewMultipart(ranges, "image/jpeg", int64(len(data)), open).WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
