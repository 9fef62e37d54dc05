package server

import (
	"bytes"
	"strings"
	"time"
)

// Validators tell one state of a representation from another (RFC 9110 section 8.8).
type Validators struct {
	// ETag is the entity tag, quotes included, weak where it begins with W/. Empty: there is none.
	ETag string
	// Modified is when the representation came to be; whole seconds of it count, as in Last-Modified. Zero: unknown.
	// It must not change twice within a second, as If-Range takes it for a strong validator (section 8.8.2.2).
	Modified time.Time
}

// Conditions are a request's method and the fields that make it conditional (RFC 9110 section 13.1), as they came. An
// empty field counts as absent. Several lines of one field are to be joined with commas first (section 5.3).
type Conditions struct {
	Method            []byte
	IfMatch           []byte
	IfNoneMatch       []byte
	IfModifiedSince   []byte
	IfUnmodifiedSince []byte
	IfRange           []byte
}

// Outcome is what conditions come to.
type Outcome uint8

const (
	Proceed     Outcome = iota // perform the method
	NotModified                // 304, no content
	Failed                     // 412, and the method is not performed
)

// Evaluate compares the conditions with what there is, in the order of RFC 9110 section 13.2.2. Where the method may
// proceed, ranges tells whether a Range field counts: only with GET (section 14.2), and only where If-Range holds.
//
// Dates that are none are ignored, as sections 13.1.3 and 13.1.4 demand.
func (c *Conditions) Evaluate(v Validators) (outcome Outcome, ranges bool) {
	get := string(c.Method) == "GET"
	read := get || string(c.Method) == "HEAD"
	switch {
	case len(c.IfMatch) > 0:
		if !matches(c.IfMatch, v.ETag, strongly) {
			return Failed, false
		}
	case len(c.IfUnmodifiedSince) > 0:
		if date, known := v.since(c.IfUnmodifiedSince); known && v.Modified.Unix() > date {
			return Failed, false
		}
	}
	switch {
	case len(c.IfNoneMatch) > 0:
		if matches(c.IfNoneMatch, v.ETag, weakly) {
			if read {
				return NotModified, false
			}
			return Failed, false
		}
	case read && len(c.IfModifiedSince) > 0:
		if date, known := v.since(c.IfModifiedSince); known && v.Modified.Unix() <= date {
			return NotModified, false
		}
	}
	return Proceed, get && (len(c.IfRange) == 0 || v.holds(c.IfRange))
}

// since is the date of a field, known only where there is one to compare it with.
func (v Validators) since(field []byte) (date int64, known bool) {
	if v.Modified.IsZero() {
		return 0, false
	}
	return parseDate(field)
}

// holds tells whether an If-Range names this very state: by a strong entity tag, or by exactly the date of Last-Modified
// (RFC 9110 section 13.1.5).
func (v Validators) holds(ifRange []byte) bool {
	if tag, rest, ok := cutTag(trimSpace(ifRange)); ok {
		return len(rest) == 0 && strongly(tag, v.ETag)
	}
	date, known := v.since(ifRange)
	return known && v.Modified.Unix() == date
}

// matches tells whether a list of entity tags has one that equals etag, or is "*", which any state matches. What is no
// entity tag is passed by, and the tags after it count: there are clients that forget the quotes of one.
func matches(list []byte, etag string, equal func(tag []byte, etag string) bool) bool {
	list = trimSpace(list)
	if len(list) == 1 && list[0] == '*' {
		return true
	}
	for {
		// Empty elements are to be taken (section 5.6.1.2).
		if list = bytes.TrimLeft(list, " \t,"); len(list) == 0 {
			return false
		}
		tag, rest, ok := cutTag(list)
		switch {
		case !ok:
			_, rest, _ = bytes.Cut(list, []byte(","))
		case equal(tag, etag):
			return true
		}
		list = rest
	}
}

// strongly and weakly are the two comparisons of RFC 9110 section 8.8.3.2.
func strongly(tag []byte, etag string) bool {
	return string(tag) == etag && !strings.HasPrefix(etag, "W/")
}

func weakly(tag []byte, etag string) bool {
	return string(bytes.TrimPrefix(tag, []byte("W/"))) == strings.TrimPrefix(etag, "W/")
}

// cutTag parts an entity tag (RFC 9110 section 8.8.3) from the rest of a list, which is empty or begins with a comma.
func cutTag(list []byte) (tag, rest []byte, ok bool) {
	end := 0
	if bytes.HasPrefix(list, []byte("W/")) {
		end = len("W/")
	}
	if end >= len(list) || list[end] != '"' {
		return nil, nil, false
	}
	for end++; end < len(list) && isTagByte(list[end]); end++ {
	}
	if end >= len(list) || list[end] != '"' {
		return nil, nil, false
	}
	end++
	rest = bytes.TrimLeft(list[end:], " \t")
	return list[:end], rest, len(rest) == 0 || rest[0] == ','
}

// isTagByte is etagc, with the obsolete bytes from 0x80 on.
func isTagByte(b byte) bool { return b == '!' || b > '"' && b != 0x7f }

func trimSpace(field []byte) []byte { return bytes.Trim(field, " \t") }

// The three forms of a date (RFC 9110 section 5.6.7): 0 stands for a digit and _ for any byte.
const (
	fixDate     = "___, 00 ___ 0000 00:00:00 GMT"
	rfc850Date  = ", 00-___-00 00:00:00 GMT" // after the day's long name
	ascTimeDate = "___ ___ _0 00:00:00 0000"

	monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
	dayNames   = "SunMonTueWedThuFriSat"
)

// parseDate reads a date in any of its three forms, in seconds of Unix time. That the day of the week is that of the date is
// not looked at.
func parseDate(field []byte) (unix int64, ok bool) {
	b := trimSpace(field)
	if fits(b, fixDate) {
		return unixTime(nameIndex(dayNames, b[:3]), number(b[12:16]), b[8:11], b[5:7], b[17:25])
	}
	if fits(b, ascTimeDate) {
		return unixTime(nameIndex(dayNames, b[:3]), number(b[20:24]), b[4:7], bytes.TrimPrefix(b[8:10], []byte(" ")), b[11:19])
	}
	if comma := bytes.IndexByte(b, ','); comma > 0 && fits(b[comma:], rfc850Date) {
		return parseRFC850(b[:comma], b[comma:], time.Now())
	}
	return 0, false
}

// parseRFC850 reads a date whose year has two digits: that of this century, unless it is more than 50 years ahead.
func parseRFC850(day, b []byte, now time.Time) (unix int64, ok bool) {
	weekday := -1
	switch string(day) {
	case "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday":
		weekday = 0
	}
	now = now.UTC()
	year := now.Year()/100*100 + number(b[9:11])
	unix, ok = unixTime(weekday, year, b[5:8], b[2:4], b[12:20])
	if !ok || unix > now.AddDate(50, 0, 0).Unix() {
		// The 29th of February, too, is a matter of the century.
		return unixTime(weekday, year-100, b[5:8], b[2:4], b[12:20])
	}
	return unix, true
}

// unixTime puts a date together, unless it is none. Clock is hh:mm:ss, and a leap second is allowed.
func unixTime(weekday, year int, month, day, clock []byte) (unix int64, ok bool) {
	m, d := nameIndex(monthNames, month), number(day)
	h, minute, s := number(clock[:2]), number(clock[3:5]), number(clock[6:])
	if weekday < 0 || m < 0 || d < 1 || h > 23 || minute > 59 || s > 60 {
		return 0, false
	}
	midnight := time.Date(year, time.Month(m+1), d, 0, 0, 0, 0, time.UTC)
	if midnight.Day() != d {
		return 0, false
	}
	return midnight.Unix() + int64(h*3600+minute*60+s), true
}

func fits(b []byte, shape string) bool {
	if len(b) != len(shape) {
		return false
	}
	for i, c := range b {
		switch want := shape[i]; {
		case want == '_':
		case want == '0':
			if c < '0' || c > '9' {
				return false
			}
		case c != want:
			return false
		}
	}
	return true
}

// nameIndex is the place of a name of three letters in a row of them, or -1.
func nameIndex(names string, name []byte) int {
	for i := 0; i < len(names); i += 3 {
		if names[i:i+3] == string(name) {
			return i / 3
		}
	}
	return -1
}

// number is the value of decimal digits, or -1 where a byte is none.
func number(digits []byte) (n int) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}
