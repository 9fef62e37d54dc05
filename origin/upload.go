package origin

import (
	"context"
	"io"

	"github.com/imgorigin/imgorigin/transform"
)

// Upload is a file whose bytes are in the blob store but not yet visible. It is made by Stage, used by one goroutine at
// a time, and ended by the write that it is given to, whatever that write returns, or by Discard.
type Upload struct {
	OriginalName string         // as the uploader called it
	Size         int64          // bytes
	ContentType  string         // by magic bytes
	SHA256       string         // lower-case hex
	Image        transform.Meta // zero Format where the bytes are no picture that we can transform

	name   FileName // what the file will be called
	staged Staged
}

// Stage takes the bytes of an upload to the blob store, hashing and sniffing them as they pass. More than limit bytes
// are Kind TooLarge. A declared type is never believed.
func (o *Origin) Stage(ctx context.Context, name string, r io.Reader, limit int64) (*Upload, error) {
	return nil, &Error{Op: "stage", Kind: Internal}
}

// Discard removes the bytes of an upload that nothing was made of. It does nothing after a write took the upload.
func (u *Upload) Discard() {}
