package s3

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const (
	maxParts = 10_000 // of one upload, by the protocol
	// joinRate is how fast a store is expected to join parts, bytes per second: some copy them.
	joinRate = 16 << 20
	// abortTimeout bounds taking an upload back, after which the sweeper will.
	abortTimeout = 5 * time.Second
)

// putParts puts an object part by part. It is visible when the parts are joined, by a conditional request.
func (s *Store) putParts(ctx context.Context, name string, data io.ReaderAt, size int64, m *mark) (err error) {
	var upload string
	err = s.call(ctx, 0, func(ctx context.Context) error {
		options := minio.PutObjectOptions{UserMetadata: m.metadata()}
		upload, err = s.core.NewMultipartUpload(ctx, s.config.Bucket, name, options)
		return err
	})
	if err != nil {
		return err
	}
	parts, err := s.sendParts(ctx, name, upload, data, size)
	if err == nil {
		err = s.join(ctx, name, upload, parts, size, m)
	}
	if err != nil {
		s.abort(ctx, name, upload)
	}
	return err
}

// partSize is PartSize, or more where there would be too many.
func (s *Store) partSize(size int64) int64 {
	return max(s.config.PartSize, (size+maxParts-1)/maxParts)
}

func (s *Store) sendParts(ctx context.Context, name, upload string, data io.ReaderAt, size int64) ([]minio.CompletePart, error) {
	each := s.partSize(size)
	parts := make([]minio.CompletePart, (size+each-1)/each)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.config.Uploads)
	for i := range parts {
		offset := int64(i) * each
		section := io.NewSectionReader(data, offset, min(each, size-offset))
		group.Go(func() (err error) {
			parts[i], err = s.sendPart(ctx, name, upload, i+1, section)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return parts, nil
}

func (s *Store) sendPart(ctx context.Context, name, upload string, number int, section *io.SectionReader) (minio.CompletePart, error) {
	release, err := s.place(ctx)
	if err != nil {
		return minio.CompletePart{}, err
	}
	defer release()
	size := section.Size()
	sum, err := hash(io.NewSectionReader(section, 0, size))
	if err != nil {
		return minio.CompletePart{}, err
	}
	part := minio.CompletePart{PartNumber: number}
	err = s.call(ctx, size, func(ctx context.Context) error {
		body := newGate(io.NewSectionReader(section, 0, size))
		defer body.close()
		sent, err := s.core.PutObjectPart(ctx, s.config.Bucket, name, upload, number, body, size,
			minio.PutObjectPartOptions{Sha256Hex: sum, DisableContentSha256: true})
		part.ETag = sent.ETag
		return err
	})
	if err != nil {
		return part, fmt.Errorf("part %d: %w", number, err)
	}
	return part, nil
}

func (s *Store) join(ctx context.Context, name, upload string, parts []minio.CompletePart, size int64, m *mark) error {
	wait := size / joinRate * s.config.MinRate // as call reckons
	return s.call(ctx, wait, func(ctx context.Context) error {
		var options minio.PutObjectOptions
		if err := s.condition(ctx, name, &options); err != nil {
			return s.settle(ctx, name, m, err)
		}
		_, err := s.core.CompleteMultipartUpload(ctx, s.config.Bucket, name, upload, parts, options)
		if err == nil {
			return nil
		}
		f := explain(ctx, err)
		if m.doubt && hasCode(f.err, codeNoUpload) { // joined by the attempt before
			f.err = errTaken
		}
		return s.settle(ctx, name, m, f)
	})
}

// abort takes back the parts, even where the caller has gone.
func (s *Store) abort(ctx context.Context, name, upload string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_ = s.core.AbortMultipartUpload(ctx, s.config.Bucket, name, upload)
}
