package origin

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/imgorigin/imgorigin/rule"
	"github.com/imgorigin/imgorigin/transform"
)

// schema is a snapshot of all collections, ready for use: names indexed, rules compiled, thumb lists parsed. It is
// replaced as a whole and never changed, so that a request that took it sees one state of it.
type schema struct {
	collections []*collection // in the order of their making
	byID        map[CollectionID]*collection
	byName      map[string]*collection // by the name in lower case
}

// collection is a Collection made ready. Pointers are compared to tell whether a remembered row was resolved
// against the schema of now.
type collection struct {
	*Collection
	list, view, create, update, delete, signIn access
	thumbs                                     map[FieldID][]listedThumb
	guarded                                    bool // it has files that a rule decides about
}

// access is a compiled rule.
type access struct {
	anyone bool       // the empty rule
	expr   *rule.Expr // nil without anyone: superusers only, because the rule says so or because it does not compile
}

// listedThumb is a spec as clients must write it, and what it means.
type listedThumb struct {
	spec  string
	thumb transform.Thumb
}

// alwaysListed is allowed on every file field, as in PocketBase.
const alwaysListed = "100x100"

func newSchema(all []*Collection) *schema {
	s := &schema{byID: make(map[CollectionID]*collection, len(all)), byName: make(map[string]*collection, len(all))}
	accounts := accountSchema(all)
	for _, c := range all {
		ready := &collection{Collection: c, thumbs: make(map[FieldID][]listedThumb)}
		fields := recordSchema(c)
		for _, r := range []struct {
			source *string
			to     *access
		}{
			{c.Rules.List, &ready.list}, {c.Rules.View, &ready.view}, {c.Rules.Create, &ready.create},
			{c.Rules.Update, &ready.update}, {c.Rules.Delete, &ready.delete},
		} {
			*r.to = compileAccess(r.source, fields, accounts)
		}
		if c.Auth != nil {
			ready.signIn = compileAccess(c.Auth.AuthRule, fields, accounts)
		}
		for i := range c.Fields {
			if f := &c.Fields[i]; f.Type == FileField {
				ready.thumbs[f.ID] = listThumbs(f.Thumbs)
				ready.guarded = ready.guarded || f.Protected && !ready.view.anyone
			}
		}
		s.collections = append(s.collections, ready)
		s.byID[c.ID] = ready
		s.byName[strings.ToLower(c.Name)] = ready
	}
	return s
}

// compileAccess fails closed: a rule that can't be evaluated admits superusers only. Such a rule is refused when a
// collection is saved, but a later change of another collection may break it.
func compileAccess(source *string, fields, accounts rule.Schema) access {
	switch {
	case source == nil:
		return access{}
	case strings.TrimSpace(*source) == "":
		return access{anyone: true}
	}
	expr, err := rule.Parse(*source, fields, accounts)
	if err != nil {
		return access{}
	}
	return access{expr: expr}
}

func listThumbs(specs []string) []listedThumb {
	listed := make([]listedThumb, 0, len(specs)+1)
	for _, spec := range append([]string{alwaysListed}, specs...) {
		if t, err := transform.ParseThumb(spec); err == nil {
			listed = append(listed, listedThumb{spec, t})
		}
	}
	return listed
}

// recordSchema is what expressions may say about the records of c. Values that only the core may see are left out.
func recordSchema(c *Collection) rule.Schema {
	s := make(rule.Schema, len(c.Fields))
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Type != PasswordField && f.Name != ColTokenKey {
			s[f.Name] = f.Kind()
		}
	}
	return s
}

// accountSchema is what expressions may say about whoever asks, who may come from any auth collection.
// A name that means different things in two of them is compared as text.
func accountSchema(all []*Collection) rule.Schema {
	s := rule.Schema{ColID: rule.Text, "collectionId": rule.Text, "collectionName": rule.Text}
	for _, c := range all {
		if c.Type != AuthCollection {
			continue
		}
		own := recordSchema(c)
		for name, kind := range own {
			if other, taken := s[name]; taken && other != kind {
				own[name] = rule.Text
			}
		}
		maps.Copy(s, own)
	}
	return s
}

// find returns the collection that a path segment means: its exact id, or its name in any case; where one
// segment means two, the older.
func (s *schema) find(idOrName string) *collection {
	named := s.byName[strings.ToLower(idOrName)]
	exact := s.byID[CollectionID(idOrName)]
	if named == nil || exact == nil || named == exact {
		if named == nil {
			return exact
		}
		return named
	}
	for _, c := range s.collections {
		if c == named || c == exact {
			return c
		}
	}
	return nil
}

// reloadSchema reads the collections anew. Whatever was resolved against the old ones stops counting, since it remembers
// the *collection that it was resolved against.
func (o *Origin) reloadSchema(ctx context.Context) error {
	o.schemaMu.Lock()
	defer o.schemaMu.Unlock()
	all, err := o.catalog.Collections(ctx)
	if err != nil {
		return err
	}
	o.schema.Store(newSchema(all))
	return nil
}

// afresh calls read, and once more where the collections that it began with were changed meanwhile: by those of now. A read
// that meets another change even then is a Timeout.
func (o *Origin) afresh(ctx context.Context, read func() error) error {
	err := read()
	if errors.Is(err, rule.ErrStale) {
		o.schemaChanged(ctx)
		err = read()
	}
	return err
}
