package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A user's and a superuser's record as they themselves see it.
const (
	annJSON = `{"avatar":"","collectionId":"_pb_users_auth_","collectionName":"users","created":"T","email":"ann@example.com",` +
		`"emailVisibility":false,"id":"ID","name":"ANN","updated":"T","verified":false}`
	adminJSON = `{"collectionId":"pbc_3142635823","collectionName":"_superusers","created":"T","email":"admin@example.com",` +
		`"emailVisibility":false,"id":"ID","updated":"T","verified":true}`
	annSession   = `{"record":` + annJSON + `,"token":"JWT"}`
	adminSession = `{"record":` + adminJSON + `,"token":"JWT"}`
)

func wireSignIn(t *testing.T, w *world) {
	w.collection("no_accounts", nil, nil)
	const users, failed = "/api/collections/users/auth-with-password", "An error occurred while validating the submitted data."
	blank := func(field string) string { return complaint(field, "validation_required", "Cannot be blank.") }
	length := `{"code":"validation_length_out_of_range","message":"The length must be between 1 and 255.","params":{"max":255,"min":1}}`
	right := map[string]any{"identity": "ann@example.com", "password": userPassword}
	wrong := refusal(400, "Failed to authenticate.")
	with := func(key string, v any) map[string]any {
		return map[string]any{"identity": right["identity"], "password": right["password"], key: v}
	}
	w.run(t, []line{
		{name: "a user", method: "POST", path: users, body: right, status: 200, want: annSession},
		{name: "a superuser", method: "POST", path: "/api/collections/_superusers/auth-with-password",
			body: map[string]any{"identity": adminEmail, "password": adminPassword}, status: 200, want: adminSession},
		{name: "by the collection's id", method: "POST", path: "/api/collections/_pb_users_auth_/auth-with-password", body: right, status: 200, want: annSession},
		{name: "by its name in another case", method: "POST", path: "/api/collections/USERS/auth-with-password", body: right, status: 200, want: annSession},
		{name: "a form", method: "POST", path: users, status: 200, want: annSession,
			body: typed{"application/x-www-form-urlencoded", url.Values{"identity": {"ann@example.com"}, "password": {userPassword}}.Encode()}},
		{name: "a multipart form", method: "POST", path: users, status: 200, want: annSession,
			body: []part{{field: "identity", data: []byte("ann@example.com")}, {field: "password", data: []byte(userPassword)}}},
		{name: "the field named", method: "POST", path: users, body: with("identityField", "email"), status: 200, want: annSession},
		{name: "some fields of it", method: "POST", path: users + "?fields=token,record.email", body: right, status: 200, want: `{"record":{"email":"ann@example.com"},"token":"JWT"}`},

		{name: "a wrong password", method: "POST", path: users, body: with("password", "wrong-password"), status: 400, want: wrong},
		{name: "nobody's address", method: "POST", path: users, body: with("identity", "nobody@example.com"), status: 400, want: wrong},
		{name: "an identity that is no address", method: "POST", path: users, body: with("identity", "ann"), status: 400, want: wrong},
		{name: "an id for an identity", method: "POST", path: users, body: with("identity", w.ids["ann"]), status: 400, want: wrong},
		{name: "a user of another collection", method: "POST", path: "/api/collections/_superusers/auth-with-password", body: right, status: 400, want: wrong},
		{name: "values that are no texts", method: "POST", path: users, body: map[string]any{"identity": []string{"ann@example.com"}, "password": map[string]any{}},
			status: 400, want: invalid(failed, blank("identity")+","+blank("password"))},
		{name: "nothing", method: "POST", path: users, body: map[string]any{}, status: 400, want: invalid(failed, blank("identity")+","+blank("password"))},
		{name: "no password", method: "POST", path: users, body: with("password", ""), status: 400, want: invalid(failed, blank("password"))},
		{name: "a password too long", method: "POST", path: users, body: with("password", strings.Repeat("é", 256)), status: 400, want: invalid(failed, `"password":`+length)},
		{name: "an identity too long", method: "POST", path: users, body: with("identity", strings.Repeat("x", 256)), status: 400, want: invalid(failed, `"identity":`+length)},
		{name: "the longest password", method: "POST", path: users, body: with("password", strings.Repeat("é", 255)), status: 400, want: wrong},
		{name: "a field that names nobody", method: "POST", path: users, body: with("identityField", "name"), status: 400,
			want: invalid(failed, complaint("identityField", "validation_in_invalid", "Must be a valid value."))},
		{name: "a base collection", method: "POST", path: "/api/collections/no_accounts/auth-with-password", body: right, status: 404, want: refusal(404, "Missing or invalid auth collection context.")},
		{name: "an unknown collection", method: "POST", path: "/api/collections/nothing/auth-with-password", body: right, status: 404, want: refusal(404, noContextText)},
		{name: "a body of 64 KiB", method: "POST", path: users, body: typed{"application/json", "{}" + strings.Repeat(" ", 64<<10-2)}, status: 400, want: invalid(failed, blank("identity")+","+blank("password"))},
		{name: "a byte more", method: "POST", path: users, body: typed{"application/json", "{}" + strings.Repeat(" ", 64<<10-1)}, status: 413, want: refusal(413, "Request entity too large.")},
		{name: "malformed JSON", method: "POST", path: users, body: typed{"application/json", "{"}, status: 400, want: refusal(400, badRequestText)},
	})
}

func wireSignInSettings(t *testing.T, w *world) {
	for _, c := range []map[string]any{
		{"name": "closed_accounts", "type": "auth", "createRule": "", "passwordAuth": map[string]any{"enabled": false}},
		{"name": "checked_accounts", "type": "auth", "createRule": "", "authRule": "verified = true"},
		{"name": "barred_accounts", "type": "auth", "createRule": "", "authRule": nil},
		{"name": "named_accounts", "type": "auth", "createRule": "", "fields": []any{map[string]any{"name": "nick", "type": "text"}},
			"indexes":      []string{"CREATE UNIQUE INDEX idx_nick ON named_accounts (nick)"},
			"passwordAuth": map[string]any{"enabled": true, "identityFields": []string{"nick", "email"}}},
	} {
		w.call("POST", "/api/collections", w.token, c).want(t, 200)
		cid := map[string]any{"email": "cid@example.com"}
		if c["name"] == "named_accounts" {
			cid["nick"] = "cid"
		}
		w.account(c["name"].(string), cid)
	}
	path := func(collection string) string { return "/api/collections/" + collection + "/auth-with-password" }
	cid := map[string]any{"identity": "cid@example.com", "password": userPassword}
	const unmet = "The request doesn't satisfy the collection requirements to authenticate."
	session := `{"record":{"collectionId":"` + collectionID("auth", "named_accounts") + `","collectionName":"named_accounts","email":"cid@example.com","emailVisibility":false,"id":"ID","nick":"cid","verified":false},"token":"JWT"}`
	w.run(t, []line{
		{name: "no sign-in by password", method: "POST", path: path("closed_accounts"), body: cid, status: 403, want: refusal(403, "The collection is not configured to allow password authentication.")},
		{name: "an auth rule that is not met", method: "POST", path: path("checked_accounts"), body: cid, status: 403, want: refusal(403, unmet)},
		{name: "an auth rule of nobody", method: "POST", path: path("barred_accounts"), body: cid, status: 403, want: refusal(403, unmet)},
		{name: "a wrong password comes first", method: "POST", path: path("checked_accounts"), body: map[string]any{"identity": "cid@example.com", "password": "wrong-password"}, status: 400, want: refusal(400, "Failed to authenticate.")},
		{name: "another field", method: "POST", path: path("named_accounts"), body: map[string]any{"identity": "cid", "password": userPassword}, status: 200, want: session},
		{name: "the address beside it", method: "POST", path: path("named_accounts"), body: cid, status: 200, want: session},
		{name: "an address in the other field", method: "POST", path: path("named_accounts"), body: map[string]any{"identity": "cid@example.com", "password": userPassword, "identityField": "nick"}, status: 400, want: refusal(400, "Failed to authenticate.")},
	})
}

func wireTokens(t *testing.T, w *world) {
	const refresh = "/api/collections/users/auth-refresh"
	ann := w.tokens["ann"]
	file := w.call("POST", "/api/files/token", ann, nil).want(t, 200).json(t)["token"].(string)
	session, guest := annSession, refusal(401, tokenText)
	w.run(t, []line{
		{name: "refreshing", as: "ann", method: "POST", path: refresh, status: 200, want: session},
		{name: "a superuser refreshes", as: "admin", method: "POST", path: "/api/collections/_superusers/auth-refresh", status: 200, want: adminSession},
		{name: "a guest refreshes", method: "POST", path: refresh, status: 401, want: guest},
		{name: "a user of another collection refreshes", as: "ann", method: "POST", path: "/api/collections/_superusers/auth-refresh", status: 403,
			want: refusal(403, "The request requires auth record from users collection.")},
		{name: "an unknown collection", as: "ann", method: "POST", path: "/api/collections/nothing/auth-refresh", status: 404, want: refusal(404, noContextText)},

		{name: "Bearer", method: "POST", path: refresh, headers: []string{"Authorization: Bearer " + ann}, status: 200, want: session},
		{name: "bearer in any case", method: "POST", path: refresh, headers: []string{"Authorization: bEARER " + ann}, status: 200, want: session},
		{name: "a file token is no auth token", method: "POST", path: refresh, headers: []string{"Authorization: " + file}, status: 401, want: guest},
		{name: "garbage is a guest", method: "POST", path: refresh, headers: []string{"Authorization: garbage"}, status: 401, want: guest},
		{name: "Basic is a guest", method: "POST", path: refresh, headers: []string{"Authorization: Basic YTpi"}, status: 401, want: guest},
		{name: "a token cut short is a guest", method: "POST", path: refresh, headers: []string{"Authorization: " + ann[:len(ann)-1]}, status: 401, want: guest},
		{name: "a guest may do what guests may", method: "GET", path: "/api/health", headers: []string{"Authorization: garbage"}, status: 200, want: `{"message":"API is healthy.","code":200,"data":{}}`},

		{name: "a file token", as: "ann", method: "POST", path: "/api/files/token", status: 200, want: `{"token":"JWT"}`},
		{name: "a superuser's file token", as: "admin", method: "POST", path: "/api/files/token", status: 200, want: `{"token":"JWT"}`},
		{name: "its body is ignored", as: "ann", method: "POST", path: "/api/files/token", body: typed{"application/json", "{"}, status: 200, want: `{"token":"JWT"}`},
		{name: "a guest asks for one", method: "POST", path: "/api/files/token", status: 401, want: guest},
		{name: "with a file token one gets none", method: "POST", path: "/api/files/token", headers: []string{"Authorization: " + file}, status: 401, want: guest},
	})

	checkToken(t, ann, "auth", w.ids["ann"], "_pb_users_auth_", 432000)
	checkToken(t, w.token, "auth", "", "pbc_3142635823", 86400)
	checkToken(t, file, "file", w.ids["ann"], "_pb_users_auth_", 180)
}

// checkToken reads a token as anybody can: it is signed, not secret.
func checkToken(t *testing.T, token, kind, id, collection string, life int64) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%s has %d parts", token, len(parts))
	}
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if string(header) != `{"alg":"HS256","typ":"JWT"}` {
		t.Errorf("header %s", header)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	exp, _ := claims["exp"].(float64)
	if left := int64(exp) - time.Now().Unix(); left > life || left < life-3600 && life > 3600 || left <= 0 {
		t.Errorf("a %s token has %d seconds left of %d", kind, left, life)
	}
	want := map[string]any{"collectionId": collection, "id": claims["id"], "type": kind, "exp": exp}
	if id != "" {
		want["id"] = id
	}
	if kind == "auth" {
		want["refreshable"] = true
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("claims of a %s token (-want +got):\n%s", kind, diff)
	}
}

// wireOwnAccount is about what users may do to their own records, and what only superusers may.
func wireOwnAccount(t *testing.T, w *world) {
	const users = "/api/collections/users/records"
	dan := func(more map[string]any) map[string]any {
		body := map[string]any{"email": "dan@example.com", "password": userPassword, "passwordConfirm": userPassword}
		for k, v := range more {
			body[k] = v
		}
		return body
	}
	created, updated := "Failed to create record.", "Failed to update record."
	mismatch := func(field string) string {
		return complaint(field, "validation_values_mismatch", "Values don't match.")
	}
	blank := func(field string) string { return complaint(field, "validation_required", "Cannot be blank.") }
	shown := func(name string, visible bool) string {
		return fmt.Sprintf(`{"avatar":"","collectionId":"_pb_users_auth_","collectionName":"users","created":"T","email":"ann@example.com","emailVisibility":%v,"id":"ID","name":%q,"updated":"T","verified":false}`, visible, name)
	}
	w.run(t, []line{
		{name: "a new user says it is verified", method: "POST", path: users, body: dan(map[string]any{"verified": true}), status: 400, want: invalid(created, mismatch("verified"))},
		{name: "a new user repeats another password", method: "POST", path: users, body: dan(map[string]any{"passwordConfirm": "x"}), status: 400, want: invalid(created, mismatch("passwordConfirm"))},
		{name: "a new user has no password", method: "POST", path: users, body: map[string]any{"email": "dan@example.com"}, status: 400, want: invalid(created, blank("password")+","+blank("passwordConfirm"))},
		{name: "a new user has a short password", method: "POST", path: users, body: dan(map[string]any{"password": "short", "passwordConfirm": "short"}), status: 400,
			want: invalid(created, complaint("password", "validation_min_text_constraint", "Must be at least 8 character(s)."))},
		{name: "a new user has a taken address", method: "POST", path: users, body: dan(map[string]any{"email": "ann@example.com"}), status: 400,
			want: invalid(created, complaint("email", "validation_not_unique", "Value must be unique."))},
		{name: "a new user has no address", method: "POST", path: users, body: dan(map[string]any{"email": ""}), status: 400, want: invalid(created, blank("email"))},
		{name: "a new user's address is none", method: "POST", path: users, body: dan(map[string]any{"email": "dan"}), status: 400,
			want: invalid(created, complaint("email", "validation_is_email", "Must be a valid email address."))},

		{name: "a user's name", as: "ann", method: "PATCH", path: users + "/{ann}", body: map[string]any{"name": "Anna"}, status: 200, want: shown("Anna", false)},
		{name: "what only the program sets is passed over", as: "ann", method: "PATCH", path: users + "/{ann}", status: 200, want: shown("ANN", true),
			body: map[string]any{"name": "ANN", "emailVisibility": true, "tokenKey": "x", "created": "2020-01-01 00:00:00.000Z", "updated": "", "collectionId": "x", "nothing": 1}},
		{name: "and hidden again", as: "ann", method: "PATCH", path: users + "/{ann}", body: map[string]any{"emailVisibility": false}, status: 200, want: shown("ANN", false)},
		{name: "a user says it is verified", as: "ann", method: "PATCH", path: users + "/{ann}", body: map[string]any{"verified": true}, status: 400, want: invalid(updated, mismatch("verified"))},
		{name: "a user changes its address", as: "ann", method: "PATCH", path: users + "/{ann}", body: map[string]any{"email": "other@example.com"}, status: 400, want: invalid(updated, mismatch("email"))},
		{name: "a user changes its id", as: "ann", method: "PATCH", path: users + "/{ann}", body: map[string]any{"id": "aaaaaaaaaaaaaaa"}, status: 400,
			want: invalid(updated, complaint("id", "validation_pk_change", "The record primary key cannot be changed."))},
		{name: "a new password without the old", as: "ann", method: "PATCH", path: users + "/{ann}", body: map[string]any{"password": "new-password", "passwordConfirm": "new-password"}, status: 400,
			want: invalid(updated, blank("oldPassword"))},
		{name: "a new password with a wrong old one", as: "ann", method: "PATCH", path: users + "/{ann}", body: map[string]any{"oldPassword": "x", "password": "new-password", "passwordConfirm": "new-password"}, status: 400,
			want: invalid(updated, complaint("oldPassword", "validation_invalid_old_password", "Missing or invalid old password."))},
		{name: "another user's record", as: "bob", method: "PATCH", path: users + "/{ann}", body: map[string]any{"name": "x"}, status: 404, want: refusal(404, notFoundText)},
		{name: "another user's record is not deleted", as: "bob", method: "DELETE", path: users + "/{ann}", status: 404, want: refusal(404, notFoundText)},
		{name: "the last superuser stays", as: "admin", method: "DELETE", path: "/api/collections/_superusers/records/" + w.superuser(t), status: 400, want: refusal(400, "You can't delete the only existing superuser.")},
		{name: "superusers are nobody else's to list", as: "ann", method: "GET", path: "/api/collections/_superusers/records", status: 403, want: refusal(403, superusersText)},
		{name: "nor to make", as: "ann", method: "POST", path: "/api/collections/_superusers/records", body: dan(nil), status: 403, want: refusal(403, superusersText)},
	})
	w.call("POST", "/api/collections/users/auth-refresh", w.tokens["ann"], nil).want(t, 200) // nothing of that ended her token
	// Superusers may; a new address ends the tokens of the old one.
	edda := w.call("POST", users, "", map[string]any{"email": "edda@example.com", "password": userPassword, "passwordConfirm": userPassword}).want(t, 200).json(t)["id"].(string)
	token := w.signIn("users", "edda@example.com", userPassword)
	w.call("PATCH", users+"/"+edda, w.token, map[string]any{"verified": true}).want(t, 200)
	w.call("POST", "/api/collections/users/auth-refresh", token, nil).want(t, 200)
	w.call("PATCH", users+"/"+edda, w.token, map[string]any{"email": "edda2@example.com"}).want(t, 200)
	w.call("POST", "/api/collections/users/auth-refresh", token, nil).want(t, 401)
	w.call("DELETE", users+"/"+edda, w.token, nil).want(t, 204)
}

// superuser is the id of the only one.
func (w *world) superuser(t *testing.T) string {
	t.Helper()
	a := w.call("POST", "/api/collections/_superusers/auth-refresh", w.token, nil).want(t, 200)
	return a.json(t)["record"].(map[string]any)["id"].(string)
}
