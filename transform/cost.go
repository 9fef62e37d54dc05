package transform

// Cost estimates the CPU time in microseconds that rendering p from a source with
// header m takes, for Admission. Only ratios matter.
func Cost(m Meta, p Plan) int64 {
	return 1 + m.Pixels()/100
}
