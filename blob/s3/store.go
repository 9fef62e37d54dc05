package s3

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.Blobs = (*Store)(nil)

// Store is an open bucket.
type Store struct {
	config    Config
	core      *minio.Core
	public    *minio.Core // signs addresses for clients; it makes no request
	transport *http.Transport
	sending   chan struct{} // a place for each staged object or part that is sent
	count     counters

	life context.Context // ends with Close
	end  context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // operations, and the sweeper
}

// openTimeout bounds Open: who starts a server waits for it.
const openTimeout = 20 * time.Second

// Open opens a bucket. It fails where the store does not answer, has no such bucket, refuses the credentials, or ignores
// conditions on puts without Unconditional.
func Open(ctx context.Context, config Config) (*Store, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Store{config: config, sending: make(chan struct{}, config.Uploads)}
	s.life, s.end = context.WithCancel(context.Background())
	if err := s.open(ctx); err != nil {
		_ = s.Close()
		return nil, wrap("open", config.Bucket, err)
	}
	s.running.Go(s.sweepNowAndThen)
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := s.checkSpool(); err != nil {
		return err
	}
	s.transport = newTransport()
	creds := s.config.credentials()
	if err := checkCredentials(creds); err != nil {
		return err
	}
	var err error
	if s.core, err = s.client(s.config.Endpoint, creds); err != nil {
		return err
	}
	if s.public, err = s.client(cmp.Or(s.config.PublicEndpoint, s.config.Endpoint), creds); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return s.checkConditions(ctx)
}

func (s *Store) client(endpoint string, creds *credentials.Credentials) (*minio.Core, error) {
	u, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupDNS
	if s.config.PathStyle {
		lookup = minio.BucketLookupPath
	}
	core, err := minio.NewCore(u.Host, &minio.Options{
		Creds: creds, Secure: u.Scheme == "https", Transport: s.transport, Region: s.config.Region, BucketLookup: lookup,
		MaxRetries: 1, // attempts are ours: the library's have no deadlines
	})
	if err != nil {
		return nil, errors.New("the endpoint is not one of an S3 store") // the library's text repeats it
	}
	return core, nil
}

// newTransport makes one of connections that are kept for a minute. Deadlines are those of the contexts.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConns: 256, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
		DisableCompression: true, // lengths are to be those of the objects
	}
}

// marker is an object whose only use is to be there. Its name is no key.
const marker = ".imgorigin"

// checkConditions puts the marker, which tells of the bucket and the credentials all that matters, too. Where it is there
// already the store must refuse.
func (s *Store) checkConditions(ctx context.Context) error {
	for range 2 {
		err := s.putMarked(ctx, s.config.Prefix+marker, bytes.NewReader([]byte("imgorigin\n")), 10, new(mark))
		switch {
		case errors.Is(err, origin.ErrExists):
			return nil
		case err != nil:
			return err
		case s.config.Unconditional:
			return nil
		}
	}
	return errors.New("the store ignores If-None-Match, by which two servers agree on who was first; unconditional=true accepts that")
}

// checkSpool tells whether something can be staged.
func (s *Store) checkSpool() error {
	if s.config.Spool != "" {
		if err := os.MkdirAll(s.config.Spool, 0o700); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
	}
	f, err := newSpool(s.config.Spool)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return f.Close()
}

// name is the key in the bucket.
func (s *Store) name(key origin.Key) string { return s.config.Prefix + string(key) }

// checkKey lets through what is a key, and no longer than the bucket allows with the prefix before it.
func (s *Store) checkKey(key origin.Key) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	if len(s.config.Prefix)+len(key) > blob.MaxKey {
		return fmt.Errorf("the key has %d bytes, more than %d with its prefix", len(key), blob.MaxKey)
	}
	return nil
}

// Check asks for the bucket, once.
func (s *Store) Check(ctx context.Context) error {
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return wrap("check", s.config.Bucket, err)
	}
	defer leave()
	f := s.attempt(ctx, s.config.AttemptTimeout, func(ctx context.Context) error {
		there, err := s.core.BucketExists(ctx, s.config.Bucket)
		if err == nil && !there {
			return failure{err: errors.New("there is no such bucket")}
		}
		return err
	})
	if ctx.Err() != nil {
		f.err = ended(ctx)
	}
	return wrap("check", s.config.Bucket, f.err)
}

// Close ends the operations that run, with ErrClosed, and waits for them. Bodies that are open stay readable, as long
// as the store does not cut them.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.running.Wait()
	if s.transport != nil {
		s.transport.CloseIdleConnections()
	}
	return nil
}
