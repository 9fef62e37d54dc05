package origin

import (
	"context"
	"errors"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/rule"
)

// Media returns what is known of a file. A private one is NotFound, marked Private, for callers without files:read.
func (o *Origin) Media(ctx context.Context, who Caller, ref MediaRef) (*Media, error) {
	const op = "media.view"
	r, err := findMedia(ctx, o.catalog, o.media().Collection, ref)
	if err != nil {
		return nil, noMedia(op, err)
	}
	m := mediaOf(r)
	if m.Visibility != Public && !who.Principal.May(auth.FilesRead) {
		return nil, noMedia(op, ErrNotFound)
	}
	return m, nil
}

// noMedia is the one refusal for a file that is not there and for one that the caller may not know of.
func noMedia(op string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return &Error{Op: op, Kind: NotFound, Private: true}
	}
	return failed(op, err)
}

// MediaPage is a part of a folder.
type MediaPage struct {
	Files []*Media // by slug
	More  bool     // there are more from Offset + len(Files) on
}

// maxMediaPage is how many files one page has at most.
const maxMediaPage = 1000

// ListMedia returns the files of a folder, without those of its subfolders, from offset on, at most limit and never more
// than 1000. It needs files:read. A folder without files is an empty page: folders are there by their files alone.
func (o *Origin) ListMedia(ctx context.Context, who Caller, folder string, offset, limit int) (*MediaPage, error) {
	const op = "media.list"
	if err := who.Require(auth.FilesRead); err != nil {
		return nil, err
	}
	folder, err := CleanFolder(folder)
	if err != nil {
		return nil, err
	}
	if limit <= 0 || limit > maxMediaPage {
		limit = maxMediaPage
	}
	page, err := o.catalog.List(ctx, o.media().Collection, Query{
		Where: []*rule.Expr{inFolder}, Request: &rule.Request{Query: map[string]string{"folder": folder}},
		Sort: bySlug, Offset: max(offset, 0), Limit: limit + 1,
	})
	if err != nil {
		return nil, failed(op, err)
	}
	found := &MediaPage{More: len(page.Records) > limit}
	for _, r := range page.Records[:min(limit, len(page.Records))] {
		found.Files = append(found.Files, mediaOf(r))
	}
	return found, nil
}

// MediaRead asks for the bytes of a file of the library, or of a thumb of it.
type MediaRead struct {
	Ref         MediaRef
	Thumb       string // as the address has it; empty: the original
	IfNoneMatch string // the header's value
	Who         Caller
	FileToken   string // a native file token, looked at only where the file is private
	Grant       Grant  // of a signed URL; the zero Grant is none
}

// Grant is the right to read that a signed URL gives. VerifyURL makes it.
type Grant struct{ left time.Duration }

// Signed tells whether there is a grant.
func (g Grant) Signed() bool { return g.left > 0 }

// OpenMedia answers a read of the library, by the same pipeline as Open. Outcomes:
//  1. the content; its Policy is PolicyRevalidate for a public file, PolicySigned for a private one by a signed URL (then
//     Lifetime says how long it may be kept), PolicyPrivate for one that a credential opened;
//  2. NotFound, marked Private: there is no such file, or the caller may not know of it;
//  3. Busy, Timeout, Unavailable as of Open.
func (o *Origin) OpenMedia(ctx context.Context, req *MediaRead) (Content, error) {
	const op = "media.open"
	r, err := o.resolveMedia(ctx, req.Ref)
	if err != nil {
		return Content{}, noMedia(op, err)
	}
	credential := req.Who.Principal.May(auth.FilesRead)
	policy := PolicyRevalidate
	switch {
	case o.lease.lost() && !r.public && !req.Grant.Signed(): // see authorise
		return Content{}, errDeaf(op)
	case r.public:
	case credential:
		policy = PolicyPrivate
	case req.Grant.Signed():
		policy = PolicySigned
	case req.FileToken != "":
		if policy, err = o.authorise(ctx, r, &ReadRequest{FileToken: req.FileToken, Facts: req.Who.Facts}); err != nil {
			return Content{}, err
		}
		credential = true
	default:
		return Content{}, noMedia(op, ErrNotFound)
	}
	free := credential || req.Grant.Signed()
	c, err := o.contentOf(ctx, r, policy, free, req.Thumb, req.IfNoneMatch)
	if policy == PolicySigned {
		c.Lifetime = min(req.Grant.left, maxSignedLife)
		if o.lease.lost() {
			c.Lifetime = min(c.Lifetime, time.Minute) // as of what is public: see PolicyBrief
		}
	}
	return c, err
}

// maxSignedLife bounds how long caches keep what a signed URL opened.
const maxSignedLife = 5 * time.Minute

// resolveMedia is step 1 for a file of the library: the row is remembered under the name that was asked for too, so that a
// warm read asks no catalog. A name that means nothing is not remembered.
func (o *Origin) resolveMedia(ctx context.Context, ref MediaRef) (*resolved, error) {
	c := o.media()
	key := o.addresses.Join('/', mediaKeys[ref.by], ref.value)
	if r, ok := o.files.Get(key); ok && r.file != nil && o.current(r, c, r.file.FileRef) {
		return r, nil
	}
	for range writeTries {
		record, err := findMedia(ctx, o.catalog, c.Collection, ref)
		if err != nil {
			return nil, err
		}
		r, err := o.resolve(ctx, string(MediaID), string(record.ID), record.Text(mediaFile))
		if KindOf(err) == NotFound {
			continue // replaced between the two reads
		}
		if err != nil {
			return nil, err
		}
		// The record as of the epoch of r decides, not the one above: it may have moved away in between.
		if owner := r.record.Load(); owner != nil && ref.matches(owner) {
			o.files.Set(key, r, resolvedCost/4)
			return r, nil
		}
	}
	return nil, ErrNotFound
}

// mediaKeys keep the names of files apart in memory from each other and from addresses, which begin with a collection's id.
var mediaKeys = map[refKind]string{refID: "\x00i", refUUID: "\x00u", refSecret: "\x00s", refPath: "\x00p"}

// SignURL returns the query of a signed URL of a path, and when it ends. It needs files:read: whoever may not read can't
// hand the right on. Only the path is signed, so the holder may ask for any thumb.
func (o *Origin) SignURL(who Caller, path string, life time.Duration) (query string, expires time.Time, err error) {
	if err := who.Require(auth.FilesRead); err != nil {
		return "", time.Time{}, err
	}
	query, expires = o.signed(path, life)
	return query, expires, nil
}

func (o *Origin) signed(path string, life time.Duration) (query string, expires time.Time) {
	expires = o.now().Add(life).Truncate(time.Second)
	return o.signer.Sign(path, expires), expires
}

// VerifyURL returns the grant of a signed URL: the path that was signed and the parameters auth.ParamExpires and
// auth.ParamSignature. Without both there is none, which is no error; what was tampered with or has expired is NotFound.
func (o *Origin) VerifyURL(path, expires, signature string) (Grant, error) {
	if expires == "" && signature == "" {
		return Grant{}, nil
	}
	left, err := o.signer.Verify(path, expires, signature)
	if err != nil {
		return Grant{}, &Error{Op: "media.open", Kind: NotFound, Private: true, Err: err}
	}
	return Grant{left}, nil
}

// mediaOwner reads the record of a file of the library, which decides who may read it. A file without one is an upload that
// nobody has confirmed, and is not there.
func (o *Origin) mediaOwner(ctx context.Context, r *resolved, ref FileRef) error {
	record, err := o.catalog.Record(ctx, r.collection.Collection, ref.Record)
	if err != nil {
		return err
	}
	if record.Text(mediaFile) != string(ref.Name) {
		return ErrNotFound
	}
	r.record.Store(record)
	r.media = mediaOf(record)
	r.public = r.media.Visibility == Public
	r.sizes = newSizes()
	if old, ok := o.files.Get(ref.path()); ok && old.sizes != nil {
		r.sizes = old.sizes // of the same bytes; and what guests were given while they are rendered must go on to count
	}
	return nil
}

// opensMedia tells whether a file token gives the right to any size of a public file. It is looked at only for a size
// that not everybody gets.
func (o *Origin) opensMedia(ctx context.Context, r *resolved, req *ReadRequest) bool {
	if r.sizes == nil || req.FileToken == "" || req.Thumb == "" || r.variant(req.Thumb) != nil {
		return false
	}
	if len(r.field.Thumbs) == 0 && (*r.sizes.known.Load())[req.Thumb] != nil {
		return false
	}
	p, err := o.verify(ctx, req.FileToken, auth.TypeFile)
	return err == nil && p.May(auth.FilesRead)
}

// names tells whether a record is still the one that the caller named.
func (ch *change) names(old *Record) bool {
	return ch.media == nil || ch.media.match == nil || ch.media.match(old)
}

// urlSecretParam is where the catalog keeps the key of signed URLs.
const urlSecretParam = "signed_urls"

// loadSigner reads the key of signed URLs, and makes one in a library that has none. Two processes may do so at once: the
// transaction of the second sees what the first made.
func (o *Origin) loadSigner(ctx context.Context) error {
	key, err := o.catalog.Param(ctx, urlSecretParam)
	if errors.Is(err, ErrNotFound) {
		err = o.catalog.Write(ctx, func(tx CatalogTx) (err error) {
			if key, err = tx.Param(ctx, urlSecretParam); errors.Is(err, ErrNotFound) {
				key = auth.NewURLSecret()
				err = tx.SetParam(ctx, urlSecretParam, key)
			}
			return err
		})
	}
	if err != nil {
		return err
	}
	o.signer, err = auth.NewSigner(key, o.now)
	return err
}
