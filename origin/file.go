package origin

import (
	"time"

	"github.com/imgorigin/imgorigin/transform"
)

// File is the catalog's row of one stored file.
type File struct {
	FileRef
	Field        FieldID
	OriginalName string         // as the uploader called it
	Size         int64          // bytes
	ContentType  string         // by magic bytes at upload; the declared type is never believed
	SHA256       string         // of the bytes, lower-case hex
	Image        transform.Meta // from the header; zero Format where the bytes are no picture that we can transform
	Committed    time.Time      // when the file became visible, to the millisecond: Last-Modified on every replica
}

// ETag is the strong entity tag of the file's bytes (RFC 9110 section 8.8.1), quotes included.
func (f *File) ETag() string { return etagOfHex(f.SHA256) }
