package s3

import (
	"context"
	"time"
)

// How often abandoned uploads are looked for, and how long after Open for the first time: a command that ends soon does
// not ask.
const (
	sweepEvery = time.Hour
	sweepFirst = time.Minute
	sweepPage  = 1000
)

// sweepNowAndThen sweeps until the store is closed. What fails is tried again the next time.
func (s *Store) sweepNowAndThen() {
	timer := time.NewTimer(sweepFirst)
	defer timer.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case <-timer.C:
			_, _ = s.Sweep(s.life, s.config.StaleAfter)
			timer.Reset(sweepEvery)
		}
	}
}

// Sweep removes what was begun at least that long ago and never came to be an object, as a crash leaves it: the parts of
// uploads, and what was sent to presigned addresses. It tells of how many, and runs by itself every hour, for those older than StaleAfter.
func (s *Store) Sweep(ctx context.Context, age time.Duration) (swept int, err error) {
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return 0, wrap("sweep", s.config.Bucket, err)
	}
	defer leave()
	before := time.Now().Add(-age)
	parts, err := s.sweepParts(ctx, before)
	if err == nil {
		swept, err = s.sweepDelivered(ctx, before)
	}
	return swept + parts, wrap("sweep", s.config.Bucket, err)
}

func (s *Store) sweepParts(ctx context.Context, before time.Time) (swept int, err error) {
	keyMarker, idMarker := "", ""
	for {
		var more bool
		err := s.call(ctx, 0, func(ctx context.Context) error {
			found, err := s.core.ListMultipartUploads(ctx, s.config.Bucket, s.config.Prefix, keyMarker, idMarker, "", sweepPage)
			if err != nil {
				return err
			}
			for _, u := range found.Uploads {
				if u.Initiated.After(before) {
					continue
				}
				if err := s.core.AbortMultipartUpload(ctx, s.config.Bucket, u.Key, u.UploadID); err != nil {
					if f := explain(ctx, err); !hasCode(f.err, codeNoUpload) {
						return f
					}
				}
				swept++
				s.count.swept.Add(1)
			}
			more, keyMarker, idMarker = found.IsTruncated, found.NextKeyMarker, found.NextUploadIDMarker
			return nil
		})
		if err != nil || !more {
			return swept, err
		}
	}
}
