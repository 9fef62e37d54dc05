package rig

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// WriteSection replaces what stands in a Markdown file between the comments <!-- name --> and <!-- /name -->, or appends
// it with its comments where they are missing. Everything else in the file stays.
func WriteSection(file, name, text string) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	from, to := []byte("<!-- "+name+" -->\n"), []byte("<!-- /"+name+" -->\n")
	section := append(append(bytes.Clone(from), strings.TrimSpace(text)+"\n"...), to...)
	before, rest, begun := bytes.Cut(old, from)
	_, after, ended := bytes.Cut(rest, to)
	switch {
	case begun && !ended:
		return fmt.Errorf("%s: the section %s does not end", file, name)
	case !begun:
		if before = bytes.TrimRight(before, "\n"); len(before) > 0 {
			before = append(before, "\n\n"...)
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	temp := file + ".new"
	if err := os.WriteFile(temp, bytes.Join([][]byte{before, section, after}, nil), 0o644); err != nil {
		return err
	}
	return os.Rename(temp, file)
}

// Machine says in a few words where this runs.
func Machine() string {
	name := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, after, ok := strings.Cut(string(text), "model name\t: "); ok {
			name, _, _ = strings.Cut(after, "\n")
		}
	}
	return fmt.Sprintf("%d × %s, %s/%s", runtime.NumCPU(), name, runtime.GOOS, runtime.GOARCH)
}

// MiB writes bytes as whole mebibytes.
func MiB(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<19)>>20) }

// Median returns the middle of the values, the upper of two; of none the zero value. It leaves them in their order.
func Median[T cmp.Ordered](values []T) T {
	if len(values) == 0 {
		return *new(T)
	}
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
