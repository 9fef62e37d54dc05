package server

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	modified = time.Date(1994, time.November, 6, 8, 49, 37, 999e6, time.UTC)
	current  = Validators{ETag: `"abc"`, Modified: modified}
)

const (
	before = "Sun, 06 Nov 1994 08:49:36 GMT"
	same   = "Sun, 06 Nov 1994 08:49:37 GMT"
	after  = "Sun, 06 Nov 1994 08:49:38 GMT"
)

func TestConditions(t *testing.T) {
	type fields map[string]string
	const whole, ranged = false, true
	for _, c := range []struct {
		what    string
		method  string
		fields  fields
		now     Validators
		outcome Outcome
		ranges  bool
	}{
		{"no condition", "GET", fields{}, current, Proceed, ranged},
		{"14.2: a range is for GET only", "HEAD", fields{}, current, Proceed, whole},

		{"13.1.1: If-Match *", "GET", fields{"If-Match": "*"}, current, Proceed, ranged},
		{"13.1.1: If-Match names it", "GET", fields{"If-Match": `"abc"`}, current, Proceed, ranged},
		{"13.1.1: If-Match names it among others", "GET", fields{"If-Match": `"x", W/"y" ,"abc"`}, current, Proceed, ranged},
		{"13.1.1: If-Match names another", "GET", fields{"If-Match": `"abcd"`}, current, Failed, whole},
		{"13.1.1: If-Match compares strongly: a weak tag", "GET", fields{"If-Match": `W/"abc"`}, current, Failed, whole},
		{"13.1.1: If-Match compares strongly: a weak state", "GET", fields{"If-Match": `W/"abc"`}, Validators{ETag: `W/"abc"`}, Failed, whole},
		{"13.1.1: If-Match and no tag", "GET", fields{"If-Match": `"abc"`}, Validators{}, Failed, whole},
		{"13.1.1: If-Match with HEAD", "HEAD", fields{"If-Match": `"x"`}, current, Failed, whole},
		{"13.1.1: If-Match with DELETE", "DELETE", fields{"If-Match": `"x"`}, current, Failed, whole},

		{"13.1.4: unmodified since before", "GET", fields{"If-Unmodified-Since": before}, current, Failed, whole},
		{"13.1.4: unmodified since the same second", "GET", fields{"If-Unmodified-Since": same}, current, Proceed, ranged},
		{"13.1.4: unmodified since after", "GET", fields{"If-Unmodified-Since": after}, current, Proceed, ranged},
		{"13.1.4: no date is ignored", "GET", fields{"If-Unmodified-Since": "yesterday"}, current, Proceed, ranged},
		{"13.1.4: without a time of modification", "GET", fields{"If-Unmodified-Since": before}, Validators{}, Proceed, ranged},
		{"13.2.2: If-Match hides If-Unmodified-Since", "GET", fields{"If-Match": `"abc"`, "If-Unmodified-Since": before}, current, Proceed, ranged},

		{"13.1.2: If-None-Match *", "GET", fields{"If-None-Match": "*"}, current, NotModified, whole},
		{"13.1.2: If-None-Match * in spaces", "GET", fields{"If-None-Match": " *\t"}, current, NotModified, whole},
		{"13.1.2: If-None-Match names it", "GET", fields{"If-None-Match": `"abc"`}, current, NotModified, whole},
		{"13.1.2: with HEAD", "HEAD", fields{"If-None-Match": `"abc"`}, current, NotModified, whole},
		{"13.1.2: with another method it fails", "PUT", fields{"If-None-Match": `"abc"`}, current, Failed, whole},
		{"13.1.2: If-None-Match * with another method", "PUT", fields{"If-None-Match": `*`}, current, Failed, whole},
		{"13.1.2: compares weakly", "GET", fields{"If-None-Match": `W/"abc"`}, current, NotModified, whole},
		{"13.1.2: compares weakly, a weak state", "GET", fields{"If-None-Match": `"abc"`}, Validators{ETag: `W/"abc"`}, NotModified, whole},
		{"13.1.2: names it among others", "GET", fields{"If-None-Match": `"x","y,z" , W/"abc"`}, current, NotModified, whole},
		{"13.1.2: names others", "GET", fields{"If-None-Match": `"x", "ABC"`}, current, Proceed, ranged},
		{"8.8.3: W is upper-case", "GET", fields{"If-None-Match": `w/"abc"`}, current, Proceed, ranged},
		{"5.6.1.2: empty elements", "GET", fields{"If-None-Match": ` , ,,"abc",`}, current, NotModified, whole},
		{"8.8.3: obsolete bytes", "GET", fields{"If-None-Match": "\"x\x80\xff\", \"abc\""}, current, NotModified, whole},
		{"a tag without quotes is none, those after it count", "GET", fields{"If-None-Match": `abc, "abc"`}, current, NotModified, whole},
		{"a tag without quotes matches nothing", "GET", fields{"If-None-Match": `abc`}, current, Proceed, ranged},
		{"8.8.3: a space is no part of a tag", "GET", fields{"If-None-Match": `"a b"`}, Validators{ETag: `"a b"`}, Proceed, ranged},
		{"a tag without end matches nothing", "GET", fields{"If-None-Match": `"abc`}, current, Proceed, ranged},
		{"a tag with something behind it is none", "GET", fields{"If-None-Match": `"abc"x, "abc" "abc"`}, current, Proceed, ranged},
		{"* in a list is no tag", "GET", fields{"If-None-Match": `"x", *`}, current, Proceed, ranged},

		{"13.1.3: modified since before", "GET", fields{"If-Modified-Since": before}, current, Proceed, ranged},
		{"13.1.3: modified since the same second", "GET", fields{"If-Modified-Since": same}, current, NotModified, whole},
		{"13.1.3: modified since after", "HEAD", fields{"If-Modified-Since": after}, current, NotModified, whole},
		{"13.1.3: no date is ignored", "GET", fields{"If-Modified-Since": "0"}, current, Proceed, ranged},
		{"13.1.3: for GET and HEAD only", "POST", fields{"If-Modified-Since": same}, current, Proceed, whole},
		{"13.1.3: without a time of modification", "GET", fields{"If-Modified-Since": same}, Validators{}, Proceed, ranged},
		{"13.1.3: If-None-Match hides it", "GET", fields{"If-None-Match": `"x"`, "If-Modified-Since": same}, current, Proceed, ranged},
		{"5.6.7: obsolete forms of a date", "GET", fields{"If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT"}, current, NotModified, whole},
		{"5.6.7: the form of asctime", "GET", fields{"If-Modified-Since": "Sun Nov  6 08:49:36 1994"}, current, Proceed, ranged},

		{"13.2.2: If-Match before If-None-Match", "GET", fields{"If-Match": `"x"`, "If-None-Match": `"abc"`}, current, Failed, whole},
		{"13.2.2: both hold", "GET", fields{"If-Match": `"abc"`, "If-None-Match": `"abc"`}, current, NotModified, whole},
		{"13.2.2: If-Unmodified-Since before If-Modified-Since", "GET", fields{"If-Unmodified-Since": before, "If-Modified-Since": after}, current, Failed, whole},

		{"13.1.5: If-Range names it", "GET", fields{"If-Range": `"abc"`}, current, Proceed, ranged},
		{"13.1.5: If-Range names another", "GET", fields{"If-Range": `"x"`}, current, Proceed, whole},
		{"13.1.5: If-Range compares strongly", "GET", fields{"If-Range": `W/"abc"`}, Validators{ETag: `W/"abc"`}, Proceed, whole},
		{"13.1.5: If-Range is one tag, no list", "GET", fields{"If-Range": `"abc", "abc"`}, current, Proceed, whole},
		{"13.1.5: If-Range is no *", "GET", fields{"If-Range": `*`}, current, Proceed, whole},
		{"13.1.5: exactly its date", "GET", fields{"If-Range": same}, current, Proceed, ranged},
		{"13.1.5: an earlier date", "GET", fields{"If-Range": before}, current, Proceed, whole},
		{"13.1.5: a later date", "GET", fields{"If-Range": after}, current, Proceed, whole},
		{"13.1.5: a date and no time of modification", "GET", fields{"If-Range": same}, Validators{ETag: `"abc"`}, Proceed, whole},
		{"13.1.5: neither tag nor date", "GET", fields{"If-Range": "abc"}, current, Proceed, whole},
		{"13.2.2: If-None-Match before If-Range", "GET", fields{"If-None-Match": `"abc"`, "If-Range": `"abc"`}, current, NotModified, whole},
	} {
		conditions := Conditions{
			Method: []byte(c.method), IfMatch: []byte(c.fields["If-Match"]), IfNoneMatch: []byte(c.fields["If-None-Match"]),
			IfModifiedSince: []byte(c.fields["If-Modified-Since"]), IfUnmodifiedSince: []byte(c.fields["If-Unmodified-Since"]),
			IfRange: []byte(c.fields["If-Range"]),
		}
		if outcome, ranges := conditions.Evaluate(c.now); outcome != c.outcome || ranges != c.ranges {
			t.Errorf("%s: outcome %d, ranges %v", c.what, outcome, ranges)
		}
	}
}

func TestDates(t *testing.T) {
	for field, want := range map[string]string{
		"Sun, 06 Nov 1994 08:49:37 GMT":     "1994-11-06T08:49:37Z",
		" \tSun, 06 Nov 1994 08:49:37 GMT ": "1994-11-06T08:49:37Z",
		"Sun, 06-Nov-94 08:49:37 GMT":       "", // the name of the day is long in this form
		"Sun Nov  6 08:49:37 1994":          "1994-11-06T08:49:37Z",
		"Wed Nov 16 08:49:37 1994":          "1994-11-16T08:49:37Z",
		"Thu, 29 Feb 2024 00:00:00 GMT":     "2024-02-29T00:00:00Z",
		"Wed, 29 Feb 2023 00:00:00 GMT":     "",
		"Sat, 31 Dec 2016 23:59:60 GMT":     "2017-01-01T00:00:00Z", // a leap second
		"Sat, 31 Dec 2016 23:59:61 GMT":     "",
		"Sat, 31 Dec 2016 23:60:00 GMT":     "",
		"Sat, 31 Dec 2016 24:00:00 GMT":     "",
		"Sat, 00 Dec 2016 00:00:00 GMT":     "",
		"Sat, 32 Dec 2016 00:00:00 GMT":     "",
		"Day, 31 Dec 2016 00:00:00 GMT":     "",
		"Sat, 31 dec 2016 00:00:00 GMT":     "",
		"Sat, 31 cFe 2016 00:00:00 GMT":     "",
		"Sat, 31 Dec 2016 00:00:00 UTC":     "",
		"Sat, 31 Dec 2016 00:00:00 +0000":   "",
		"Sat, 1 Dec 2016 00:00:00 GMT":      "",
		"Sat Dec x1 00:00:00 2016":          "",
		"":                                  "",
		"0":                                 "",
		"Sunday, ":                          "",
	} {
		got := ""
		if unix, ok := parseDate([]byte(field)); ok {
			got = time.Unix(unix, 0).UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is %q, not %q", field, got, want)
		}
	}
}

func TestTheCenturyOfTwoDigits(t *testing.T) {
	for _, c := range []struct{ now, date, want string }{
		{"2026-11-22", "06-Nov-94", "1994-11-06"},
		{"2026-11-22", "06-Nov-26", "2026-11-06"},
		{"2026-11-22", "06-Nov-76", "2076-11-06"}, // less than 50 years ahead
		{"2026-11-22", "23-Nov-76", "1976-11-23"}, // more
		{"1999-01-01", "06-Nov-02", "1902-11-06"},
		{"2099-01-01", "06-Nov-99", "2099-11-06"},
		{"2101-01-01", "29-Feb-96", "2096-02-29"},
		{"2101-01-01", "29-Feb-00", "2000-02-29"}, // 2100 has none
		{"2026-01-01", "29-Feb-23", ""},
	} {
		now, err := time.Parse(time.DateOnly, c.now)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if unix, ok := parseRFC850([]byte("Sunday"), []byte(", "+c.date+" 00:00:00 GMT"), now); ok {
			got = time.Unix(unix, 0).UTC().Format(time.DateOnly)
		}
		if got != c.want {
			t.Errorf("in %s, %s is %q, not %q", c.now, c.date, got, c.want)
		}
	}
}

func TestEveryDateIsReadInEveryForm(t *testing.T) {
	now := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		// The two-digit form reaches 50 years to either side.
		at := time.Unix(rapid.Int64Range(now.AddDate(-49, 0, 0).Unix(), now.AddDate(49, 0, 0).Unix()).Draw(t, "seconds"), 0).UTC()
		for _, layout := range []string{http.TimeFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
			if unix, ok := parseDate([]byte(at.Format(layout))); !ok || unix != at.Unix() {
				t.Fatalf("%q: %d, %v, not %d", at.Format(layout), unix, ok, at.Unix())
			}
		}
	})
}

// FuzzDate: what is taken for a date, net/http takes for the same.
func FuzzDate(f *testing.F) {
	for _, date := range []string{before, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun Nov 16 08:49:37 1994",
		"Thu, 29 Feb 2024 00:00:00 GMT", "Mon, 31 Feb 2024 00:00:00 GMT", "Sat, 31 Dec 2016 23:59:60 GMT", ", ", "0"} {
		f.Add(date)
	}
	leapSecond := regexp.MustCompile(`:60[ \t]`)
	f.Fuzz(func(t *testing.T, date string) {
		unix, ok := parseDate([]byte(date))
		if !ok || leapSecond.MatchString(date) {
			return
		}
		want, err := http.ParseTime(strings.Trim(date, " \t"))
		if err != nil {
			t.Fatalf("%q is taken for %v: %v", date, time.Unix(unix, 0).UTC(), err)
		}
		// The century of two digits is another matter: time.Parse knows no now.
		if got := time.Unix(unix, 0).UTC(); !got.Equal(want) && got.AddDate(-100, 0, 0) != want.UTC() && got.AddDate(100, 0, 0) != want.UTC() {
			t.Fatalf("%q is taken for %v, not %v", date, got, want)
		}
	})
}

// modelTag finds the tag that a list begins with, after empty elements.
var modelTag = regexp.MustCompile(`^[ \t,]*((?:W/)?"[!#-~\x80-\xff]*")[ \t]*(?:,|$)`)

// modelMatches compares a list by regular expression. It works on Latin-1, where every byte is a character.
func modelMatches(list, etag string, weak bool) bool {
	latin := make([]rune, len(list))
	for i := range len(list) {
		latin[i] = rune(list[i])
	}
	rest := string(latin)
	if strings.Trim(rest, " \t") == "*" {
		return true
	}
	for rest = strings.TrimLeft(rest, " \t,"); rest != ""; rest = strings.TrimLeft(rest, " \t,") {
		m := modelTag.FindStringSubmatch(rest)
		if m == nil {
			_, rest, _ = strings.Cut(rest, ",")
			continue
		}
		if m[1] == etag && !strings.HasPrefix(etag, "W/") || weak && strings.TrimPrefix(m[1], "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
		rest = rest[len(m[0]):]
	}
	return false
}

// FuzzETags compares lists of entity tags with the model.
func FuzzETags(f *testing.F) {
	for _, list := range []string{"", "*", `"abc"`, `W/"abc"`, `"x", W/"abc"`, `"x""abc"`, `,, "abc",`, `"a,b", "abc"`, `"abc`, `abc, "abc"`,
		"\"x\xff\",\"abc\"", `"x",*`, `W/ "abc"`, `W/W/"abc"`, "\"abc\"\t,", `"a"b, "abc"`} {
		f.Add(list, false)
		f.Add(list, true)
	}
	f.Fuzz(func(t *testing.T, list string, weakState bool) {
		etag := `"abc"`
		if weakState {
			etag = `W/"abc"`
		}
		if got, want := matches([]byte(list), etag, weakly), modelMatches(list, etag, true); got != want {
			t.Errorf("%q has %s by weak comparison: %v", list, etag, got)
		}
		if got, want := matches([]byte(list), etag, strongly), modelMatches(list, etag, false); got != want {
			t.Errorf("%q has %s by strong comparison: %v", list, etag, got)
		}
	})
}

func TestConditionsTakeNoMemory(t *testing.T) {
	for what, c := range benchmarkConditions() {
		if n := testing.AllocsPerRun(100, func() { c.Evaluate(current) }); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}

func benchmarkConditions() map[string]*Conditions {
	get := []byte("GET")
	return map[string]*Conditions{
		"none":          {Method: get},
		"one tag":       {Method: get, IfNoneMatch: []byte(`"abc"`)},
		"three tags":    {Method: get, IfNoneMatch: []byte(`"x", W/"y", "abc"`)},
		"a date":        {Method: get, IfModifiedSince: []byte(same)},
		"an old date":   {Method: get, IfModifiedSince: []byte("Sunday, 06-Nov-94 08:49:37 GMT")},
		"If-Range, tag": {Method: get, IfRange: []byte(`"abc"`)},
		"everything":    {Method: get, IfMatch: []byte(`"abc"`), IfNoneMatch: []byte(`"x"`), IfModifiedSince: []byte(same), IfRange: []byte(same)},
	}
}

func BenchmarkConditions(b *testing.B) {
	for what, c := range benchmarkConditions() {
		b.Run(what, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Evaluate(current)
			}
		})
	}
}
