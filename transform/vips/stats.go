package vips

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/imgorigin/imgorigin/transform"
)

// Stats counts what a Renderer did since it was made. Warnings and what follows
// it are the process's.
type Stats struct {
	ViaBimg    int64 // renditions made by bimg alone
	ViaLibvips int64 // renditions made by our own steps
	Retried    int64 // renders of bimg that our own steps had to confirm

	ViaShared   int64 // renditions made from one decode with others
	Decodes     int64 // of RenderAll: how often it decoded
	SharedBytes int64 // held now for what is made from one decode, bytes

	Unsupported int64 // sources of a format that is not rendered
	Corrupt     int64 // sources that cannot be decoded in whole
	TooLarge    int64 // refused for their pixels, of the source or the thumbnail
	TooComplex  int64 // refused for frames, scans or metadata
	Cancelled   int64 // given up because the context ended
	Failed      int64 // any other error
	Panics      int64 // of those, panics

	Warnings        int64 // logged by libvips and GLib
	MemoryBytes     int64 // held by libvips for pixels now
	MemoryPeakBytes int64 // the most that it ever held
	Allocations     int   // blocks held by libvips now
	Files           int   // files held open by libvips now
	Operations      int   // operations in libvips' cache now
	Concurrency     int   // threads that libvips uses for one picture
}

type counters struct {
	decodes, viaShared, sharedBytes                                       atomic.Int64
	viaBimg, viaLibvips, retried                                          atomic.Int64
	unsupported, corrupt, tooLarge, tooComplex, failed, panics, cancelled atomic.Int64
}

// Stats returns the counters as they are now.
func (r *Renderer) Stats() Stats {
	s := Stats{
		ViaBimg:     r.viaBimg.Load(),
		ViaLibvips:  r.viaLibvips.Load(),
		Retried:     r.retried.Load(),
		ViaShared:   r.viaShared.Load(),
		Decodes:     r.decodes.Load(),
		SharedBytes: r.sharedBytes.Load(),
		Unsupported: r.unsupported.Load(),
		Corrupt:     r.corrupt.Load(),
		TooLarge:    r.tooLarge.Load(),
		TooComplex:  r.tooComplex.Load(),
		Cancelled:   r.cancelled.Load(),
		Failed:      r.failed.Load(),
		Panics:      r.panics.Load(),
		Warnings:    warnings(),
	}
	s.MemoryBytes, s.MemoryPeakBytes, s.Allocations, s.Files = memory()
	s.Operations, s.Concurrency = settings()
	return s
}

// count files an error under its kind.
func (c *counters) count(ctx context.Context, err error) {
	switch {
	case err == nil:
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		c.cancelled.Add(1)
	case errors.Is(err, transform.ErrUnsupported):
		c.unsupported.Add(1)
	case errors.Is(err, transform.ErrCorrupt):
		c.corrupt.Add(1)
	case errors.Is(err, transform.ErrTooManyPixels):
		c.tooLarge.Add(1)
	case errors.Is(err, transform.ErrTooComplex):
		c.tooComplex.Add(1)
	default:
		c.failed.Add(1)
	}
}
