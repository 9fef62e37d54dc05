package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/imgorigin/imgorigin/origin"
)

// changeKind is the column of that name.
type changeKind int64

const (
	changedAll    changeKind = 0
	changedSchema changeKind = 1
	changedRecord changeKind = 2
)

// manyChanges is the number of records in one transaction from which on it is logged as "anything may have
// changed": a watcher is told no more than it can make use of.
const manyChanges = 1000

// changeSet collects what a transaction touches, each thing once.
type changeSet struct {
	list []origin.Change
	seen map[origin.Change]struct{}
}

func (s *changeSet) add(c origin.Change) {
	if len(s.list) > 0 && s.list[0].All {
		return
	}
	if _, ok := s.seen[c]; ok {
		return
	}
	if c.All || len(s.list) == manyChanges {
		s.list, s.seen = []origin.Change{{All: true}}, nil
		return
	}
	if s.seen == nil {
		s.seen = make(map[origin.Change]struct{})
	}
	s.seen[c] = struct{}{}
	s.list = append(s.list, c)
}

// log writes the changes into the log and cuts it to the last keep rows.
func (s *changeSet) log(ctx context.Context, c *conn, keep int) error {
	for _, change := range s.list {
		kind := changedRecord
		switch {
		case change.All:
			kind = changedAll
		case change.Schema:
			kind = changedSchema
		}
		err := c.exec(ctx, "INSERT INTO changes (kind, collection, record) VALUES (?, ?, ?)",
			int64(kind), string(change.Collection), string(change.Record))
		if err != nil {
			return err
		}
	}
	if len(s.list) == 0 {
		return nil
	}
	return c.exec(ctx, "DELETE FROM changes WHERE seq <= (SELECT max(seq) FROM changes) - ?", keep)
}

func scanChange(row []driver.Value) origin.Change {
	switch changeKind(integer(row[1])) {
	case changedSchema:
		return origin.Change{Schema: true}
	case changedRecord:
		return origin.Change{Collection: origin.CollectionID(text(row[2])), Record: origin.RecordID(text(row[3]))}
	}
	return origin.Change{All: true} // of whatever kind a newer version may write
}
