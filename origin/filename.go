package origin

import "strings"

// Lengths in bytes of the parts of a stored file name, from PocketBase's observed behaviour.
const (
	maxOriginalName = 300 // only the end of a longer one is looked at
	maxNameBase     = 100
	minNameBase     = 3 // a shorter base is filled up with random characters
	maxNameExt      = 20
	nameRandom      = 10 // the suffix that makes every name new
)

// normalizeName makes the stored name out of the uploader's one: a cleaned base, a random suffix and the cleaned extension.
// sniffed is the extension of the content's type, with its dot, for names that have none. random(n) returns n characters
// that are letters or digits. The result is at most 132 bytes of letters, digits and "_.*-+=#", and begins with a letter,
// a digit or "_", so that it is one harmless segment of a key. The steps are PocketBase's, one by one.
func normalizeName(original, sniffed string, random func(n int) string) FileName {
	if len(original) > maxOriginalName {
		original = original[len(original)-maxOriginalName:]
	}
	ext := doubleExt(original)
	base := snakeCase(strings.Trim(strings.TrimSuffix(original, ext), "."))
	switch {
	case len(base) < minNameBase:
		base += random(nameRandom)
	case len(base) > maxNameBase:
		base = base[:maxNameBase]
	}
	return FileName(base + "_" + random(nameRandom) + cleanExt(ext, sniffed))
}

// doubleExt is the name's extension with its dot, or its last two together.
func doubleExt(name string) string {
	last := strings.LastIndexByte(name, '.')
	if last < 0 {
		return ""
	}
	if before := strings.LastIndexByte(name[:last], '.'); before >= 0 {
		return name[before:]
	}
	return name[last:]
}

// cleanExt keeps what is harmless of an extension, and its case.
func cleanExt(ext, sniffed string) string {
	kept := strings.Map(func(r rune) rune {
		if isWord(r) || strings.ContainsRune(".*-+=#", r) {
			return r
		}
		return -1
	}, ext)
	kept = strings.Trim(kept, ".")
	if kept == "" {
		kept = strings.Trim(sniffed, ".")
	}
	if len(kept) > maxNameExt {
		kept = strings.Trim(kept[len(kept)-maxNameExt:], ".")
	}
	if kept == "" {
		return ""
	}
	return "." + kept
}

// snakeCase joins the words of s by "_", in lower case. A word is a run of ASCII letters and digits, and ends before
// an upper-case letter that does not follow another one: "MyTestDB" is three words.
func snakeCase(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 8)
	inWord := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '_' || !isWord(rune(c)) {
			inWord = false
			continue
		}
		upper := isUpper(c)
		if b.Len() > 0 && (!inWord || upper && !isUpper(s[i-1])) {
			b.WriteByte('_')
		}
		if upper {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
		inWord = true
	}
	return b.String()
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// isWord tells whether r is what regular expressions call \w, in ASCII.
func isWord(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}
