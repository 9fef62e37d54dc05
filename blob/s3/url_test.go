package s3

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for address, want := range map[string]string{
		"s3://pictures":                                    "https://s3.us-east-1.amazonaws.com pictures  us-east-1 path-style=false",
		"s3://pictures/?region=eu-west-1":                  "https://s3.eu-west-1.amazonaws.com pictures  eu-west-1 path-style=false",
		"s3://pictures/a/b?endpoint=http://127.0.0.1:9000": "http://127.0.0.1:9000 pictures a/b/ us-east-1 path-style=true",
		"s3://pictures/a/?endpoint=https://s3.example.com/&region=r&path-style=false": "https://s3.example.com pictures a/ r path-style=false",
		"s3://pictures?endpoint=" + url.QueryEscape("http://[::1]:9000"):              "http://[::1]:9000 pictures  us-east-1 path-style=true",
	} {
		c, err := ParseURL(address)
		if got := fmt.Sprintf("%s %s %s %s path-style=%v", c.Endpoint, c.Bucket, c.Prefix, c.Region, c.PathStyle); got != want || err != nil {
			t.Errorf("%s: %s, %v, not %s", address, got, err, want)
		}
	}
	for _, address := range []string{"", "s3:", "s3://", "s3:bucket", "s4://bucket", "s3://u:word@bucket", "s3://Bucket", "s3://a", "s3://bucket/../x",
		"s3://bucket/.x", "s3://bucket?region=", "s3://bucket?region=a&region=b", "s3://bucket?word=1", "s3://bucket#word", "s3://bucket?path-style=word",
		"s3://bucket?endpoint=http://u:word@h", "s3://bucket?endpoint=http://h/word", "s3://bucket?endpoint=word", "s3://bucket?%zz", "s3://bucket?endpoint=http://h%3Fword=1"} {
		if _, err := ParseURL(address); err == nil || strings.Contains(err.Error(), "u:word") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// FuzzParseURL: what is read is valid, and an error is one line without what was given as a password.
func FuzzParseURL(f *testing.F) {
	for _, address := range []string{"s3://bucket/a?endpoint=http://h:1&region=r&path-style=true&unconditional=false", "s3://u:p@bucket", "s3://%zz", "s3://bucket?%zz", "x"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		c, err := ParseURL(address)
		if err == nil {
			err = c.Validate()
			if err != nil || strings.HasPrefix(c.Prefix, "/") || c.Bucket == "" {
				t.Fatalf("%q is read as %+v: %v", address, c, err)
			}
			return
		}
		if strings.ContainsAny(err.Error(), "\r\n") {
			t.Fatalf("%q: an error of two lines: %q", address, err)
		}
		if u, e := url.Parse(address); e == nil && u.User != nil {
			if word, _ := u.User.Password(); len(word) > 12 && strings.Contains(err.Error(), word) {
				t.Fatalf("%q: the error tells the password: %v", address, err)
			}
		}
	})
}
