package s3

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// ParseURL reads the address of a bucket, s3://BUCKET/PREFIX?endpoint=URL&region=NAME with the parameters public-endpoint,
// path-style and unconditional, too; all is DefaultConfig's but what it names. Without an endpoint the bucket is Amazon's in
// that region. The style of the path is, where it is not named, the one that works everywhere: by host at Amazon, by path
// elsewhere. An error repeats nothing that may be a secret.
func ParseURL(address string) (Config, error) {
	c := DefaultConfig()
	u, err := url.Parse(address)
	if err != nil {
		return c, errors.New("s3: the address of the bucket is no URL")
	}
	switch {
	case u.Scheme != "s3":
		return c, errors.New("s3: the address of a bucket begins with s3://")
	case u.User != nil:
		return c, errors.New("s3: credentials do not belong into the address: they are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or in ~/.aws/credentials")
	case u.Fragment != "":
		return c, errors.New("s3: the address has a fragment")
	}
	c.Bucket = u.Host
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		c.Prefix = prefix + "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return c, errors.New("s3: the parameters of the address cannot be read")
	}
	if err := c.parameters(query); err != nil {
		return c, err
	}
	return c, c.Validate()
}

func (c *Config) parameters(query url.Values) error {
	c.Endpoint = ""
	style := ""
	for name, values := range query {
		if len(values) != 1 {
			return fmt.Errorf("s3: the parameter %.32q is given %d times", name, len(values))
		}
		var err error
		switch v := values[0]; name {
		case "endpoint":
			c.Endpoint = strings.TrimSuffix(v, "/")
		case "public-endpoint":
			c.PublicEndpoint = strings.TrimSuffix(v, "/")
		case "region":
			c.Region = v
		case "path-style":
			style = v
			c.PathStyle, err = strconv.ParseBool(v)
		case "unconditional":
			c.Unconditional, err = strconv.ParseBool(v)
		default:
			return fmt.Errorf("s3: there is no parameter %.32q: endpoint, public-endpoint, region, path-style and unconditional are", name)
		}
		if err != nil {
			return fmt.Errorf("s3: %s is neither true nor false", name)
		}
	}
	if c.Endpoint == "" {
		c.Endpoint = amazon(c.Region)
	}
	if style == "" {
		c.PathStyle = !strings.HasSuffix(c.Endpoint, amazonDomain)
	}
	return nil
}

const amazonDomain = ".amazonaws.com"

func amazon(region string) string { return "https://s3." + region + amazonDomain }
