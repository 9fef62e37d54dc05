// Package local keeps objects as files of one folder: it implements origin.Blobs.
//
// Its law: an object is written under DIR/.tmp, synced, moved to DIR/<key> by a rename that replaces nothing, and
// acknowledged when every folder above it is synced too. No path is ever handed to the kernel: each segment is opened
// on its own, below the folder before it, and no symbolic link is followed. Several processes may share the folder,
// which is one file system of Linux; where "a/b" is an object, "a/b/c" cannot be one.
package local
