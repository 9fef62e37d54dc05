package main

import (
	"io"
	"sync"
	"testing"
	"time"
)

// TestReceivingABodyDoesNotCountAgainstTheDeadline sends bodies that take longer than the deadline. Each comes from a superuser
// whom the program has not met, so that the clock has begun when the body is waited for.
func TestReceivingABodyDoesNotCountAgainstTheDeadline(t *testing.T) {
	const deadline = 2 * time.Second
	w := newWorld(t, "--deadline", deadline.String())
	w.collection("slow", nil, map[string]any{"fields": []any{map[string]any{"name": "title", "type": "text"}}})
	var all sync.WaitGroup
	for name, c := range map[string]struct{ path, body string }{
		"record":     {"/api/collections/slow/records", `{"title":"x"}`},
		"collection": {"/api/collections", `{"name":"slower"}`},
		"sign-in":    {"/api/collections/users/auth-with-password", `{"identity":"ann@example.com","password":"` + userPassword + `"}`},
	} {
		w.account("_superusers", map[string]any{"email": name + "@example.com"})
		token := w.signIn("_superusers", name+"@example.com", userPassword)
		all.Go(func() {
			from, to := io.Pipe()
			go func() {
				_, _ = io.WriteString(to, c.body[:1])
				time.Sleep(deadline + 200*time.Millisecond)
				_, _ = io.WriteString(to, c.body[1:])
				to.Close()
			}()
			a, err := w.try("POST", c.path, from, "Content-Type: application/json", "Authorization: "+token)
			if err != nil || a.status != 200 {
				t.Errorf("%s: %d %s, %v", name, a.status, a.body, err)
			}
		})
	}
	all.Wait()
}
