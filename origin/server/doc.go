// Package server is the HTTP host: it routes, bounds and times requests, writes contents by RFC 9110 and RFC 9111,
// counts, and drains.
//
// Its law: fasthttp ends here. Handlers see a *Request, whose strings are copies that may outlive it; what they hand to
// the core are plain Go values. A handler that panics costs its own request and nothing else. The package knows no
// dialect: dialects mount themselves on a Router and bring their own words for errors.
package server
