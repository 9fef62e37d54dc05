package baasix

import (
	"fmt"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/fetch"
	"github.com/imgorigin/imgorigin/origin/server"
)

// about is what an uploader may say of a file beside its bytes.
type about struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Visibility  string `json:"visibility"`
}

// draft is the file that is to be made.
func (a *about) draft(visibility origin.Visibility) (origin.MediaDraft, error) {
	switch v := origin.Visibility(a.Visibility); v {
	case "":
	case origin.Public, origin.Private:
		visibility = v
	default:
		return origin.MediaDraft{}, badRequest("The visibility must be public or private")
	}
	return origin.MediaDraft{Title: a.Title, Description: a.Description, Visibility: visibility}, nil
}

// upload takes the part "file" of a form, and values that say something about it.
func (d *Dialect) upload(r *server.Request) error {
	who, err := d.library.Permitted(r, auth.FilesWrite)
	if err != nil {
		return err
	}
	var a about
	u, err := d.library.Receive(r, func(name, text string) error {
		switch name {
		case "title":
			a.Title = text
		case "description":
			a.Description = text
		case "visibility":
			a.Visibility = text
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer u.Discard()
	return d.put(r, who, u, a)
}

// put makes a file of what has been received, and answers with its id.
func (d *Dialect) put(r *server.Request, who origin.Caller, u *origin.Upload, a about) error {
	draft, err := a.draft(d.config.Visibility)
	if err != nil {
		return err // whoever received u discards it
	}
	r.RestartDeadline()
	m, err := d.library.Core.PutMedia(r.Context(), who, u, draft)
	if err != nil {
		return err
	}
	return data(r, m.UUID)
}

func (d *Dialect) uploadFromURL(r *server.Request) error {
	who, err := d.library.Permitted(r, auth.FilesWrite)
	if err != nil {
		return err
	}
	var asked struct {
		URL string `json:"url"`
		about
	}
	if err := r.ReadJSON(server.MaxJSON, &asked); err != nil {
		return err
	}
	if asked.URL == "" {
		return badRequest("URL is required")
	}
	if _, err := asked.draft(d.config.Visibility); err != nil {
		return err // before anything is fetched
	}
	resp, err := d.config.Fetch.Do(r.LongContext(), fetch.Request{URL: asked.URL, Limit: d.library.Core.MediaLimit()})
	if err != nil {
		return fmt.Errorf("fetching a file: %w", err)
	}
	defer resp.Body.Close()
	u, err := d.library.Core.Stage(r.LongContext(), resp.Name, resp.Body, d.library.Core.MediaLimit())
	if err != nil {
		return err
	}
	defer u.Discard()
	return d.put(r, who, u, asked.about)
}

// createItem makes a record of a collection that refers to files.
func (d *Dialect) createItem(r *server.Request) error {
	who, err := d.library.Permitted(r, auth.FilesWrite)
	if err != nil {
		return err
	}
	var values map[string]any
	if err := r.ReadJSON(server.MaxJSON, &values); err != nil {
		return err
	}
	r.RestartDeadline()
	item, err := d.library.Core.CreateItem(r.Context(), who, r.Param(0), values)
	if err != nil {
		return err
	}
	return data(r, string(item.Record.ID))
}
