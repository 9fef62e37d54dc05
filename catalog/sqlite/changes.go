package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// log writes changes into the log and cuts it to the last keep rows.
func (c *conn) log(ctx context.Context, changes []origin.Change, keep int) error {
	for _, change := range changes {
		kind, collection, record := catalog.ChangeValues(change)
		if err := c.exec(ctx, "INSERT INTO changes (kind, collection, record) VALUES (?, ?, ?)", kind, collection, record); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return c.exec(ctx, "DELETE FROM changes WHERE seq <= (SELECT max(seq) FROM changes) - ?", keep)
}

// scanChange reads a row of selectChanges.
func scanChange(row []driver.Value) origin.Change {
	return catalog.ChangeOf(integer(row[1]), text(row[2]), text(row[3]))
}
