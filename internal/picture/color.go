package picture

import (
	"math"
	"sync"
)

// toLinear and toSRGB are the transfer function of IEC 61966-2-1 and its inverse, for values of 0 to 1.
func toLinear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func toSRGB(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

var _ = sync.OnceValue[int]
