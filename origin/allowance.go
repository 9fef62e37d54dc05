package origin

import "math"

// WriteKind is what a caller wants to do with a record.
type WriteKind uint8

const (
	Create WriteKind = iota
	Update
)

// Allowance is how much the fields of a collection allow the body of a write to weigh, in bytes, beside what every body
// may. Sums beyond maxAllowance are cut to it.
type Allowance struct {
	Files  int64 // the limits of all file fields together
	Values int64 // the limits of all json and editor fields together
}

// maxAllowance leaves callers room to add to it.
const maxAllowance = math.MaxInt64 / 4

// Allowance answers before a body is received. It refuses what CreateRecord or UpdateRecord would refuse whatever the
// body is: a collection that there is not is NotFound, a rule that admits superusers only is Forbidden.
func (o *Origin) Allowance(who Caller, name string, kind WriteKind) (Allowance, error) {
	op, guard := "record.create", func(c *collection) access { return c.create }
	if kind == Update {
		op, guard = "record.update", func(c *collection) access { return c.update }
	}
	c, err := o.collection(op, name)
	if err != nil {
		return Allowance{}, err
	}
	if (judge{superuser: who.Principal.Superuser}).closed(guard(c)) {
		return Allowance{}, &Error{Op: op, Kind: Forbidden, Message: superusersOnly, Private: true}
	}
	return allowance(c.Fields), nil
}

// LargestAllowance is the most that any collection allows now, for refusing a body by its length alone.
func (o *Origin) LargestAllowance() (most Allowance) {
	for _, c := range o.schema.Load().collections {
		a := allowance(c.Fields)
		most.Files, most.Values = max(most.Files, a.Files), max(most.Values, a.Values)
	}
	return most
}

func allowance(fields []Field) (a Allowance) {
	for i := range fields {
		switch f := &fields[i]; f.Type {
		case FileField:
			a.Files = saturate(a.Files, f.SizeLimit(), int64(max(f.MaxSelect, 1)))
		case JSONField, EditorField:
			a.Values = saturate(a.Values, contentLimit(f), 1)
		}
	}
	return a
}

// saturate returns sum + size·n, or maxAllowance where that is less. n is at least 1.
func saturate(sum, size, n int64) int64 {
	if size > (maxAllowance-sum)/n {
		return maxAllowance
	}
	return sum + size*n
}
