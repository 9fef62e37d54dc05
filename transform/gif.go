package transform

import "encoding/binary"

// Block introducers and labels of GIF89a appendix A.
const (
	gifImage     = 0x2c
	gifExtension = 0x21
	gifTrailer   = 0x3b
	gifControl   = 0xf9
)

// gif walks all blocks from the logical screen to the trailer. The canvas is the
// logical screen, grown to the first frame where that reaches beyond it (or where
// the screen is left at zero), which is what browsers show.
func (w *walker) gif() (Meta, error) {
	const header = 6 + 7
	m := Meta{Format: GIF, Orientation: 1, Depth: 8, Components: 3}
	p := w.peek(header)
	if len(p) < header {
		return Meta{}, corrupt("GIF ends in its header")
	}
	m.Width = int(binary.LittleEndian.Uint16(p[6:]))
	m.Height = int(binary.LittleEndian.Uint16(p[8:]))
	w.skip(header + colourTable(p[10]))
	for {
		introducer, ok := w.byte()
		switch {
		case ok && introducer == 0: // padding that some encoders leave
			continue
		case ok && introducer == gifExtension:
			w.extension(&m)
			continue
		case ok && introducer == gifImage:
			if err := w.gifFrame(&m); err != nil {
				return Meta{}, err
			}
			continue
		case !ok || introducer != gifTrailer:
			m.Truncated = true
		}
		break
	}
	if m.Width == 0 || m.Height == 0 {
		return Meta{}, corrupt("GIF has no width or no height")
	}
	if m.Frames == 0 {
		if !m.Truncated {
			return Meta{}, corrupt("GIF has no frame")
		}
		m.Frames, m.FrameCut = 1, true
	}
	if m.Alpha {
		m.Components = 4
	}
	return m, nil
}

// colourTable is the length in bytes of the table that follows the packed field.
func colourTable(packed byte) int64 {
	if packed&0x80 == 0 {
		return 0
	}
	return 3 << (packed&7 + 1)
}

// extension reads one extension block. The transparency of the first frame is in
// the last graphic control before it (GIF89a 23).
func (w *walker) extension(m *Meta) {
	label, _ := w.byte()
	if p := w.peek(2); label == gifControl && m.Frames == 0 && len(p) == 2 && p[0] >= 4 {
		m.Alpha = p[1]&1 != 0
	}
	w.subBlocks()
}

// gifFrame reads one image descriptor (GIF89a 20) and walks over its data.
func (w *walker) gifFrame(m *Meta) error {
	const descriptor = 9
	p := w.peek(descriptor)
	if len(p) < descriptor {
		w.skip(descriptor) // to the end, where the main loop finds no trailer
		return nil
	}
	left, top := int(binary.LittleEndian.Uint16(p)), int(binary.LittleEndian.Uint16(p[2:]))
	width, height := int(binary.LittleEndian.Uint16(p[4:])), int(binary.LittleEndian.Uint16(p[6:]))
	packed := p[8]
	if m.Frames == 0 {
		if width == 0 || height == 0 {
			return corrupt("GIF has an empty first frame")
		}
		m.Interlaced = packed&0x40 != 0
		m.Width, m.Height = max(m.Width, left+width), max(m.Height, top+height)
		m.Alpha = m.Alpha || width < m.Width || height < m.Height
	}
	m.Frames++
	w.skip(descriptor + colourTable(packed) + 1) // and the LZW code size
	if whole := w.subBlocks(); m.Frames == 1 {
		m.FrameCut = !whole
	}
	return nil
}

// subBlocks walks over data sub-blocks and reports whether their terminator was
// there (GIF89a 15, 16).
func (w *walker) subBlocks() (terminated bool) {
	for {
		n, ok := w.byte()
		if !ok || n == 0 {
			return ok
		}
		w.skip(int64(n))
	}
}
