package origin

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxEmail     = 254  // bytes: RFC 5321, section 4.5.3.1.3 less the angle brackets
	maxLocalPart = 64   // bytes: RFC 5321, section 4.5.3.1.1
	maxDomain    = 253  // bytes: RFC 1035, section 2.3.4 in text form
	maxLabel     = 63   // bytes: RFC 1035, section 2.3.4
	maxURL       = 2083 // bytes, PocketBase's
)

func checkEmail(f *Field, s string) *Complaint {
	if s == "" {
		if f.Required {
			return blank()
		}
		return nil
	}
	if !isEmail(s) {
		return &Complaint{Code: "validation_is_email", Message: "Must be a valid email address."}
	}
	if !domainAllowed(f, s[strings.LastIndexByte(s, '@')+1:]) {
		return &Complaint{Code: "validation_email_domain_not_allowed", Message: "Email domain is not allowed."}
	}
	return nil
}

func checkURL(f *Field, s string) *Complaint {
	if s == "" {
		if f.Required {
			return blank()
		}
		return nil
	}
	host, ok := urlHost(s)
	if !ok {
		return &Complaint{Code: "validation_invalid_url", Message: "Must be a valid url."}
	}
	if !domainAllowed(f, host) {
		return &Complaint{Code: "validation_url_domain_not_allowed", Message: "Url domain is not allowed."}
	}
	return nil
}

func domainAllowed(f *Field, domain string) bool {
	if len(f.OnlyDomains) > 0 && !slices.Contains(f.OnlyDomains, domain) {
		return false
	}
	return !slices.Contains(f.ExceptDomains, domain)
}

// isEmail tells whether s is local@domain: a dot-atom of RFC 5322, section 3.2.3, with the letters of RFC 6531, and a
// domain name of two labels or more. Quoted local parts and address literals are nobody's address any more.
func isEmail(s string) bool {
	local, domain, ok := cutLast(s, '@')
	if !ok || len(s) > maxEmail || local == "" || len(local) > maxLocalPart || !utf8.ValidString(s) {
		return false
	}
	for _, atom := range strings.Split(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtext(r) }) {
			return false
		}
	}
	return isDomain(domain)
}

func isAtext(r rune) bool {
	return isWord(r) || strings.ContainsRune("!#$%&'*+-/=?^`{|}~", r) || r > unicode.MaxASCII && unicode.IsPrint(r)
}

// isDomain tells whether s is a domain name of two labels or more that ends with more than digits.
func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(s) > maxDomain || len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' }) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return utf8.RuneCountInString(last) > 1 && strings.ContainsFunc(last, unicode.IsLetter)
}

// urlHost returns the host, with its port, of an absolute URL. As in PocketBase the scheme may be left out.
func urlHost(s string) (string, bool) {
	if len(s) > maxURL || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "", false
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || !slices.Contains([]string{"http", "https", "ftp", "ws", "wss", "tcp", "udp"}, strings.ToLower(u.Scheme)) {
		return "", false
	}
	name := u.Hostname()
	return u.Host, name == "localhost" || isDomain(name) || net.ParseIP(name) != nil
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
