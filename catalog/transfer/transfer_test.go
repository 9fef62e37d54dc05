package transfer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/catalog/transfer"
	"github.com/imgorigin/imgorigin/origin"
)

func TestACatalogComesBackFromPostgreSQLAsItWas(t *testing.T) {
	first, second, third := inSQLite(t), inPostgres(t), inSQLite(t)
	fill(t, first, 600) // more than a page
	result := mustRun(t, first, second)
	if want := int64(2 + 1 + 599 + 1198 + 2 + 1); result.Rows != want || result.Changed != want || result.Already {
		t.Errorf("%+v, want %d rows", result, want)
	}
	wantSame(t, first, second)
	mustRun(t, second, third)
	wantSame(t, first, third)
	for _, c := range []catalog.Mover{first, second} {
		if sealed, err := c.Sealed(t.Context()); err != nil || !sealed {
			t.Errorf("a source is sealed: %v, %v", sealed, err)
		}
	}
	for _, c := range []catalog.Mover{second, third} {
		if n, err := c.RenditionBytes(t.Context()); err != nil || n != 400 {
			t.Errorf("renditions sum up to %d, %v", n, err)
		}
	}
	// The last one is in use: the next record comes after all others, and a taken value is refused.
	c := kinds()
	write(t, third, func(tx origin.CatalogTx) error {
		var clash *origin.UniqueError
		if err := tx.InsertRecord(t.Context(), c, record(c, "new000000000000", map[string]any{"unique": fmt.Sprintf("%015x", 5)})); !errors.As(err, &clash) {
			t.Errorf("a taken value: %v", err)
		}
		return tx.InsertRecord(t.Context(), c, record(c, "new000000000001", nil))
	})
	rows := contentsOf(t, third).Rows["Kinds"]
	if last := rows[len(rows)-1]; last.Record.ID != "new000000000001" {
		t.Errorf("the last record made is %s", last.Record.ID)
	}
}

func TestATransferThatWasFinishedIsComparedAndChangesNothing(t *testing.T) {
	from, to := inSQLite(t), inSQLite(t)
	fill(t, from, 20)
	mustRun(t, from, to)
	use := origin.RenditionUse{File: fileOf(kinds(), fmt.Sprintf("%015x", 0), "a.jpg").FileRef, Variant: "60x40.v1", Size: 100, Used: 9}
	if _, err := from.TouchRenditions(t.Context(), []origin.RenditionUse{use}); err != nil { // a server that still reads there
		t.Fatal(err)
	}
	if again := mustRun(t, from, to); !again.Already || again.Changed != 0 {
		t.Errorf("%+v", again)
	}
	write(t, to, func(tx origin.CatalogTx) error { return tx.SetParam(t.Context(), "served", []byte("since")) })
	before := contentsOf(t, to)
	if _, err := transfer.Run(t.Context(), from, to, transfer.Config{}); !errors.Is(err, transfer.ErrOccupied) {
		t.Errorf("a target that is in use: %v", err)
	}
	if diff := cmp.Diff(before, contentsOf(t, to)); diff != "" {
		t.Errorf("it was changed:\n%s", diff)
	}
}

func TestWhatIsSomebodysIsNotTouched(t *testing.T) {
	from, other, empty := inSQLite(t), inSQLite(t), inSQLite(t)
	fill(t, from, 5)
	fill(t, other, 3)
	before := contentsOf(t, other)
	if _, err := transfer.Run(t.Context(), from, other, transfer.Config{}); !errors.Is(err, transfer.ErrOccupied) {
		t.Errorf("a library of its own: %v", err)
	}
	if diff := cmp.Diff(before, contentsOf(t, other)); diff != "" {
		t.Errorf("it was changed:\n%s", diff)
	}
	if _, err := transfer.Run(t.Context(), empty, other, transfer.Config{}); !errors.Is(err, transfer.ErrEmpty) {
		t.Errorf("an empty source: %v", err)
	}
	if _, err := transfer.Run(t.Context(), from, empty, transfer.Config{Ahead: true}); err != nil {
		t.Fatal(err)
	}
	if unfinished, err := transfer.Unfinished(t.Context(), empty); err != nil || !unfinished {
		t.Errorf("after a copy ahead of time: %v, %v", unfinished, err)
	}
	if _, err := transfer.Run(t.Context(), empty, inSQLite(t), transfer.Config{}); !errors.Is(err, transfer.ErrUnfinished) {
		t.Errorf("from an unfinished target: %v", err)
	}
	for _, c := range []catalog.Mover{from, other, empty} {
		if sealed, err := c.Sealed(t.Context()); err != nil || sealed {
			t.Errorf("sealed: %v, %v", sealed, err)
		}
	}
}

// faulty is a target that fails at the n-th load.
type faulty struct {
	catalog.Mover
	loads int
	at    func(n int) error
}

func (f *faulty) Load(ctx context.Context, fn func(catalog.Loader) error) error {
	f.loads++
	if err := f.at(f.loads); err != nil {
		return err
	}
	return f.Mover.Load(ctx, fn)
}

// Each load is a moment at which a run may end; the next one goes on from there.
func TestARunThatEndsAnywhereIsGoneOnWith(t *testing.T) {
	from, to := inSQLite(t), inSQLite(t)
	fill(t, from, 550)
	full := fmt.Errorf("the disk: %w", origin.ErrNoSpace)
	told := false
	for allowed := 0; ; allowed++ {
		target := &faulty{Mover: to, at: func(n int) error {
			if n > allowed {
				return full
			}
			return nil
		}}
		_, err := transfer.Run(t.Context(), from, target, transfer.Config{})
		if err == nil {
			break
		}
		if !errors.Is(err, origin.ErrNoSpace) {
			t.Fatal(err)
		}
		sealed, sealErr := from.Sealed(t.Context())
		unfinished, markErr := transfer.Unfinished(t.Context(), to)
		if sealErr != nil || markErr != nil || sealed != errors.Is(err, transfer.ErrUntold) || unfinished != (allowed > 0) {
			t.Fatalf("after %d loads and %v: sealed %v, %v, unfinished %v, %v", allowed, err, sealed, sealErr, unfinished, markErr)
		}
		told = told || errors.Is(err, transfer.ErrUntold)
	}
	if !told {
		t.Error("no run ended before its last step")
	}
	wantSame(t, from, to)
}

func TestARunThatAnotherOneReplacesEnds(t *testing.T) {
	from, to := inSQLite(t), inSQLite(t)
	fill(t, from, 300)
	target := &faulty{Mover: to}
	target.at = func(n int) error {
		if n == 3 {
			mustRun(t, from, to) // and finishes
		}
		return nil
	}
	if _, err := transfer.Run(t.Context(), from, target, transfer.Config{}); !errors.Is(err, transfer.ErrReplaced) {
		t.Errorf("%v, want ErrReplaced", err)
	}
	wantSame(t, from, to)
}

func TestAContextThatEndsLeavesTheSourceInUse(t *testing.T) {
	from, to := inSQLite(t), inSQLite(t)
	fill(t, from, 100)
	for _, stage := range []transfer.Stage{transfer.Copying, transfer.Finishing} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := transfer.Run(ctx, from, to, transfer.Config{Progress: func(s transfer.Stage, _, _ int64) {
			if s == stage {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", stage, err)
		}
		if sealed, err := from.Sealed(t.Context()); err != nil || sealed {
			t.Errorf("%s: sealed %v, %v", stage, sealed, err)
		}
	}
	mustRun(t, from, to)
	wantSame(t, from, to)
}

// A process that is killed while it finishes leaves the source sealed; the next one only finishes.
func TestASourceThatIsLeftSealedIsFinished(t *testing.T) {
	from, to := inSQLite(t), inSQLite(t)
	fill(t, from, 30)
	if _, err := transfer.Run(t.Context(), from, to, transfer.Config{Ahead: true}); err != nil {
		t.Fatal(err)
	}
	if err := from.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	target := &faulty{Mover: to, at: func(n int) error {
		if n > 1 {
			return errors.New("gone")
		}
		return nil
	}}
	if _, err := transfer.Run(t.Context(), from, target, transfer.Config{}); err == nil {
		t.Error("a failure is none")
	}
	if sealed, err := from.Sealed(t.Context()); err != nil || !sealed {
		t.Errorf("who did not seal does not unseal: %v, %v", sealed, err)
	}
	mustRun(t, from, to)
	wantSame(t, from, to)
}

func TestWritesGoOnMeanwhileAndNoneIsLost(t *testing.T) {
	for name, to := range map[string]func(testing.TB) catalog.Mover{"to SQLite": inSQLite, "to PostgreSQL": inPostgres} {
		t.Run(name, func(t *testing.T) {
			from, to := inSQLite(t), to(t)
			fill(t, from, 200)
			c := kinds()
			acknowledged := make(chan int, 1)
			begun := make(chan struct{})
			go func() {
				n := 0
				defer func() { acknowledged <- n }()
				for ; ; time.Sleep(5 * time.Millisecond) { // a reasonable writer: passes are repeated for one that is not
					err := from.Write(t.Context(), func(tx origin.CatalogTx) error {
						id := fmt.Sprintf("w%014d", n)
						return errors.Join(tx.InsertRecord(t.Context(), c, record(c, id, nil)), tx.PutFile(t.Context(), fileOf(c, id, "a.jpg")))
					})
					if errors.Is(err, origin.ErrSealed) {
						return
					}
					if err != nil {
						t.Errorf("a writer met %v", err)
						return
					}
					if n++; n == 1 {
						close(begun)
					}
				}
			}()
			<-begun
			mustRun(t, from, to)
			n := <-acknowledged
			if got := len(contentsOf(t, to).Rows["Kinds"]) - 199; got != n || n == 0 {
				t.Errorf("%d records were acknowledged, %d arrived", n, got)
			}
			wantSame(t, from, to)
		})
	}
}

func TestWhatTheTargetRefusesIsNamed(t *testing.T) {
	from, to := inSQLite(t), inPostgres(t)
	fill(t, from, 20)
	c := kinds()
	write(t, from, func(tx origin.CatalogTx) error {
		return tx.InsertRecord(t.Context(), c, record(c, "bad000000000000", map[string]any{"json": json.RawMessage(`"\u0000"`)}))
	})
	_, err := transfer.Run(t.Context(), from, to, transfer.Config{})
	if !errors.Is(err, catalog.ErrValue) || !strings.Contains(err.Error(), "record bad000000000000") {
		t.Errorf("%v", err)
	}
	write(t, from, func(tx origin.CatalogTx) error { return tx.DeleteRecord(t.Context(), c, "bad000000000000") })
	mustRun(t, from, to)
	wantSame(t, from, to)
}

// TestAnyChangeBetweenTwoRunsArrives changes a source in all ways that there are between runs that copy ahead of time.
func TestAnyChangeBetweenTwoRunsArrives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		from, to := inSQLite(t), inSQLite(t)
		ctx := t.Context()
		must := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		c, a := kinds(), accounts()
		must(from.Write(ctx, func(tx origin.CatalogTx) error {
			return errors.Join(tx.InsertCollection(ctx, a), tx.InsertCollection(ctx, c))
		}))
		ids := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		values := rapid.SampledFrom([]string{"", "x", "y", "z"})
		for range rapid.IntRange(1, 4).Draw(rt, "runs") {
			for range rapid.IntRange(0, 6).Draw(rt, "changes") {
				id, value := ids.Draw(rt, "id"), values.Draw(rt, "value")
				what := rapid.SampledFrom([]string{"put", "put", "put", "delete", "file", "unfile", "use", "param", "unparam", "schema", "collection"}).Draw(rt, "what")
				err := from.Write(ctx, func(tx origin.CatalogTx) error {
					switch what {
					case "put": // a unique value may go from one record to another
						if err := tx.UpdateRecord(ctx, c, record(c, id, map[string]any{"unique": value})); !errors.Is(err, origin.ErrNotFound) {
							return err
						}
						return tx.InsertRecord(ctx, c, record(c, id, map[string]any{"unique": value}))
					case "delete":
						return tx.DeleteRecord(ctx, c, origin.RecordID(id))
					case "file":
						f := fileOf(c, id, "f")
						f.OriginalName = value
						return tx.PutFile(ctx, f)
					case "unfile":
						return tx.DeleteFile(ctx, fileOf(c, id, "f").FileRef)
					case "param":
						return tx.SetParam(ctx, id, []byte(value))
					case "unparam":
						return tx.SetParam(ctx, id, nil)
					case "schema":
						changed := *c
						changed.Updated = c.Updated.Add(time.Millisecond)
						if err := tx.UpdateCollection(ctx, c, &changed); err != nil {
							return err
						}
						c = &changed
					case "collection":
						old := *a
						if err := tx.DeleteCollection(ctx, &old); err != nil {
							return err
						}
						return tx.InsertCollection(ctx, a)
					}
					return nil
				})
				var clash *origin.UniqueError
				if err != nil && !errors.Is(err, origin.ErrNotFound) && !errors.As(err, &clash) {
					rt.Fatal(what, err)
				}
				if what == "use" {
					_, err := from.TouchRenditions(ctx, []origin.RenditionUse{{File: fileOf(c, id, "f").FileRef, Variant: value, Size: int64(len(value)), Used: 1}})
					must(err)
				}
			}
			_, err := transfer.Run(ctx, from, to, transfer.Config{Ahead: true})
			must(err)
		}
		_, err := transfer.Run(ctx, from, to, transfer.Config{})
		must(err)
		if diff := cmp.Diff(contentsOf(t, from), contentsOf(t, to)); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
		must(errors.Join(from.Close(), to.Close()))
	})
}
