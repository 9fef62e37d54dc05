package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
)

type keyCommand struct {
	Create keyCreate `cmd:"" help:"Make an API key. It is shown once, alone on the last line, and kept as a hash only."`
	List   keyList   `cmd:"" help:"List the API keys."`
	Revoke keyRevoke `cmd:"" help:"Revoke an API key; a running server refuses it within a second."`
}

type keyCreate struct {
	dataOptions
	Name    string `arg:"" help:"What the key is for; no two keys have the same name."`
	Scope   scopes `help:"What it may do: files:read, files:write or both, with a comma." required:"" placeholder:"SCOPE"`
	Expires moment `help:"When it ends: a time from now such as 720h, or a date such as 2027-01-31; empty: never." placeholder:"WHEN"`
}

// Run writes to the same data that a serving process uses.
func (k *keyCreate) Run(ctx context.Context, m *Main) error {
	return withCore(ctx, k.dataOptions, func(core *origin.Origin) error {
		text, err := core.CreateKey(ctx, origin.System(), k.Name, auth.Scope(k.Scope), k.Expires.after(time.Now()))
		if err != nil {
			return inWords(err)
		}
		_, err = fmt.Fprintf(m.Stdout, "key %q may %s; this is the only time that it is shown:\n%s\n", k.Name, auth.Scope(k.Scope), text)
		return err
	})
}

type keyList struct{ dataOptions }

// Run prints a table, one key per line.
func (k *keyList) Run(ctx context.Context, m *Main) error {
	return withCore(ctx, k.dataOptions, func(core *origin.Origin) error {
		keys, err := core.Keys(ctx, origin.System())
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tID\tSCOPES\tCREATED\tEXPIRES\tLAST USED")
		for _, key := range keys {
			fmt.Fprintf(table, "%q\t%s\t%s\t%s\t%s\t%s\n", key.Name, key.ID, key.Scopes, date(key.Created), date(key.Expires), date(key.LastUsed))
		}
		return table.Flush()
	})
}

// date prints a time to the minute, in UTC.
func date(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02T15:04Z")
}

type keyRevoke struct {
	dataOptions
	Key string `arg:"" help:"The key's name or id."`
}

// Run removes the key for good.
func (k *keyRevoke) Run(ctx context.Context, m *Main) error {
	return withCore(ctx, k.dataOptions, func(core *origin.Origin) error {
		err := core.RevokeKey(ctx, origin.System(), k.Key)
		if origin.KindOf(err) == origin.NotFound {
			return fmt.Errorf("there is no key %q", k.Key)
		}
		if err != nil {
			return inWords(err)
		}
		_, err = fmt.Fprintf(m.Stdout, "key %q revoked\n", k.Key)
		return err
	})
}

// scopes is an auth.Scope on the command line.
type scopes auth.Scope

// UnmarshalText reads the names of scopes.
func (s *scopes) UnmarshalText(text []byte) error {
	scope, err := auth.ParseScope(string(text))
	*s = scopes(scope)
	return err
}

// moment is a time on the command line: from now on, or a date.
type moment struct {
	from time.Duration
	at   time.Time
}

var errMoment = errors.New("neither a time from now such as 720h nor a date such as 2027-01-31")

// UnmarshalText reads a duration, a date, which begins at midnight UTC, or a time of RFC 3339.
func (m *moment) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "" {
		return nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		m.from = d
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			m.at = t
			return nil
		}
	}
	return fmt.Errorf("%q: %w", s, errMoment)
}

func (m moment) after(now time.Time) time.Time {
	if m.from > 0 {
		return now.Add(m.from)
	}
	return m.at
}
