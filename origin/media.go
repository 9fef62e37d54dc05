package origin

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/transform"
)

// Visibility says who may read a file of the media library.
type Visibility string

// The visibilities.
const (
	Public  Visibility = "public"  // anybody
	Private Visibility = "private" // a key with files:read, a superuser, or whoever holds a signed URL
)

// Media is one file of the media library, as every dialect but the native one sees it.
type Media struct {
	ID           RecordID
	UUID         string // names the file for ever, in lower case
	Secret       string // a second UUID, which names the bytes
	File         FileName
	OriginalName string // as the uploader called it, or as it was renamed to
	Folder       string // "" or "a/b"
	Slug         string // its name within the folder, which no other file there has
	Visibility   Visibility
	Title        string
	Description  string
	Alt          string
	MIME         string // by the bytes, without parameters
	Size         int64  // bytes
	Width        int    // pixels, upright; 0 where the bytes are no picture
	Height       int
	BlurHash     string         // "" where the bytes are no picture that can be rendered
	EXIF         map[string]any // what the camera wrote, as transform.Tags has it, and SamplesPerPixel; empty where the bytes are no picture
	Rank         float64
	Metadata     map[string]any // free; never nil
	Created      time.Time
	Updated      time.Time
}

// Path is the file's folder and slug as one.
func (m *Media) Path() string { return path.Join(m.Folder, m.Slug) }

// IsPicture tells whether the bytes are a picture whose size is known.
func (m *Media) IsPicture() bool { return m.Width > 0 }

func mediaOf(r *Record) *Media {
	m := &Media{
		ID: r.ID, UUID: r.Text(mediaUUID), Secret: r.Text(mediaSecret), File: FileName(r.Text(mediaFile)),
		OriginalName: r.Text(mediaOriginal), Folder: r.Text(mediaFolder), Slug: r.Text(mediaSlug),
		Visibility: Visibility(r.Text(mediaVisibility)),
		Title:      r.Text(mediaTitle), Description: r.Text(mediaDesc), Alt: r.Text(mediaAlt), MIME: r.Text(mediaMIME),
		Size: int64(number(r, mediaSize)), Width: int(number(r, mediaWidth)), Height: int(number(r, mediaHeight)),
		BlurHash: r.Text(mediaBlurHash), Rank: number(r, mediaRank), Metadata: object(r, mediaMetadata), EXIF: object(r, mediaEXIF),
		Created: timeOf(r.Text("created")), Updated: timeOf(r.Text("updated")),
	}
	return m
}

// object is a JSON field of a record, never nil: what is no object has no names.
func object(r *Record, field string) map[string]any {
	var m map[string]any
	if raw, _ := r.Values[field].(json.RawMessage); len(raw) > 0 {
		_ = json.Unmarshal(raw, &m)
	}
	if m == nil {
		m = make(map[string]any)
	}
	return m
}

func number(r *Record, field string) float64 {
	n, _ := r.Values[field].(float64)
	return n
}

// timeOf reads a date of a record; no date is the zero time.
func timeOf(s string) time.Time {
	t, err := time.Parse(DateLayout, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// MediaRef names a file of the media library in one of the ways that dialects do.
type MediaRef struct {
	by    refKind
	value string
}

type refKind byte

const (
	refID     refKind = 'i'
	refUUID   refKind = 'u'
	refSecret refKind = 's'
	refPath   refKind = 'p'
)

// ByID names a file by its record's id.
func ByID(id RecordID) MediaRef { return MediaRef{refID, string(id)} }

// ByUUID names a file by its UUID, in any case.
func ByUUID(uuid string) MediaRef { return MediaRef{refUUID, strings.ToLower(uuid)} }

// BySecret names a file by its secret, in any case.
func BySecret(secret string) MediaRef { return MediaRef{refSecret, strings.ToLower(secret)} }

// ByPath names a file by its folder and slug, "a/b/name.jpg". Slashes at either end mean nothing.
func ByPath(p string) MediaRef { return MediaRef{refPath, strings.Trim(p, "/")} }

// plausible keeps out of the catalog what can't name anything.
func (r MediaRef) plausible() bool {
	switch r.by {
	case refUUID, refSecret:
		return IsUUID(r.value)
	case refPath:
		_, _, err := SplitPath(r.value)
		return err == nil
	}
	return r.value != "" && len(r.value) <= maxIDBytes
}

// matches tells whether a record is the one that r names.
func (r MediaRef) matches(record *Record) bool {
	switch r.by {
	case refUUID:
		return record.Text(mediaUUID) == r.value
	case refSecret:
		return record.Text(mediaSecret) == r.value
	case refPath:
		return path.Join(record.Text(mediaFolder), record.Text(mediaSlug)) == r.value
	}
	return string(record.ID) == r.value
}

// IsUUID tells whether s is a UUID in lower case: 8-4-4-4-12 hexadecimal digits (RFC 9562 section 4).
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f') {
			return false
		}
	}
	return true
}

// NewUUID returns a random UUID (RFC 9562 section 5.4).
func NewUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	x := hex.EncodeToString(b[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// SplitPath parts "a/b/name.jpg" into folder and slug. Slashes at either end mean nothing; a path with an empty segment,
// "." or "..", a backslash, a control character or what is no UTF-8 is Invalid.
func SplitPath(p string) (folder, slug string, err error) {
	p = strings.Trim(p, "/")
	folder, slug = path.Split(p)
	folder = strings.TrimSuffix(folder, "/")
	if !slugForm.MatchString(slug) || len(p) > 4*(maxMediaFolder+maxMediaName) || folder != "" && !folderForm.MatchString(folder) || !utf8.ValidString(p) {
		return "", "", &Error{Op: "media.path", Kind: Invalid, Message: "The path is not valid."}
	}
	return folder, slug, nil
}

// CleanFolder is a folder's name as it is kept: without slashes at either end. "" is the root; what SplitPath would refuse in
// a path is Invalid.
func CleanFolder(folder string) (string, error) {
	folder = strings.Trim(folder, "/")
	if folder != "" && !folderForm.MatchString(folder) || !utf8.ValidString(folder) {
		return "", &Error{Op: "media.path", Kind: Invalid, Message: "The folder is not valid."}
	}
	return folder, nil
}

// Require refuses a caller who lacks a scope: a guest is Unauthenticated, everybody else Forbidden. The core asks it for
// everything that needs a scope; dialects ask it before they receive a body, and where their text wants a credential for
// what is public.
func (who Caller) Require(s auth.Scope) error {
	switch {
	case who.Principal.May(s):
		return nil
	case who.Principal.IsGuest():
		return &Error{Op: "scope", Kind: Unauthenticated, Message: "A valid API key is required.", Private: true}
	}
	return &Error{Op: "scope", Kind: Forbidden, Private: true, Message: "The API key lacks the scope " + s.String() + "."}
}

// mediaImage is what a record says of an upload's picture.
func mediaImage(m transform.Meta) (width, height float64) {
	if m.Format == transform.Unknown {
		return 0, 0
	}
	w, h := m.Upright()
	return float64(w), float64(h)
}
