package picture

import "testing"

// The sizes of the demo.

func BenchmarkLandscape(b *testing.B) {
	for b.Loop() {
		Landscape(4000, 3000, 1)
	}
}

func BenchmarkFlower(b *testing.B) {
	for b.Loop() {
		Flower(1600, 1200, 1)
	}
}

func BenchmarkBalloons(b *testing.B) {
	for b.Loop() {
		Balloons(1600, 1200)
	}
}

func BenchmarkPinwheel(b *testing.B) {
	for b.Loop() {
		Pinwheel(480, 24)
	}
}

func BenchmarkWebP(b *testing.B) {
	img := Flower(1600, 1200, 1)
	for b.Loop() {
		if _, err := WebP(img); err != nil {
			b.Fatal(err)
		}
	}
}
