package origin

// View is a record as one caller may see it: everything that a dialect needs to print it.
type View struct {
	Collection *Collection
	Record     *Record
	Fields     []*Field             // those that the caller may see, in schema order; passwords and token keys never
	Expand     map[string]*Expanded // by relation field; only what exists and the caller may view
}

// Expanded is what a relation field refers to.
type Expanded struct {
	Multiple bool    // whether the field is a list
	Views    []*View // in the field's order; one where not Multiple
}
