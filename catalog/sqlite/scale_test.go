package sqlite

import (
	"os"
	"testing"

	"github.com/imgorigin/imgorigin/catalog/catalogtest"
	"github.com/imgorigin/imgorigin/origin"
)

// filled is a catalog with n records and files.
func filled(t testing.TB, n int) (*Catalog, *origin.Collection) {
	t.Helper()
	cat := open(t, Default(t.TempDir()))
	cat.watchers.Wait() // so that the first look at the statistics is over
	t.Cleanup(func() { cat.Close() })
	c := catalogtest.Fill(t, cat, n)
	info, err := os.Stat(cat.cfg.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("they take %d MB", info.Size()>>20)
	return cat, c
}

func TestScale(t *testing.T) {
	rows := catalogtest.Many()
	if rows == 0 {
		t.Skip("IMGORIGIN_SCALE is not set to a number of rows")
	}
	few, _ := filled(t, catalogtest.Few)
	many, _ := filled(t, rows)
	catalogtest.Scale(t, few, many, rows)
}
