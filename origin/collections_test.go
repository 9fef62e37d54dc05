package origin_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/origin"
)

func statements(c *origin.Collection) (out []string) {
	for _, x := range c.Indexes {
		out = append(out, origin.FormatIndex(c.Name, x))
	}
	return out
}

func fieldIDs(c *origin.Collection) (out []string) {
	for _, f := range c.Fields {
		out = append(out, f.Name+" "+string(f.ID))
	}
	return out
}

func TestAFreshLibraryHasPocketBasesStockCollections(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	super, err := l.ViewCollection(ctx, origin.System(), "_superusers")
	if err != nil {
		t.Fatal(err)
	}
	users, err := l.ViewCollection(ctx, origin.System(), "USERS")
	if err != nil {
		t.Fatal(err)
	}
	own := "id = @request.auth.id"
	anyone := ""
	if diff := cmp.Diff(origin.Rules{List: &own, View: &own, Create: &anyone, Update: &own, Delete: &own}, users.Rules); diff != "" {
		t.Errorf("rules of users (-want +got):\n%s", diff)
	}
	accounts := []string{"id text3208210256", "password password901924565", "tokenKey text2504183744", "email email3885137012",
		"emailVisibility bool1547992806", "verified bool256245529"}
	dates := []string{"created autodate2990389176", "updated autodate3332085495"}
	for _, c := range []struct {
		c             *origin.Collection
		id            origin.CollectionID
		fields, index []string
		life          float64
	}{
		{super, "pbc_3142635823", slices.Concat(accounts, dates), []string{
			"CREATE UNIQUE INDEX `idx_tokenKey_pbc_3142635823` ON `_superusers` (`tokenKey`)",
			"CREATE UNIQUE INDEX `idx_email_pbc_3142635823` ON `_superusers` (`email`) WHERE `email` != ''",
		}, 86400},
		{users, "_pb_users_auth_", slices.Concat(accounts, []string{"name text1579384326", "avatar file376926767"}, dates), []string{
			"CREATE UNIQUE INDEX `idx_tokenKey__pb_users_auth_` ON `users` (`tokenKey`)",
			"CREATE UNIQUE INDEX `idx_email__pb_users_auth_` ON `users` (`email`) WHERE `email` != ''",
		}, 432000},
	} {
		if c.c.ID != c.id {
			t.Errorf("%s has the id %s, not %s", c.c.Name, c.c.ID, c.id)
		}
		if diff := cmp.Diff(c.fields, fieldIDs(c.c)); diff != "" {
			t.Errorf("fields of %s (-want +got):\n%s", c.c.Name, diff)
		}
		if diff := cmp.Diff(c.index, statements(c.c)); diff != "" {
			t.Errorf("indexes of %s (-want +got):\n%s", c.c.Name, diff)
		}
		a := c.c.Auth
		if len(a.AuthToken.Secret) != 50 || len(a.FileToken.Secret) != 50 || a.AuthToken.Duration.Seconds() != c.life || a.FileToken.Duration.Seconds() != 180 ||
			!a.PasswordAuth || a.AuthRule == nil || *a.AuthRule != "" {
			t.Errorf("sign-in to %s: %+v", c.c.Name, a)
		}
	}
	if !super.System || users.System {
		t.Error("the superusers alone are the program's")
	}

	if err := l.DeleteCollection(ctx, origin.System(), "users"); err != nil {
		t.Fatal(err)
	}
	again, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: l.catalog, Blobs: l.blobs, Renderer: l.renderer})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close(ctx)
	if _, err := again.Collection("users"); origin.KindOf(err) != origin.NotFound {
		t.Errorf("users that were deleted are back: %v", err)
	}
}

func TestManyProcessesMayStartAFreshLibraryAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	secrets := make([]string, 6)
	for i := range secrets {
		wg.Go(func() {
			l := openLibrary(t, dir)
			c, err := l.Collection("_superusers")
			if err != nil {
				t.Error(err)
				return
			}
			secrets[i] = c.Auth.AuthToken.Secret
		})
	}
	wg.Wait()
	if slices.Sort(secrets); len(slices.Compact(secrets)) != 1 {
		t.Error("they do not share one secret")
	}
}

func TestACollectionsDefaults(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	name, auth := "my_demo", "auth"
	c, err := l.CreateCollection(ctx, origin.System(), origin.CollectionInput{Name: &name, Fields: &[]origin.Field{
		{Name: "images", Type: origin.FileField, MaxSelect: 5, Thumbs: []string{"100x100"}, Pattern: "not a file's", MaxDate: "2024-01-01"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []origin.Field{
		{ID: "text3208210256", Name: "id", Type: origin.TextField, System: true, Required: true, PrimaryKey: true, Min: ptr(15.0), Max: ptr(15.0),
			Pattern: "^[a-z0-9]+$", AutogeneratePattern: "[a-z0-9]{15}"},
		{ID: "file3760176746", Name: "images", Type: origin.FileField, MaxSelect: 5, Thumbs: []string{"100x100"}},
	}
	if diff := cmp.Diff(want, c.Fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c.Type != origin.BaseCollection || c.Rules != (origin.Rules{}) || c.Auth != nil || c.System || !strings.HasPrefix(string(c.ID), "pbc_") {
		t.Errorf("%+v", c)
	}
	first := c.ID
	if _, err := l.UpdateCollection(ctx, origin.System(), name, origin.CollectionInput{Name: ptr("renamed")}); err != nil {
		t.Fatal(err)
	}
	c, err = l.CreateCollection(ctx, origin.System(), origin.CollectionInput{Name: &name})
	if err != nil || c.ID != first+"2" {
		t.Errorf("the second of the name and type has the id %s beside %s (%v)", c.ID, first, err)
	}
	c, err = l.CreateCollection(ctx, origin.System(), origin.CollectionInput{Name: ptr("members"), Type: &auth, Fields: &[]origin.Field{{Name: "nick", Type: origin.TextField}}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range c.Fields {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"id", "nick", "password", "tokenKey", "email", "emailVisibility", "verified"}, names); diff != "" {
		t.Errorf("fields of an auth collection (-want +got):\n%s", diff)
	}
}

func TestOnlySuperusersTouchCollections(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	users, id := l.user("anna@example.org")
	for _, who := range []struct {
		name    string
		caller  origin.Caller
		kind    origin.Kind
		message string
	}{
		{"a guest", origin.Caller{}, origin.Unauthenticated, "The request requires valid record authorization token."},
		{"a user", asUser(users, id), origin.Forbidden, "The authorized record is not allowed to perform this action."},
	} {
		_, err := l.ListCollections(ctx, who.caller, origin.ListQuery{})
		refused(t, who.name+" lists", err, who.kind, who.message)
		_, err = l.ViewCollection(ctx, who.caller, "users")
		refused(t, who.name+" views", err, who.kind, who.message)
		_, err = l.CreateCollection(ctx, who.caller, origin.CollectionInput{Name: ptr("x")})
		refused(t, who.name+" creates", err, who.kind, who.message)
		_, err = l.UpdateCollection(ctx, who.caller, "users", origin.CollectionInput{})
		refused(t, who.name+" updates", err, who.kind, who.message)
		refused(t, who.name+" deletes", l.DeleteCollection(ctx, who.caller, "users"), who.kind, who.message)
	}
	_, err := l.ViewCollection(ctx, origin.System(), "nosuch")
	refused(t, "no collection", err, origin.NotFound, "")
	_, err = l.UpdateCollection(ctx, origin.System(), "nosuch", origin.CollectionInput{})
	refused(t, "no collection", err, origin.NotFound, "")
	refused(t, "no collection", l.DeleteCollection(ctx, origin.System(), "nosuch"), origin.NotFound, "")
}

func TestListsOfCollections(t *testing.T) {
	l := newLibrary(t)
	for _, name := range []string{"delta", "bravo", "charlie"} {
		l.collection(name)
	}
	names := func(p *origin.CollectionPage) (out []string) {
		for _, c := range p.Items {
			out = append(out, c.Name)
		}
		return out
	}
	for _, c := range []struct {
		q     origin.ListQuery
		want  []string
		total int
	}{
		{origin.ListQuery{}, []string{"_superusers", "users", "media", "_keys", "_uploads", "delta", "bravo", "charlie"}, 8},
		{origin.ListQuery{Sort: "-name", PerPage: 2}, []string{"users", "media"}, 8},
		{origin.ListQuery{Sort: "type,name", Page: 2, PerPage: 2, SkipTotal: true}, []string{"_keys", "_uploads"}, -1},
		{origin.ListQuery{Filter: "type = 'base' && system = false && name != 'bravo'", Sort: "-@rowid"}, []string{"charlie", "delta"}, 2},
		{origin.ListQuery{Filter: "system = true"}, []string{"_superusers", "media", "_keys", "_uploads"}, 4},
		{origin.ListQuery{Page: 9}, nil, 8},
	} {
		p, err := l.ListCollections(context.Background(), origin.System(), c.q)
		if err != nil || !slices.Equal(names(p), c.want) || p.TotalItems != c.total {
			t.Errorf("%+v: %v of %d, %v", c.q, names(p), p.TotalItems, err)
		}
	}
	for _, q := range []origin.ListQuery{{Filter: "secret = 1"}, {Sort: "fields"}, {Filter: "(("}} {
		_, err := l.ListCollections(context.Background(), origin.System(), q)
		refused(t, "a question that makes no sense", err, origin.Invalid, "")
	}
}

func TestComplaintsAboutCollectionsAreWordForWordPocketBases(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	c := l.collection("taken", origin.Field{Name: "title", Type: origin.TextField})
	if _, err := l.UpdateCollection(ctx, origin.System(), "taken", origin.CollectionInput{Indexes: &[]string{"CREATE INDEX idx_title ON taken (title)"}}); err != nil {
		t.Fatal(err)
	}
	field := func(f origin.Field) origin.CollectionInput {
		return origin.CollectionInput{Name: ptr("fresh"), Fields: &[]origin.Field{f}}
	}
	named := func(name string) origin.CollectionInput { return origin.CollectionInput{Name: &name} }
	index := func(sql ...string) origin.CollectionInput {
		in := field(origin.Field{Name: "title", Type: origin.TextField})
		in.Indexes = &sql
		return in
	}
	nested := func(key, complaint string) string { return `{"fields":{"1":{"` + key + `":` + complaint + `}}}` }
	const (
		blank    = `{"code":"validation_required","message":"Cannot be blank."}`
		format   = `{"code":"validation_match_invalid","message":"Must be in a valid format."}`
		excluded = `{"code":"validation_not_in_invalid","message":"Must not be in list."}`
		notOne   = `{"code":"validation_in_invalid","message":"Must be a valid value."}`
		via      = `{"code":"validation_found_via","message":"The value cannot contain \"_via_\"."}`
		badIndex = `{"code":"validation_invalid_index_expression","message":"Invalid CREATE INDEX expression."}`
	)
	auth := "auth"
	wrong := ptr("nosuch = 1")
	for _, test := range []struct {
		name string
		in   origin.CollectionInput
		want string
	}{
		{"no name", origin.CollectionInput{}, `{"name":` + blank + `}`},
		{"a name with a dash", named("a-b"), `{"name":` + format + `}`},
		{"a name that exists", named("TAKEN"), `{"name":{"code":"validation_collection_name_exists","message":"Collection name must be unique (case insensitive)."}}`},
		{"a name that is an id", named(string(c.ID)), `{"name":{"code":"validation_collection_name_id_duplicate","message":"The name must not match an existing collection id."}}`},
		{"a name that PocketBase reads backwards", named("a_Via_b"), `{"name":` + via + `}`},
		{"a long name", named(strings.Repeat("a", 256)), `{"name":{"code":"validation_length_out_of_range","message":"The length must be between 1 and 255.","params":{"max":255,"min":1}}}`},
		{"an id that exists", origin.CollectionInput{Name: ptr("fresh"), ID: ptr(string(c.ID))}, `{"id":{"code":"validation_invalid_or_existing_id","message":"The model id is invalid or already exists."}}`},
		{"an id with a slash", origin.CollectionInput{Name: ptr("fresh"), ID: ptr("a/b")}, `{"id":` + format + `}`},
		{"a view", origin.CollectionInput{Name: ptr("fresh"), Type: ptr("view")}, `{"type":` + notOne + `}`},
		{"a rule about nothing", origin.CollectionInput{Name: ptr("fresh"), ViewRule: &wrong}, "validation_invalid_rule"},
		{"thumbs", field(origin.Field{Name: "f", Type: origin.FileField, Thumbs: []string{"100x100", "0x0", "wide", "10x20t", "0x0b"}}),
			nested("thumbs", `{"1":`+excluded+`,"2":`+format+`,"4":`+excluded+`}`)},
		{"a field without a name", field(origin.Field{Type: origin.TextField}), nested("name", blank)},
		{"a field with a space", field(origin.Field{Name: "a b", Type: origin.TextField}), nested("name", format)},
		{"a field named as answers name theirs", field(origin.Field{Name: "collectionId", Type: origin.TextField}), nested("name", excluded)},
		{"a field named as SQLite names its own", field(origin.Field{Name: "RowID", Type: origin.TextField}), nested("name", excluded)},
		{"a field read backwards", field(origin.Field{Name: "a_via_b", Type: origin.TextField}), nested("name", via)},
		{"two fields of a name", origin.CollectionInput{Name: ptr("fresh"), Fields: &[]origin.Field{{Name: "a", Type: origin.TextField}, {Name: "A", Type: origin.NumberField}}},
			`{"fields":{"2":{"name":{"code":"validation_duplicated_field_name","message":"Duplicated or invalid field name A.","params":{"fieldName":"A"}}}}}`},
		{"two fields of an id", origin.CollectionInput{Name: ptr("fresh"), Fields: &[]origin.Field{{ID: "x", Name: "a", Type: origin.TextField}, {ID: "x", Name: "b", Type: origin.TextField}}},
			`{"fields":{"2":{"id":{"code":"validation_duplicated_field_id","message":"Duplicated or invalid field id \"x\"."}}}}`},
		{"an unknown type", field(origin.Field{Name: "a", Type: "geo"}), nested("type", notOne)},
		{"an id of another type", field(origin.Field{Name: "id", Type: origin.NumberField}), `{"fields":{"code":"validation_missing_primary_key","message":"Missing or invalid \"id\" PK field."}}`},
		{"a second key", field(origin.Field{Name: "a", Type: origin.TextField, PrimaryKey: true}), nested("name", `{"code":"validation_in_invalid","message":"The primary key must be named \"id\"."}`)},
		{"an account without its address", origin.CollectionInput{Name: ptr("fresh"), Type: &auth, Fields: &[]origin.Field{{Name: "email", Type: origin.TextField}}},
			`{"fields":{"code":"validation_missing_email_field","message":"System \"email\" field is required."}}`},
		{"an account with a password twice", origin.CollectionInput{Name: ptr("fresh"), Type: &auth, Fields: &[]origin.Field{{Name: "oldPassword", Type: origin.TextField}}},
			nested("name", `{"code":"validation_reserved_field_name","message":"The field name is reserved and cannot be used."}`)},
		{"a pattern", field(origin.Field{Name: "a", Type: origin.TextField, Pattern: "("}), "validation_invalid_regex"},
		{"bounds of a length", field(origin.Field{Name: "a", Type: origin.TextField, Min: ptr(5.0), Max: ptr(3.0)}),
			nested("max", `{"code":"validation_min_greater_equal_than_required","message":"Must be no less than 5.","params":{"threshold":5}}`)},
		{"what its own rules refuse is made", field(origin.Field{Name: "a", Type: origin.TextField, Max: ptr(3.0), AutogeneratePattern: "xxxx"}),
			nested("autogeneratePattern", `{"code":"validation_invalid_autogenerate_pattern_value","message":"The provided autogenerate pattern could produce invalid field values, ex.: \"xxxx\"."}`)},
		{"bounds of a whole number", field(origin.Field{Name: "a", Type: origin.NumberField, OnlyInt: true, Min: ptr(1.5)}), nested("min", `{"code":"validation_only_int_constraint","message":"Decimal numbers are not allowed."}`)},
		{"bounds of a date", field(origin.Field{Name: "a", Type: origin.DateField, MinDate: "2024-01-02", MaxDate: "2024-01-01"}), nested("max", `{"code":"validation_date_out_of_range","message":"The date is out of range."}`)},
		{"both kinds of domains", field(origin.Field{Name: "a", Type: origin.EmailField, OnlyDomains: []string{"a.org"}, ExceptDomains: []string{"b.org"}}),
			`{"fields":{"1":{"exceptDomains":{"code":"validation_empty","message":"Must be blank."},"onlyDomains":{"code":"validation_empty","message":"Must be blank."}}}}`},
		{"no domain", field(origin.Field{Name: "a", Type: origin.URLField, OnlyDomains: []string{"a.org", "x y"}}), nested("onlyDomains", `{"1":{"code":"validation_is_domain","message":"Must be a valid domain."}}`)},
		{"a date that never is", field(origin.Field{Name: "a", Type: origin.AutodateField}),
			`{"fields":{"1":{"onCreate":{"code":"validation_required","message":"Either onCreate or onUpdate must be enabled."},"onUpdate":{"code":"validation_required","message":"Either onCreate or onUpdate must be enabled."}}}}`},
		{"a choice of nothing", field(origin.Field{Name: "a", Type: origin.SelectField}), nested("values", blank)},
		{"more choices than there are", field(origin.Field{Name: "a", Type: origin.SelectField, Values: []string{"x"}, MaxSelect: 2}),
			nested("maxSelect", `{"code":"validation_max_less_equal_than_required","message":"Must be no greater than 1.","params":{"threshold":1}}`)},
		{"a relation to nothing", field(origin.Field{Name: "a", Type: origin.RelationField}), nested("collectionId", blank)},
		{"a relation to nowhere", field(origin.Field{Name: "a", Type: origin.RelationField, CollectionID: "nosuch"}),
			nested("collectionId", `{"code":"validation_field_relation_missing_collection","message":"The relation collection doesn't exist."}`)},
		{"no statement", index("CREATE INDEX a ON fresh (title)", "DROP TABLE users"), `{"indexes":{"1":` + badIndex + `}}`},
		{"an index twice", index("CREATE INDEX a ON fresh (title)", "CREATE UNIQUE INDEX A ON fresh (title)"), `{"indexes":{"1":{"code":"validation_duplicated_index_name","message":"The index name already exists."}}}`},
		{"the same index twice", index("CREATE INDEX a ON fresh (title)", "CREATE INDEX b ON fresh (Title)"), `{"indexes":{"1":{"code":"validation_duplicated_index_definition","message":"The index definition already exists."}}}`},
		{"another's index", index("CREATE INDEX idx_title ON fresh (title)"), `{"indexes":{"0":{"code":"validation_existing_index_name","message":"The index name is already used in taken collection.","params":{"usedTableName":"taken"}}}}`},
		{"an index over nothing", index("CREATE INDEX a ON fresh (nosuch)"), `{"indexes":{"0":{"code":"validation_invalid_index_expression","message":"Failed to create index a - no such column: nosuch."}}}`},
		{"a short secret", origin.CollectionInput{Name: ptr("fresh"), Type: &auth, Auth: origin.AuthInput{FileToken: origin.TokenInput{Secret: ptr("short"), Duration: ptr(int64(5))}}},
			`{"fileToken":{"duration":{"code":"validation_min_greater_equal_than_required","message":"Must be no less than 10.","params":{"threshold":10}},"secret":{"code":"validation_length_out_of_range","message":"The length must be between 30 and 255.","params":{"max":255,"min":30}}}}`},
		{"a token for ever", origin.CollectionInput{Name: ptr("fresh"), Type: &auth, Auth: origin.AuthInput{AuthToken: origin.TokenInput{Duration: ptr(int64(1) << 62)}}},
			`{"authToken":{"duration":{"code":"validation_max_less_equal_than_required","message":"Must be no greater than 94670856.","params":{"threshold":94670856}}}}`},
		{"nobody signs in", origin.CollectionInput{Name: ptr("fresh"), Type: &auth, Auth: origin.AuthInput{IdentityFields: &[]string{}}}, `{"passwordAuth":{"identityFields":` + blank + `}}`},
	} {
		_, err := l.CreateCollection(ctx, origin.System(), test.in)
		refused(t, test.name, err, origin.Invalid, "Failed to create collection.")
		got := complaints(err)
		if strings.HasPrefix(test.want, "{") && got != test.want || !strings.Contains(got, test.want) {
			t.Errorf("%s: %s\nmust be %s", test.name, got, test.want)
		}
	}
	if _, err := l.Collection("fresh"); err == nil {
		t.Error("a refused collection was made")
	}
}
