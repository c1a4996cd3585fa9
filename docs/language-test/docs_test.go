package languagetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
)

const reference = "../kernel-language.md"

// TestReference plays the page that describes the language: a block marked "wk
// FILE" or "go FILE" is written to that file, and the commands of a console
// block must print what stands below them. WGSLGEN_UPDATE=1 rewrites that.
func TestReference(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "wgslgen"), "../../cmd/wgslgen")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	templates, err := filepath.Abs("../../templates")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(templates, filepath.Join(dir, "templates")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, reference, string(text), fences.ReplaceAllStringFunc(string(text), func(block string) string {
		m := fences.FindStringSubmatch(block)
		switch kind, file, content := m[1], m[2], m[3]; {
		case kind == "console":
			return "```console\n" + play(t, dir, content) + "```"
		case file != "":
			path := filepath.Join(dir, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return block
	}))
}

var (
	fences = regexp.MustCompile("(?ms)^```(\\w*)(?: (\\S+))?\n(.*?)^```$")
	timing = regexp.MustCompile(`\(\d+(\.\d+)?m?s\)`) // of wgslgen check
)

// play runs the commands of a console block, and returns them with what they print.
func play(t *testing.T, dir, block string) string {
	t.Helper()
	var out bytes.Buffer
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		out.WriteString(line)
		shell := exec.Command("sh", "-c", command)
		shell.Dir = dir
		shell.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
		printed, _ := shell.CombinedOutput() // a mistake that is shown has a status of 1
		out.Write(timing.ReplaceAll(printed, []byte("(9ms)")))
		if len(printed) > 0 && !bytes.HasSuffix(printed, []byte("\n")) {
			out.WriteString("\n")
		}
	}
	return out.String()
}

// rewrite compares a page with what it should be, or, with WGSLGEN_UPDATE=1, makes it that.
func rewrite(t *testing.T, path, have, want string) {
	t.Helper()
	if os.Getenv("WGSLGEN_UPDATE") == "" {
		if diff := cmp.Diff(strings.Split(have, "\n"), strings.Split(want, "\n")); diff != "" {
			t.Errorf("%s is stale; WGSLGEN_UPDATE=1 go test ./docs/... rewrites it (-have +want):\n%s", path, diff)
		}
		return
	}
	if have == want {
		return
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReferenceIsComplete looks for every builtin and every pass on the page.
func TestReferenceIsComplete(t *testing.T) {
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for name := range ir.Builtins {
		if !slices.Contains(quoted(text), name) {
			t.Errorf("builtin %s is not described", name)
		}
	}
	for _, p := range pass.Pipeline {
		if line := "| `" + p.Name + "` | " + p.Doc + " |"; !strings.Contains(text, line) {
			t.Errorf("there is no line %s", line)
		}
	}
}

// quoted returns the names at the beginning of what a page has in backquotes.
func quoted(text string) []string {
	var names []string
	for _, m := range regexp.MustCompile("`([a-z_0-9]+)[(`]").FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}
