package sqlite

import (
	"bufio"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/imgorigin/imgorigin/origin"
)

// The other processes of these tests are this test binary, started again with childVariable set to one of children.
const childVariable = "IMGORIGIN_SQLITE_CHILD"

func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		if err := children[name](os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

var children = map[string]func(dir string) error{
	// writes forever, and says what was acknowledged
	"writer": func(dir string) error {
		return child(dir, func(ctx context.Context, cat *Catalog) error {
			for i := 0; ; i++ {
				if err := cat.Write(ctx, pair(ctx, i)); err != nil {
					return err
				}
				fmt.Println(i)
			}
		})
	},
	// adds a line to a param
	"appender": func(dir string) error {
		return child(dir, func(ctx context.Context, cat *Catalog) error {
			return cat.Write(ctx, func(tx origin.CatalogTx) error {
				old, err := tx.Param(ctx, "lines")
				if err != nil && !errors.Is(err, origin.ErrNotFound) {
					return err
				}
				return tx.SetParam(ctx, "lines", fmt.Appendf(old, "%d\n", os.Getpid()))
			})
		})
	},
	// holds the write lock until its input ends
	"holder": func(dir string) error {
		return child(dir, func(ctx context.Context, cat *Catalog) error {
			return cat.Write(ctx, func(origin.CatalogTx) error {
				fmt.Println("inside")
				_, err := bufio.NewReader(os.Stdin).ReadString('\n')
				_ = err // its end is what is waited for
				return nil
			})
		})
	},
}

func child(dir string, fn func(ctx context.Context, cat *Catalog) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cat, err := Open(ctx, Default(dir))
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, cat), cat.Close())
}

// another makes the command of another process. Its complaints go to the test's own.
func another(t *testing.T, name, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], dir)
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// pairs is a collection whose records come in twos: half a transaction shows.
func pairs() *origin.Collection {
	return &origin.Collection{ID: "pbc_pairs", Name: "pairs", Fields: []origin.Field{
		{ID: "i", Name: "id", Type: origin.TextField}, {ID: "t", Name: "twin", Type: origin.TextField}},
		Indexes: []origin.Index{{Unique: true, Columns: []origin.IndexColumn{{Name: "twin"}}}}}
}

func pairID(i int, half string) origin.RecordID {
	return origin.RecordID(fmt.Sprintf("r%s%s", strconv.Itoa(i), half))
}

func pair(ctx context.Context, i int) func(tx origin.CatalogTx) error {
	return func(tx origin.CatalogTx) error {
		for _, half := range []string{"a", "b"} {
			id := pairID(i, half)
			r := &origin.Record{ID: id, Values: map[string]any{"id": string(id), "twin": string(id)}}
			if err := tx.InsertRecord(ctx, pairs(), r); err != nil {
				return err
			}
			f := &origin.File{FileRef: origin.FileRef{Collection: "pbc_pairs", Record: id, Name: "x.jpg"}, Committed: time.UnixMilli(0)}
			if err := tx.PutFile(ctx, f); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestKilledWriterLosesNothingAcknowledged(t *testing.T) {
	for round := range 8 {
		dir := t.TempDir()
		cat := open(t, Default(dir))
		if err := cat.Write(t.Context(), func(tx origin.CatalogTx) error { return tx.InsertCollection(t.Context(), pairs()) }); err != nil {
			t.Fatal(err)
		}
		if round%2 == 0 { // half of the time nobody else has the file open, so that its log is to be recovered
			if err := cat.Close(); err != nil {
				t.Fatal(err)
			}
		}
		cmd := another(t, "writer", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged := -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if acknowledged, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if acknowledged == 3+7*round { // the rest was written before the kill arrived
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
		if acknowledged < 0 {
			t.Fatal("the writer has acknowledged nothing")
		}
		if round%2 == 0 {
			cat = open(t, Default(dir))
		}
		wantPairs(t, cat, acknowledged)
		if err := cat.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// wantPairs wants all pairs up to last, and of the one after it both halves or none; and a whole database.
func wantPairs(t *testing.T, cat *Catalog, last int) {
	t.Helper()
	page, err := cat.List(t.Context(), pairs(), origin.Query{Limit: 1 << 30, Total: true})
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[origin.RecordID]bool)
	for _, r := range page.Records {
		there[r.ID] = true
		files, err := cat.Files(t.Context(), "pbc_pairs", r.ID)
		if err != nil || len(files) != 1 {
			t.Errorf("record %s has %d files, %v", r.ID, len(files), err)
		}
	}
	for i := range last + 2 {
		a, b := there[pairID(i, "a")], there[pairID(i, "b")]
		if i <= last && (!a || !b) {
			t.Errorf("pair %d was acknowledged; there are %v %v of it", i, a, b)
		}
		if a != b {
			t.Errorf("half of pair %d is there", i)
		}
	}
	if n := len(page.Records); n != 2*(last+1) && n != 2*(last+2) {
		t.Errorf("%d records after %d acknowledged pairs", n, last+1)
	}
	var problem string
	err = cat.one(t.Context(), "PRAGMA integrity_check", nil, func(row []driver.Value) error { problem = text(row[0]); return nil })
	if err != nil || problem != "ok" {
		t.Errorf("integrity check: %s %v", problem, err)
	}
}

func TestProcessesMayStartAtOnceOnAnEmptyFolder(t *testing.T) {
	dir := t.TempDir() + "/made/by them"
	var cmds []*exec.Cmd
	for range 5 {
		cmd := another(t, "appender", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	for _, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	cat := open(t, Default(dir))
	defer cat.Close()
	lines, err := cat.Param(t.Context(), "lines")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range cmds {
		if !strings.Contains("\n"+string(lines), fmt.Sprintf("\n%d\n", cmd.Process.Pid)) {
			t.Errorf("process %d has left no trace in %q", cmd.Process.Pid, lines)
		}
	}
}

func TestWatchSeesAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	cat := open(t, Default(dir))
	defer cat.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := 0
	err := cat.Watch(ctx, func(c origin.Change) {
		switch seen++; seen {
		case 1:
			if err := another(t, "appender", dir).Run(); err != nil {
				t.Error(err)
				cancel()
			}
		case 2: // it set a param
			if !c.All {
				t.Errorf("change %+v, want All", c)
			}
			cancel()
		}
	}, unending)
	if !errors.Is(err, context.Canceled) || seen != 2 {
		t.Errorf("%d changes, then %v", seen, err)
	}
}

func TestWaitsForAnotherProcessAsLongAsItMay(t *testing.T) {
	cfg := Default(t.TempDir())
	cfg.BusyTimeout = 50 * time.Millisecond
	cat := open(t, cfg)
	defer cat.Close()
	holder := another(t, "holder", cfg.Dir)
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "inside\n" {
		t.Fatalf("%q %v", line, err)
	}
	nothing := func(origin.CatalogTx) error { return nil }

	err = cat.Write(t.Context(), nothing)
	if origin.KindOf(err) != origin.Timeout || !strings.Contains(err.Error(), "another process") {
		t.Errorf("after BusyTimeout: %v, want a timeout that says why", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := cat.Write(ctx, nothing); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a deadline: %v", err)
	}
	if err := cat.Check(t.Context()); err != nil {
		t.Errorf("a read was kept waiting: %v", err)
	}
	if cat.Stats().Busy == 0 {
		t.Error("no wait was counted")
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := holder.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := cat.Write(t.Context(), nothing); err != nil {
		t.Errorf("after the other one's end: %v", err)
	}
}
