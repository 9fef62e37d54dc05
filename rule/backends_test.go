package rule

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"github.com/imgorigin/imgorigin/internal/pgtest"
)

// database is a real back end: one table "r" with a column for every field of
// a schema, and the records that satisfy a condition.
type database interface {
	load(schema Schema, records []map[string]any) error
	selectIDs(condition string, args []any, orderBy string) ([]string, error)
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func columnsOf(schema Schema) Columns {
	return func(f string) (string, Kind) {
		if _, ok := schema[f]; !ok {
			return "", 0
		}
		return `"r".` + quoted(f), schema[f]
	}
}

func fieldsOf(schema Schema) []string {
	var names []string
	for name := range schema {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

type sqliteDB struct{ db *sql.DB }

func newSQLite(t testing.TB) *sqliteDB {
	t.Helper()
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return &sqliteDB{db}
}

var sqliteTypes = map[Kind]string{
	Text:   "TEXT NOT NULL DEFAULT ''",
	Number: "NUMERIC NOT NULL DEFAULT 0",
	Bool:   "INTEGER NOT NULL DEFAULT 0",
	Date:   "TEXT NOT NULL DEFAULT ''",
	List:   "TEXT NOT NULL DEFAULT '[]'",
	JSON:   "TEXT",
}

func (s *sqliteDB) load(schema Schema, records []map[string]any) error {
	fields := fieldsOf(schema)
	defs := make([]string, len(fields))
	for i, f := range fields {
		defs[i] = quoted(f) + " " + sqliteTypes[schema[f]]
	}
	if _, err := s.db.Exec("DROP TABLE IF EXISTS r; CREATE TABLE r (" + strings.Join(defs, ", ") + ")"); err != nil {
		return err
	}
	insert := "INSERT INTO r VALUES (" + strings.TrimSuffix(strings.Repeat("?,", len(fields)), ",") + ")"
	for _, record := range records {
		args := make([]any, len(fields))
		for i, f := range fields {
			args[i] = stored(record[f])
		}
		if _, err := s.db.Exec(insert, args...); err != nil {
			return err
		}
	}
	return nil
}

// stored is what a column holds for a canonical value.
func stored(v any) any {
	switch v := v.(type) {
	case []string:
		return jsonList(v)
	case json.RawMessage:
		if v == nil {
			return nil
		}
		return string(v)
	}
	return v
}

func (s *sqliteDB) selectIDs(condition string, args []any, orderBy string) ([]string, error) {
	rows, err := s.db.Query("SELECT id FROM r WHERE "+condition+orderBy, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// postgresDB is one psql that talks to a server. Conditions run as prepared
// statements, so that parameters are parameters.
type postgresDB struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

// sharedPostgres is started by the first test that needs it and stopped by
// TestMain, because starting takes longer than all the tests.
var sharedPostgres struct {
	db   *postgresDB
	stop []func() // in reverse order
}

func TestMain(m *testing.M) {
	code := m.Run()
	stopPostgres()
	os.Exit(code)
}

func stopPostgres() {
	for _, f := range slices.Backward(sharedPostgres.stop) {
		f()
	}
	sharedPostgres.stop = nil
}

func newPostgres(t testing.TB) *postgresDB {
	t.Helper()
	if sharedPostgres.db == nil {
		sharedPostgres.db = startPostgres(t)
	}
	return sharedPostgres.db
}

func startPostgres(t testing.TB) *postgresDB {
	t.Helper()
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	atEnd := func(f func()) { sharedPostgres.stop = append(sharedPostgres.stop, f) }
	atEnd(server.Stop)
	psql := server.Psql("-A", "-t")
	stdin, err := psql.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := psql.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	psql.Stderr = psql.Stdout
	if err := psql.Start(); err != nil {
		t.Fatal(err)
	}
	atEnd(func() {
		_ = stdin.Close()
		_ = psql.Wait()
	})
	out := bufio.NewScanner(stdout)
	out.Buffer(nil, 1<<20)
	return &postgresDB{in: stdin, out: out}
}

// run sends statements and returns the lines they print.
func (p *postgresDB) run(script string) ([]string, error) {
	if _, err := io.WriteString(p.in, script+"\n\\echo -- done\n"); err != nil {
		return nil, err
	}
	var lines []string
	for p.out.Scan() {
		if p.out.Text() == "-- done" {
			if i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "ERROR:") }); i >= 0 {
				return nil, errors.New(strings.Join(lines[i:], "\n"))
			}
			return lines, nil
		}
		lines = append(lines, p.out.Text())
	}
	return nil, fmt.Errorf("psql ended: %v", p.out.Err())
}

func pgLiteral(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case float64:
		return "'" + strconv.FormatFloat(v, 'g', -1, 64) + "'"
	case bool:
		return strconv.FormatBool(v)
	}
	return "'" + strings.ReplaceAll(v.(string), "'", "''") + "'"
}

var postgresTypes = map[Kind]string{
	Text:   "text NOT NULL DEFAULT ''",
	Number: "double precision NOT NULL DEFAULT 0",
	Bool:   "boolean NOT NULL DEFAULT false",
	Date:   "text NOT NULL DEFAULT ''",
	List:   "jsonb NOT NULL DEFAULT '[]'",
	JSON:   "jsonb",
}

func (p *postgresDB) load(schema Schema, records []map[string]any) error {
	fields := fieldsOf(schema)
	defs := make([]string, len(fields))
	for i, f := range fields {
		defs[i] = quoted(f) + " " + postgresTypes[schema[f]]
	}
	var script strings.Builder
	script.WriteString("SET client_min_messages = error; DEALLOCATE ALL; DROP TABLE IF EXISTS r; CREATE TABLE r (" + strings.Join(defs, ", ") + ");\n")
	for _, record := range records {
		values := make([]string, len(fields))
		for i, f := range fields {
			values[i] = pgLiteral(stored(record[f]))
		}
		script.WriteString("INSERT INTO r VALUES (" + strings.Join(values, ", ") + ");\n")
	}
	_, err := p.run(script.String())
	return err
}

func (p *postgresDB) selectIDs(condition string, args []any, orderBy string) ([]string, error) {
	script := "PREPARE q AS SELECT id FROM r WHERE " + condition + orderBy + ";\nEXECUTE q"
	if len(args) > 0 {
		literals := make([]string, len(args))
		for i, a := range args {
			literals[i] = pgLiteral(a)
		}
		script += " (" + strings.Join(literals, ", ") + ")"
	}
	ids, err := p.run(script + ";\nDEALLOCATE q;")
	if err != nil {
		_, _ = p.run("DEALLOCATE ALL;")
	}
	return ids, err
}
