package origin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

// srcset is the thumbs of a page.
var srcset = []string{"160x0", "320x0", "480x0", "640x0", "960x0", "1280x0"}

// srcsetLibrary lists the thumbs of a page, and has one renderer, which waits until it is let go.
func srcsetLibrary(t *testing.T, change ...func(*origin.Config)) (*library, origin.ReadRequest) {
	t.Helper()
	l := newLibrary(t, append([]func(*origin.Config){func(c *origin.Config) { c.Workers = 1 }}, change...)...)
	l.photos(func(_ *origin.CollectionInput, f *origin.Field) { f.Thumbs = srcset })
	r := l.put("a.jpg", smallJPEG(t, 400, 300))
	l.renderer.wait = make(chan struct{})
	return l, r
}

// occupy makes another picture's thumb take the only renderer, so that groups wait, and returns when it has it.
func (l *library) occupy() (wait func()) {
	l.t.Helper()
	other := l.put("other.jpg", smallJPEG(l.t, 20, 10))
	ended := make(chan error, 1)
	go func() {
		_, err := l.thumb(other, "160x0")
		ended <- err
	}()
	eventually(l.t, "the renderer is taken", func() bool { return l.renderer.renders.Load() == 1 })
	return func() {
		if err := <-ended; err != nil {
			l.t.Error(err)
		}
	}
}

// ask asks for all thumbs and returns when their group is complete. Answers are there once the wait for all has ended.
func (l *library) ask(r origin.ReadRequest, specs []string) (all *sync.WaitGroup, answers []origin.Content, errs []error) {
	l.t.Helper()
	all, answers, errs = &sync.WaitGroup{}, make([]origin.Content, len(specs)), make([]error, len(specs))
	for i, spec := range specs {
		all.Go(func() { answers[i], errs[i] = l.thumb(r, spec) })
	}
	eventually(l.t, "all have joined", func() bool { return l.Joined() == len(specs) })
	return all, answers, errs
}

func TestThumbsOfOnePictureAreRenderedTogether(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l, r := srcsetLibrary(t)
	other := l.occupy()
	all, answers, errs := l.ask(r, srcset)
	if g := l.Stats().Gate; g.Queued != 1 {
		t.Errorf("%d jobs wait for one picture", g.Queued)
	}
	close(l.renderer.wait)
	other()
	all.Wait()
	for i, spec := range srcset {
		if errs[i] != nil || answers[i].Variant != spec || !strings.HasPrefix(string(answers[i].Data), spec) {
			t.Errorf("%s got %q, %v", spec, answers[i].Data, errs[i])
		}
	}
	if s := l.Stats(); s.Renders != 7 || s.Decodes != 2 || s.Gate.Admitted != 2 {
		t.Errorf("%d renditions, %d decodes, %d turns; want 7, 2 and 2", s.Renders, s.Decodes, s.Gate.Admitted)
	}
	l.close()
}

func TestWhatIsGatheredWithoutAQueueIsOneGroupToo(t *testing.T) {
	l, r := srcsetLibrary(t)
	close(l.renderer.wait)
	var all sync.WaitGroup
	for _, spec := range srcset {
		all.Go(func() {
			if _, err := l.thumb(r, spec); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// How many groups there were depends on the machine: six came within a few milliseconds, or did not.
	if s := l.Stats(); s.Renders != 6 || s.Decodes < 1 || s.Decodes != s.Gate.Admitted {
		t.Errorf("%d renditions, %d decodes, %d turns", s.Renders, s.Decodes, s.Gate.Admitted)
	}
	if n := l.Joined(); n != 0 {
		t.Errorf("%d are still in a group", n)
	}
}

func TestWhoComesWhileAGroupIsRenderedOpensTheNext(t *testing.T) {
	l, r := srcsetLibrary(t)
	first := make(chan error, 1)
	go func() {
		_, err := l.thumb(r, "160x0")
		first <- err
	}()
	eventually(t, "it is rendered", func() bool { return l.renderer.renders.Load() == 1 })
	all, _, errs := l.ask(r, srcset[1:])
	close(l.renderer.wait)
	all.Wait()
	if err := errors.Join(append(errs, <-first)...); err != nil {
		t.Error(err)
	}
	if s := l.Stats(); s.Decodes != 2 || s.Renders != 6 {
		t.Errorf("%d decodes of %d renditions", s.Decodes, s.Renders)
	}
}

func TestAFullGroupIsFollowedByAnother(t *testing.T) {
	l := newLibrary(t, func(c *origin.Config) { c.Workers = 1 })
	var specs []string
	for i := range 20 {
		specs = append(specs, fmt.Sprintf("%dx0", 20+i))
	}
	l.photos(func(_ *origin.CollectionInput, f *origin.Field) { f.Thumbs = append([]string{"160x0"}, specs...) })
	r := l.put("a.jpg", smallJPEG(t, 40, 30))
	l.renderer.wait = make(chan struct{})
	other := l.occupy()
	var all sync.WaitGroup
	for _, spec := range specs {
		all.Go(func() {
			if c, err := l.thumb(r, spec); err != nil || c.Variant != spec {
				t.Errorf("%s got %q, %v", spec, c.Variant, err)
			}
		})
	}
	eventually(t, "two groups wait", func() bool { return l.Stats().Gate.Queued == 2 && l.Joined() == 4 })
	close(l.renderer.wait)
	other()
	all.Wait()
	if s := l.Stats(); s.Decodes != 3 || s.Renders != 21 {
		t.Errorf("%d decodes of %d renditions", s.Decodes, s.Renders)
	}
}

func TestAGroupWeighsOneDecodeAndEachRendition(t *testing.T) {
	l, r := srcsetLibrary(t)
	want, err := l.GroupCost(context.Background(), r, srcset)
	if err != nil {
		t.Fatal(err)
	}
	step := make(chan struct{})
	l.renderer.wait = step
	other := l.occupy()
	all, _, _ := l.ask(r, srcset)
	step <- struct{}{} // the other's
	other()
	eventually(t, "the group is rendered", func() bool { return l.renderer.renders.Load() == 2 })
	if g := l.Stats().Gate; g.InFlight != 1 || g.InFlightCost != want {
		t.Errorf("%d jobs that weigh %d, want one of %d", g.InFlight, g.InFlightCost, want)
	}
	close(step)
	all.Wait()
	eventually(t, "the turn is given back", func() bool { return l.Stats().Gate.InFlightCost == 0 })
}

func TestOneRenditionsFailureIsItsOwn(t *testing.T) {
	l, r := srcsetLibrary(t)
	l.renderer.alone = func(p transform.Plan) error {
		switch p.Thumb.Width {
		case 480:
			return transform.ErrTooComplex
		case 640:
			return errors.New("no memory")
		}
		return nil
	}
	other := l.occupy()
	all, answers, errs := l.ask(r, srcset)
	close(l.renderer.wait)
	other()
	all.Wait()
	for i, spec := range srcset {
		switch spec {
		case "480x0":
			if errs[i] != nil || answers[i].Variant != "" {
				t.Errorf("what can never be made got %q, %v; want the original", answers[i].Variant, errs[i])
			}
		case "640x0":
			if errs[i] == nil {
				t.Error("what failed was answered")
			}
		default:
			if errs[i] != nil || answers[i].Variant != spec {
				t.Errorf("%s: %v", spec, errs[i])
			}
		}
	}
	if s := l.Stats(); s.RenderFailures != 2 {
		t.Errorf("%d failures", s.RenderFailures)
	}
}

func TestAPanicEndsNoMoreThanItsGroup(t *testing.T) {
	l, r := srcsetLibrary(t)
	l.renderer.alone = func(p transform.Plan) error {
		if p.Thumb.Width == 480 {
			panic("at 480")
		}
		return nil
	}
	other := l.occupy()
	all, answers, errs := l.ask(r, []string{"480x0", "640x0"})
	close(l.renderer.wait)
	other()
	all.Wait()
	if errs[0] == nil {
		t.Errorf("the one that panicked got %q", answers[0].Data)
	}
	if s := l.Stats(); s.RenderPanics != 1 || s.Gate.InFlight != 0 {
		t.Errorf("%d panics, %d turns are held", s.RenderPanics, s.Gate.InFlight)
	}
	if _, err := l.thumb(r, "640x0"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestOneWhoLeavesTakesNobodyAlong(t *testing.T) {
	l, r := srcsetLibrary(t)
	other := l.occupy()
	ctx, leave := context.WithCancel(context.Background())
	left := make(chan error, 1)
	go func() {
		first := r
		first.Thumb = "160x0"
		_, err := l.Rendered(ctx, first) // who opened the group
		left <- err
	}()
	eventually(t, "the group is open", func() bool { return l.Joined() == 1 })
	all := &sync.WaitGroup{}
	var err error
	all.Go(func() { _, err = l.thumb(r, "320x0") })
	eventually(t, "another has joined", func() bool { return l.Joined() == 2 })
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	close(l.renderer.wait)
	other()
	if all.Wait(); err != nil {
		t.Errorf("who stayed got %v", err)
	}
}

func TestAGroupEndsWithItsLastMember(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l, r := srcsetLibrary(t)
	other := l.occupy()
	ctx, leave := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, spec := range srcset {
		all.Go(func() {
			q := r
			q.Thumb = spec
			if _, err := l.Rendered(ctx, q); !errors.Is(err, context.Canceled) {
				t.Errorf("%s got %v", spec, err)
			}
		})
	}
	eventually(t, "all have joined and wait for their turn", func() bool { return l.Joined() == 6 && l.Stats().Gate.Queued == 1 })
	leave()
	all.Wait()
	eventually(t, "nobody's group has left the queue", func() bool { return l.Joined() == 0 && l.Stats().Gate.Queued == 0 })
	close(l.renderer.wait)
	other()
	if n := l.renderer.renders.Load(); n != 1 {
		t.Errorf("%d renditions were made for nobody", n-1)
	}
	if _, err := l.thumb(r, "160x0"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	l.close()
}

func TestHoweverMadeAThumbHasOneSequenceOfBytes(t *testing.T) {
	dir := t.TempDir()
	libraries := []*library{openLibrary(t, dir), nil}
	libraries[0].photos(func(_ *origin.CollectionInput, f *origin.Field) { f.Thumbs = srcset })
	r := libraries[0].put("a.jpg", smallJPEG(t, 400, 300))
	libraries[1] = openLibrary(t, dir)
	libraries[1].renderer.salt = ", made otherwise"
	answers := make([][]origin.Content, len(libraries))
	var all sync.WaitGroup
	for i, l := range libraries {
		answers[i] = make([]origin.Content, len(srcset))
		for j, spec := range srcset {
			all.Go(func() {
				var err error
				if answers[i][j], err = l.thumb(r, spec); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	for j, spec := range srcset {
		if a, b := answers[0][j], answers[1][j]; a.ETag != b.ETag || string(a.Data) != string(b.Data) {
			t.Errorf("%s is %q and %q", spec, a.Data, b.Data)
		}
	}
}
