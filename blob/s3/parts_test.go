package s3

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"github.com/imgorigin/imgorigin/internal/faulty"
	"github.com/imgorigin/imgorigin/origin"
)

// commit puts an object as an upload does, by pieces of 32 KiB as io.Copy has them.
func commit(t testing.TB, s *Store, key origin.Key, size int64) error {
	st, err := s.Stage(t.Context())
	if err != nil {
		return err
	}
	defer st.Discard()
	if _, err := io.CopyN(st, new(counting), size); err != nil {
		return err
	}
	return st.Commit(t.Context(), key)
}

// counting reads as a long pattern, over and over. Its period is no divisor of a part's size, so that no two parts are alike.
type counting struct{ at int }

var period = pattern(1<<20 + 7)

func (c *counting) Read(p []byte) (int, error) {
	n := copy(p, period[c.at%len(period):])
	c.at += n
	return n, nil
}

// zeros is endless, and as fast as can be under the race detector.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// uploads lists the uploads by parts that are under way in the bucket.
func uploads(t *testing.T, s *Store) (names []string) {
	t.Helper()
	found, err := s.core.ListMultipartUploads(t.Context(), s.config.Bucket, "", "", "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range found.Uploads {
		names = append(names, u.Key)
	}
	return names
}

func TestPartsMakeOneObject(t *testing.T) {
	c := bucket(t)
	c.PartSize = 5 << 20
	s := open(t, c)
	for _, size := range []int64{5 << 20, 5<<20 + 1, 11 << 20} {
		key := origin.Key(fmt.Sprint("parts/", size))
		if err := commit(t, s, key, size); err != nil {
			t.Fatal(err)
		}
		want := sha256.New()
		_, _ = io.CopyN(want, new(counting), size)
		got := sha256.New()
		obj, err := s.Open(t.Context(), key, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(got, obj.Body)
		if _ = obj.Body.Close(); n != size || obj.Size != size || err != nil || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
			t.Errorf("of %d bytes %d came back, others or not: %v", size, n, err)
		}
		if err := commit(t, s, key, size); !errors.Is(err, origin.ErrExists) {
			t.Errorf("%d bytes under a taken key: %v", size, err)
		}
	}
	if left := uploads(t, s); len(left) > 0 {
		t.Errorf("uploads are left under way: %q", left)
	}
	if left, _ := os.ReadDir(c.Spool); len(left) > 0 {
		t.Errorf("in the spool folder there is %v", left)
	}
}

func TestTenThousandPartsAreEnough(t *testing.T) {
	s := &Store{config: DefaultConfig()}
	for _, size := range []int64{1, 16 << 20, 160_000 << 20, 5 << 40} {
		if each := s.partSize(size); each < 16<<20 || (size+each-1)/each > maxParts {
			t.Errorf("an object of %d bytes has %d parts of %d", size, (size+each-1)/each, each)
		}
	}
}

// Eight uploads of 20 MiB at once, two parts each, allocate less in all than one part has: what is sent is read from the
// spool as it is sent.
func TestUploadsTakeNoMemory(t *testing.T) {
	const uploads, size, bound = 8, 20 << 20, 16 << 20
	s := open(t, bucket(t))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var group errgroup.Group
	for i := range uploads {
		group.Go(func() error {
			st, err := s.Stage(t.Context())
			if err != nil {
				return err
			}
			defer st.Discard()
			if _, err := io.CopyN(st, zeros{}, size); err != nil {
				return err
			}
			return st.Commit(t.Context(), origin.Key(fmt.Sprint("large/", i)))
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	t.Logf("%d uploads of %d MiB: %d KiB allocated in all", uploads, size>>20, allocated>>10)
	if allocated > bound {
		t.Errorf("%d bytes were allocated, more than %d", allocated, bound)
	}
}

func TestAnUploadThatFailsLeavesNoParts(t *testing.T) {
	s, p := behindProxy(t, func(c *Config) { c.PartSize, c.Attempts = 5<<20, 2 })
	st, err := s.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Discard()
	if _, err := io.CopyN(st, new(counting), 12<<20); err != nil {
		t.Fatal(err)
	}
	set(t, p, faulty.Fault{Rate: 4 << 20}) // slow, so that the trouble comes in the middle
	go func() {
		for p.Stats().Connections < 3 {
			time.Sleep(time.Millisecond)
		}
		_ = p.Set(faulty.Fault{Status: 503, Times: 6})
	}()
	if err := st.Commit(t.Context(), "a"); err != nil && !errors.Is(err, origin.ErrUnreachable) {
		t.Fatal(err)
	}
	set(t, p, faulty.Fault{})
	_, _ = s.Sweep(t.Context(), 0) // where even the abort was refused
	if left := uploads(t, s); len(left) > 0 {
		t.Errorf("uploads are left under way: %q", left)
	}
}

func TestAbandonedUploadsAreSweptAndYoungOnesAreNot(t *testing.T) {
	c := bucket(t)
	c.Prefix = "ours/"
	s := open(t, c)
	for _, name := range []string{"ours/a", "ours/b", "others/c"} {
		if _, err := s.core.NewMultipartUpload(t.Context(), c.Bucket, name, minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Sweep(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("%d young ones were swept, %v", n, err)
	}
	if n, err := s.Sweep(t.Context(), -time.Hour); n != 2 || err != nil || s.Stats().Swept != 2 {
		t.Errorf("%d were swept, %v", n, err)
	}
	if left := uploads(t, s); len(left) != 1 || left[0] != "others/c" {
		t.Errorf("left are %q", left)
	}
}

func TestObjectsThatAreNotOursArePassedBy(t *testing.T) {
	c := bucket(t)
	s := open(t, c)
	put(t, s, "ours/a", []byte("x"))
	client, err := server.Client()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ours/" + strings.Repeat("x", 200) + "/folder/", ".hidden/a"} {
		if _, err := client.PutObject(t.Context(), c.Bucket, name, strings.NewReader(""), 0, minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{1, 2, 100} {
		if infos, err := s.List(t.Context(), "", "", limit); err != nil || len(infos) != 1 || infos[0].Key != "ours/a" {
			t.Errorf("by pages of %d: %v, %v", limit, infos, err)
		}
	}
}

func TestASpoolThatIsFullIsAFullDisk(t *testing.T) {
	c := bucket(t)
	c.Spool = filepath.Join(t.TempDir(), "made", "by open")
	s := open(t, c)
	st, err := s.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Discard()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	_ = st.(*staged).file.Close()
	st.(*staged).file = full
	if _, err := st.Write([]byte("x")); !errors.Is(err, origin.ErrNoSpace) {
		t.Errorf("Write: %v", err)
	}
	if err := st.Commit(t.Context(), "a"); !errors.Is(err, origin.ErrNoSpace) {
		t.Errorf("Commit: %v", err)
	}
	if s.Stats().NoSpace == 0 {
		t.Error("Stats tells of no full disk")
	}
}

func TestConfig(t *testing.T) {
	good := DefaultConfig()
	good.Endpoint, good.Bucket = "http://127.0.0.1:9000", "bucket"
	for _, c := range []struct {
		what  string
		set   func(*Config)
		valid bool
	}{
		{"the default with a bucket", func(*Config) {}, true},
		{"no bucket", func(c *Config) { c.Bucket = "" }, false},
		{"no region", func(c *Config) { c.Region = "" }, false},
		{"half a pair of keys", func(c *Config) { c.AccessKey = "x" }, false},
		{"a prefix", func(c *Config) { c.Prefix = "a/b/" }, true},
		{"a prefix that ends within a segment", func(c *Config) { c.Prefix = "a/b" }, false},
		{"a prefix that leaves no room", func(c *Config) { c.Prefix = strings.Repeat("a/", 200) }, false},
		{"the smallest part", func(c *Config) { c.PartSize = 5 << 20 }, true},
		{"a smaller one", func(c *Config) { c.PartSize = 5<<20 - 1 }, false},
		{"no uploads", func(c *Config) { c.Uploads = 0 }, false},
		{"no attempts", func(c *Config) { c.Attempts = 0 }, false},
		{"a call shorter than an attempt", func(c *Config) { c.Timeout = c.AttemptTimeout - 1 }, false},
		{"no rate", func(c *Config) { c.MinRate = 0 }, false},
		{"no patience within a body", func(c *Config) { c.IdleTimeout = 0 }, false},
		{"stale at once", func(c *Config) { c.StaleAfter = time.Minute }, false},
	} {
		config := good
		c.set(&config)
		if err := config.Validate(); (err == nil) != c.valid {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
