// Package s3test starts an S3 server, versitygw, for tests.
//
// Its law: a server has a folder, a port of the loopback interface and a life of its own, and Stop ends all three; what it
// keeps are files of that folder. Its program is built once by "scripts/deps test" and kept in the user's cache folder.
// For a store that fails, put a faulty.Proxy before Address. Only tests import it.
package s3test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// What the server asks for. It knows one user.
const (
	AccessKey = "s3test"
	SecretKey = "secret of s3test"
	Region    = "us-east-1"
)

// ErrMissing means that the server's program is not there: a reason to skip a test.
var ErrMissing = errors.New("s3test: versitygw is not there; scripts/deps test builds it")

// Server is a running versitygw.
type Server struct {
	Dir  string // of its files; a bucket is a folder of Dir/buckets
	Port int    // on 127.0.0.1

	program string
	server  *exec.Cmd
	ended   chan struct{}
	buckets atomic.Int64
}

// Program is the path of the server's program.
func Program() (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrMissing, err)
		}
		cache = filepath.Join(home, ".cache")
	}
	path := filepath.Join(cache, "imgorigin-tools", "versitygw")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return path, nil
}

// Start starts a server in a temporary folder and waits until it answers, half a minute at most.
func Start() (*Server, error) {
	program, err := Program()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "s3")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, program: program}
	if s.Port, err = freePort(); err == nil {
		err = s.Resume()
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Address is HOST:PORT, and Endpoint the URL.
func (s *Server) Address() string  { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }
func (s *Server) Endpoint() string { return "http://" + s.Address() }

// Client is a client of the server.
func (s *Server) Client() (*minio.Client, error) {
	return minio.New(s.Address(), &minio.Options{Creds: credentials.NewStaticV4(AccessKey, SecretKey, ""), Region: Region,
		BucketLookup: minio.BucketLookupPath})
}

// NewBucket makes an empty bucket.
func (s *Server) NewBucket(ctx context.Context) (string, error) {
	c, err := s.Client()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("bucket-%d", s.buckets.Add(1))
	return name, c.MakeBucket(ctx, name, minio.MakeBucketOptions{Region: Region})
}

// Kill ends the server at once, as a crash does, and keeps its folder and port for Resume.
func (s *Server) Kill() {
	if s.server != nil {
		_ = s.server.Process.Kill()
		<-s.ended
		s.server = nil
	}
}

// Resume starts the server after Kill, with what it had.
func (s *Server) Resume() error {
	data := filepath.Join(s.Dir, "buckets")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.program, "--port", s.Address(), "--access", AccessKey, "--secret", SecretKey, "--region", Region,
		"--health", "/health", "--quiet", "posix", data)
	cmd.Dir = s.Dir
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.server, s.ended = cmd, ended
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	return s.await(log.Name())
}

func (s *Server) await(log string) error {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if resp, err := client.Get(s.Endpoint() + "/health"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.ended:
			deadline = time.Time{}
		case <-time.After(20 * time.Millisecond):
		}
	}
	said, _ := os.ReadFile(log)
	return fmt.Errorf("versitygw does not answer:\n%s", said)
}

// Stop ends the server and removes what it kept. It is called once.
func (s *Server) Stop() {
	s.Kill()
	_ = os.RemoveAll(s.Dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
