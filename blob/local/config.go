package local

import (
	"errors"
	"fmt"
	"time"
)

// Config says where the folder is and how it is used.
type Config struct {
	// Dir is the root folder, made where it is missing. A folder on a file system of its own, mounted below Dir, is
	// not supported.
	Dir string
	// Buffer is how many bytes of a staged object are gathered before they are written: 4 KiB to 16 MiB. It is also
	// all the memory that a staged object takes.
	Buffer int
	// StaleAfter is the age from which the temporary file of a process that is no more is removed: at least a minute.
	// It spares those that a process on another machine is writing, whose locks cannot be seen here.
	StaleAfter time.Duration
}

// DefaultConfig returns the settings that serve most machines; Dir is left to the caller.
func DefaultConfig() Config {
	return Config{Buffer: 256 << 10, StaleAfter: time.Hour}
}

// Validate says what is wrong with the settings, or nil.
func (c Config) Validate() error {
	switch {
	case c.Dir == "":
		return errors.New("local: Dir is empty")
	case c.Buffer < 4<<10 || c.Buffer > 16<<20:
		return fmt.Errorf("local: Buffer is %d bytes, not 4 KiB to 16 MiB", c.Buffer)
	case c.StaleAfter < time.Minute:
		return fmt.Errorf("local: StaleAfter is %v, not at least 1m", c.StaleAfter)
	}
	return nil
}
