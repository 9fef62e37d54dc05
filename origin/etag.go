package origin

// etagHexDigits is how much of a SHA-256 an entity tag carries: 128 bits, so that no two byte sequences share one.
const etagHexDigits = 32

// etagOfHex makes a strong entity tag (RFC 9110 section 8.8.1), quotes included, of a SHA-256 in hex.
func etagOfHex(sum string) string {
	if len(sum) > etagHexDigits {
		sum = sum[:etagHexDigits]
	}
	return `"` + sum + `"`
}
