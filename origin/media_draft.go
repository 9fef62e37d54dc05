package origin

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/imgorigin/imgorigin/rule"
)

// What follows from the rest in a record of the media library is filled in here, for every way in: PocketBase's records,
// the other dialects, the command line.

// mediaChange is what a change of a media record has beside that of any record.
type mediaChange struct {
	uuid, secret string // of a new record, made before the transaction: a retry renames nothing
	// exact says that the slug is what the caller asked for or nothing: a clash is a Conflict. Else it is numbered.
	exact bool
	edit  func(d *draft) error // changes that depend on what is there; nil: none
	match func(*Record) bool   // the record that was found must still be the one that was named; nil: it is
	looks map[FileName]look    // of the uploads
}

func newMediaChange() *mediaChange {
	return &mediaChange{uuid: NewUUID(), secret: NewUUID(), looks: make(map[FileName]look)}
}

// finishMedia sets the derived fields. What the caller wrote into them does not count, but for the UUID of a new file.
func (d *draft) finishMedia() {
	m, v, given := d.change.media, d.record.Values, d.change.in.Values
	if d.old != nil {
		for _, name := range [...]string{mediaUUID, mediaSecret, mediaMIME, mediaSize, mediaWidth, mediaHeight, mediaBlurHash, mediaEXIF} {
			v[name] = d.old.Values[name]
		}
	} else {
		if uuid := strings.ToLower(d.record.Text(mediaUUID)); uuid != "" {
			v[mediaUUID] = uuid
		} else {
			v[mediaUUID] = m.uuid
		}
		v[mediaSecret] = m.secret
		for _, name := range [...]string{mediaSize, mediaWidth, mediaHeight} {
			v[name] = 0.0
		}
		v[mediaMIME], v[mediaBlurHash], v[mediaEXIF] = "", "", json.RawMessage(nil)
	}
	if d.record.Text(mediaVisibility) == "" {
		v[mediaVisibility] = string(Public)
	}
	v[mediaFolder] = strings.Trim(d.record.Text(mediaFolder), "/")
	if u := d.change.uploads[FileName(d.record.Text(mediaFile))]; u != nil {
		v[mediaMIME], _, _ = strings.Cut(u.ContentType, ";")
		v[mediaSize] = float64(u.Size)
		v[mediaWidth], v[mediaHeight] = mediaImage(u.Image)
		seen := m.looks[u.name]
		v[mediaBlurHash], v[mediaEXIF] = seen.blurHash, seen.exif
		if _, named := given[mediaOriginal]; !named || d.record.Text(mediaOriginal) == "" {
			v[mediaOriginal] = shortened(u.OriginalName, maxMediaName)
		}
	}
	if d.slug == "" {
		if d.slug = d.record.Text(mediaSlug); d.slug == "" {
			d.slug = slugOf(d.record.Text(mediaOriginal))
		}
	}
	v[mediaSlug] = d.slug
}

// settle gives the draft the slug that it will have: the one that it wants, or that with a number where another file of
// the folder has it.
func (d *draft) settle(ctx context.Context, reader CatalogReader) error {
	folder := d.record.Text(mediaFolder)
	if !slugForm.MatchString(d.slug) || folder != "" && !folderForm.MatchString(folder) {
		return nil // the fields' rules will complain
	}
	if d.old != nil && d.old.Text(mediaFolder) == folder && d.old.Text(mediaSlug) == d.slug {
		return nil
	}
	free := func(slug string) (bool, error) {
		other, err := mediaAt(ctx, reader, d.change.c.Collection, folder, slug)
		if errors.Is(err, ErrNotFound) {
			return true, nil
		}
		return err == nil && other.ID == d.record.ID, err
	}
	slug, err := firstFree(d.slug, d.change.media.exact, free)
	if err == nil {
		d.record.Values[mediaSlug] = slug
	}
	return err
}

// writeNumbered is a Write that numbers a slug. Where a catalog lets two transactions look for the same free number at once, its
// unique index stops the later one, which looks again.
func (o *Origin) writeNumbered(ctx context.Context, ch *change, fn func(CatalogTx) error) (err error) {
	for range numberTries {
		err = o.catalog.Write(ctx, fn)
		var clash *UniqueError
		if ch.media == nil || ch.media.exact || !errors.As(err, &clash) || !slices.Contains(clash.Columns, mediaSlug) {
			break
		}
	}
	return err
}

// numberTries is how often a number is looked for: each time somebody else has got one.
const numberTries = 16

// maxNumber is where numbering gives up: a folder with as many files of one name is no folder of files.
const maxNumber = 1 << 24

// firstFree numbers a slug, "cover.jpg", "cover-2.jpg", … until one is free, in steps that double and then halve, so that
// the hundred thousandth takes some thirty looks: not every number below it need be taken.
func firstFree(slug string, exact bool, free func(string) (bool, error)) (string, error) {
	ok, err := free(slug)
	if ok || err != nil {
		return slug, err
	}
	if exact {
		return "", &Error{Op: "media.move", Kind: Conflict, Message: "There is a file of that name already."}
	}
	taken, n := 1, 2
	for {
		if ok, err = free(numbered(slug, n)); err != nil {
			return "", err
		}
		if ok {
			break
		}
		if taken, n = n, n*2; n > maxNumber {
			return "", &Error{Op: "media.put", Kind: Conflict, Message: "There are too many files of that name already."}
		}
	}
	for n-taken > 1 {
		middle := (n + taken) / 2
		if ok, err = free(numbered(slug, middle)); err != nil {
			return "", err
		}
		if ok {
			n = middle
		} else {
			taken = middle
		}
	}
	return numbered(slug, n), nil
}

// numbered puts a number before the extension, and keeps the whole within its bound.
func numbered(slug string, n int) string {
	ext := path.Ext(slug)
	if ext == slug || len(ext) > 16 {
		ext = "" // a name of which nothing else is left has no extension
	}
	number := "-" + strconv.Itoa(n)
	return shortened(strings.TrimSuffix(slug, ext), maxMediaName-len(number)-len(ext)) + number + ext
}

// slugOf makes a slug of any name: the last segment of what may be a path of any system, without control characters.
func slugOf(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, name)
	if name = shortened(strings.TrimSpace(name), maxMediaName); name == "" || name == "." || name == ".." {
		return "file"
	}
	return name
}

// shortened keeps the first n characters of a text, and its extension.
func shortened(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	ext := []rune(path.Ext(s))
	if len(ext) > 16 || len(ext) >= n {
		ext = nil
	}
	return string(runes[:n-len(ext)]) + string(ext)
}

// The questions to the catalog about media, once for all: the values come as parameters of the request, so that nothing
// is quoted.
var (
	mediaQuestions = rule.Schema{mediaFolder: rule.Text, mediaSlug: rule.Text}
	inFolder       = mustParse(mediaFolder + ` = @request.query.folder`)
	withSlug       = mustParse(mediaSlug + ` = @request.query.slug`)
	bySlug, _      = rule.ParseSort(mediaSlug, mediaQuestions)
)

func mustParse(filter string) *rule.Expr {
	expr, err := rule.Parse(filter, mediaQuestions, nil)
	if err != nil {
		panic(err)
	}
	return expr
}

// mediaAt returns the record at a path, or ErrNotFound.
func mediaAt(ctx context.Context, reader CatalogReader, c *Collection, folder, slug string) (*Record, error) {
	page, err := reader.List(ctx, c, Query{
		Where: []*rule.Expr{inFolder, withSlug}, Limit: 1,
		Request: &rule.Request{Query: map[string]string{"folder": folder, "slug": slug}},
	})
	if err != nil {
		return nil, err
	}
	if len(page.Records) == 0 {
		return nil, ErrNotFound
	}
	return page.Records[0], nil
}

// findMedia returns the record that r names, or ErrNotFound.
func findMedia(ctx context.Context, reader CatalogReader, c *Collection, r MediaRef) (*Record, error) {
	if !r.plausible() {
		return nil, ErrNotFound
	}
	switch r.by {
	case refUUID:
		return reader.RecordBy(ctx, c, mediaUUID, r.value)
	case refSecret:
		return reader.RecordBy(ctx, c, mediaSecret, r.value)
	case refPath:
		folder, slug, err := SplitPath(r.value)
		if err != nil {
			return nil, ErrNotFound
		}
		return mediaAt(ctx, reader, c, folder, slug)
	}
	return reader.Record(ctx, c, RecordID(r.value))
}
