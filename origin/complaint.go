package origin

import (
	"fmt"
	"strconv"
)

// Complaints that more than one rule makes, in PocketBase's words.

func blank() *Complaint { return &Complaint{Code: "validation_required", Message: "Cannot be blank."} }

func mustBeBlank() *Complaint {
	return &Complaint{Code: "validation_empty", Message: "Must be blank."}
}

func notInList() *Complaint {
	return &Complaint{Code: "validation_in_invalid", Message: "Must be a valid value."}
}

func excluded() *Complaint {
	return &Complaint{Code: "validation_not_in_invalid", Message: "Must not be in list."}
}

func malformed() *Complaint {
	return &Complaint{Code: "validation_match_invalid", Message: "Must be in a valid format."}
}

func invalidFormat() *Complaint {
	return &Complaint{Code: "validation_invalid_format", Message: "Invalid value format."}
}

func mismatch() *Complaint {
	return &Complaint{Code: "validation_values_mismatch", Message: "Values don't match."}
}

func notUnique() *Complaint {
	return &Complaint{Code: "validation_not_unique", Message: "Value must be unique."}
}

func lengthOutOfRange(least, most int) *Complaint {
	return &Complaint{
		Code:    "validation_length_out_of_range",
		Message: fmt.Sprintf("The length must be between %d and %d.", least, most),
		Params:  map[string]any{"min": least, "max": most},
	}
}

func tooShort(least int) *Complaint {
	return &Complaint{
		Code:    "validation_min_text_constraint",
		Message: fmt.Sprintf("Must be at least %d character(s).", least),
		Params:  map[string]any{"min": least},
	}
}

func tooLong(most int) *Complaint {
	return &Complaint{
		Code:    "validation_max_text_constraint",
		Message: fmt.Sprintf("Must be no more than %d character(s).", most),
		Params:  map[string]any{"max": most},
	}
}

// belowThreshold and aboveThreshold take what the bound is called in words and what it is in JSON.
func belowThreshold(words string, threshold any) *Complaint {
	return &Complaint{
		Code:    "validation_min_greater_equal_than_required",
		Message: "Must be no less than " + words + ".",
		Params:  map[string]any{"threshold": threshold},
	}
}

func aboveThreshold(words string, threshold any) *Complaint {
	return &Complaint{
		Code:    "validation_max_less_equal_than_required",
		Message: "Must be no greater than " + words + ".",
		Params:  map[string]any{"threshold": threshold},
	}
}

// add notes a complaint, if there is one; the first of a key stays.
func (c Complaints) add(key string, complaint *Complaint) {
	if _, taken := c[key]; complaint != nil && !taken {
		c[key] = *complaint
	}
}

// nest notes the complaints about a part, if there are any.
func (c Complaints) nest(key string, parts Complaints) {
	if _, taken := c[key]; len(parts) > 0 && !taken {
		c[key] = parts
	}
}

// nestAt notes the complaints about one element of a list.
func (c Complaints) nestAt(i int, parts Complaints) { c.nest(strconv.Itoa(i), parts) }

// first returns the first complaint that is one.
func first(complaints ...*Complaint) *Complaint {
	for _, c := range complaints {
		if c != nil {
			return c
		}
	}
	return nil
}
