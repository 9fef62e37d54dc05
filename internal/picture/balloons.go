package picture

import "image"

// Balloons returns an illustration with alpha.
func Balloons(w, h int) *image.NRGBA { return Chart(w, h) }
