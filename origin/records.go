package origin

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/imgorigin/imgorigin/rule"
)

// ReadOptions say how much of a record to answer with.
type ReadOptions struct {
	Expand []string // relation fields; unknown ones mean nothing
}

// ListQuery asks for one page.
type ListQuery struct {
	Page      int    // from 1; below is 1
	PerPage   int    // 1 to 1000; 0 or below is 30
	Sort      string // "-created,name"; empty is the order of making
	Filter    string // an expression of package rule
	SkipTotal bool   // leaves TotalItems and TotalPages at -1
	ReadOptions
}

const (
	defaultPerPage = 30
	maxPerPage     = 1000
	maxPage        = 1 << 31 // far beyond any data; keeps the offset within 64 bits
)

// pages puts Page and PerPage into their ranges.
func (q *ListQuery) pages() {
	q.Page = min(max(q.Page, 1), maxPage)
	if q.PerPage <= 0 {
		q.PerPage = defaultPerPage
	}
	q.PerPage = min(q.PerPage, maxPerPage)
}

// totalPages is how many pages of that length the items fill; unknown stays unknown.
func totalPages(items, perPage int) int {
	if items < 0 {
		return -1
	}
	return (items + perPage - 1) / perPage
}

// RecordPage is one page of records.
type RecordPage struct {
	Items                  []*View
	Page, PerPage          int
	TotalItems, TotalPages int // -1 where not counted
}

// The sentences of PocketBase that more than one operation answers with.
const (
	noCollection   = "Missing or invalid collection context."
	superusersOnly = "Only superusers can perform this action."
	tokenRequired  = "The request requires valid record authorization token."
)

// Collection returns the collection of that id or, in any case, of that name. The snapshot is shared.
func (o *Origin) Collection(idOrName string) (*Collection, error) {
	c, err := o.collection("collection", idOrName)
	if err != nil {
		return nil, err
	}
	return c.Collection, nil
}

func (o *Origin) collection(op, idOrName string) (*collection, error) {
	c := o.schema.Load().find(idOrName)
	if c == nil {
		return nil, &Error{Op: op, Kind: NotFound, Message: noCollection}
	}
	return c, nil
}

// plain lists the collections as the catalog has them.
func (s *schema) plain() []*Collection {
	all := make([]*Collection, len(s.collections))
	for i, c := range s.collections {
		all[i] = c.Collection
	}
	return all
}

// ViewRecord returns one record. A rule that is not met looks like a record that is not there.
func (o *Origin) ViewRecord(ctx context.Context, who Caller, collection, id string, opts ReadOptions) (v *View, err error) {
	err = o.afresh(ctx, func() error {
		v, err = o.viewRecord(ctx, who, collection, id, opts)
		return err
	})
	return v, err
}

func (o *Origin) viewRecord(ctx context.Context, who Caller, collection, id string, opts ReadOptions) (*View, error) {
	const op = "record.view"
	c, err := o.collection(op, collection)
	if err != nil {
		return nil, err
	}
	j, err := o.judge(ctx, who, contextDefault, c.view)
	if err != nil {
		return nil, failed(op, err)
	}
	if j.closed(c.view) {
		return nil, &Error{Op: op, Kind: Forbidden, Message: superusersOnly, Private: true}
	}
	r, err := o.catalog.Record(ctx, c.Collection, RecordID(id))
	if err != nil {
		return nil, failed(op, err)
	}
	if !j.admits(c.view, r) {
		return nil, &Error{Op: op, Kind: NotFound, Private: true}
	}
	return o.answer(ctx, op, who, c, r, opts.Expand)
}

// answer shows one record with what it refers to.
func (o *Origin) answer(ctx context.Context, op string, who Caller, c *collection, r *Record, expand []string) (*View, error) {
	v := view(who, c.Collection, r)
	if err := o.expand(ctx, who, c, []*View{v}, expand); err != nil {
		return nil, failed(op, err)
	}
	return v, nil
}

// ListRecords returns a page of the records that the caller may list. A rule that no record meets is an empty page.
func (o *Origin) ListRecords(ctx context.Context, who Caller, collection string, q ListQuery) (page *RecordPage, err error) {
	err = o.afresh(ctx, func() error {
		page, err = o.listRecords(ctx, who, collection, q)
		return err
	})
	return page, err
}

func (o *Origin) listRecords(ctx context.Context, who Caller, collection string, q ListQuery) (*RecordPage, error) {
	const op = "record.list"
	c, err := o.collection(op, collection)
	if err != nil {
		return nil, err
	}
	superuser := who.Principal.Superuser
	if !superuser {
		if err := o.mayJudge(c.list); err != nil {
			return nil, err
		}
		if !c.list.anyone && c.list.expr == nil {
			return nil, &Error{Op: op, Kind: Forbidden, Message: superusersOnly, Private: true}
		}
		for _, name := range [...]string{"@collection.", "@request."} {
			if strings.Contains(q.Filter+q.Sort, name) {
				return nil, &Error{Op: op, Kind: Forbidden, Message: "Only superusers can filter by " + name, Private: true}
			}
		}
	}
	query, err := o.query(ctx, who, c, &q)
	if err != nil {
		return nil, failed(op, err)
	}
	page, err := o.catalog.List(ctx, c.Collection, query)
	switch {
	case errors.Is(err, rule.ErrRequest):
		return nil, &Error{Op: op, Kind: Invalid, Err: err}
	case err != nil:
		return nil, failed(op, err)
	}
	views := make([]*View, len(page.Records))
	for i, r := range page.Records {
		views[i] = view(who, c.Collection, r)
	}
	if err := o.expand(ctx, who, c, views, q.Expand); err != nil {
		return nil, failed(op, err)
	}
	return &RecordPage{
		Items: views, Page: q.Page, PerPage: q.PerPage,
		TotalItems: page.Total, TotalPages: totalPages(page.Total, q.PerPage),
	}, nil
}

// query compiles what the caller asks for, and joins the list rule to it.
func (o *Origin) query(ctx context.Context, who Caller, c *collection, q *ListQuery) (Query, error) {
	q.pages()
	query := Query{Offset: (q.Page - 1) * q.PerPage, Limit: q.PerPage, Total: !q.SkipTotal}
	superuser := who.Principal.Superuser
	fields := recordSchema(c.Collection)
	sortable := fields
	var opts []rule.Option
	if !superuser {
		for i := range c.Fields {
			if c.Fields[i].Hidden {
				delete(fields, c.Fields[i].Name)
			}
		}
		if c.Auth != nil {
			opts = append(opts, rule.Guard(ColEmail, ColEmailVisibility))
			sortable = maps.Clone(fields)
			delete(sortable, ColEmail) // an order by addresses tells of those that are not to be seen
		}
		if c.list.expr != nil {
			query.Where = append(query.Where, c.list.expr)
		}
	}
	sort := q.Sort
	if strings.TrimSpace(sort) == "" {
		sort = "@rowid"
	}
	var err error
	if query.Sort, err = rule.ParseSort(sort, sortable); err != nil {
		return Query{}, &Error{Op: "record.list", Kind: Invalid, Err: err}
	}
	if strings.TrimSpace(q.Filter) != "" {
		expr, err := rule.Parse(q.Filter, fields, accountSchema(o.schema.Load().plain()), opts...)
		if err != nil {
			return Query{}, &Error{Op: "record.list", Kind: Invalid, Err: err}
		}
		query.Where = append(query.Where, expr)
	}
	if len(query.Where) > 0 {
		if query.Request, err = o.question(ctx, who, contextDefault); err != nil {
			return Query{}, err
		}
	}
	return query, nil
}
