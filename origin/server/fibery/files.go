package fibery

import (
	"fmt"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/fetch"
	"github.com/imgorigin/imgorigin/origin/server"
)

// file is a file as Fibery shows it, in the order of its example.
type file struct {
	ID            string  `json:"fibery/id"`
	Name          string  `json:"fibery/name"`
	ContentType   string  `json:"fibery/content-type"`
	Secret        string  `json:"fibery/secret"`
	ContentLength int64   `json:"fibery/content-length"`
	Rank          float64 `json:"fibery/rank"`
}

func fileOf(m *origin.Media) file {
	return file{m.UUID, m.OriginalName, m.MIME, m.Secret, m.Size, m.Rank}
}

// upload takes the part "file" of a form; a value "visibility" says who may read it.
func (d *Dialect) upload(r *server.Request) error {
	who, err := d.library.Permitted(r, auth.FilesWrite)
	if err != nil {
		return err
	}
	draft := origin.MediaDraft{Visibility: d.config.Visibility}
	u, err := d.library.Receive(r, func(name, text string) error {
		if name != "visibility" {
			return nil
		}
		return setVisibility(&draft, text)
	})
	if err != nil {
		return err
	}
	defer u.Discard()
	return d.put(r, who, u, draft)
}

func setVisibility(draft *origin.MediaDraft, s string) error {
	switch v := origin.Visibility(s); v {
	case "":
	case origin.Public, origin.Private:
		draft.Visibility = v
	default:
		return badRequest("The visibility must be public or private.")
	}
	return nil
}

// put makes a file of what has been received, and shows it.
func (d *Dialect) put(r *server.Request, who origin.Caller, u *origin.Upload, draft origin.MediaDraft) error {
	r.RestartDeadline()
	m, err := d.library.Core.PutMedia(r.Context(), who, u, draft)
	if err != nil {
		return err
	}
	return answer(r, fileOf(m))
}

// remoteFile is the body of an upload from a URL.
type remoteFile struct {
	URL        string            `json:"url"`
	Name       string            `json:"name"`
	Method     string            `json:"method"`
	Headers    map[string]string `json:"headers"`
	ID         string            `json:"id"`
	Visibility string            `json:"visibility"`
}

// draft checks what can be before anything is fetched.
func (f *remoteFile) draft(visibility origin.Visibility) (origin.MediaDraft, error) {
	draft := origin.MediaDraft{UUID: strings.ToLower(f.ID), OriginalName: f.Name, Visibility: visibility}
	switch {
	case f.URL == "":
		return draft, badRequest("The url is missing.")
	case f.ID != "" && !origin.IsUUID(draft.UUID):
		return draft, badRequest("The id must be a UUID.")
	}
	return draft, setVisibility(&draft, f.Visibility)
}

func (d *Dialect) uploadFromURL(r *server.Request) error {
	who, err := d.library.Permitted(r, auth.FilesWrite)
	if err != nil {
		return err
	}
	var f remoteFile
	if err := r.ReadJSON(server.MaxJSON, &f); err != nil {
		return err
	}
	draft, err := f.draft(d.config.Visibility)
	if err != nil {
		return err
	}
	r.RestartDeadline()
	if draft.UUID != "" { // PutMedia decides; this spares the other server what would be refused
		switch _, err := d.library.Core.Media(r.Context(), origin.System(), origin.ByUUID(draft.UUID)); {
		case err == nil:
			return &origin.Error{Op: "media.put", Kind: origin.Conflict}
		case origin.KindOf(err) != origin.NotFound:
			return err
		}
	}
	u, err := d.stageFrom(r, &f)
	if err != nil {
		return err
	}
	return d.put(r, who, u, draft)
}

// stageFrom receives the file that a URL names.
func (d *Dialect) stageFrom(r *server.Request, f *remoteFile) (*origin.Upload, error) {
	resp, err := d.config.Fetch.Do(r.LongContext(), fetch.Request{
		Method: strings.ToUpper(f.Method), URL: f.URL, Headers: f.Headers, Limit: d.library.Core.MediaLimit(),
	})
	if err != nil {
		return nil, fmt.Errorf("fetching a file: %w", err)
	}
	defer resp.Body.Close()
	name := f.Name
	if name == "" {
		name = resp.Name
	}
	return d.library.Core.Stage(r.LongContext(), name, resp.Body, d.library.Core.MediaLimit())
}

// signedPath is what a signed URL signs: the address of a file's bytes, wherever the dialect is mounted.
func signedPath(secret string) string { return "/api/files/" + secret }

// download answers with the bytes of a file, or of a thumb of it.
func (d *Dialect) download(r *server.Request) error {
	secret := strings.ToLower(r.Param(0))
	if !origin.IsUUID(secret) {
		return r.Unmatched()
	}
	content, err := d.library.Open(r, origin.BySecret(secret), signedPath(secret))
	if err != nil {
		return err
	}
	return r.File(&content, content.Media.OriginalName)
}

// maxSecrets is how many URLs are signed in one call.
const maxSecrets = 1000

// signedFor is how long a signed URL is valid.
const signedFor = 60 * time.Minute

// signed is one signed URL.
type signed struct {
	Secret    string `json:"secret"`
	URL       string `json:"url"`
	ExpiresAt string `json:"expiresAt"`
}

// instant is how JavaScript writes a time: UTC, with milliseconds and a Z.
const instant = "2006-01-02T15:04:05.000Z"

// signURLs signs addresses. Whether there are files there it does not ask: a signature is no promise of one.
func (d *Dialect) signURLs(r *server.Request) error {
	who, err := d.library.Permitted(r, auth.FilesRead)
	if err != nil {
		return err
	}
	var asked struct {
		Secrets []string `json:"secrets"`
	}
	if err := r.ReadJSON(server.MaxJSON, &asked); err != nil {
		return err
	}
	if len(asked.Secrets) == 0 || len(asked.Secrets) > maxSecrets {
		return badRequest("The secrets must be 1 to %d.", maxSecrets)
	}
	items := make([]signed, len(asked.Secrets))
	for i, secret := range asked.Secrets {
		secret = strings.ToLower(secret)
		if !origin.IsUUID(secret) {
			return badRequest("Every secret must be a UUID.")
		}
		query, expires, err := d.library.Core.SignURL(who, signedPath(secret), signedFor)
		if err != nil {
			return err
		}
		items[i] = signed{asked.Secrets[i], r.Base() + d.prefix + signedPath(secret) + "?" + query, expires.UTC().Format(instant)}
	}
	return answer(r, map[string]any{"items": items})
}
