package local

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// victimEnv makes the test binary a process that puts and deletes in the folder it names, until it is killed.
const victimEnv = "IMGORIGIN_LOCAL_VICTIM"

// sealed returns an object of n bytes whose first 32 are the hash of the rest.
func sealed(n int) []byte {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], rand.Uint64())
	data := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(data)
	sum := sha256.Sum256(data[sha256.Size:])
	copy(data, sum[:])
	return data
}

func isSealed(data []byte) bool {
	return len(data) >= sha256.Size && [sha256.Size]byte(data[:sha256.Size]) == sha256.Sum256(data[sha256.Size:])
}

// victim reports on its standard output: "put KEY" once it is acknowledged, "delete KEY" before it begins.
func victim(dir string) {
	config := DefaultConfig()
	config.Dir = dir
	s, err := Open(config)
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	var workers sync.WaitGroup
	for w := range 4 {
		workers.Go(func() {
			for i := 0; ; i++ {
				key := origin.Key(fmt.Sprintf("crash/%d/%d/%d", os.Getpid(), w, i))
				if err := victimPut(s, key, i%3 == 0); err != nil {
					fmt.Println("failed:", err)
					os.Exit(1)
				}
				fmt.Println("put " + string(key))
				if i%4 == 3 {
					fmt.Println("delete " + string(key))
					if err := s.Delete(context.Background(), key); err != nil {
						fmt.Println("failed:", err)
						os.Exit(1)
					}
				}
			}
		})
	}
	workers.Wait()
}

func victimPut(s *Store, key origin.Key, stage bool) error {
	ctx := context.Background()
	if !stage {
		return s.PutIfAbsent(ctx, key, sealed(20<<10))
	}
	st, err := s.Stage(ctx)
	if err != nil {
		return err
	}
	if _, err := st.Write(sealed(1 << 20)); err != nil {
		return err
	}
	return st.Commit(ctx, key)
}

// kill starts a victim, lets it report some lines, kills it with SIGKILL, and returns all that it reported.
func kill(t *testing.T, dir string, lines int) (report []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for scan := bufio.NewScanner(out); scan.Scan(); {
		report = append(report, scan.Text())
		if len(report) == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() || len(report) < lines {
		t.Fatalf("the victim was not killed: %v, %q", err, report[max(len(report)-1, 0):])
	}
	return report
}

func TestKilledInTheMiddleOfPuts(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[origin.Key]bool{}
	for round := range 8 {
		for _, line := range kill(t, dir, 5+5*round) {
			what, key, _ := strings.Cut(line, " ")
			switch what {
			case "put":
				acknowledged[origin.Key(key)] = true
			case "delete": // it may be there or not
				delete(acknowledged, origin.Key(key))
			default:
				t.Fatal(line)
			}
		}
	}
	left := len(backdate(t, dir, 2*time.Hour))
	s := openAt(t, dir)
	if got := s.Stats().Stale; got != int64(left) || len(backdate(t, dir, 0)) != 0 {
		t.Errorf("of %d temporary files that the crashes left, Open removed %d", left, got)
	}
	infos, err := s.List(t.Context(), "", "", 100000)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if !isSealed(readAll(t, s, info.Key)) {
			t.Errorf("%q is not whole", info.Key)
		}
		delete(acknowledged, info.Key)
	}
	for key := range acknowledged {
		t.Errorf("%q was acknowledged and is not there", key)
	}
	t.Logf("%d objects whole, %d temporary files removed", len(infos), left)
}

func TestTemporaryFilesOfTheLivingStay(t *testing.T) {
	dir := t.TempDir()
	alive := openAt(t, dir)
	st, err := alive.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(st, "slow"); err != nil {
		t.Fatal(err)
	}
	// Two that nobody writes: one old, one young. And one that is none of ours.
	for _, name := range []string{"OLD" + tempSuffix, "foreign"} {
		if err := os.WriteFile(dir+"/"+tempFolder+"/"+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	backdate(t, dir, 2*time.Hour)
	if err := os.WriteFile(dir+"/"+tempFolder+"/YOUNG"+tempSuffix, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := openAt(t, dir).Stats().Stale; got != 1 {
		t.Errorf("%d files were removed, not one", got)
	}
	var names []string
	for _, path := range files(t, dir) {
		if !strings.Contains(path, st.(*staged).temp.name) {
			names = append(names, path)
		}
	}
	if got := strings.Join(names, " "); got != ".tmp/YOUNG.part .tmp/foreign" {
		t.Errorf("beside the one that is written there is [%s]", got)
	}
	if err := st.Commit(t.Context(), "a"); err != nil {
		t.Errorf("commit: %v", err)
	}
}
