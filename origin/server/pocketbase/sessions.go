package pocketbase

import (
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// maxSignIn bounds the body of a sign-in, in bytes: an identity and a password have at most 255 characters each.
const maxSignIn = 64 << 10

// authWithPassword answers POST …/auth-with-password.
func (d *Dialect) authWithPassword(r *server.Request, who origin.Caller) (any, error) {
	in, err := readValues(r, min(maxSignIn, d.config.MaxBody))
	if err != nil {
		return nil, err
	}
	r.RestartDeadline()
	session, err := d.core.AuthWithPassword(r.Context(), who, r.Param(0), text(in["identity"]), text(in["password"]), text(in["identityField"]))
	if err != nil {
		return nil, err
	}
	return sessionJSON(session), nil
}

// authRefresh answers POST …/auth-refresh.
func (d *Dialect) authRefresh(r *server.Request, who origin.Caller) (any, error) {
	session, err := d.core.AuthRefresh(r.Context(), who, r.Param(0))
	if err != nil {
		return nil, err
	}
	return sessionJSON(session), nil
}
