package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/imgorigin/imgorigin/internal/pgtest"
	"github.com/imgorigin/imgorigin/origin"
)

func TestReplicasThatStartAtOnceMakeOneCatalog(t *testing.T) {
	cfg := fresh(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	const replicas = 8
	var wg sync.WaitGroup
	errs := make([]error, replicas)
	for i := range replicas {
		wg.Go(func() {
			cat, err := Open(t.Context(), cfg)
			if err == nil {
				err = errors.Join(cat.Check(t.Context()), cat.Close())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestADatabaseOfANewerVersionIsRefused(t *testing.T) {
	cfg := fresh(t)
	cat := open(t, cfg)
	if err := cat.Close(); err != nil {
		t.Fatal(err)
	}
	statement(t, cfg, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)")
	if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNewer) {
		t.Errorf("Open: %v, want newer", err)
	}
}

func TestWhoWaitsForAnotherReplicasMigrationGivesUpInTime(t *testing.T) {
	cfg := fresh(t)
	cat := open(t, cfg)
	defer cat.Close()
	cn, err := cat.pool.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer cat.pool.put(cn)
	if err := cn.exec(t.Context(), "SELECT pg_advisory_lock($1::bigint)", int64(migrationLock)); err != nil {
		t.Fatal(err)
	}
	late := cfg
	late.Wait = 200 * time.Millisecond
	if _, err := Open(t.Context(), late); err == nil {
		t.Error("opened while another replica was preparing the database")
	}
	if err := cn.exec(t.Context(), "SELECT pg_advisory_unlock($1::bigint)", int64(migrationLock)); err != nil {
		t.Fatal(err)
	}
}

func TestConnectionsThatTheServerEndedAreReplaced(t *testing.T) {
	cfg := fresh(t)
	cat := open(t, cfg)
	defer cat.Close()
	if err := cat.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	statement(t, cfg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'imgorigin'")
	time.Sleep(trusted) // only a server that was not asked for so long is asked
	if err := cat.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
}

// A read must not fail because the connection it is lent has died a moment ago: the watcher has noticed by then.
func TestWhenTheWatcherIsCutOffNoConnectionIsTrusted(t *testing.T) {
	cfg := fresh(t)
	cat := open(t, cfg)
	defer cat.Close()
	heard, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		first := sync.OnceFunc(func() { close(heard) })
		ended <- cat.Watch(t.Context(), func(origin.Change) { first() }, unending)
	}()
	<-heard
	for range 3 {
		if err := cat.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	statement(t, cfg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'imgorigin'")
	if err := <-ended; err == nil {
		t.Fatal("the watcher does not notice that it is cut off")
	}
	if err := cat.Check(t.Context()); err != nil {
		t.Errorf("the first read after that: %v", err)
	}
}

func TestADatabaseThatIsAwayIsUnreachableAndNotBroken(t *testing.T) {
	cfg := fresh(t)
	server, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	cfg.URL = server.URL("public")
	cat := open(t, cfg)
	defer cat.Close()
	calls := map[string]func() error{
		"a read": func() error { return cat.Check(t.Context()) },
		"a write": func() error {
			return cat.Write(t.Context(), func(tx origin.CatalogTx) error { return tx.SetParam(t.Context(), "x", []byte("y")) })
		},
		"a start": func() error {
			again, err := Open(t.Context(), cfg)
			if err != nil {
				return err
			}
			return again.Close()
		},
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	server.Crash()
	for name, call := range calls {
		if err := call(); !errors.Is(err, origin.ErrUnreachable) || origin.KindOf(err) != origin.Timeout {
			t.Errorf("%s without the server: %v", name, err)
		}
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s when it is back: %v", name, err)
		}
	}
}

func TestThePoolIsBoundedAndWaitingForItEnds(t *testing.T) {
	cfg := fresh(t)
	cfg.Conns, cfg.Wait = 2, 300*time.Millisecond
	cat := open(t, cfg)
	defer cat.Close()
	for range cfg.Conns {
		cn, err := cat.pool.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer cat.pool.put(cn)
	}
	if err := cat.Check(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third connection: %v, want the end of the wait", err)
	}
}

func TestConfigurationsThatCannotWorkAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"URL":          func(c *Config) { c.URL = "" },
		"URL: ":        func(c *Config) { c.URL = "postgres://u:secret@host:port/x" },
		"Conns":        func(c *Config) { c.Conns = 1 },
		"URL: pool_":   func(c *Config) { c.URL = "postgres://u:secret@localhost/x?pool_min_conns=3" },
		"max_conns":    func(c *Config) { c.URL = "postgres://u:secret@localhost/x?pool_max_conns=many" },
		"Wait":         func(c *Config) { c.Wait = time.Millisecond },
		"PollInterval": func(c *Config) { c.PollInterval = time.Minute },
		"Keep":         func(c *Config) { c.Keep = time.Second },
	} {
		cfg := Default("postgres://localhost/x")
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&cfg)
		err := cfg.Validate()
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWriteThatMeetsAnotherIsRunAgain(t *testing.T) {
	cat := open(t, fresh(t))
	defer cat.Close()
	ctx := t.Context()
	set := func(value string) error {
		return cat.Write(ctx, func(tx origin.CatalogTx) error { return tx.SetParam(ctx, "p", []byte(value)) })
	}
	if err := set("a"); err != nil {
		t.Fatal(err)
	}
	runs := 0
	err := cat.Write(ctx, func(tx origin.CatalogTx) error {
		runs++
		old, err := tx.Param(ctx, "p")
		if err != nil {
			return err
		}
		if runs == 1 {
			if err := set("b"); err != nil {
				return err
			}
		}
		return tx.SetParam(ctx, "p", append(old, '+'))
	})
	got, readErr := cat.Param(ctx, "p")
	if err := errors.Join(err, readErr); err != nil || runs != 2 || string(got) != "b+" || cat.Stats().Conflicts != 1 {
		t.Errorf("%d runs, p is %q, %v; want 2 and b+", runs, got, err)
	}
}

func TestACommitWhoseAnswerWasLostIsLookedUp(t *testing.T) {
	cat := open(t, fresh(t))
	defer cat.Close()
	cn, err := cat.pool.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer cat.pool.put(cn)
	for end, want := range map[string]bool{"COMMIT": true, "ROLLBACK": false} {
		var xid string
		err := errors.Join(
			cn.exec(t.Context(), "BEGIN"),
			cn.one(t.Context(), "SELECT pg_current_xact_id()::text", nil, func(row []any) error { xid = text(row[0]); return nil }))
		if err != nil {
			t.Fatal(err)
		}
		soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := cat.outcome(soon, xid); !errors.Is(err, ErrUnknown) {
			t.Errorf("while it runs: %v, want unknown", err)
		}
		cancel()
		if err := cn.exec(t.Context(), end); err != nil {
			t.Fatal(err)
		}
		if got, err := cat.outcome(t.Context(), xid); err != nil || got != want {
			t.Errorf("after %s: committed %v, %v", end, got, err)
		}
	}
}
