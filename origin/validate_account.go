package origin

import (
	"fmt"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/auth"
)

// maxPasswordBytes is where bcrypt ends.
const maxPasswordBytes = 72

// accountComplaints are the checks of an auth collection that come before those of the fields: what callers may change
// of themselves, and that a new password is meant.
func (d *draft) accountComplaints() Complaints {
	ch, complaints := d.change, Complaints{}
	if ch.c.Auth == nil {
		return complaints
	}
	password, isNew := d.plain[ColPassword], d.old == nil
	if !isNew && !ch.superuser && d.record.Text(ColEmail) != d.old.Text(ColEmail) {
		complaints.add(ColEmail, mismatch())
	}
	if !ch.superuser && d.record.Values[ColVerified] != d.wasVerified() {
		complaints.add(ColVerified, mismatch())
	}
	if password == "" && (isNew || ch.passwordConfirm != "" || ch.oldPassword != "") {
		complaints.add(ColPassword, blank())
	}
	switch {
	case ch.passwordConfirm == "" && (isNew || password != "" || ch.oldPassword != ""):
		complaints.add("passwordConfirm", blank())
	case ch.passwordConfirm != password:
		complaints.add("passwordConfirm", mismatch())
	}
	if d.needsOldPassword() {
		switch {
		case ch.oldPassword == "":
			complaints.add("oldPassword", blank())
		case ch.oldHash == "" || ch.oldHash != d.old.Text(ColPassword):
			complaints.add("oldPassword", &Complaint{
				Code: "validation_invalid_old_password", Message: "Missing or invalid old password.",
			})
		}
	}
	return complaints
}

func (d *draft) wasVerified() bool {
	return d.old != nil && d.old.Values[ColVerified] == true
}

// needsOldPassword tells whether the caller must know the password that is being changed.
func (d *draft) needsOldPassword() bool {
	return d.change.c.Auth != nil && d.old != nil && !d.change.superuser &&
		(d.plain[ColPassword] != "" || d.change.passwordConfirm != "")
}

// checkPassword checks a new password, or that there is one. Lengths are in characters; what bcrypt would cut off is
// too long whatever the field says.
func (d *draft) checkPassword(f *Field) *Complaint {
	plain := d.plain[f.Name]
	if plain == "" {
		if f.Required && d.record.Text(f.Name) == "" {
			return blank()
		}
		return nil
	}
	length := utf8.RuneCountInString(plain)
	if least := wholeBound(f.Min, 0); length < least {
		return &Complaint{
			Code:    "validation_min_text_constraint",
			Message: fmt.Sprintf("Must be at least %d character(s).", least),
		}
	}
	if most := wholeBound(f.Max, auth.MaxPasswordLength); length > most || len(plain) > maxPasswordBytes {
		return &Complaint{
			Code:    "validation_max_text_constraint",
			Message: fmt.Sprintf("Must be less than %d character(s).", most),
		}
	}
	if !matches(f.Pattern, plain) {
		return invalidFormat()
	}
	return nil
}
