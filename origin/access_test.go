package origin_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// cheapHashes are of the least cost that there is: under the race detector a usual one takes a second.
var cheapHashes = map[string]string{
	"12345678": "$2a$04$.BhrkEND3siyO9Xu06MGpOR7/N3fymuCDRyspj9C0Bv8T/oYk7hEq",
	"87654321": "$2a$04$.Fxh34Loxl2VTd7uNE70/uB3i/qZw4m.iH9maaY9LCrKSenkJWn/m",
}

// account puts an account beside the core, as another process would, with the password 12345678 where none is said.
func (l *library) account(collection string, values map[string]any) (*origin.Collection, origin.RecordID) {
	l.t.Helper()
	c, err := l.Collection(collection)
	if err != nil {
		l.t.Fatal(err)
	}
	r := &origin.Record{ID: origin.RecordID(auth.NewID()), Values: make(map[string]any)}
	for i := range c.Fields {
		r.Values[c.Fields[i].Name] = catalog.ZeroValue(&c.Fields[i])
	}
	maps.Copy(r.Values, values)
	password, _ := values["password"].(string)
	if password == "" {
		password = "12345678"
	}
	r.Values["id"], r.Values["tokenKey"], r.Values["password"] = string(r.ID), auth.NewTokenKey(), cheapHashes[password]
	ctx := context.Background()
	if err := l.catalog.Write(ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(ctx, c, r) }); err != nil {
		l.t.Fatal(err)
	}
	return c, r.ID
}

// user makes an account in the stock users.
func (l *library) user(email string, more ...func(map[string]any)) (*origin.Collection, origin.RecordID) {
	l.t.Helper()
	values := map[string]any{"email": email}
	for _, f := range more {
		f(values)
	}
	return l.account("users", values)
}

func TestWhatARuleSaysDecidesTheAnswer(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	users, anna := l.user("anna@example.org")
	_, bert := l.user("bert@example.org")
	own := "owner = @request.auth.id"
	field := origin.Field{Name: "owner", Type: origin.TextField}
	name := "notes"
	in := origin.CollectionInput{Name: &name, Fields: &[]origin.Field{field}}
	rules(&in, own)
	if _, err := l.CreateCollection(ctx, origin.System(), in); err != nil {
		t.Fatal(err)
	}
	closed := "closed"
	if _, err := l.CreateCollection(ctx, origin.System(), origin.CollectionInput{Name: &closed}); err != nil {
		t.Fatal(err)
	}
	secret := l.values("closed", nil).Record.ID
	asAnna, asBert, guest := asUser(users, anna), asUser(users, bert), origin.Caller{}
	mine := origin.RecordInput{Values: map[string]any{"owner": string(anna)}}
	v, err := l.CreateRecord(ctx, asAnna, "notes", mine)
	if err != nil {
		t.Fatal(err)
	}
	id := string(v.Record.ID)

	for _, who := range []struct {
		name   string
		caller origin.Caller
	}{{"a guest", guest}, {"another user", asBert}} {
		_, err = l.CreateRecord(ctx, who.caller, "notes", mine)
		refused(t, who.name+" creates", err, origin.Invalid, "Failed to create record.")
		if got := complaints(err); got != "{}" {
			t.Errorf("a rule explains itself: %s", got)
		}
		_, err = l.ViewRecord(ctx, who.caller, "notes", id, origin.ReadOptions{})
		refused(t, who.name+" views", err, origin.NotFound, "")
		_, err = l.UpdateRecord(ctx, who.caller, "notes", id, origin.RecordInput{})
		refused(t, who.name+" updates", err, origin.NotFound, "")
		refused(t, who.name+" deletes", l.DeleteRecord(ctx, who.caller, "notes", id), origin.NotFound, "")
		page, err := l.ListRecords(ctx, who.caller, "notes", origin.ListQuery{})
		if err != nil || len(page.Items) != 0 || page.TotalItems != 0 {
			t.Errorf("%s lists %+v, %v", who.name, page, err)
		}

		const only = "Only superusers can perform this action."
		_, err = l.CreateRecord(ctx, who.caller, "closed", origin.RecordInput{})
		refused(t, who.name+" creates", err, origin.Forbidden, only)
		_, err = l.ViewRecord(ctx, who.caller, "closed", string(secret), origin.ReadOptions{})
		refused(t, who.name+" views", err, origin.Forbidden, only)
		_, err = l.UpdateRecord(ctx, who.caller, "closed", string(secret), origin.RecordInput{})
		refused(t, who.name+" updates", err, origin.Forbidden, only)
		refused(t, who.name+" deletes", l.DeleteRecord(ctx, who.caller, "closed", string(secret)), origin.Forbidden, only)
		_, err = l.ListRecords(ctx, who.caller, "closed", origin.ListQuery{})
		refused(t, who.name+" lists", err, origin.Forbidden, only)
	}

	if _, err := l.ViewRecord(ctx, asAnna, "notes", id, origin.ReadOptions{}); err != nil {
		t.Error(err)
	}
	if page, err := l.ListRecords(ctx, asAnna, "notes", origin.ListQuery{}); err != nil || len(page.Items) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	// The rule is asked of the record as it was.
	if _, err := l.UpdateRecord(ctx, asAnna, "notes", id, origin.RecordInput{Values: map[string]any{"owner": string(bert)}}); err != nil {
		t.Error(err)
	}
	refused(t, "the former owner deletes", l.DeleteRecord(ctx, asAnna, "notes", id), origin.NotFound, "")
	if err := l.DeleteRecord(ctx, asBert, "notes", id); err != nil {
		t.Error(err)
	}

	_, err = l.ViewRecord(ctx, guest, "nosuch", "x", origin.ReadOptions{})
	refused(t, "no collection", err, origin.NotFound, "Missing or invalid collection context.")
	_, err = l.ViewRecord(ctx, origin.System(), "notes", "x", origin.ReadOptions{})
	refused(t, "no record", err, origin.NotFound, "")
	refused(t, "no record", l.DeleteRecord(ctx, origin.System(), "notes", "x"), origin.NotFound, "")
	_, err = l.UpdateRecord(ctx, origin.System(), "notes", "x", origin.RecordInput{})
	refused(t, "no record", err, origin.NotFound, "")
}

// shownFields lists what a view shows.
func shownFields(v *origin.View) []string {
	var names []string
	for _, f := range v.Fields {
		names = append(names, f.Name)
	}
	return names
}

func TestEmailsPasswordsAndHiddenFieldsAreShownToThoseWhomTheyConcern(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	public := new(string)
	c, err := l.ViewCollection(ctx, origin.System(), "users")
	if err != nil {
		t.Fatal(err)
	}
	fields := append(slices.Clone(c.Fields), origin.Field{Name: "note", Type: origin.TextField, Hidden: true})
	if _, err := l.UpdateCollection(ctx, origin.System(), "users", origin.CollectionInput{ListRule: &public, ViewRule: &public, Fields: &fields}); err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	users, shy := l.user("shy@example.org", func(v map[string]any) { v["note"] = "the program's own" })
	_, open := l.user("open@example.org", func(v map[string]any) { v["emailVisibility"] = true })
	base := []string{"id", "emailVisibility", "verified", "name", "avatar", "created", "updated"}
	withEmail := []string{"id", "email", "emailVisibility", "verified", "name", "avatar", "created", "updated"}
	for _, test := range []struct {
		name string
		who  origin.Caller
		id   origin.RecordID
		want []string
	}{
		{"a guest of the shy one", origin.Caller{}, shy, base},
		{"a guest of the open one", origin.Caller{}, open, withEmail},
		{"the shy one of itself", asUser(users, shy), shy, withEmail},
		{"the open one of the shy one", asUser(users, open), shy, base},
		{"a superuser", origin.System(), shy, append(slices.Clone(withEmail), "note")},
	} {
		v, err := l.ViewRecord(ctx, test.who, "users", string(test.id), origin.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, shownFields(v)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}

	_, err = l.UpdateRecord(ctx, asUser(users, shy), "users", string(shy), origin.RecordInput{Values: map[string]any{"note": "mine", "tokenKey": "x", "name": "Shy"}})
	if err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	if r := l.get("users", shy); r.Text("note") != "the program's own" || r.Text("name") != "Shy" || len(r.Text("tokenKey")) != 50 {
		t.Errorf("hidden fields were written: %v", r.Values)
	}

	for filter, n := range map[string]int{"email ~ 'example.org'": 1, "email = 'shy@example.org'": 0, "name = 'Shy'": 1, "": 2} {
		page, err := l.ListRecords(ctx, origin.Caller{}, "users", origin.ListQuery{Filter: filter})
		if err != nil || len(page.Items) != n {
			t.Errorf("a guest who filters by %q finds %d records, not %d (%v)", filter, len(page.Items), n, err)
		}
	}
	for _, filter := range []string{"note != ''", "password != ''", "tokenKey != ''", "nosuch = 1", "((", "email"} {
		_, err := l.ListRecords(ctx, origin.Caller{}, "users", origin.ListQuery{Filter: filter})
		refused(t, "a guest who filters by "+filter, err, origin.Invalid, "")
	}
	for _, sort := range []string{"email", "-email", "name,+email", "note", "password", "tokenKey"} {
		_, err := l.ListRecords(ctx, origin.Caller{}, "users", origin.ListQuery{Sort: sort})
		refused(t, "a guest who sorts by "+sort, err, origin.Invalid, "")
	}
	if page, err := l.ListRecords(ctx, origin.System(), "users", origin.ListQuery{Sort: "-email"}); err != nil || len(page.Items) != 2 {
		t.Errorf("a superuser who sorts by the address: %v, %v", page, err)
	}
	if page, err := l.ListRecords(ctx, origin.System(), "users", origin.ListQuery{Filter: "note != ''"}); err != nil || len(page.Items) != 1 {
		t.Errorf("a superuser who filters by a hidden field: %v, %v", page, err)
	}
	_, err = l.ListRecords(ctx, origin.System(), "users", origin.ListQuery{Filter: "password != ''"})
	refused(t, "a superuser who filters by the password", err, origin.Invalid, "")
	_, err = l.ListRecords(ctx, origin.Caller{}, "users", origin.ListQuery{Filter: "id = @request.auth.id"})
	refused(t, "a guest who asks for the request", err, origin.Forbidden, "Only superusers can filter by @request.")
}

func TestPagesOfAList(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	l.collection("things", origin.Field{Name: "n", Type: origin.NumberField})
	for i := range 7 {
		l.values("things", map[string]any{"n": float64(i)})
	}
	numbers := func(p *origin.RecordPage) (ns []float64) {
		for _, v := range p.Items {
			ns = append(ns, v.Record.Values["n"].(float64))
		}
		return ns
	}
	for _, test := range []struct {
		q                           origin.ListQuery
		want                        []float64
		page, perPage, items, pages int
	}{
		{origin.ListQuery{}, []float64{0, 1, 2, 3, 4, 5, 6}, 1, 30, 7, 1},
		{origin.ListQuery{Page: 2, PerPage: 3}, []float64{3, 4, 5}, 2, 3, 7, 3},
		{origin.ListQuery{Page: 3, PerPage: 3, Sort: "-n"}, []float64{0}, 3, 3, 7, 3},
		{origin.ListQuery{Page: 4, PerPage: 3}, nil, 4, 3, 7, 3},
		{origin.ListQuery{Page: -1, PerPage: -1, SkipTotal: true}, []float64{0, 1, 2, 3, 4, 5, 6}, 1, 30, -1, -1},
		{origin.ListQuery{PerPage: 5000, Filter: "n > 4"}, []float64{5, 6}, 1, 1000, 2, 1},
		{origin.ListQuery{Filter: "n > 100"}, nil, 1, 30, 0, 0},
		{origin.ListQuery{Page: 1 << 60, PerPage: 1000}, nil, 1 << 31, 1000, 7, 1},
	} {
		p, err := l.ListRecords(ctx, origin.Caller{}, "things", test.q)
		if err != nil {
			t.Errorf("%+v: %v", test.q, err)
			continue
		}
		if !slices.Equal(numbers(p), test.want) || p.Page != test.page || p.PerPage != test.perPage || p.TotalItems != test.items || p.TotalPages != test.pages {
			t.Errorf("%+v: %v of page %d by %d of %d in %d", test.q, numbers(p), p.Page, p.PerPage, p.TotalItems, p.TotalPages)
		}
	}
	for _, q := range []origin.ListQuery{{Sort: "nosuch"}, {Sort: "n,n,n,n,n,n,n,n,n"}, {Filter: "n >"}} {
		_, err := l.ListRecords(ctx, origin.System(), "things", q)
		refused(t, fmt.Sprintf("%+v", q), err, origin.Invalid, "")
	}
}

func TestRelatedRecordsAreExpandedUnderTheirOwnRule(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	tags := l.collection("tags", origin.Field{Name: "label", Type: origin.TextField})
	view := "label != 'secret'"
	viewRule := &view
	if _, err := l.UpdateCollection(ctx, origin.System(), "tags", origin.CollectionInput{ViewRule: &viewRule}); err != nil {
		t.Fatal(err)
	}
	red, secret := string(l.values("tags", map[string]any{"label": "red"}).Record.ID), string(l.values("tags", map[string]any{"label": "secret"}).Record.ID)
	l.collection("notes",
		origin.Field{Name: "tags", Type: origin.RelationField, CollectionID: tags.ID, MaxSelect: 5},
		origin.Field{Name: "main", Type: origin.RelationField, CollectionID: tags.ID},
		origin.Field{Name: "quiet", Type: origin.RelationField, CollectionID: tags.ID, Hidden: true})
	id := string(l.values("notes", map[string]any{"tags": []any{secret, red}, "main": secret, "quiet": red}).Record.ID)
	names := func(e *origin.Expanded) (labels []string) {
		if e == nil {
			return nil
		}
		for _, v := range e.Views {
			labels = append(labels, v.Record.Text("label"))
		}
		return labels
	}
	for _, test := range []struct {
		name   string
		who    origin.Caller
		expand []string
		want   map[string][]string
	}{
		{"a guest", origin.Caller{}, []string{"tags", " main", "quiet", "nosuch", "id", ""}, map[string][]string{"tags": {"red"}}},
		{"a superuser", origin.System(), []string{"tags.deeper", "main", "quiet"}, map[string][]string{"tags": {"secret", "red"}, "main": {"secret"}, "quiet": {"red"}}},
		{"nobody asked", origin.System(), nil, map[string][]string{}},
	} {
		v, err := l.ViewRecord(ctx, test.who, "notes", id, origin.ReadOptions{Expand: test.expand})
		if err != nil {
			t.Fatal(err)
		}
		p, err := l.ListRecords(ctx, test.who, "notes", origin.ListQuery{ReadOptions: origin.ReadOptions{Expand: test.expand}})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range append(p.Items, v) {
			got := make(map[string][]string)
			for name, e := range v.Expand {
				got[name] = names(e)
				if e.Multiple != (name == "tags") {
					t.Errorf("%s: %s is taken for the other kind of relation", test.name, name)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
	}
	var none *string
	if _, err := l.UpdateCollection(ctx, origin.System(), "tags", origin.CollectionInput{ViewRule: &none}); err != nil {
		t.Fatal(err)
	}
	v, err := l.ViewRecord(ctx, origin.Caller{}, "notes", id, origin.ReadOptions{Expand: []string{"tags"}})
	if err != nil || len(v.Expand) > 0 {
		t.Errorf("what superusers only may view is expanded for a guest: %v, %v", v.Expand, err)
	}
}

func TestDeletingReleasesOrTakesAlongWhatRefersToARecord(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	tags := l.collection("tags")
	l.collection("loose", origin.Field{Name: "tags", Type: origin.RelationField, CollectionID: tags.ID, MaxSelect: 5})
	l.collection("strict", origin.Field{Name: "tag", Type: origin.RelationField, CollectionID: tags.ID, Required: true})
	bound := l.collection("bound",
		origin.Field{Name: "tag", Type: origin.RelationField, CollectionID: tags.ID, CascadeDelete: true, Required: true},
		origin.Field{Name: "file", Type: origin.FileField})
	bound, err := l.UpdateCollection(ctx, origin.System(), "bound", origin.CollectionInput{Fields: ptr(append(slices.Clone(bound.Fields),
		origin.Field{Name: "peer", Type: origin.RelationField, CollectionID: bound.ID, CascadeDelete: true}))})
	if err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	a, b := string(l.values("tags", nil).Record.ID), string(l.values("tags", nil).Record.ID)
	note := l.values("loose", map[string]any{"tags": []any{a, b}}).Record.ID
	needs := l.values("strict", map[string]any{"tag": a}).Record.ID

	refused(t, "a needed record", l.DeleteRecord(ctx, origin.System(), "tags", a), origin.Invalid,
		"Failed to delete record. Make sure that the record is not part of a required relation reference.")
	if got := l.get("loose", note).Strings("tags"); !slices.Equal(got, []string{a, b}) {
		t.Errorf("a refused deletion changed %v", got)
	}
	if err := l.DeleteRecord(ctx, origin.System(), "strict", string(needs)); err != nil {
		t.Fatal(err)
	}
	// Two records that hang on the tag and on each other, one with a file.
	v, err := l.CreateRecord(ctx, origin.System(), "bound", origin.RecordInput{Values: map[string]any{"tag": a}, Files: l.uploads(map[string][]string{"file": {"aaa"}})})
	if err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	first := v.Record.ID
	second := l.values("bound", map[string]any{"tag": b, "peer": string(first)}).Record.ID
	if _, err := l.UpdateRecord(ctx, origin.System(), "bound", string(first), origin.RecordInput{Values: map[string]any{"peer": string(second)}}); err != nil {
		t.Fatal(err)
	}
	file := origin.ReadRequest{Collection: "bound", Record: string(first), Name: v.Record.Text("file")}
	if _, err := l.Open(ctx, &file); err != nil {
		t.Fatal(err)
	}
	if err := l.DeleteRecord(ctx, origin.System(), "tags", a); err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	if got := l.get("loose", note).Strings("tags"); !slices.Equal(got, []string{b}) {
		t.Errorf("a loose relation still has %v", got)
	}
	page, err := l.ListRecords(ctx, origin.System(), "bound", origin.ListQuery{})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("of two records that hang on each other %d are left, %v", len(page.Items), err)
	}
	if left := l.stored(origin.CollectionPrefixes(bound.ID)[0]); len(left) > 0 {
		t.Errorf("a record that was taken along left %v", left)
	}
	_, err = l.Open(ctx, &file)
	refused(t, "its file", err, origin.NotFound, "")

}
