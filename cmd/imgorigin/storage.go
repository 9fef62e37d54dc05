package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgorigin/imgorigin/blob/fallback"
	"github.com/imgorigin/imgorigin/blob/local"
	"github.com/imgorigin/imgorigin/blob/s3"
	"github.com/imgorigin/imgorigin/origin"
)

// storageOptions say where the bytes of a library are. The names of variables that begin with STORAGE_ are Baasix's.
type storageOptions struct {
	Blobs         blobsAddress `help:"What keeps originals and renditions: local, a folder; local:DIR; or a bucket that several servers may share, s3://BUCKET/PREFIX?endpoint=http://HOST:PORT&region=NAME&path-style=true. Credentials are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile of ~/.aws/credentials, or the machine's role." placeholder:"ADDRESS"`
	BlobsFallback blobsAddress `help:"The store that originals and renditions move away from, in the form of --blobs: what is absent in --blobs is read there, and nothing is written there. For as long as imgorigin migrate has not moved all of it." placeholder:"ADDRESS"`
	StorageType   storageType  `help:"The same, where --blobs is silent: local, or s3 with the variables STORAGE_S3_BUCKET, STORAGE_S3_REGION, STORAGE_S3_ENDPOINT, STORAGE_S3_ACCESS_KEY and STORAGE_S3_SECRET_KEY." env:"IMGORIGIN_STORAGE_TYPE,STORAGE_TYPE" default:"local" placeholder:"TYPE"`
	Storage       string       `help:"Folder of originals and renditions; empty: storage within --dir." env:"IMGORIGIN_STORAGE,STORAGE_LOCAL_ROOT" placeholder:"DIR"`
	Spool         string       `help:"Folder for uploads on their way to a bucket, as large as those under way at once; empty: spool within --dir." placeholder:"DIR"`
}

// storageType is "local" or "s3".
type storageType string

// UnmarshalText refuses every other kind.
func (s *storageType) UnmarshalText(text []byte) error {
	switch *s = storageType(text); *s {
	case "local", "s3":
		return nil
	}
	return fmt.Errorf("%q is no kind of store; local and s3 are", text)
}

// blobsAddress is "", "local", "local:DIR" or the address of a bucket.
type blobsAddress string

const (
	inFolder blobsAddress = "local"
	folderAt              = "local:"
	bucketAt              = "s3:"
)

// UnmarshalText refuses what cannot be an address. It repeats nothing of it, because somebody may have put a key into it.
func (b *blobsAddress) UnmarshalText(text []byte) error {
	*b = blobsAddress(text)
	switch address := string(text); {
	case address == "", *b == inFolder, strings.HasPrefix(address, folderAt) && address != folderAt:
		return nil
	case strings.HasPrefix(address, bucketAt):
		_, err := s3.ParseURL(address)
		return err
	}
	return errors.New("neither local, nor local: with a folder, nor an address that begins with s3://")
}

// blobs is where the bytes are, after all that may say so.
func (d dataOptions) blobs() (blobsAddress, error) {
	if d.Blobs != "" || d.StorageType != "s3" {
		return cmp.Or(d.Blobs, inFolder), nil
	}
	bucket := os.Getenv("STORAGE_S3_BUCKET")
	if bucket == "" {
		return "", errors.New("STORAGE_TYPE is s3, and STORAGE_S3_BUCKET is empty")
	}
	query := url.Values{}
	for name, variable := range map[string]string{"region": "STORAGE_S3_REGION", "endpoint": "STORAGE_S3_ENDPOINT"} {
		if v := os.Getenv(variable); v != "" {
			query.Set(name, v)
		}
	}
	return blobsAddress("s3://" + bucket + "?" + query.Encode()), nil
}

// openBlobs opens the store, and makes it where it is a folder that there is not.
func (d dataOptions) openBlobs(ctx context.Context) (origin.Blobs, error) {
	address, err := d.blobs()
	if err != nil {
		return nil, err
	}
	store, err := d.openBlobsAt(ctx, "--blobs", address)
	if err != nil || d.BlobsFallback == "" {
		return store, err
	}
	if address == d.BlobsFallback {
		return nil, errors.Join(errors.New("--blobs-fallback: it is the same as --blobs"), store.Close())
	}
	former, err := d.openBlobsAt(ctx, "--blobs-fallback", d.BlobsFallback)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return fallback.New(store, former), nil
}

// openBlobsAt opens the store at an address that an option names; "local" is the folder of these options.
func (d dataOptions) openBlobsAt(ctx context.Context, option string, address blobsAddress) (origin.Blobs, error) {
	if strings.HasPrefix(string(address), bucketAt) {
		c, err := d.bucket(string(address))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", option, err)
		}
		store, err := s3.Open(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", option, err)
		}
		return store, nil
	}
	c := d.local()
	if dir, ok := strings.CutPrefix(string(address), folderAt); ok {
		c.Dir = dir
	} else {
		option = "--dir"
	}
	store, err := local.Open(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	return store, nil
}

func (d dataOptions) local() local.Config {
	c := local.DefaultConfig()
	if c.Dir = d.Storage; c.Dir == "" {
		c.Dir = filepath.Join(d.Dir, "storage")
	}
	return c
}

// bucket adds to an address what it does not say. AWS's variables go before Baasix's, and a pair is never mixed of both.
func (d dataOptions) bucket(address string) (s3.Config, error) {
	c, err := s3.ParseURL(address)
	if err != nil {
		return c, err
	}
	for _, v := range [][3]string{
		{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"},
		{"STORAGE_S3_ACCESS_KEY", "STORAGE_S3_SECRET_KEY", ""},
	} {
		if c.AccessKey == "" && c.SecretKey == "" {
			c.AccessKey, c.SecretKey, c.SessionToken = os.Getenv(v[0]), os.Getenv(v[1]), os.Getenv(v[2])
		}
	}
	c.CredentialsFile, c.Profile = os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), os.Getenv("AWS_PROFILE")
	c.Spool = cmp.Or(d.Spool, filepath.Join(d.Dir, "spool"))
	return c, nil
}
