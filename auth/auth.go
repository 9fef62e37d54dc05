// Package auth tells who asks: auth and file tokens, API keys, signed URLs, passwords, and the Principal they come to.
//
// Law: a token counts only while it is signed, by HS256 alone, with the key that its record has now, and before its
// exp. Nobody is the zero Principal, a guest. What cannot be verified is an error and never a Principal. No error
// text holds a token, a key or a password. The package stores nothing, knows no transport, and never logs.
package auth

import "strings"

// Principal is who a verified token speaks for. It is comparable; its zero value is a guest.
type Principal struct {
	CollectionID   string
	CollectionName string
	RecordID       string
	Type           TokenType // of the token that was verified
	Superuser      bool
	Refreshable    bool // an auth token that auth-refresh may renew

	Key    string // id of the API key that speaks, which stands for no record; "" for tokens
	Scopes Scope  // what that key may do
}

// IsGuest reports whether nobody was verified.
func (p Principal) IsGuest() bool { return p == Principal{} }

// May tells whether the principal has all of the scopes. Superusers have every one.
func (p Principal) May(s Scope) bool { return p.Superuser || p.Scopes&s == s }

// ParseScheme returns the credential in the value of an Authorization header of that scheme, in any case (RFC 9110, section
// 11.1), or "".
func ParseScheme(header, scheme string) string {
	const blanks = " \t"
	header = strings.Trim(header, blanks)
	if len(header) <= len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) || strings.IndexByte(blanks, header[len(scheme)]) < 0 {
		return ""
	}
	return strings.TrimLeft(header[len(scheme):], blanks)
}

const bearer = "bearer"

// ParseAuthorization returns the token in the value of an Authorization header: the value itself, or what follows
// "Bearer" and a space, in any case, as PocketBase's observed behaviour has it. Blanks around it are dropped (RFC 9110,
// sections 5.5 and 11.4). The token is not looked at; "" means that there is none.
func ParseAuthorization(header string) string {
	const blanks = " \t"
	header = strings.Trim(header, blanks)
	if len(header) < len(bearer) || !strings.EqualFold(header[:len(bearer)], bearer) {
		return header
	}
	rest := header[len(bearer):]
	if rest == "" || rest[0] == ' ' || rest[0] == '\t' {
		return strings.TrimLeft(rest, blanks)
	}
	return header
}
