package vips

import (
	"fmt"

	"github.com/imgorigin/imgorigin/transform"
)

// Config says what a Renderer may use. Concurrency and Arenas are settings of the
// process: every Renderer in it must have the same ones.
type Config struct {
	// Limits bounds each source and each thumbnail before anything is decoded.
	Limits transform.Limits
	// Concurrency is the number of threads that libvips uses for one picture, 1 to
	// 64. 1 gives the most pictures a second, and the least memory: more only
	// shortens the wait for a single large one.
	Concurrency int
	// Arenas caps the heaps of glibc's allocator, 1 to 64; other allocators ignore
	// it. Few arenas keep resident memory low: decoders allocate and free large
	// blocks on many threads, and each arena keeps what it once had.
	Arenas int
}

// DefaultConfig returns transform's default limits, one thread per picture and
// two arenas.
func DefaultConfig() Config {
	return Config{Limits: transform.DefaultLimits(), Concurrency: 1, Arenas: 2}
}

// Validate returns an error that wraps transform.ErrOptions and names the first
// value outside its range.
func (c Config) Validate() error {
	if err := c.Limits.Validate(); err != nil {
		return err
	}
	if c.Concurrency < 1 || c.Concurrency > 64 {
		return fmt.Errorf("%w: concurrency is %d, must be 1 to 64", transform.ErrOptions, c.Concurrency)
	}
	if c.Arenas < 1 || c.Arenas > 64 {
		return fmt.Errorf("%w: arenas is %d, must be 1 to 64", transform.ErrOptions, c.Arenas)
	}
	return nil
}
