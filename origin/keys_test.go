package origin_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
)

// movableClock is a clock that a test moves.
type movableClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *movableClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *movableClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (l *library) key(name string, s auth.Scope, expires time.Time) string {
	l.t.Helper()
	text, err := l.CreateKey(context.Background(), origin.System(), name, s, expires)
	if err != nil {
		l.t.Fatal(err)
	}
	return text
}

func TestAKeyThatIsNotQuiteOneIsNone(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	text := l.key("a", auth.FilesRead, time.Time{})
	id, secret, _ := auth.SplitKey(text)
	other := l.key("b", auth.FilesWrite, time.Time{})
	_, otherSecret, _ := auth.SplitKey(other)
	swapped := []byte(secret)
	swapped[0] = map[bool]byte{true: 'b', false: 'a'}[swapped[0] == 'a']
	for name, wrong := range map[string]string{
		"nothing": "", "the prefix": "igk_", "a letter changed": "igk_" + id + "_" + string(swapped), "another's secret": "igk_" + id + "_" + otherSecret,
		"an id that there is not": "igk_" + strings.Repeat("z", 15) + "_" + secret, "a blank behind": text + " ", "a blank before": " " + text, "a line break": text + "\n",
		"the secret alone": secret, "upper case": strings.ToUpper(text), "very long": text + strings.Repeat("x", 10000), "NUL": text[:len(text)-1] + "\x00",
	} {
		_, err := l.VerifyKey(ctx, wrong)
		refused(t, name, err, origin.Unauthenticated, "A valid API key is required.")
	}
	if p, err := l.VerifyKey(ctx, text); err != nil || p.Key != id || p.Scopes != auth.FilesRead || p.IsGuest() {
		t.Errorf("%+v, %v", p, err)
	}
	// A key is no token of a record: to the native dialect it is nobody.
	if p, err := l.VerifyAuth(ctx, "Bearer "+text); err != nil || !p.IsGuest() {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAKeyEnds(t *testing.T) {
	clock := &movableClock{at: time.Now()}
	l := openLibraryAt(t, t.TempDir(), clock.now)
	ctx := context.Background()
	text := l.key("a", auth.FilesRead, clock.now().Add(time.Hour))
	if _, err := l.VerifyKey(ctx, text); err != nil {
		t.Fatal(err)
	}
	clock.move(time.Hour)
	_, err := l.VerifyKey(ctx, text)
	refused(t, "an expired key", err, origin.Unauthenticated, "A valid API key is required.")
}

func TestTheEndOfAKeyIsNoTypingMistake(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	end := time.Now().Add(time.Hour)
	id, _, _ := auth.SplitKey(l.key("a", auth.FilesRead, end))
	set := func(expires string) error {
		_, err := l.UpdateRecord(ctx, origin.System(), "_keys", id, origin.RecordInput{Values: map[string]any{"expires": expires}})
		return err
	}
	for _, mistyped := range []string{"garbage", "tomorrow", "10000-01-01"} {
		kind(t, mistyped, set(mistyped), origin.Invalid)
	}
	keys, err := l.Keys(ctx, origin.System())
	if err != nil || len(keys) != 1 || keys[0].Expires.Sub(end).Abs() > time.Second {
		t.Errorf("%+v, %v", keys, err)
	}
	if err := set(""); err != nil { // which is how to say never
		t.Error(err)
	}
}

func TestAKeyThatAnotherProcessRevokesEndsWithinASecond(t *testing.T) {
	dir := t.TempDir()
	serving, tool := openLibrary(t, dir), openLibrary(t, dir)
	ctx := context.Background()
	text := tool.key("a", auth.FilesRead, time.Time{})
	for range 3 { // remembered from the second time on
		if _, err := serving.VerifyKey(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := tool.RevokeKey(ctx, origin.System(), "a"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key is refused", func() bool {
		_, err := serving.VerifyKey(ctx, text)
		return origin.KindOf(err) == origin.Unauthenticated
	})
	kind(t, "a key that there is not", tool.RevokeKey(ctx, origin.System(), "a"), origin.NotFound)
}

func TestUsesOfAKeyAreWrittenInBatches(t *testing.T) {
	dir := t.TempDir()
	l := openLibrary(t, dir)
	ctx := context.Background()
	text := l.key("a", auth.FilesRead, time.Time{})
	before := l.catalog.Stats().Commits
	for range 1000 {
		if _, err := l.VerifyKey(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.catalog.Stats().Commits - before; n > 1 {
		t.Errorf("%d writes for a thousand uses", n)
	}
	l.close() // writes what is not written yet
	l = openLibrary(t, dir)
	keys, err := l.Keys(ctx, origin.System())
	if err != nil || len(keys) != 1 || time.Since(keys[0].LastUsed) > time.Minute {
		t.Errorf("%+v, %v", keys, err)
	}
	id, secret, _ := auth.SplitKey(text)
	v, err := l.ViewRecord(ctx, origin.System(), "_keys", id, origin.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range v.Record.Values {
		if s, _ := value.(string); strings.Contains(s, secret) {
			t.Errorf("the field %s holds the secret", name)
		}
	}
}
