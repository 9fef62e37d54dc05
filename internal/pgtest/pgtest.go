// Package pgtest starts a PostgreSQL server of Debian's for tests and benches.
//
// Its law: a server has a folder, a port of the loopback interface and a life of its own, and Stop ends all three; it
// sorts by a collation that is not bytewise, so that whoever relies on the server's default is found out; what it keeps
// survives Crash, and need not survive the machine. Only tests and benches import it.
package pgtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const bin = "/usr/lib/postgresql/15/bin/"

// User is the superuser of the server, who needs no password.
const User = "test"

// ErrMissing means that this machine cannot run the server: a reason to skip a test.
var ErrMissing = errors.New("pgtest: PostgreSQL cannot be run here")

// Server is a running PostgreSQL.
type Server struct {
	Dir  string // also of its socket
	Port int    // on 127.0.0.1

	as       *syscall.SysProcAttr
	settings []string
	server   *exec.Cmd // nil: not running
	ended    chan struct{}
}

// Start starts a server with an empty database "postgres", and waits until it answers, half a minute at most. Settings are
// such as "fsync=on".
func Start(settings ...string) (*Server, error) {
	return start(settings, "initdb", "-U", User, "-A", "trust", "-E", "UTF8", "--no-sync",
		"--locale-provider=icu", "--icu-locale=en", "--locale=C")
}

// Standby starts a server that follows this one, and answers reads, until it is promoted.
func (s *Server) Standby() (*Server, error) {
	return start(s.settings, "pg_basebackup", "-h", s.Dir, "-p", strconv.Itoa(s.Port), "-U", User,
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync")
}

// Promote makes a standby a server of its own, and waits until it is one.
func (s *Server) Promote() error {
	if out, err := s.Command("pg_ctl", "promote", "-w", "-D", s.data()).CombinedOutput(); err != nil {
		return fmt.Errorf("promote: %w\n%s", err, out)
	}
	return nil
}

// start starts a server whose files a program makes, in a folder that is named to it by -D.
func start(settings []string, program string, args ...string) (s *Server, err error) {
	if _, err := os.Stat(bin + "postgres"); err != nil {
		return nil, fmt.Errorf("%w: nothing in %s", ErrMissing, bin)
	}
	s = &Server{settings: settings}
	if s.Dir, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if s.as, err = unprivileged(s.Dir); err != nil {
		return nil, err
	}
	if s.Port, err = freePort(); err != nil {
		return nil, err
	}
	if out, err := s.Command(program, append(args, "-D", s.data())...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return s, s.Restart()
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

// Restart starts the server again after Crash, on its port, and waits until it answers.
func (s *Server) Restart() error {
	log, err := os.Create(filepath.Join(s.Dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", s.data(), "-k", s.Dir, "-p", strconv.Itoa(s.Port)}
	for _, setting := range append([]string{"listen_addresses=127.0.0.1", "fsync=off", "jit=off"}, s.settings...) {
		args = append(args, "-c", setting)
	}
	server, ended := s.Command("postgres", args...), make(chan struct{})
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		return err
	}
	s.server, s.ended = server, ended
	go func() {
		_ = server.Wait()
		close(ended)
	}()
	return s.await(log.Name())
}

func (s *Server) await(log string) error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if s.Command("pg_isready", "-q", "-h", s.Dir, "-p", strconv.Itoa(s.Port)).Run() == nil {
			return nil
		}
		select {
		case <-s.ended:
			deadline = time.Time{}
		case <-time.After(50 * time.Millisecond):
		}
	}
	said, _ := os.ReadFile(log)
	return fmt.Errorf("PostgreSQL does not answer:\n%s", said)
}

// Command is one of PostgreSQL's programs, to be run as the server's user.
func (s *Server) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(bin+name, args...)
	cmd.Dir = s.Dir
	cmd.SysProcAttr = s.as
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

// Psql is a psql on the database "postgres".
func (s *Server) Psql(args ...string) *exec.Cmd {
	return s.Command("psql", append([]string{"-X", "-q", "-h", s.Dir, "-p", strconv.Itoa(s.Port), "-U", User, "-d", "postgres"}, args...)...)
}

// URL is the address of a schema in the database "postgres".
func (s *Server) URL(schema string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/postgres?sslmode=disable&search_path=%s", User, s.Port, schema)
}

// Crash ends the server at once, whoever is connected, and leaves it to Restart to recover: pg_ctl stop -m immediate.
func (s *Server) Crash() {
	if s.server != nil {
		_ = s.server.Process.Signal(syscall.SIGQUIT)
		<-s.ended
		s.server = nil
	}
}

// Stop ends the server, whoever is connected, and removes what it kept. It is called once.
func (s *Server) Stop() {
	s.Crash() // nothing is worth an orderly end
	_ = os.RemoveAll(s.Dir)
}

// unprivileged gives the folder to a user that PostgreSQL accepts; it refuses root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w as root, without a user postgres", ErrMissing)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(dir, uid, gid)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
