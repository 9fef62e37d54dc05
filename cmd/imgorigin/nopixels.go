package main

import (
	"context"

	"github.com/imgorigin/imgorigin/transform"
)

// noPixels is the renderer of jobs that render nothing, so that they need not start libvips.
type noPixels struct{}

// Render refuses.
func (noPixels) Render(context.Context, []byte, transform.Plan) ([]byte, error) {
	return nil, transform.ErrUnsupported
}

// Fingerprint names no renderer.
func (noPixels) Fingerprint() string { return "none" }
