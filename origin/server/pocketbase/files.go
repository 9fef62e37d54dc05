package pocketbase

import (
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// file answers GET and HEAD of a stored file or a thumb of it.
func (d *Dialect) file(r *server.Request) error {
	content, err := d.core.Open(r.Context(), &origin.ReadRequest{
		Collection:  r.Param(0),
		Record:      r.Param(1),
		Name:        r.Param(2),
		Thumb:       r.QueryWord("thumb"),
		FileToken:   r.QueryValue("token"),
		IfNoneMatch: r.HeaderList("If-None-Match"),
		Facts:       r,
	})
	if err != nil {
		return err
	}
	securityHeaders(r)
	return r.File(&content, string(content.File.Name))
}

// fileToken answers POST /api/files/token. A body means nothing.
func (d *Dialect) fileToken(r *server.Request, who origin.Caller) (any, error) {
	token, err := d.core.FileToken(r.Context(), who)
	if err != nil {
		return nil, err
	}
	return map[string]any{"token": token}, nil
}
