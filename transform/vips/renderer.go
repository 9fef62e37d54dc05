package vips

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/h2non/bimg"

	"github.com/imgorigin/imgorigin/transform"
)

// ErrClosed means that the Renderer was closed before.
var ErrClosed = errors.New("vips: renderer is closed")

// policy is the version of everything here that decides how a rendition looks:
// it goes up whenever the same source and plan would give other bytes.
const policy = 4

// Renderer makes thumbnails. It is safe for concurrent use; how many renders run
// at a time is the caller's decision (transform.Admission).
type Renderer struct {
	config Config
	counters
	workers workers

	mu     sync.RWMutex // held for reading by every render
	closed bool
}

// New initialises libvips for the process and returns a Renderer. The error wraps
// transform.ErrOptions, or says that libvips does not start or already runs with
// other settings.
//
// From then on libvips caches no operation, opens nothing but JPEG, PNG, GIF and
// WebP, and its warnings are counted instead of printed, GLib's included.
func New(c Config) (*Renderer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := start(c.Concurrency, c.Arenas); err != nil {
		return nil, err
	}
	return &Renderer{config: c}, nil
}

// Close waits for the renders that are under way and ends the threads; later renders fail with ErrClosed.
// libvips stays loaded, for it cannot be started twice in one process.
func (r *Renderer) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.workers.stop()
	return nil
}

// Fingerprint names what renders, in [a-z0-9.-]: renditions of different
// fingerprints may differ in their bytes, and belong under different keys.
func (r *Renderer) Fingerprint() string {
	return fmt.Sprintf("p%d-libvips%s-bimg%s", policy, version(), bimg.Version)
}

// Render makes the rendition of src that p names. The bytes belong to the caller;
// src is read only until Render returns.
//
// Outcomes:
//  1. the rendition;
//  2. transform.ErrUnsupported: src is none of the four formats, or of a kind of
//     JPEG that is not read here, or p names no output format;
//  3. transform.ErrCorrupt: src cannot be decoded in whole;
//  4. transform.ErrTooManyPixels, transform.ErrTooComplex: beyond the limits,
//     found before anything was decoded;
//  5. transform.ErrThumb: p has no dimensions;
//  6. the context's cause, before or while rendering;
//  7. ErrClosed;
//  8. any other error: not the source's fault.
//
// Errors 2 to 5 are final for this source and plan.
func (r *Renderer) Render(ctx context.Context, src []byte, p transform.Plan) (out []byte, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	defer func() {
		if v := recover(); v != nil {
			r.panics.Add(1)
			out, err = nil, fmt.Errorf("vips: panic: %v\n%s", v, debug.Stack())
		}
		r.count(ctx, err)
	}()
	if r.closed {
		return nil, ErrClosed
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m, l, err := r.admit(src, p)
	if err != nil {
		return nil, err
	}
	if err := intact(src, m); err != nil {
		return nil, err
	}
	return r.render(ctx, src, m, l, p)
}

// admit decides by the header alone whether src may be decoded for p.
func (r *Renderer) admit(src []byte, p transform.Plan) (transform.Meta, layout, error) {
	m, err := r.examine(src)
	if err != nil {
		return m, layout{}, err
	}
	w, h := m.Upright()
	l, err := r.layOut(m, transform.Size{Width: w, Height: h}, p)
	return m, l, err
}

// examine decides by the header alone whether src may be decoded.
func (r *Renderer) examine(src []byte) (transform.Meta, error) {
	m, err := transform.Probe(bytes.NewReader(src), int64(len(src)))
	if err != nil {
		return m, err
	}
	if err := r.config.Limits.Check(m); err != nil {
		return m, err
	}
	switch {
	case m.Format == transform.JPEG && (m.Depth != 8 || m.Components == 2):
		// libjpeg is built for 8 bits; two components have no colour space.
		return m, fmt.Errorf("%w: JPEG of %d components, %d bits each", transform.ErrUnsupported, m.Components, m.Depth)
	case m.FrameCut:
		return m, fmt.Errorf("%w: %s is cut", transform.ErrCorrupt, m.Format)
	}
	return m, nil
}

// layOut decides whether p may be made of a source of this upright size.
func (r *Renderer) layOut(m transform.Meta, upright transform.Size, p transform.Plan) (layout, error) {
	if p.Output.MaxSide() == 0 {
		return layout{}, fmt.Errorf("%w: output %v", transform.ErrUnsupported, p.Output)
	}
	g := p.Thumb.Geometry(upright.Width, upright.Height)
	if g.Size().Pixels() == 0 {
		return layout{}, transform.ErrThumb
	}
	if err := r.config.Limits.CheckOutput(g, p.Output); err != nil {
		return layout{}, err
	}
	return newLayout(g, orientation(m.Orientation)), nil
}

// render takes the path that choose picked. Where libvips has something to say
// about the header, bimg's result could not be told from a damaged one. Where
// something was logged while bimg worked, perhaps by another render, our own steps
// decide whether the source is damaged; an intact one keeps bimg's bytes, so that
// one plan has one sequence of them.
func (r *Renderer) render(ctx context.Context, src []byte, m transform.Meta, l layout, p transform.Plan) ([]byte, error) {
	if path, _ := choose(m, l, p); path == viaLibvips {
		return r.viaSteps(ctx, src, m, l, p)
	}
	size, quiet, err := r.workers.header(ctx, src, m.Format)
	if err != nil {
		return nil, err
	}
	if size != l.source {
		return nil, errLoadedSize
	}
	if !quiet {
		return r.viaSteps(ctx, src, m, l, p)
	}
	var out []byte
	var clean bool
	var bimgErr error
	apart(func() { out, clean, bimgErr = renderBimg(src, l, p) })
	if bimgErr == nil && clean {
		r.viaBimg.Add(1)
		return out, nil
	}
	r.retried.Add(1)
	own, err := r.viaSteps(ctx, src, m, l, p)
	if err != nil || bimgErr != nil {
		return own, err
	}
	return out, nil
}

// viaSteps renders by our own steps.
func (r *Renderer) viaSteps(ctx context.Context, src []byte, m transform.Meta, l layout, p transform.Plan) ([]byte, error) {
	out, err := r.workers.render(ctx, src, m, l, p)
	if err == nil {
		r.viaLibvips.Add(1)
	}
	return out, err
}
