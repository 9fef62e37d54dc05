package origin

import (
	"math"
	"testing"
)

func TestWhatTheFieldsAllowABodyToWeigh(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields []Field
		want   Allowance
	}{
		{"no fields", nil, Allowance{}},
		{"fields that weigh nothing", []Field{{Type: TextField}, {Type: RelationField, MaxSelect: 100}}, Allowance{}},
		{"a file", []Field{{Type: FileField}}, Allowance{Files: DefaultMaxSize}},
		{"files", []Field{{Type: FileField, MaxSelect: 3, MaxSize: 100}, {Type: FileField, MaxSelect: 1, MaxSize: 7}}, Allowance{Files: 307}},
		{"contents", []Field{{Type: JSONField}, {Type: EditorField, MaxSize: 10}}, Allowance{Values: defaultMaxContent + 10}},
		{"more than can be counted", []Field{
			{Type: FileField, MaxSelect: maxWhole, MaxSize: maxWhole}, {Type: FileField, MaxSelect: 2, MaxSize: maxWhole},
			{Type: JSONField, MaxSize: math.MaxInt64}, {Type: EditorField},
		}, Allowance{Files: maxAllowance, Values: maxAllowance}},
	} {
		if got := allowance(c.fields); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
