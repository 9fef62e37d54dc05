package auth

import (
	"strings"
	"testing"
)

func TestParseAuthorization(t *testing.T) {
	for _, tt := range []struct{ name, header, want string }{
		{"no header", "", ""},
		{"the bare token, as the SDK sends it", "a.b.c", "a.b.c"},
		{"Bearer", "Bearer a.b.c", "a.b.c"},
		{"bearer", "bearer a.b.c", "a.b.c"},
		{"BEARER", "BEARER a.b.c", "a.b.c"},
		{"several blanks", "Bearer  \t a.b.c", "a.b.c"},
		{"blanks around", " \tBearer a.b.c\t ", "a.b.c"},
		{"a tab for the blank", "Bearer\ta.b.c", "a.b.c"},
		{"Bearer alone", "Bearer", ""},
		{"Bearer and a blank", "Bearer ", ""},
		{"Bearer and no blank", "Bearera.b.c", "Bearera.b.c"},
		{"Bearer twice", "Bearer Bearer a.b.c", "Bearer a.b.c"},
		{"another scheme", "Token key", "Token key"},
		{"a letter that folds to one of bearer's in Unicode only", "Bearer\u017f a", "Bearer\u017f a"},
		{"blanks alone", " \t ", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ParseAuthorization(tt.header); got != tt.want {
				t.Errorf("ParseAuthorization(%q) = %q, want %q", tt.header, got, tt.want)
			}
		})
	}
}

func TestErrorsNameTheirPackage(t *testing.T) {
	for _, err := range []error{
		ErrMalformed, ErrType, ErrExpired, ErrNotYet, ErrUnknown, ErrSignature, ErrConfig, ErrClaims, ErrKey,
		ErrPasswordLength, ErrPassword, ErrHash,
	} {
		if !strings.HasPrefix(err.Error(), "auth: ") {
			t.Errorf("%q does not name its package", err)
		}
	}
}
