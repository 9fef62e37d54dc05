package picture

import (
	"cmp"
	"math/bits"
	"slices"
)

const longestCode = 15

// prefixCode holds, for every symbol, the code's bits in the order in which they are written, and their number.
type prefixCode struct {
	bits   []uint32
	length []uint
}

func (c prefixCode) put(b *bitWriter, symbol uint32) {
	b.write(c.bits[symbol], c.length[symbol])
}

// code makes a prefix code for the counts and writes it (RFC 9649, section 6.2.1): as a simple code where at most one symbol
// is used, otherwise as lengths of four bits each, for which the code of code lengths gives 0 to 15 the same length.
func (b *bitWriter) code(counts []int) prefixCode {
	used, only := 0, 0
	for s, n := range counts {
		if n > 0 {
			used, only = used+1, s
		}
	}
	if used <= 1 {
		b.write(1, 1) // simple
		b.write(0, 1) // one symbol
		b.write(1, 1) // of eight bits
		b.write(uint32(only), 8)
		return prefixCode{make([]uint32, len(counts)), make([]uint, len(counts))}
	}
	b.write(0, 1)
	b.write(19-4, 4)
	for _, s := range []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} {
		if s < 16 {
			b.write(4, 3)
		} else {
			b.write(0, 3)
		}
	}
	b.write(0, 1) // a length for every symbol of the alphabet
	lengths := codeLengths(counts)
	for _, n := range lengths {
		b.write(uint32(bits.Reverse8(uint8(n))>>4), 4)
	}
	return canonical(lengths)
}

// codeLengths returns the Huffman code's lengths. Where one is over longestCode the rare symbols are made less rare, which
// ends at the latest when all are alike.
func codeLengths(counts []int) []uint {
	for floor := 1; ; floor *= 2 {
		lengths := huffman(counts, floor)
		if slices.Max(lengths) <= longestCode {
			return lengths
		}
	}
}

type node struct {
	count       int
	symbol      int // -1: not a leaf
	left, right *node
}

func huffman(counts []int, floor int) []uint {
	var leaves, joined []*node // both in rising order of count, as joined nodes never get lighter
	for s, n := range counts {
		if n > 0 {
			leaves = append(leaves, &node{count: max(n, floor), symbol: s})
		}
	}
	slices.SortStableFunc(leaves, func(a, b *node) int { return cmp.Compare(a.count, b.count) })
	lightest := func() (n *node) {
		if len(joined) == 0 || len(leaves) > 0 && leaves[0].count <= joined[0].count {
			n, leaves = leaves[0], leaves[1:]
			return n
		}
		n, joined = joined[0], joined[1:]
		return n
	}
	for len(leaves)+len(joined) > 1 {
		a := lightest()
		b := lightest()
		joined = append(joined, &node{a.count + b.count, -1, a, b})
	}
	lengths := make([]uint, len(counts))
	joined[0].walk(0, lengths)
	return lengths
}

func (n *node) walk(depth uint, lengths []uint) {
	if n.symbol >= 0 {
		lengths[n.symbol] = depth
		return
	}
	n.left.walk(depth+1, lengths)
	n.right.walk(depth+1, lengths)
}

// canonical gives the codes in order of length, then of symbol. A code is written from its most significant bit on, hence
// the reversal.
func canonical(lengths []uint) prefixCode {
	c := prefixCode{make([]uint32, len(lengths)), lengths}
	next := uint32(0)
	for n := uint(1); n <= longestCode; n++ {
		for s, l := range lengths {
			if l == n {
				c.bits[s] = bits.Reverse32(next) >> (32 - n)
				next++
			}
		}
		next <<= 1
	}
	return c
}
