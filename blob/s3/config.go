package s3

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

// Config says where the bucket is and how it is used.
type Config struct {
	Endpoint  string // URL of the store, http or https, without a path
	Region    string
	Bucket    string // there already
	Prefix    string // of all keys; "" or segments that end with "/"
	PathStyle bool   // the bucket is in the path of a request, not in its host
	// PublicEndpoint is the URL by which clients reach the store, for addresses that PresignPut hands out; "": Endpoint.
	PublicEndpoint string

	// AccessKey and SecretKey sign the requests, with SessionToken where they are temporary. Without them the profile of
	// CredentialsFile is looked at, then the role of the machine.
	AccessKey, SecretKey, SessionToken string
	CredentialsFile                    string // in the form of the AWS tools; "": where they look for it
	Profile                            string // "": default

	// Spool is a folder for what is being staged, which is as large as all uploads under way. What is in it is gone when
	// the process is. "": the system's folder for temporary files.
	Spool string
	// PartSize is the size in bytes above which an object is sent in parts of it: 5 MiB to 5 GiB. Objects of more than
	// 10,000 such parts are sent in larger ones.
	PartSize int64
	// Uploads is how many staged objects and parts of them are sent at once, of all together: at least 1.
	Uploads int

	// Attempts is how often a call is made until it succeeds: at least 1.
	Attempts int
	// AttemptTimeout bounds one attempt until the store answers, and Timeout a call with all its attempts. Both are
	// prolonged by a second for every MinRate bytes that the call sends.
	AttemptTimeout, Timeout time.Duration
	MinRate                 int64
	// IdleTimeout is how long the store may be silent within a body that is read, at least a second.
	IdleTimeout time.Duration
	// StaleAfter is the age from which the parts of an upload that was never completed are removed: at least an hour.
	StaleAfter time.Duration

	// Unconditional accepts a store that ignores If-None-Match. A look before the put takes its place; where two servers put
	// one key at the same moment, the later one's bytes stay and the other is not told.
	Unconditional bool
}

// DefaultConfig returns the settings that serve most stores; Endpoint, Bucket and the credentials are left to the caller.
func DefaultConfig() Config {
	return Config{
		Region: "us-east-1", PathStyle: true,
		PartSize: 16 << 20, Uploads: 8,
		Attempts: 4, AttemptTimeout: 10 * time.Second, Timeout: 25 * time.Second, MinRate: 256 << 10,
		IdleTimeout: 10 * time.Second, StaleAfter: 24 * time.Hour,
	}
}

// Validate says what is wrong with the settings, or nil. It repeats no credential.
func (c Config) Validate() error {
	if _, err := parseEndpoint(c.Endpoint); err != nil {
		return err
	}
	if c.PublicEndpoint != "" {
		if _, err := parseEndpoint(c.PublicEndpoint); err != nil {
			return err
		}
	}
	if err := s3utils.CheckValidBucketNameStrict(c.Bucket); err != nil {
		return fmt.Errorf("s3: the bucket's name is not valid: %w", err)
	}
	if c.Prefix != "" {
		if err := blob.CheckFolder(origin.Key(c.Prefix)); err != nil || len(c.Prefix) > maxPrefix {
			return fmt.Errorf("s3: the prefix is not of segments that end with \"/\", %d bytes at most", maxPrefix)
		}
	}
	switch {
	case c.Region == "":
		return errors.New("s3: Region is empty")
	case (c.AccessKey == "") != (c.SecretKey == ""):
		return errors.New("s3: of access key and secret key one is missing")
	case c.PartSize < 5<<20 || c.PartSize > 5<<30:
		return fmt.Errorf("s3: PartSize is %d bytes, not 5 MiB to 5 GiB", c.PartSize)
	case c.Uploads < 1:
		return fmt.Errorf("s3: Uploads is %d, not at least 1", c.Uploads)
	case c.Attempts < 1:
		return fmt.Errorf("s3: Attempts is %d, not at least 1", c.Attempts)
	case c.AttemptTimeout <= 0 || c.Timeout < c.AttemptTimeout:
		return fmt.Errorf("s3: AttemptTimeout is %v and Timeout %v, not above 0 and at least that", c.AttemptTimeout, c.Timeout)
	case c.MinRate < 1:
		return fmt.Errorf("s3: MinRate is %d bytes per second, not at least 1", c.MinRate)
	case c.IdleTimeout < time.Second:
		return fmt.Errorf("s3: IdleTimeout is %v, not at least 1s", c.IdleTimeout)
	case c.StaleAfter < time.Hour:
		return fmt.Errorf("s3: StaleAfter is %v, not at least 1h", c.StaleAfter)
	}
	return nil
}

// maxPrefix leaves three quarters of blob.MaxKey to the keys.
const maxPrefix = blob.MaxKey / 4

// parseEndpoint lets through a scheme with a host.
func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil: // its text repeats the address, with whatever is in it
		return nil, errors.New("s3: the endpoint is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("s3: the endpoint does not begin with http:// or https://")
	case u.User != nil:
		return nil, errors.New("s3: credentials do not belong into the endpoint")
	case u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("s3: the endpoint is more or less than a scheme and a host")
	}
	return u, nil
}
