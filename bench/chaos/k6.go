package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// line is what the script says of one answer.
type line struct {
	Op     string
	Status int
	At     int64   // its end, Unix milliseconds
	MS     float64 // how long it took
	OK     bool
	ID     string
	Image  string
	Sum    string // of what was sent or received, in hexadecimal
	Wrong  bool
	Body   string
	Retry  string
}

// startK6 begins the load through nginx, and returns what ends it and reads what it has seen.
func (s *scene) startK6(ctx context.Context) (stop func() error, err error) {
	if s.k6 == "" {
		return func() error { return nil }, nil
	}
	exe, err := filepath.Abs(s.k6)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		return nil, err
	}
	picture, lines := filepath.Join(dir, "picture.jpg"), filepath.Join(dir, "lines")
	if err := os.WriteFile(picture, newPicture(s.random), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, "run", "--quiet", "--no-usage-report", "--log-format", "raw", "--console-output", lines, filepath.Join(s.scripts, "chaos.js"))
	cmd.Env = append(os.Environ(), "BASE_URL="+s.cluster.Front, "TOKEN="+s.cluster.Token, "COLLECTION="+opened, "THUMB="+thumbs[0],
		"PICTURE="+picture, fmt.Sprintf("RATE=%d", s.rate))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return func() error {
		defer os.RemoveAll(dir)
		select {
		case err := <-ended:
			return fmt.Errorf("k6 ended by itself: %w\n%s", err, said.Bytes())
		default:
		}
		_ = cmd.Process.Signal(syscall.SIGINT) // once: it ends what is under way
		select {
		case <-ended: // with an error, for it was interrupted
		case <-time.After(2 * patience):
			_ = cmd.Process.Kill()
			return fmt.Errorf("k6 does not end\n%s", said.Bytes())
		}
		return s.readLines(lines)
	}, nil
}

// readLines enters what k6 has seen into the ledger and the record.
func (s *scene) readLines(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("k6 says %.200s: %w", lines.Bytes(), err)
		}
		if err := s.enter(l); err != nil {
			return err
		}
	}
	if n == 0 {
		return fmt.Errorf("k6 has seen nothing")
	}
	return nil
}

func (s *scene) enter(l line) error {
	ended := time.UnixMilli(l.At)
	s.record.add(event{begun: ended.Add(-time.Duration(l.MS * float64(time.Millisecond))), ended: ended, via: replicas, op: l.Op, status: l.Status, ok: l.OK, load: true})
	var got sum
	if l.OK {
		data, err := hex.DecodeString(l.Sum)
		if err != nil || copy(got[:], data) != len(got) {
			return fmt.Errorf("k6 says a sum of %q", l.Sum)
		}
	}
	switch {
	case l.Wrong:
		s.record.violation(wrongBytes, "%s of %s by k6", l.Op, l.Image)
	case l.OK && l.Op == "upload":
		f := fileOf(opened, l.ID, l.Image, got)
		f.alike = true
		s.ledger.add(f)
	case l.OK || l.Status == 0 || l.Status == 502 || l.Status == 504: // nginx has its own words
	case l.Status == 404:
		s.record.violation(lost, "%s of %s by k6: %s", l.Op, l.Image, l.Body)
	default:
		header := http.Header{}
		if l.Retry != "" {
			header.Set("Retry-After", l.Retry)
		}
		if why := wanting(l.Status, header, []byte(l.Body)); why != "" {
			s.record.violation(unclear, "%s by k6: %s", l.Op, why)
		}
	}
	return nil
}
