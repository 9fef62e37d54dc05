package origin_test

import (
	"context"
	"slices"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

// A library that an earlier version made, whose files knew nothing of EXIF, gets the field when this one starts.
func TestALibraryOfAnEarlierVersionGetsTheFieldsThatHaveComeSince(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	earlier := openLibrary(t, dir)
	old := earlier.media("old.jpg", origin.MediaDraft{})
	err := earlier.catalog.Write(ctx, func(tx origin.CatalogTx) error {
		all, err := tx.Collections(ctx)
		if err != nil {
			return err
		}
		now := all[slices.IndexFunc(all, func(c *origin.Collection) bool { return c.ID == origin.MediaID })]
		was := *now
		was.Fields = slices.DeleteFunc(slices.Clone(now.Fields), func(f origin.Field) bool { return f.Name == "exif" })
		if len(was.Fields) != len(now.Fields)-1 {
			t.Error("media has no such field")
		}
		return tx.UpdateCollection(ctx, now, &was)
	})
	if err != nil {
		t.Fatal(err)
	}
	earlier.close()

	l := openLibrary(t, dir)
	if m := l.media("new.jpg", origin.MediaDraft{}); len(m.EXIF) == 0 {
		t.Errorf("a new file: %+v", m)
	}
	m, err := l.Media(ctx, reader, origin.ByID(old.ID))
	if err != nil || m.Path() != old.Path() || len(m.EXIF) != 0 {
		t.Errorf("a file from before: %+v, %v", m, err)
	}
}
