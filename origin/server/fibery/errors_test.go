package fibery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/fetch"
	"github.com/imgorigin/imgorigin/origin/server"
)

func TestEveryErrorHasItsStatusAndTellsNothingOfTheMachine(t *testing.T) {
	core := func(kind origin.Kind) error {
		return &origin.Error{Op: "media.open", Kind: kind, Err: errors.New("/data/storage/x: input/output error")}
	}
	for _, c := range []struct {
		err    error
		status int
	}{
		{core(origin.Internal), 500}, {core(origin.NotFound), 404}, {core(origin.Invalid), 400}, {core(origin.Unauthenticated), 401},
		{core(origin.Forbidden), 403}, {core(origin.Conflict), 409}, {core(origin.TooLarge), 413}, {core(origin.Busy), 503},
		{core(origin.Timeout), 503}, {core(origin.Unavailable), 500}, {core(origin.NoSpace), 507}, {core(origin.Canceled), 503},
		{errors.New("/data/storage/x: input/output error"), 500}, {context.DeadlineExceeded, 503},
		{server.ErrBodyTooLarge, 413}, {server.ErrMalformed, 400}, {server.ErrMediaType, 400},
		{server.ErrNoFile, 400}, {server.ErrManyFiles, 400}, {errors.Join(server.ErrLink, core(origin.NotFound)), 403},
		{&origin.Error{Op: "stage", Kind: origin.Invalid, Err: server.ErrBodyTooLarge}, 413},
		{fetch.ErrURL, 400}, {fetch.ErrForbidden, 400}, {fetch.ErrRedirects, 400}, {fetch.ErrStatus, 400},
		{fetch.ErrTooLarge, 413}, {fetch.ErrUnreachable, 400}, {fetch.ErrBroken, 400},
		{&origin.Error{Op: "stage", Kind: origin.Invalid, Err: fmt.Errorf("reading: %w", fetch.ErrTooLarge)}, 413},
		{errors.Join(core(origin.Forbidden), core(origin.NotFound)), 403},
	} {
		p := words(fmt.Errorf("somewhere: %w", c.err))
		if p.status != c.status || p.Name == "" || p.Message == "" {
			t.Errorf("%v is answered %d %q %q, want %d", c.err, p.status, p.Name, p.Message, c.status)
		}
		if p.Message != words(c.err).Message || strings.Contains(p.Message, "/data") {
			t.Errorf("%v says %q", c.err, p.Message)
		}
	}
}

func TestComplaintsAboutFieldsAreInTheMessage(t *testing.T) {
	err := &origin.Error{Op: "media.put", Kind: origin.Invalid, Message: "The file is not valid.", Fields: origin.Complaints{
		"slug": origin.Complaint{Code: "x", Message: "Too long."}, "alt": origin.Complaint{Code: "x", Message: "Too short."}}}
	if got, want := words(err).Message, "The file is not valid. alt: Too short. slug: Too long."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
