package origin

import "context"

// RecordInput is what a caller wants to write into a record.
//
// Keys are names of fields, "password", "passwordConfirm" and "oldPassword" in auth collections, and names with a
// modifier: "field+" appends (or adds a number), "+field" prepends, "field-" removes (or subtracts). Unknown
// keys mean nothing. Values are what encoding/json decodes into an any, or strings of a form.
// The uploads belong to the write that gets the input, whatever it returns.
type RecordInput struct {
	Values map[string]any
	Files  map[string][]*Upload
	Expand []string // relation fields to expand in the answer
}

// Discard ends all uploads of an input that is not written.
func (in RecordInput) Discard() {
	for _, uploads := range in.Files {
		for _, u := range uploads {
			u.Discard()
		}
	}
}

// ReadOptions say how much of a record to answer with.
type ReadOptions struct {
	Expand []string // relation fields; unknown ones mean nothing
}

// ListQuery asks for one page of records.
type ListQuery struct {
	Page      int    // from 1; below is 1
	PerPage   int    // 1 to 1000; 0 or below is 30
	Sort      string // "-created,name"
	Filter    string // an expression of package rule
	SkipTotal bool   // leaves TotalItems and TotalPages at -1
	ReadOptions
}

// RecordPage is one page of records.
type RecordPage struct {
	Items                  []*View
	Page, PerPage          int
	TotalItems, TotalPages int // -1 where not counted
}

// CreateRecord makes a record.
func (o *Origin) CreateRecord(ctx context.Context, who Caller, collection string, in RecordInput) (*View, error) {
	return nil, &Error{Op: "record.create", Kind: Internal}
}

// UpdateRecord changes a record.
func (o *Origin) UpdateRecord(ctx context.Context, who Caller, collection, id string, in RecordInput) (*View, error) {
	return nil, &Error{Op: "record.update", Kind: Internal}
}

// DeleteRecord removes a record with its files and what depends on it.
func (o *Origin) DeleteRecord(ctx context.Context, who Caller, collection, id string) error {
	return &Error{Op: "record.delete", Kind: Internal}
}

// ViewRecord returns one record.
func (o *Origin) ViewRecord(ctx context.Context, who Caller, collection, id string, opts ReadOptions) (*View, error) {
	return nil, &Error{Op: "record.view", Kind: Internal}
}

// ListRecords returns a page of the records that the caller may list.
func (o *Origin) ListRecords(ctx context.Context, who Caller, collection string, q ListQuery) (*RecordPage, error) {
	return nil, &Error{Op: "record.list", Kind: Internal}
}
