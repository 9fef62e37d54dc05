package postgres

import (
	"context"

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

// channel is what commits are notified on.
const channel = "imgorigin_changes"

// log writes the changes down, and has watchers told of them when the transaction is committed.
func (s *changeSet) log(ctx context.Context, c *conn) error {
	if len(s.list) == 0 {
		return nil
	}
	kinds := make([]int64, len(s.list))
	collections, records := make([]string, len(s.list)), make([]string, len(s.list))
	for i, change := range s.list {
		kind := changedRecord
		switch {
		case change.All:
			kind = changedAll
		case change.Schema:
			kind = changedSchema
		}
		kinds[i], collections[i], records[i] = int64(kind), string(change.Collection), string(change.Record)
	}
	err := c.exec(ctx, "INSERT INTO changes (kind, collection, record)"+
		" SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])", kinds, collections, records)
	if err != nil {
		return err
	}
	return c.exec(ctx, "NOTIFY "+channel)
}

func changeOf(kind int64, collection, record string) origin.Change {
	switch changeKind(kind) {
	case changedSchema:
		return origin.Change{Schema: true}
	case changedRecord:
		return origin.Change{Collection: origin.CollectionID(collection), Record: origin.RecordID(record)}
	}
	return origin.Change{All: true} // of whatever kind a newer version may write
}
