package catalog

import "github.com/imgorigin/imgorigin/origin"

// changeKind is the column kind of the log of changes.
type changeKind int64

const (
	changedAll    changeKind = 0
	changedSchema changeKind = 1
	changedRecord changeKind = 2
)

// ManyChanges is the number of records in one transaction from which on it is logged as "anything may have
// changed": a watcher is told no more than it can make use of.
const ManyChanges = 1000

// Changes collects what a transaction touches, each thing once. The zero value is empty.
type Changes struct {
	list []origin.Change
	seen map[origin.Change]struct{}
}

// Add notes a change.
func (s *Changes) Add(c origin.Change) {
	if len(s.list) > 0 && s.list[0].All {
		return
	}
	if _, ok := s.seen[c]; ok {
		return
	}
	if c.All || len(s.list) == ManyChanges {
		s.list, s.seen = []origin.Change{{All: true}}, nil
		return
	}
	if s.seen == nil {
		s.seen = make(map[origin.Change]struct{})
	}
	s.seen[c] = struct{}{}
	s.list = append(s.list, c)
}

// List is what was noted, in its order.
func (s *Changes) List() []origin.Change { return s.list }

// ChangeValues are the columns of a change in the log.
func ChangeValues(c origin.Change) (kind int64, collection, record string) {
	switch {
	case c.All:
		return int64(changedAll), "", ""
	case c.Schema:
		return int64(changedSchema), "", ""
	}
	return int64(changedRecord), string(c.Collection), string(c.Record)
}

// ChangeOf is the inverse of ChangeValues. What a newer version may have written is taken for anything.
func ChangeOf(kind int64, collection, record string) origin.Change {
	switch changeKind(kind) {
	case changedSchema:
		return origin.Change{Schema: true}
	case changedRecord:
		return origin.Change{Collection: origin.CollectionID(collection), Record: origin.RecordID(record)}
	}
	return origin.Change{All: true}
}
