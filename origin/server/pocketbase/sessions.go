package pocketbase

import (
	"github.com/imgorigin/imgorigin/origin/server"
)

// authWithPassword answers POST …/auth-with-password.
func (d *Dialect) authWithPassword(r *server.Request) error {
	who, err := d.caller(r)
	if err != nil {
		return err
	}
	in, err := readValues(r, d.config.MaxBody)
	if err != nil {
		return err
	}
	session, err := d.core.AuthWithPassword(r.Context(), who, r.Param(0), text(in["identity"]), text(in["password"]), text(in["identityField"]))
	if err != nil {
		return err
	}
	return d.sendSession(r, session)
}

// authRefresh answers POST …/auth-refresh.
func (d *Dialect) authRefresh(r *server.Request) error {
	who, err := d.caller(r)
	if err != nil {
		return err
	}
	session, err := d.core.AuthRefresh(r.Context(), who, r.Param(0))
	if err != nil {
		return err
	}
	return d.sendSession(r, session)
}
