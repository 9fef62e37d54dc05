package main

import (
	"encoding/json"
	"fmt"
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

// The pages of the dialects show every call as curl. Their tests run what a page shows, all of it in one shell, against the
// built program, so that a page cannot say what is not so.
//
// A block "```sh" is run. The block after it may be its answer: "```json 200" has the status of the last curl and what the
// block prints, compared by its shape, and "```http 200" the status and some lines of a header that it prints. Without an
// answer every curl of the block must come to a status below 300. Other blocks are for reading only.

// docPage is a page with what it takes to run it.
type docPage struct {
	file    string            // below docs
	env     map[string]string // variables that the page takes for granted, such as BASE and KEY
	files   map[string][]byte // in the folder that the shell is in
	replace map[string]string // names in the page of what is elsewhere in a test
	calls   []string          // what must be among what is run: one word or more of each call that there is
}

// docBlock is a block that is run, with its answer.
type docBlock struct {
	line   int
	script string
	kind   string // of the answer: json, http, or "" for none
	status string
	answer string
}

func (d *docPage) run(t *testing.T) {
	t.Helper()
	d.runIn(t, t.TempDir())
}

// runIn runs the page in a folder.
func (d *docPage) runIn(t *testing.T, dir string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../docs", d.file))
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for from, to := range d.replace {
		page = strings.ReplaceAll(page, from, to)
	}
	blocks := parseDoc(t, page)
	all := ""
	for _, b := range blocks {
		all += b.script + "\n"
	}
	for _, call := range d.calls {
		if !strings.Contains(all, call) {
			t.Errorf("%s does not show %s", d.file, call)
		}
	}
	for name, data := range d.files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.shell(t, dir, blocks)
	for i, b := range blocks {
		b.check(t, d.file, dir, i)
	}
}

// parseDoc finds the blocks that are run, and what follows them.
func parseDoc(t *testing.T, page string) (blocks []docBlock) {
	t.Helper()
	var inside bool
	var info string
	var body []string
	for n, line := range strings.Split(page, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && !inside:
			inside, info, body = true, fence, nil
		case !isFence && inside:
			body = append(body, line)
		case isFence:
			inside = false
			text := strings.Join(body, "\n")
			kind, status, answered := strings.Cut(info, " ")
			switch {
			case info == "sh":
				blocks = append(blocks, docBlock{line: n + 1 - len(body), script: text})
			case answered && (kind == "json" || kind == "http"):
				if len(blocks) == 0 || blocks[len(blocks)-1].kind != "" {
					t.Fatalf("line %d answers nothing", n+1)
				}
				last := &blocks[len(blocks)-1]
				last.kind, last.status, last.answer = kind, status, text
			}
		}
	}
	if len(blocks) == 0 || inside {
		t.Fatal("the page shows nothing that can be run")
	}
	return blocks
}

// shell runs the blocks in one shell, where curl writes down every status.
func (d *docPage) shell(t *testing.T, dir string, blocks []docBlock) {
	t.Helper()
	var script strings.Builder
	script.WriteString("set -eu -o pipefail\n" +
		`curl() { command curl -sS --max-time 60 -w '%{stderr}%{http_code}\n' "$@" 2>>"$STATUSES"; }` + "\n")
	for i, b := range blocks {
		fmt.Fprintf(&script, "STATUSES=status.%d\n: >status.%d\n{\n%s\n} >out.%d\n", i, i, b.script, i)
	}
	cmd := exec.Command("bash", "-c", script.String())
	cmd.Dir = dir
	cmd.Env = os.Environ()
	for _, name := range slices.Sorted(maps.Keys(d.env)) {
		cmd.Env = append(cmd.Env, name+"="+d.env[name])
	}
	cmd.WaitDelay = time.Second
	var problems strings.Builder
	cmd.Stderr = &problems
	kill := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	if err := cmd.Run(); err != nil {
		seen := ""
		for i := range blocks {
			statuses, _ := os.ReadFile(filepath.Join(dir, fmt.Sprintf("status.%d", i)))
			out, _ := os.ReadFile(filepath.Join(dir, fmt.Sprintf("out.%d", i)))
			seen += fmt.Sprintf("line %d: %s%.300s\n", blocks[i].line, statuses, out)
		}
		t.Fatalf("%s: %v\n%s\n%s", d.file, err, problems.String(), seen)
	}
}

// check compares what a block did with what the page says.
func (b *docBlock) check(t *testing.T, file, dir string, i int) {
	t.Helper()
	out, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("out.%d", i)))
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("status.%d", i)))
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("docs/%s, line %d", file, b.line)
	statuses := strings.Fields(string(recorded))
	if b.kind == "" {
		for _, s := range statuses {
			if s >= "300" {
				t.Errorf("%s: status %s\n%s\n%.500s", at, s, b.script, out)
			}
		}
		return
	}
	if len(statuses) == 0 || statuses[len(statuses)-1] != b.status {
		t.Errorf("%s: status %v, want %s\n%s\n%.500s", at, statuses, b.status, b.script, out)
		return
	}
	var problems []string
	if b.kind == "json" {
		problems = compareJSON(b.answer, string(out))
	} else {
		problems = missingLines(b.answer, string(out))
	}
	for _, p := range problems {
		t.Errorf("%s: %s\n%.500s", at, p, out)
	}
}

func missingLines(want, got string) (problems []string) {
	have := strings.Split(strings.ReplaceAll(got, "\r", ""), "\n")
	for line := range strings.SplitSeq(strings.TrimSpace(want), "\n") {
		if !slices.ContainsFunc(have, func(h string) bool { return like(line, h) }) {
			problems = append(problems, "the header has no "+line)
		}
	}
	return problems
}

// compareJSON compares two answers by their shape: the same names, lists of the same length, the same booleans and nulls, a
// number for a number, and texts that are alike.
func compareJSON(want, got string) []string {
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		return []string{"the page's own answer is no JSON: " + err.Error()}
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		return []string{"the answer is no JSON: " + err.Error()}
	}
	return shapes("the answer", w, g)
}

func shapes(at string, want, got any) (problems []string) {
	differs := []string{fmt.Sprintf("%s is %v, want %v", at, got, want)}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || !slices.Equal(slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(g))) {
			return differs
		}
		for name := range w {
			problems = append(problems, shapes(at+"."+name, w[name], g[name])...)
		}
		return problems
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return differs
		}
		for i := range w {
			problems = append(problems, shapes(fmt.Sprintf("%s[%d]", at, i), w[i], g[i])...)
		}
		return problems
	case float64:
		if _, ok := got.(float64); ok {
			return nil
		}
	case string:
		if g, ok := got.(string); ok && like(w, g) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return differs
}

// docMasks replace what is another each time.
var docMasks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`https?://127\.0\.0\.1:\d+`), "BASE"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?`), "TIME"},
	{regexp.MustCompile(`expires=(?:\d+|…)&signature=(?:[\w-]{43}|…)`), "SIGNATURE"},
	{regexp.MustCompile(`^[a-z0-9]{15}$`), "ID"},
	{regexp.MustCompile(`upl_[a-z0-9]{20}`), "UPLOAD"},
}

// like compares texts but for what is another each time; "…" stands for anything.
func like(want, got string) bool {
	for _, m := range docMasks {
		want, got = m.pattern.ReplaceAllString(want, m.by), m.pattern.ReplaceAllString(got, m.by)
	}
	return regexp.MustCompile("(?s)^" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*") + "$").MatchString(got)
}

// TestTheComparisonOfAPageSeesDifferences keeps the harness honest.
func TestTheComparisonOfAPageSeesDifferences(t *testing.T) {
	for _, c := range []struct {
		name, want, got string
		same            bool
	}{
		{"the same", `{"a":[1,"x",true,null]}`, `{"a":[2,"x",true,null]}`, true},
		{"another name", `{"a":1}`, `{"b":1}`, false},
		{"one name more", `{"a":1}`, `{"a":1,"b":1}`, false},
		{"one name less", `{"a":1,"b":1}`, `{"a":1}`, false},
		{"another text", `{"a":"x"}`, `{"a":"y"}`, false},
		{"a number for a text", `{"a":"1"}`, `{"a":1}`, false},
		{"null for a number", `{"a":1}`, `{"a":null}`, false},
		{"another truth", `{"a":true}`, `{"a":false}`, false},
		{"a longer list", `[1]`, `[1,1]`, false},
		{"another UUID", `"c5815fb0-997e-11e9-bcec-8fb5f642f8a5"`, `"00000000-0000-4000-8000-000000000000"`, true},
		{"anything", `"a…z"`, `"abcz"`, true},
		{"anything, but not its end", `"a…z"`, `"abc"`, false},
		{"more behind it", `"a"`, `"ab"`, false},
		{"more before it", `"b"`, `"ab"`, false},
		{"no JSON", `{}`, `<html>`, false},
	} {
		if problems := compareJSON(c.want, c.got); (len(problems) == 0) != c.same {
			t.Errorf("%s: %v", c.name, problems)
		}
	}
}
