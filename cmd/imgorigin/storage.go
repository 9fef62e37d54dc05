package main

import (
	"fmt"
	"path/filepath"

	"github.com/imgorigin/imgorigin/blob/local"
)

// storageOptions say where the bytes of a library are. The names of variables that begin with STORAGE_ are Baasix's.
type storageOptions struct {
	StorageType storageType `help:"What keeps originals and renditions: local, a folder." env:"IMGORIGIN_STORAGE_TYPE,STORAGE_TYPE" default:"local" placeholder:"TYPE"`
	Storage     string      `help:"Folder of originals and renditions; empty: storage within --dir." env:"IMGORIGIN_STORAGE,STORAGE_LOCAL_ROOT" placeholder:"DIR"`
}

// storageType is "local", the only kind of store that there is.
type storageType string

// UnmarshalText refuses every other kind.
func (s *storageType) UnmarshalText(text []byte) error {
	switch *s = storageType(text); *s {
	case "local":
		return nil
	case "s3":
		return fmt.Errorf("s3 is not supported by this version; local is")
	}
	return fmt.Errorf("%q is no kind of store; local is", text)
}

func (d dataOptions) local() local.Config {
	c := local.DefaultConfig()
	if c.Dir = d.Storage; c.Dir == "" {
		c.Dir = filepath.Join(d.Dir, "storage")
	}
	return c
}
