package postgres

import (
	"context"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// channel is what commits are notified on.
const channel = "imgorigin_changes"

// log writes changes down, and has watchers told of them when the transaction is committed.
func (c *conn) log(ctx context.Context, changes []origin.Change) error {
	if len(changes) == 0 {
		return nil
	}
	kinds := make([]int64, len(changes))
	collections, records := make([]string, len(changes)), make([]string, len(changes))
	for i, change := range changes {
		kinds[i], collections[i], records[i] = catalog.ChangeValues(change)
	}
	err := c.exec(ctx, "INSERT INTO changes (kind, collection, record)"+
		" SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])", kinds, collections, records)
	if err != nil {
		return err
	}
	return c.exec(ctx, "NOTIFY "+channel)
}
