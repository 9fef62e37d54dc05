package cluster

import (
	"fmt"
	"syscall"
)

// mount puts a file system of so many bytes of memory on a folder.
func mount(dir string, size int64) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d", size)); err != nil {
		return fmt.Errorf("mounting a tmpfs: %w", err)
	}
	return nil
}

func unmount(dir string) { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }
