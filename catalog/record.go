package catalog

import (
	"fmt"

	"github.com/imgorigin/imgorigin/origin"
)

// RecordOf is the record of a row that has the columns of c's fields in their order.
func RecordOf[V any](c *origin.Collection, row []V) (*origin.Record, error) {
	r := &origin.Record{Values: make(map[string]any, len(c.Fields))}
	for i := range c.Fields {
		f := &c.Fields[i]
		v, err := DecodeValue(f, row[i])
		if err != nil {
			return nil, fmt.Errorf("collection %s: %w", c.Name, err)
		}
		r.Values[f.Name] = v
	}
	r.ID = origin.RecordID(r.Text(origin.ColID))
	return r, nil
}

// RecordValues are the columns of a record, in the order of c's fields.
func RecordValues(c *origin.Collection, r *origin.Record) ([]any, error) {
	values := make([]any, len(c.Fields), len(c.Fields)+1)
	for i := range c.Fields {
		f := &c.Fields[i]
		var err error
		if values[i], err = EncodeValue(f, r.Values[f.Name]); err != nil {
			return nil, fmt.Errorf("collection %s, record %s: %w", c.Name, r.ID, err)
		}
	}
	if id := r.Values[origin.ColID]; id != string(r.ID) {
		return nil, fmt.Errorf("%w: collection %s: record %s has the value %q for its id", ErrValue, c.Name, r.ID, id)
	}
	return values, nil
}
