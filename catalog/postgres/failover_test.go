package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/internal/pgtest"
	"github.com/imgorigin/imgorigin/origin"
)

// alone starts a server for one test.
func alone(t *testing.T, start func() (*pgtest.Server, error)) *pgtest.Server {
	t.Helper()
	s, err := start()
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// until waits for what another process does when it is ready.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("this did not come to be: %s", what)
		}
	}
}

func TestAStandbyIsNeverReadAndItsPromotionIsFollowed(t *testing.T) {
	first := alone(t, func() (*pgtest.Server, error) { return pgtest.Start() })
	second := alone(t, first.Standby)
	ctx := t.Context()
	if _, err := Open(ctx, Default(second.URL("public"))); !errors.Is(err, origin.ErrUnreachable) {
		t.Errorf("a standby alone: %v, want no server that can be used", err)
	}
	cfg := Default(fmt.Sprintf("postgres://%s@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&target_session_attrs=any", pgtest.User, second.Port, first.Port))
	cat := open(t, cfg)
	defer cat.Close()
	set := func(value string) error {
		return cat.Write(ctx, func(tx origin.CatalogTx) error { return tx.SetParam(ctx, "p", []byte(value)) })
	}
	if err := set("written to the first"); err != nil {
		t.Fatalf("the standby comes first in the address: %v", err)
	}
	statement(t, Default(second.URL("public")), "SET statement_timeout = '60s'; DO $$ BEGIN"+ // it is behind by as much as it likes
		" WHILE (SELECT count(*) FROM params WHERE name = 'p') = 0 LOOP PERFORM pg_sleep(0.01); END LOOP; END $$")
	first.Crash()
	if _, err := cat.Param(ctx, "p"); !errors.Is(err, origin.ErrUnreachable) {
		t.Errorf("while there is a standby alone: %v, want no server that can be used", err)
	}
	if err := second.Promote(); err != nil {
		t.Fatal(err)
	}
	until(t, "the new server is written to", func() bool { return set("written to the second") == nil })
	if v, err := cat.Param(ctx, "p"); err != nil || string(v) != "written to the second" {
		t.Errorf("%q, %v", v, err)
	}
}

func TestAServerThatTakesNoWritesAnyMoreIsLeft(t *testing.T) {
	server := alone(t, func() (*pgtest.Server, error) { return pgtest.Start() })
	cfg := Default(server.URL("public"))
	cat := open(t, cfg)
	defer cat.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- cat.Watch(ctx, func(origin.Change) {}, unending) }()
	if err := cat.Check(ctx); err != nil {
		t.Fatal(err)
	}
	turn := func(setting string) {
		t.Helper()
		admin := cfg
		admin.URL += "&default_transaction_read_only=off"
		statement(t, admin, "ALTER SYSTEM SET default_transaction_read_only = "+setting)
		statement(t, admin, "SELECT pg_reload_conf()")
	}
	turn("on")
	if err := <-ended; !errors.Is(err, errReadOnly) {
		t.Errorf("Watch: %v, want the end of writing", err)
	}
	if err := cat.Check(ctx); !errors.Is(err, origin.ErrUnreachable) {
		t.Errorf("a read on a connection that was open before: %v, want no server that can be used", err)
	}
	turn("off")
	until(t, "it is used again", func() bool { return cat.Check(ctx) == nil })
}
