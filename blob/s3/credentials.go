package s3

import (
	"errors"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// roleTimeout bounds each question to the machine for its role, of which there are two or three. On a machine that has
// none the address does not even refuse.
const roleTimeout = 2 * time.Second

// errNoCredentials lists where they were looked for.
var errNoCredentials = errors.New("there are no credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor such a profile in the credentials file, nor a role of this machine")

// credentials are those of the configuration, else those of the file, else the machine's role, which change by themselves.
func (c Config) credentials() *credentials.Credentials {
	if c.AccessKey != "" {
		return credentials.NewStaticV4(c.AccessKey, c.SecretKey, c.SessionToken)
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.FileAWSCredentials{Filename: c.CredentialsFile, Profile: c.Profile},
		&credentials.IAM{Client: &http.Client{Timeout: roleTimeout, Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}},
	})
}

// checkCredentials tells whether there are any, so that no request goes out unsigned.
func checkCredentials(creds *credentials.Credentials) error {
	value, err := creds.GetWithContext(nil)
	if err != nil || value.SignerType.IsAnonymous() {
		return errNoCredentials // the error's own text may quote the file
	}
	return nil
}
