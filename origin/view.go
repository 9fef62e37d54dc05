package origin

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/imgorigin/imgorigin/rule"
)

// View is a record as one caller may see it: everything that a dialect needs to print it.
type View struct {
	Collection *Collection
	Record     *Record
	Fields     []*Field             // those that the caller may see, in schema order; passwords and token keys never
	Expand     map[string]*Expanded // by relation field; only what exists and the caller may view
}

// Expanded is what a relation field refers to.
type Expanded struct {
	Multiple bool    // whether the field is a list
	Views    []*View // in the field's order; one where not Multiple
}

// judge answers access rules for one caller in one request. Once made it asks nobody, so it serves inside of
// transactions too.
type judge struct {
	superuser bool
	request   *rule.Request
}

// judge gathers what the rules may ask for, if any of them asks.
func (o *Origin) judge(ctx context.Context, who Caller, context string, rules ...access) (judge, error) {
	j := judge{superuser: who.Principal.Superuser}
	if j.superuser {
		return j, nil
	}
	if err := o.mayJudge(rules...); err != nil {
		return j, err
	}
	if !slices.ContainsFunc(rules, func(a access) bool { return a.expr != nil }) {
		return j, nil
	}
	var err error
	j.request, err = o.question(ctx, who, context)
	return j, err
}

// mayJudge fails where a rule that does not admit everybody may have been changed without our hearing of it.
func (o *Origin) mayJudge(rules ...access) error {
	if o.lease.lost() && slices.ContainsFunc(rules, func(a access) bool { return !a.anyone }) {
		return errDeaf("judge")
	}
	return nil
}

// question is what @request means for a caller.
func (o *Origin) question(ctx context.Context, who Caller, context string) (*rule.Request, error) {
	values, err := o.authValues(ctx, who.Principal)
	if err != nil {
		return nil, err
	}
	return o.ruleRequest(who, context, values), nil
}

// closed tells whether a rule admits superusers only, and the caller is none.
func (j judge) closed(a access) bool { return !j.superuser && !a.anyone && a.expr == nil }

// admits tells whether the record meets the rule. One that can't be evaluated is not met.
func (j judge) admits(a access, r *Record) bool {
	switch {
	case j.superuser || a.anyone:
		return true
	case a.expr == nil:
		return false
	}
	ok, err := a.expr.Match(r.Values, j.request)
	return ok && err == nil
}

// view shows a record to a caller.
func view(who Caller, c *Collection, r *Record) *View {
	v := &View{Collection: c, Record: r, Fields: make([]*Field, 0, len(c.Fields))}
	for i := range c.Fields {
		if f := &c.Fields[i]; shown(who, c, r, f) {
			v.Fields = append(v.Fields, f)
		}
	}
	return v
}

func shown(who Caller, c *Collection, r *Record, f *Field) bool {
	p := who.Principal
	switch {
	case f.Type == PasswordField, c.Auth != nil && f.Name == ColTokenKey:
		return false
	case p.Superuser:
		return true
	case c.Auth != nil && f.Name == ColEmail:
		own := p.RecordID == string(r.ID) && p.CollectionID == string(c.ID)
		return own || r.Values[ColEmailVisibility] == true
	}
	return !f.Hidden
}

// expandBatch is how many related records are read at once.
const expandBatch = 1000

// expand fills in what the relation fields of that name refer to, one level deep, each under its own collection's view
// rule. The views are of one collection. Names that mean nothing are left out, as in PocketBase.
func (o *Origin) expand(ctx context.Context, who Caller, c *collection, views []*View, names []string) error {
	for _, name := range names {
		name, _, _ = strings.Cut(strings.TrimSpace(name), ".")
		f := c.Field(name)
		if f == nil || f.Type != RelationField || f.Hidden && !who.Principal.Superuser {
			continue
		}
		related, err := o.related(ctx, who, f, views)
		if err != nil {
			return err
		}
		for _, v := range views {
			v.attach(f, related)
		}
	}
	return nil
}

// related reads the records that a relation field of any of the views refers to and the caller may view.
func (o *Origin) related(ctx context.Context, who Caller, f *Field, views []*View) (map[string]*View, error) {
	target := o.schema.Load().byID[f.CollectionID]
	if target == nil {
		return nil, nil
	}
	j, err := o.judge(ctx, who, contextDefault, target.view)
	if err != nil || j.closed(target.view) {
		return nil, err
	}
	var ids []RecordID
	seen := make(map[string]bool)
	for _, v := range views {
		for _, id := range v.Record.Strings(f.Name) {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, RecordID(id))
			}
		}
	}
	related := make(map[string]*View, len(ids))
	for batch := range slices.Chunk(ids, expandBatch) {
		records, err := o.catalog.RecordsByID(ctx, target.Collection, batch)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if j.admits(target.view, r) {
				related[string(r.ID)] = view(who, target.Collection, r)
			}
		}
	}
	return related, nil
}

// attach keeps of the related records those that the view's record refers to.
func (v *View) attach(f *Field, related map[string]*View) {
	e := &Expanded{Multiple: f.Multiple()}
	for _, id := range v.Record.Strings(f.Name) {
		if r := related[id]; r != nil {
			e.Views = append(e.Views, r)
		}
	}
	if len(e.Views) == 0 {
		return
	}
	if v.Expand == nil {
		v.Expand = make(map[string]*Expanded)
	}
	v.Expand[f.Name] = e
}

// failed wraps a catalog's or a blob store's error for an operation; an *Error stays what it is.
func failed(op string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	return &Error{Op: op, Kind: unavailable(err), Err: err}
}
