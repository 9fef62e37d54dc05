package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is in deploy/ is true: the options that it names are there, their values are taken, the addresses that it probes answer,
// and where it waits for the program it waits long enough.

const deployDir = "../../deploy/"

var (
	variable   = regexp.MustCompile(`\bIMGORIGIN_[A-Z0-9_]+`)
	assignment = regexp.MustCompile(`(?m)^\s*(?:Environment=)?(IMGORIGIN_[A-Z0-9_]+)\s*[=:]\s*"?([^"\n]+?)"?$`)
	named      = regexp.MustCompile(`origin's --([a-z-]+)`)
	probed     = regexp.MustCompile(`/api/health[a-z/]*`)
)

// deployedFiles are the texts of all files of deploy/, by path.
func deployedFiles(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(deployDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(filepath.ToSlash(path), deployDir)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// serving is what "serve" comes to in an environment, without running it.
func serving(t *testing.T, environment map[string]string) *serveOptions {
	t.Helper()
	for name, value := range environment {
		t.Setenv(name, value)
	}
	var line commandLine
	parser, err := newParser(&line, &Main{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"serve"}); err != nil {
		t.Fatalf("serve refuses %v: %v", environment, err)
	}
	return &line.Serve.serveOptions
}

// environmentOf is what a file of deploy/ sets.
func environmentOf(text string) map[string]string {
	set := make(map[string]string)
	for _, m := range assignment.FindAllStringSubmatch(text, -1) {
		set[m[1]] = m[2]
	}
	return set
}

func TestTheOptionsInDeployAreThere(t *testing.T) {
	parser, err := newParser(&commandLine{}, &Main{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	var names, variables []string
	for _, command := range parser.Model.Leaves(false) {
		if command.Path() != "serve" {
			continue
		}
		for _, f := range command.Flags {
			names, variables = append(names, f.Name), append(variables, f.Envs...)
		}
	}
	used := 0
	for file, text := range deployedFiles(t) {
		for _, name := range variable.FindAllString(text, -1) {
			used++
			if !slices.Contains(variables, name) {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			used++
			if !slices.Contains(names, m[1]) {
				t.Errorf("%s: there is no --%s", file, m[1])
			}
		}
	}
	if used < 25 {
		t.Errorf("only %d options are named", used)
	}
}

// figure is the number that a pattern's group finds, which has to be there.
func figure(t *testing.T, text, pattern string) int {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("there is no %s", pattern)
	}
	return number(t, m[1])
}

func seconds(t *testing.T, text, pattern string) time.Duration {
	t.Helper()
	return time.Duration(figure(t, text, pattern)) * time.Second
}

// TestDeploymentsLeaveTimeAndMemory holds what surrounds the program against docs/limits.md and its own time-outs.
func TestDeploymentsLeaveTimeAndMemory(t *testing.T) {
	files := deployedFiles(t)
	for _, c := range []struct {
		options, file     string
		grace, before     string // seconds until it is killed, and those that pass before it is told
		memory            string // GiB
		address, measures string // where others look for it
	}{
		{"systemd/imgorigin.service", "systemd/imgorigin.service", `TimeoutStopSec=(\d+)\n`, "", `MemoryMax=(\d+)G\n`, ":8090", ":9090"},
		{"compose/compose.yaml", "compose/compose.yaml", `stop_grace_period: (\d+)s`, "", `mem_limit: (\d+)g +#`, ":8090", ":9090"},
		{"kubernetes/config.yaml", "kubernetes/deployment.yaml", `terminationGracePeriodSeconds: (\d+)\n`, `command: \[sleep, "(\d+)"\]`, `limits: {memory: (\d+)Gi}`, ":8090", ":9090"},
	} {
		t.Run(c.file, func(t *testing.T) {
			text := files[c.file]
			o := serving(t, environmentOf(files[c.options]))
			least := o.DrainTimeout + closeTimeout
			if c.before != "" {
				least += seconds(t, text, c.before)
			}
			if grace := seconds(t, text, c.grace); grace <= least {
				t.Errorf("it is killed after %s, and may take %s to end", grace, least)
			}
			if o.Workers == 0 {
				t.Fatal("its workers, and so its memory, depend on the machine")
			}
			// The bound of docs/limits.md: idle, caches, 1 GiB, and 512 MiB for each worker.
			bound := int64(60<<20) + int64(o.MemoryCache) + int64(o.MetadataCache) + 1<<30 + int64(o.Workers)*512<<20
			if limit := int64(figure(t, text, c.memory)) << 30; limit < bound {
				t.Errorf("it may have %d bytes, and takes up to %d", limit, bound)
			}
			if !strings.HasSuffix(o.HTTP, c.address) || !strings.HasSuffix(o.Metrics, c.measures) {
				t.Errorf("it serves on %s, metrics on %s", o.HTTP, o.Metrics)
			}
		})
	}
	deployment := files["kubernetes/deployment.yaml"]
	for _, want := range []string{"containerPort: 8090}", "containerPort: 9090}", `prometheus.io/port: "9090"`} {
		if !strings.Contains(deployment, want) {
			t.Errorf("the Deployment has no %s", want)
		}
	}
	dockerfile, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	user := fmt.Sprint(figure(t, string(dockerfile), `--uid (\d+)`))
	if n := strings.Count(deployment, ": "+user+"\n"); n != 3 {
		t.Errorf("the Deployment names the image's user %d times, want 3", n)
	}
}

// TestCachesWaitLongerThanTheOrigin compares the time-outs of the caches with the defaults that they are to go with.
func TestCachesWaitLongerThanTheOrigin(t *testing.T) {
	files, o := deployedFiles(t), serving(t, nil)
	nginx, varnish := files["nginx/imgorigin.conf"], files["varnish/imgorigin.vcl"]
	for name, waits := range map[string]time.Duration{
		"nginx": seconds(t, nginx, `proxy_read_timeout (\d+)s;`), "Varnish": seconds(t, varnish, `first_byte_timeout = (\d+)s;`),
		"the Ingress": seconds(t, files["kubernetes/ingress.yaml"], `proxy-read-timeout: "(\d+)"`),
	} {
		if waits <= o.Deadline || waits <= o.RenderWithin {
			t.Errorf("%s waits for %s, an answer may take %s", name, waits, max(o.Deadline, o.RenderWithin))
		}
	}
	if kept := seconds(t, nginx, `keepalive_timeout (\d+)s;`); kept >= o.HeaderTimeout {
		t.Errorf("nginx keeps connections for %s, the origin for %s", kept, o.HeaderTimeout)
	}
	// What compose replaces in the configuration of nginx is in it.
	edits := regexp.MustCompile(`s/(127[0-9.]+:\d+)/origin\d:8090/`).FindAllStringSubmatch(files["compose/compose.yaml"], -1)
	for _, m := range edits {
		if strings.Count(nginx, "server "+m[1]+" ") != 1 {
			t.Errorf("nginx has no server %s", m[1])
		}
	}
	if want := strings.Count(nginx, "    server 127."); len(edits) != want {
		t.Errorf("compose replaces %d of %d servers", len(edits), want)
	}
}

func TestWhatDeployProbesAnswers(t *testing.T) {
	paths := make(map[string]string)
	for file, text := range deployedFiles(t) {
		for _, path := range probed.FindAllString(text, -1) {
			paths[path] = file
		}
	}
	if len(paths) == 0 {
		t.Errorf("probed are %v", slices.Collect(maps.Keys(paths)))
	}
	p := start(t)
	for path, file := range paths {
		if a := p.get(path); a.status != 200 {
			t.Errorf("%s probes %s: %d", file, path, a.status)
		}
	}
}

// TestSystemsReadWhatIsInDeploy asks the systems themselves, those of them that are installed.
func TestSystemsReadWhatIsInDeploy(t *testing.T) {
	accepts := func(t *testing.T, name string, args ...string) string {
		t.Helper()
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	t.Run("systemd", func(t *testing.T) {
		exe, err := os.Executable() // any will do
		if err != nil {
			t.Fatal(err)
		}
		unit := filepath.Join(t.TempDir(), "imgorigin.service")
		text := deployed(t, "systemd/imgorigin.service", map[string]string{"/usr/local/bin/imgorigin": exe})
		if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := accepts(t, "systemd-analyze", "verify", "--man=no", unit); strings.Contains(out, unit) {
			t.Errorf("%s", out)
		}
	})
	t.Run("Kubernetes", func(t *testing.T) {
		out := accepts(t, "kubectl", "kustomize", deployDir+"kubernetes")
		for _, kind := range []string{"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "Namespace", "PodDisruptionBudget", "Service"} {
			if strings.Count("\n"+out, "\nkind: "+kind+"\n") != 1 {
				t.Errorf("there is no %s, or several", kind)
			}
		}
	})
	t.Run("compose", func(t *testing.T) {
		if exec.Command("docker", "compose", "version").Run() != nil {
			t.Skip("docker has no compose")
		}
		accepts(t, "docker", "compose", "-f", deployDir+"compose/compose.yaml", "config", "--quiet")
	})
}
