package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/fetch"
	"github.com/imgorigin/imgorigin/origin/server"
	"github.com/imgorigin/imgorigin/origin/server/baasix"
	"github.com/imgorigin/imgorigin/origin/server/fibery"
	"github.com/imgorigin/imgorigin/origin/server/flextype"
	"github.com/imgorigin/imgorigin/origin/server/foir"
	"github.com/imgorigin/imgorigin/origin/server/pocketbase"
)

// dialectOptions say which file APIs are served, and where.
type dialectOptions struct {
	PocketBase place `help:"Where PocketBase's API is: a prefix, a host, HOST/PREFIX, or off." name:"pocketbase" default:"/" placeholder:"PLACE"`
	Fibery     place `help:"Where Fibery's file API is." default:"/" placeholder:"PLACE"`
	Foir       place `help:"Where Foir's file API is." default:"/" placeholder:"PLACE"`
	Baasix     place `help:"Where Baasix's file API is." default:"/" placeholder:"PLACE"`
	Flextype   place `help:"Where Flextype's file API is." default:"/flextype" placeholder:"PLACE"`

	FiberyVisibility   visibility `help:"Who may read what comes in through Fibery's API: public or private." default:"private" placeholder:"WHO"`
	FoirVisibility     visibility `help:"Who may read what comes in through Foir's API." default:"public" placeholder:"WHO"`
	BaasixVisibility   visibility `help:"Who may read what comes in through Baasix's API." default:"private" placeholder:"WHO"`
	FlextypeVisibility visibility `help:"Who may read what comes in through Flextype's API." default:"public" placeholder:"WHO"`

	FoirMaxFile byteSize `help:"Size of a file that is announced through Foir's API." default:"1GiB" placeholder:"SIZE"`
	FoirDirect  bool     `help:"Upload URLs of Foir's API are presigned ones of the bucket that --blobs names, to which the bytes go without passing this server."`
	PublicURL   string   `help:"How clients reach the server, such as https://files.example.com, for the addresses that answers hold; empty: by the Host header, with http." name:"public-url" placeholder:"URL"`

	FetchMethods []string       `help:"Methods of uploads from a URL." default:"GET,POST" placeholder:"METHOD,..."`
	FetchHosts   []string       `help:"The only hosts that are asked for uploads from a URL, such as example.com or *.example.com; empty: every public one." placeholder:"HOST,..."`
	FetchAllow   []netip.Prefix `help:"Private networks that are asked for uploads from a URL all the same, such as 10.1.0.0/16." placeholder:"NETWORK,..."`
}

// checks are the options' own, by name.
func (d *dialectOptions) checks() []check {
	return []check{
		{"public-url", func() error { return checkPublicURL(d.PublicURL) }},
		{"foir-max-file", func() error { return unless(d.FoirMaxFile >= 1, "must be at least 1 byte") }},
		{"fetch-methods", d.inFetch(func(c *fetch.Config) { c.Methods = d.FetchMethods })},
		{"fetch-hosts", d.inFetch(func(c *fetch.Config) { c.Hosts = d.FetchHosts })},
		{"fetch-allow", d.inFetch(func(c *fetch.Config) { c.Allow = d.FetchAllow })},
	}
}

func (d *dialectOptions) inFetch(set func(*fetch.Config)) func() error {
	return func() error {
		c := fetch.DefaultConfig()
		set(&c)
		return c.Validate()
	}
}

func checkPublicURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%q is not the beginning of a URL such as https://files.example.com", s)
	}
	return nil
}

func (d *dialectOptions) fetching() fetch.Config {
	c := fetch.DefaultConfig()
	c.Methods, c.Hosts, c.Allow = d.FetchMethods, d.FetchHosts, d.FetchAllow
	return c
}

// mount mounts what is not off. PocketBase's health check, and its answer to what no route matches, are always there.
func (s *serveOptions) mount(router *server.Router, core *origin.Origin, fetcher *fetch.Fetcher, log *slog.Logger) (err error) {
	defer func() {
		if v := recover(); v != nil { // a router's refusal of a second handler for a route: here the places are the operator's
			err = fmt.Errorf("two file APIs cannot share a place: %v", v)
		}
	}()
	if s.FoirDirect && s.Foir.on && !core.CanPresign() {
		return errors.New("--foir-direct: --blobs is no bucket, or --blobs-fallback is set")
	}
	native := pocketbase.New(core, pocketbase.Config{MaxBody: int64(s.MaxBody), Log: log})
	native.MountHealth(router)
	for _, dialect := range []struct {
		at    place
		mount func(*server.Router, server.Place)
	}{
		{s.PocketBase, native.Mount},
		{s.Fibery, fibery.New(core, fibery.Config{Visibility: origin.Visibility(s.FiberyVisibility), Fetch: fetcher, Log: log}).Mount},
		{s.Foir, foir.New(core, foir.Config{Visibility: origin.Visibility(s.FoirVisibility), MaxFile: int64(s.FoirMaxFile), Direct: s.FoirDirect, Log: log}).Mount},
		{s.Baasix, baasix.New(core, baasix.Config{Visibility: origin.Visibility(s.BaasixVisibility), Fetch: fetcher, Log: log}).Mount},
		{s.Flextype, flextype.New(core, flextype.Config{Visibility: origin.Visibility(s.FlextypeVisibility), Log: log}).Mount},
	} {
		if dialect.at.on {
			dialect.mount(router, dialect.at.Place)
		}
	}
	return nil
}

// place is a server.Place on the command line.
type place struct {
	server.Place
	on bool
}

// UnmarshalText reads a place.
func (p *place) UnmarshalText(text []byte) (err error) {
	p.Place, p.on, err = server.ParsePlace(string(text))
	return err
}

// visibility is an origin.Visibility on the command line.
type visibility origin.Visibility

// UnmarshalText reads one of the two.
func (v *visibility) UnmarshalText(text []byte) error {
	*v = visibility(text)
	return unless(*v == visibility(origin.Public) || *v == visibility(origin.Private), "must be public or private")
}
