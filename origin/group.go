package origin

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/cache"
)

// gatherWindow is how long a group waits for more renditions of its original before it asks for a renderer. A browser
// asks for the pictures of a page in one go, within a few milliseconds; the decode that joining spares takes tens of them.
const gatherWindow = 4 * time.Millisecond

// groupMost bounds a group's members, and with them how long it may keep its turn: a page asks for six or eight sizes.
const groupMost = 16

// errNotTold is for a renderer that breaks its word.
var errNotTold = errors.New("the renderer neither made a rendition nor refused it")

// groups brings fills of one original together. The first fill that must render opens a group; fills of the same
// original join it until it has a renderer's turn, and all are made from one decode. Whoever comes later opens the next.
type groups struct {
	mu   sync.Mutex
	open map[Key]*group // by the original's key: those that can be joined
}

// group is what one turn makes of one original. It has a goroutine and a context of its own, since any of its members may
// leave before the others, and ends early when none waits any more.
type group struct {
	file    *File
	ctx     context.Context
	cancel  context.CancelFunc
	members []*member // this and waiting are guarded by groups.mu
	waiting int       // who would miss the group if it ended now
}

// member is one rendition of a group. made and err are written before done is closed and read only after.
type member struct {
	v    *variant
	done chan struct{}
	made *rendition
	err  error
}

func newMember(v *variant) *member { return &member{v: v, done: make(chan struct{})} }

// tell ends the member's waiting. The group's goroutine alone calls it.
func (m *member) tell(made *rendition, err error) {
	m.made, m.err = made, err
	close(m.done)
}

func (m *member) told() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

// render is steps 8 and 9, in the company of whatever else of the file is to be rendered now.
func (o *Origin) render(ctx context.Context, r *resolved, v *variant) (*rendition, error) {
	g, m := o.join(r, v)
	defer o.leave(g)
	select {
	case <-m.done:
		return m.made, m.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join makes v a member of its file's open group, or opens one where there is none, or where that is full.
func (o *Origin) join(r *resolved, v *variant) (*group, *member) {
	m, key := newMember(v), r.file.OriginalKey()
	o.groups.mu.Lock()
	defer o.groups.mu.Unlock()
	g := o.groups.open[key]
	if g == nil || len(g.members) == groupMost {
		g = &group{file: r.file}
		g.ctx, g.cancel = context.WithCancel(o.running)
		o.groups.open[key] = g
		var window time.Duration
		if r.unmade(v) {
			window = gatherWindow
		}
		o.background.Go(func() { o.runGroup(g, window) })
	}
	g.members = append(g.members, m)
	g.waiting++
	return g, m
}

// leave is the end of one's waiting. With the last one the group ends, and can be joined no more.
func (o *Origin) leave(g *group) {
	o.groups.mu.Lock()
	defer o.groups.mu.Unlock()
	if g.waiting--; g.waiting == 0 {
		o.groups.shut(g)
		g.cancel()
	}
}

// stay keeps the group from ending when its members have left, until leave is called.
func (o *Origin) stay(g *group) {
	o.groups.mu.Lock()
	defer o.groups.mu.Unlock()
	g.waiting++
}

// shut keeps everyone else from joining. It needs mu.
func (s *groups) shut(g *group) {
	if key := g.file.OriginalKey(); s.open[key] == g {
		delete(s.open, key)
	}
}

// joined returns who has joined so far. With shut set nobody joins after.
func (s *groups) joined(g *group, shut bool) []*member {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shut {
		s.shut(g)
	}
	return g.members[:len(g.members):len(g.members)]
}

// unmade tells whether there is anything to gather: a listed thumb other than v that is not known to exist, or one of any
// size.
func (r *resolved) unmade(v *variant) bool {
	if r.sizes != nil {
		return true
	}
	for _, other := range r.variants {
		if other != v && other.refused == nil && other.etag.Load() == nil {
			return true
		}
	}
	return false
}

// runGroup is the group's goroutine. Whatever happens, every member is told.
func (o *Origin) runGroup(g *group, window time.Duration) {
	var err error
	defer g.cancel()
	defer func() {
		if v := recover(); v != nil {
			o.counters.renderPanics.Add(1)
			err = &cache.PanicError{Value: v, Stack: debug.Stack()}
		}
		if err == nil {
			err = errNotTold
		}
		for _, m := range o.groups.joined(g, true) {
			if !m.told() {
				m.tell(nil, err)
			}
		}
	}()
	err = o.makeGroup(g, window)
}

// makeGroup gathers members, waits for a turn and renders. Its error is for all who were told nothing. The source is
// loaded only once there is a renderer for it, so that waiting costs no memory.
func (o *Origin) makeGroup(g *group, window time.Duration) error {
	if window > 0 {
		select {
		case <-time.After(window):
		case <-g.ctx.Done():
			return g.ctx.Err()
		}
	}
	planned := o.planBatch(g.ctx, g.file, o.groups.joined(g, false))
	turn, err := o.gate.Admit(g.ctx, planned.cost(), planned.bytes())
	if err != nil {
		return admissionError(err)
	}
	defer turn.End()
	b := planned
	if members := o.groups.joined(g, true); len(members) > len(planned.members) {
		b = o.planBatch(g.ctx, g.file, members)
		turn.Grow(b.cost()-planned.cost(), b.bytes()-planned.bytes())
	}
	if b.keep != nil {
		o.stay(g)
		defer o.leave(g)
	}
	return o.renderBatch(g.ctx, b)
}
