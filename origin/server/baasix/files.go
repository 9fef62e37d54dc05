package baasix

import (
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// file is a file as Baasix shows it, in the order of its example. What was never set is left out.
type file struct {
	ID          string `json:"id"`
	Filename    string `json:"filename"`
	Type        string `json:"type"`
	Size        int64  `json:"size"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`       // signed, where asked for
	ExpiresAt   string `json:"expiresAt,omitempty"` // of the signature
}

// signedFor is how long a signed URL is valid.
const signedFor = 60 * time.Minute

// signedPath is what a signed URL signs: the address of a file's bytes, wherever the dialect is mounted.
func signedPath(uuid string) string { return "/assets/" + uuid }

// view answers with what is known of a file; with ?signed=true also with a URL that needs no credential for a while.
func (d *Dialect) view(r *server.Request) error {
	who, err := d.library.Permitted(r, auth.FilesRead)
	if err != nil {
		return err
	}
	m, err := d.library.Core.Media(r.Context(), who, origin.ByUUID(r.Param(0)))
	if err != nil {
		return err
	}
	f := file{ID: m.UUID, Filename: m.OriginalName, Type: m.MIME, Size: m.Size, Title: m.Title, Description: m.Description}
	if r.QueryValue("signed") == "true" {
		query, expires, err := d.library.Core.SignURL(who, signedPath(m.UUID), signedFor)
		if err != nil {
			return err
		}
		f.URL, f.ExpiresAt = r.Base()+d.prefix+signedPath(m.UUID)+"?"+query, expires.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return data(r, f)
}

// edit is the body of an update. What is null or missing stays as it is.
type edit struct {
	Title       *string            `json:"title"`
	Description *string            `json:"description"`
	Filename    *string            `json:"filename"`
	Visibility  *origin.Visibility `json:"visibility"`
}

func (d *Dialect) update(r *server.Request) error {
	who, err := d.library.Permitted(r, auth.FilesWrite)
	if err != nil {
		return err
	}
	var e edit
	if err := r.ReadJSON(server.MaxJSON, &e); err != nil {
		return err
	}
	if v := e.Visibility; v != nil && *v != origin.Public && *v != origin.Private {
		return badRequest("The visibility must be public or private")
	}
	r.RestartDeadline()
	m, err := d.library.Core.UpdateMedia(r.Context(), who, origin.ByUUID(r.Param(0)), origin.MediaEdit{
		Title: e.Title, Description: e.Description, OriginalName: e.Filename, Visibility: e.Visibility,
	})
	if err != nil {
		return err
	}
	return data(r, m.UUID)
}

func (d *Dialect) delete(r *server.Request) error {
	who, err := d.library.Permitted(r, auth.FilesWrite)
	if err != nil {
		return err
	}
	if err := d.library.Core.DeleteMedia(r.Context(), who, origin.ByUUID(r.Param(0))); err != nil {
		return err
	}
	return answer(r, 200, map[string]string{"message": "File deleted successfully"})
}

// asset answers with the bytes of a file, or of a thumb of it.
func (d *Dialect) asset(r *server.Request) error {
	uuid := strings.ToLower(r.Param(0))
	content, err := d.library.Open(r, origin.ByUUID(uuid), signedPath(uuid))
	if err != nil {
		return err
	}
	return r.File(&content, content.Media.OriginalName)
}
