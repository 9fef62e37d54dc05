package origin

import (
	"fmt"
	"runtime"
	"time"

	"github.com/imgorigin/imgorigin/transform"
)

// Config is what an operator may choose about the core.
type Config struct {
	MemoryBytes    int64         // budget of the renditions kept in memory, at least 1 MiB
	MetadataBytes  int64         // budget of the file and credential rows kept in memory, at least 1 MiB
	RenditionBytes int64         // budget of the renditions kept in the blob store, least recently used go first; at least 1 MiB
	MaxSourceBytes int64         // originals above this size are never loaded for a rendition
	Workers        int           // renderers at work at once, at least 1
	QueueLength    int           // callers that may wait for a renderer; more are refused at once
	QueueWait      time.Duration // how long one may wait for a renderer
	FillTimeout    time.Duration // from the first caller's miss to the rendition's bytes
	NegativeTTL    time.Duration // how long an original that cannot be rendered, or is not there, is not tried again
	MezzanineSide  int           // longer side, in pixels, of the reduced copy that is kept of large originals, 256 to 4096; 0: none
	Limits         transform.Limits
	Options        transform.Options
}

// DefaultConfig is a config for a small machine.
func DefaultConfig() Config {
	return Config{
		MemoryBytes:    256 << 20,
		MetadataBytes:  32 << 20,
		RenditionBytes: 10 << 30,
		MaxSourceBytes: 128 << 20,
		Workers:        runtime.NumCPU(),
		QueueLength:    256,
		QueueWait:      20 * time.Second,
		FillTimeout:    60 * time.Second,
		NegativeTTL:    30 * time.Second,
		Limits:         transform.DefaultLimits(),
		Options:        transform.DefaultOptions(),
	}
}

// Validate tells the first thing wrong with c, in words for the operator.
func (c Config) Validate() error {
	const mib = 1 << 20
	for _, b := range []struct {
		name   string
		v, min int64
	}{
		{"memory budget", c.MemoryBytes, mib},
		{"metadata budget", c.MetadataBytes, mib},
		{"rendition budget", c.RenditionBytes, mib},
		{"source size limit", c.MaxSourceBytes, 1},
		{"workers", int64(c.Workers), 1},
		{"queue length", int64(c.QueueLength), 0},
		{"queue wait", int64(c.QueueWait), 1},
		{"fill timeout", int64(c.FillTimeout), 1},
		{"negative time to live", int64(c.NegativeTTL), 0},
	} {
		if b.v < b.min {
			return fmt.Errorf("%s must be at least %d, not %d", b.name, b.min, b.v)
		}
	}
	if c.MezzanineSide != 0 && (c.MezzanineSide < 256 || c.MezzanineSide > 4096) {
		return fmt.Errorf("mezzanine side must be 0, or 256 to 4096, not %d", c.MezzanineSide)
	}
	if err := c.Limits.Validate(); err != nil {
		return err
	}
	return c.Options.Validate()
}

// admission is the gate that the config asks for: one job per worker, and as much cost and memory as that many
// ordinary pictures have.
func (c Config) admission() transform.AdmissionConfig {
	gate := transform.DefaultAdmissionConfig()
	gate.Capacity = gate.Capacity / int64(gate.Slots) * int64(c.Workers)
	gate.Memory = gate.Memory / int64(gate.Slots) * int64(c.Workers)
	gate.Slots = c.Workers
	gate.MaxQueue = c.QueueLength
	gate.MaxWait = c.QueueWait
	return gate
}

// passwordQueue is how many passwords wait for their turn: about a second's work of one core.
const passwordQueue = 16

// passwordAdmission is the gate that passwords pass before the one above: half of the workers at most.
func (c Config) passwordAdmission() transform.AdmissionConfig {
	slots := max(1, c.Workers/2)
	return transform.AdmissionConfig{
		Slots: slots, Capacity: int64(slots) * passwordWork, MaxQueue: passwordQueue, MaxWait: c.QueueWait,
	}
}
