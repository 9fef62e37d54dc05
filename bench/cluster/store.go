package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgorigin/imgorigin/internal/faulty"
	"github.com/imgorigin/imgorigin/internal/s3test"
)

// Store is an S3 server that is reached through a proxy that fails on demand.
type Store struct {
	Proxy *faulty.Proxy

	server *s3test.Server
	bucket string
}

func startStore(ctx context.Context) (_ *Store, err error) {
	s := &Store{}
	if s.server, err = s3test.Start(); err != nil {
		return nil, err
	}
	if s.bucket, err = s.server.NewBucket(ctx); err == nil {
		s.Proxy, err = faulty.Listen(s.server.Address())
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// env is what has the program use the store.
func (s *Store) env() []string {
	return []string{
		fmt.Sprintf("IMGORIGIN_BLOBS=s3://%s?endpoint=http://%s&region=%s&path-style=true", s.bucket, s.Proxy.Address(), s3test.Region),
		"AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey,
	}
}

func (s *Store) stop() { _ = s.close() }

func (s *Store) close() (err error) {
	if s.Proxy != nil {
		err = s.Proxy.Close()
	}
	s.server.Stop()
	return err
}
