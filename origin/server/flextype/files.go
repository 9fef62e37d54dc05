package flextype

import (
	"errors"
	"strconv"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// fetch answers GET /api/files: one file, or the files of a folder.
func (d *Dialect) fetch(r *server.Request) error {
	r.NoStore()
	who, err := d.reader(r, r.QueryValue("token"))
	if err != nil {
		return err
	}
	in := newInput(r.Query())
	id := in.text("path", "id")
	collection, _ := strconv.ParseBool(in.text("collection"))
	if id == "" && !collection {
		return invalid("The parameter path is required.")
	}
	if !collection {
		m, err := d.core.Media(r.Context(), who, origin.ByPath(id))
		if err == nil {
			return d.answer(r, who, m)
		}
		if origin.KindOf(err) != origin.NotFound {
			return err
		}
	}
	return d.list(r, who, id)
}

// list answers with the files of a folder, which is there if it has any.
func (d *Dialect) list(r *server.Request, who origin.Caller, folder string) error {
	offset, _ := strconv.Atoi(r.QueryValue("offset"))
	limit, _ := strconv.Atoi(r.QueryValue("limit"))
	page, err := d.core.ListMedia(r.Context(), who, folder, offset, limit)
	if err != nil {
		return err
	}
	if len(page.Files) == 0 && offset <= 0 {
		return &origin.Error{Op: "media.list", Kind: origin.NotFound, Private: true}
	}
	found, base := make(map[string]any, len(page.Files)), d.base(r)
	for _, m := range page.Files {
		found[m.Slug] = object(m, base)
	}
	return r.JSON(200, map[string]any{"data": found})
}

func (d *Dialect) answer(r *server.Request, who origin.Caller, m *origin.Media) error {
	data, err := d.shown(r, m, nil)
	if err != nil {
		return err
	}
	return r.JSON(200, map[string]any{"data": data})
}

// upload makes a file of the one in the form.
func (d *Dialect) upload(r *server.Request, who origin.Caller, in *input) (any, error) {
	switch {
	case !in.has("folder"):
		return nil, invalid("The parameter folder is required.")
	case in.upload == nil:
		return nil, invalid("The parameter file is required.")
	}
	draft := origin.MediaDraft{Folder: in.text("folder"), Visibility: d.config.Visibility, Title: titleOf(in.upload.OriginalName)}
	if in.has("visibility") {
		var err error
		if draft.Visibility, err = visibilityOf(in.values["visibility"]); err != nil {
			return nil, err
		}
	}
	u := in.upload
	in.upload = nil
	m, err := d.core.PutMedia(r.Context(), who, u, draft)
	return d.shown(r, m, err)
}

func (d *Dialect) move(r *server.Request, who origin.Caller, in *input) (any, error) {
	return d.toNewPath(r, who, in, func(ref origin.MediaRef, to string) (*origin.Media, error) {
		return d.core.MoveMedia(r.Context(), who, ref, to)
	})
}

// copy may take as long as the bytes take from the store and back to it.
func (d *Dialect) copy(r *server.Request, who origin.Caller, in *input) (any, error) {
	return d.toNewPath(r, who, in, func(ref origin.MediaRef, to string) (*origin.Media, error) {
		return d.core.CopyMedia(r.LongContext(), who, ref, to)
	})
}

func (d *Dialect) toNewPath(r *server.Request, who origin.Caller, in *input, do func(origin.MediaRef, string) (*origin.Media, error)) (any, error) {
	ref, err := in.path()
	if err != nil {
		return nil, err
	}
	to, err := in.required("new_path", "new_id")
	if err != nil {
		return nil, err
	}
	m, err := do(ref, to)
	return d.shown(r, m, err)
}

func (d *Dialect) delete(r *server.Request, who origin.Caller, in *input) (any, error) {
	ref, err := in.path()
	if err != nil {
		return nil, err
	}
	return nil, d.core.DeleteMedia(r.Context(), who, ref)
}

// bytes answers GET and HEAD of what full_url names.
func (d *Dialect) bytes(r *server.Request) error {
	if r.HasQuery("access_token") {
		r.SetHeader("Referrer-Policy", "no-referrer")
	}
	read := origin.MediaRead{
		Ref: origin.ByPath(r.Param(0)), Thumb: r.QueryWord("thumb"), IfNoneMatch: r.HeaderList("If-None-Match"),
	}
	if token := r.QueryValue("token"); token != "" {
		who, err := d.reader(r, token)
		var refused *origin.Error
		switch {
		case err == nil:
			read.Who = who
		case !errors.As(err, &refused) || refused.Kind != origin.Unauthenticated && refused.Kind != origin.Forbidden:
			return err
		default: // no key that lets read: the token may be a native file token, or else its bearer is a guest
			read.FileToken = token
		}
	}
	read.Who.Facts = r
	content, err := d.core.OpenMedia(r.Context(), &read)
	if err != nil {
		return err
	}
	return r.File(&content, content.Media.Slug)
}
