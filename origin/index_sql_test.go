package origin

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIndexStatements(t *testing.T) {
	plain := Index{Name: "idx", Columns: []IndexColumn{{Name: "a"}}}
	two := Index{Name: "idx", Unique: true, Columns: []IndexColumn{{Name: "a", NoCase: true, Desc: true}, {Name: "b"}}}
	partial := Index{Name: "idx", Unique: true, Columns: []IndexColumn{{Name: "email"}}, Partial: "email"}
	for _, c := range []struct {
		sql  string
		want Index
	}{
		{"CREATE INDEX idx ON t (a)", plain},
		{"create index if not exists `idx` on \"t\" ([a] asc);", plain},
		{" CREATE\n\tINDEX idx ON t(a COLLATE BINARY ASC)\n", plain},
		{"CREATE UNIQUE INDEX `idx` ON `t` (\n  `a` COLLATE NOCASE DESC,\n  `b`\n)", two},
		{"CREATE UNIQUE INDEX idx ON t (email) WHERE `email` != ''", partial},
		{"CREATE UNIQUE INDEX idx ON t (email) where email <> ''", partial},
	} {
		got, err := ParseIndex(c.sql)
		if err != nil {
			t.Errorf("%q: %v", c.sql, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q reads as something else (-want +got):\n%s", c.sql, diff)
		}
	}
	for _, sql := range []string{
		"", "CREATE", "DROP TABLE users", "CREATE INDEX ON t (a)", "CREATE INDEX idx ON t ()", "CREATE INDEX idx ON t (a",
		"CREATE INDEX idx ON t (a,)", "CREATE INDEX idx ON t (lower(a))", "CREATE INDEX idx ON t (a + b)", "CREATE INDEX idx ON t (a b)",
		"CREATE INDEX idx ON t (a) WHERE a > 5", "CREATE INDEX idx ON t (a) WHERE a != '' OR 1", "CREATE INDEX idx ON t (a) WHERE a != 'x'",
		"CREATE INDEX idx ON t (a); DROP TABLE users", "CREATE INDEX main.idx ON t (a)", "CREATE INDEX 'idx' ON t (a)",
		"CREATE INDEX `idx ON t (a)", "CREATE INDEX idx ON t (a COLLATE utf8)", "CREATE INDEX idx ON t (a) --", "CREATE INDEX i-dx ON t (a)",
		"CREATE INDEX IF EXISTS idx ON t (a)", "CREATE INDEX idx ON t (a)" + strings.Repeat(" ", maxIndexSQL),
	} {
		if x, err := ParseIndex(sql); !errors.Is(err, ErrIndexSyntax) {
			t.Errorf("%q must be refused, and reads as %+v (%v)", sql, x, err)
		}
	}
}

func TestFormatIndexLikePocketBase(t *testing.T) {
	x, err := ParseIndex("create unique index if not exists idx_email on users (email) where email <> ''")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := FormatIndex("users", x), "CREATE UNIQUE INDEX `idx_email` ON `users` (`email`) WHERE `email` != ''"; got != want {
		t.Errorf("%s\nnot %s", got, want)
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add("CREATE INDEX idx ON t (a)")
	f.Add("create unique index if not exists `idx` on [t] (\"a\" collate nocase desc, b) where `b` <> '';")
	f.Add("CREATE INDEX idx ON t (lower(a)) WHERE 1=1")
	f.Fuzz(func(t *testing.T, sql string) {
		x, err := ParseIndex(sql)
		if err != nil {
			return
		}
		written := FormatIndex("t", x)
		again, err := ParseIndex(written)
		if err != nil {
			t.Fatalf("%q is written as %q, which does not read back: %v", sql, written, err)
		}
		if diff := cmp.Diff(x, again); diff != "" {
			t.Fatalf("%q changes on its way through %q:\n%s", sql, written, diff)
		}
		for _, name := range append([]string{x.Name, x.Partial}, columnNames(x)...) {
			if strings.ContainsFunc(name, func(r rune) bool { return !isWord(r) }) {
				t.Fatalf("%q has a name with foreign characters: %q", sql, name)
			}
		}
	})
}

func columnNames(x Index) (names []string) {
	for _, c := range x.Columns {
		names = append(names, c.Name)
	}
	return names
}
