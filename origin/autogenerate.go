package origin

import (
	"crypto/rand"
	"errors"
	"math/big"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// errGenerate says that no text can be made from a pattern.
var errGenerate = errors.New("unsupported pattern")

const (
	generatedMost   = 5000 // characters, the default bound of a text field
	generatedDraws  = 100  // how often a code point that is no character is drawn again
	generatedRepeat = 6    // how often an unbounded repetition repeats at most, as in PocketBase
)

// generate returns a random text that the regular expression describes: characters of classes, literals, groups,
// alternatives and repetitions. Anything else in the pattern, anchors among it, is errGenerate, as in PocketBase.
// The randomness is crypto/rand's.
func generate(pattern string) (string, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", err
	}
	g := &generator{}
	if err := g.write(parsed); err != nil {
		return "", err
	}
	return g.text.String(), nil
}

// generator counts its steps, since repetitions of repetitions multiply.
type generator struct {
	text  strings.Builder
	steps int
}

func (g *generator) write(re *syntax.Regexp) error {
	if g.steps++; g.steps > generatedMost {
		return errGenerate
	}
	switch re.Op {
	case syntax.OpLiteral:
		g.text.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		return g.oneOf(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return g.oneOf([]rune("AZaz09"))
	case syntax.OpCapture:
		return g.write(re.Sub[0])
	case syntax.OpAlternate:
		return g.write(re.Sub[randomBelow(len(re.Sub))])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if err := g.write(sub); err != nil {
				return err
			}
		}
	case syntax.OpQuest:
		return g.repeat(re.Sub[0], 0, 1)
	case syntax.OpStar:
		return g.repeat(re.Sub[0], 0, generatedRepeat)
	case syntax.OpPlus:
		return g.repeat(re.Sub[0], 1, generatedRepeat)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 {
			most = max(re.Min, generatedRepeat)
		}
		return g.repeat(re.Sub[0], re.Min, most)
	default:
		return errGenerate
	}
	return nil
}

func (g *generator) repeat(re *syntax.Regexp, least, most int) error {
	for range least + randomBelow(most-least+1) {
		if err := g.write(re); err != nil {
			return err
		}
	}
	return nil
}

// oneOf writes one character of a class, each of the same probability. Pairs are the class's ranges, ends included.
func (g *generator) oneOf(pairs []rune) error {
	size := 0
	for i := 0; i < len(pairs); i += 2 {
		size += int(pairs[i+1]-pairs[i]) + 1
	}
	if size == 0 {
		return errGenerate
	}
	for range generatedDraws {
		if r := pick(pairs, rune(randomBelow(size))); utf8.ValidRune(r) {
			g.text.WriteRune(r)
			return nil
		}
	}
	return errGenerate
}

// pick returns the nth character of a class.
func pick(pairs []rune, n rune) rune {
	for i := 0; ; i += 2 {
		span := pairs[i+1] - pairs[i] + 1
		if n < span {
			return pairs[i] + n
		}
		n -= span
	}
}

// randomBelow returns a number from 0 to n-1; n is at least 1.
func randomBelow(n int) int {
	i, _ := rand.Int(rand.Reader, big.NewInt(int64(n))) // never fails: crypto/rand ends the process instead
	return int(i.Int64())
}
