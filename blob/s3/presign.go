package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.PresigningBlobs = (*Store)(nil)

// deliveries is where presigned addresses lead to. It begins with a dot, so that no key does.
const deliveries = ".delivered/"

var errNoID = errors.New("not an id")

// delivery is the name of what is delivered for an id.
func (s *Store) delivery(id string) (string, error) {
	if strings.Contains(id, "/") || blob.CheckKey(origin.Key(id)) != nil || len(s.config.Prefix)+len(deliveries)+len(id) > blob.MaxKey {
		return "", fmt.Errorf("%w: %.64q", errNoID, id)
	}
	return s.config.Prefix + deliveries + id, nil
}

// PresignPut returns an address to which size bytes of contentType may be sent until expires. Both are signed, so that the
// store refuses others. It begins with PublicEndpoint where there is one. No request is made.
func (s *Store) PresignPut(ctx context.Context, id, contentType string, size int64, expires time.Time) (string, error) {
	name, err := s.delivery(id)
	if err != nil {
		return "", wrap("presign", id, err)
	}
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return "", wrap("presign", id, err)
	}
	defer leave()
	life := time.Until(expires).Truncate(time.Second)
	header := http.Header{"Content-Type": {contentType}, "Content-Length": {strconv.FormatInt(size, 10)}}
	address, err := s.public.PresignHeader(ctx, http.MethodPut, s.config.Bucket, name, life, nil, header)
	if err != nil {
		return "", wrap("presign", id, explain(ctx, err).err)
	}
	return address.String(), nil
}

// OpenDelivered opens what was sent to the address of an id.
func (s *Store) OpenDelivered(ctx context.Context, id string) (origin.Object, error) {
	name, err := s.delivery(id)
	if err != nil {
		return origin.Object{}, wrap("open delivered", id, err)
	}
	call, leave, err := s.enter(ctx)
	if err != nil {
		return origin.Object{}, wrap("open delivered", id, err)
	}
	defer leave()
	obj, err := s.openName(ctx, call, name, 0, -1)
	return obj, wrap("open delivered", id, err)
}

// DropDelivered removes what was sent to the addresses of ids.
func (s *Store) DropDelivered(ctx context.Context, ids ...string) error {
	names := make([]string, len(ids))
	for i, id := range ids {
		var err error
		if names[i], err = s.delivery(id); err != nil {
			return wrap("drop delivered", id, err)
		}
	}
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return wrap("drop delivered", "", err)
	}
	defer leave()
	return wrap("drop delivered", fmt.Sprint(len(ids)), s.deleteNames(ctx, names))
}

// sweepDelivered removes what was delivered before a time, and tells of how much.
func (s *Store) sweepDelivered(ctx context.Context, before time.Time) (swept int, err error) {
	for {
		var stale []string
		err := s.call(ctx, 0, func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			stale = nil
			options := minio.ListObjectsOptions{Prefix: s.config.Prefix + deliveries, Recursive: true}
			for object := range s.core.ListObjectsIter(ctx, s.config.Bucket, options) {
				if object.Err != nil {
					return object.Err
				}
				if object.LastModified.Before(before) {
					if stale = append(stale, object.Key); len(stale) == deleteBatch {
						break
					}
				}
			}
			return nil
		})
		if err != nil || len(stale) == 0 {
			return swept, err
		}
		if err := s.deleteNames(ctx, stale); err != nil {
			return swept, err
		}
		swept += len(stale)
		s.count.swept.Add(int64(len(stale)))
	}
}
