package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/bridge"
)

// TestServers checks that the printed links lead to the page and the models,
// and that an interrupt ends both commands with its status.
func TestServers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot interrupt itself on Windows")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"index.html": "the page", "one.gguf": "a model"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"bridge", dir},
		{"web", "-listen", "127.0.0.1:0", "-dir", dir, dir},
	} {
		t.Run(args[0], func(t *testing.T) {
			out, w := io.Pipe()
			code := make(chan int)
			go func() { code <- run(args, nil, w, io.Discard) }()
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			link, err := url.Parse(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			models := link
			if args[0] == "web" {
				if got := get(t, link); got != "the page" {
					t.Errorf("the page is %q", got)
				}
				models = link.JoinPath("/").ResolveReference(&url.URL{Path: strings.TrimPrefix(link.Fragment, "bridge=")})
			}
			models = models.JoinPath("models")
			var list struct{ Models []bridge.Model }
			if err := json.Unmarshal([]byte(get(t, models)), &list); err != nil || len(list.Models) != 1 {
				t.Fatalf("the list is %v (%v)", list, err)
			}
			file, err := models.Parse(list.Models[0].URL)
			if err != nil {
				t.Fatal(err)
			}
			if got := get(t, file); got != "a model" {
				t.Errorf("the model is %q", got)
			}
			interrupt(t)
			select {
			case got := <-code:
				if got != exitInterrupted {
					t.Errorf("exit code %d, want %d", got, exitInterrupted)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("not interrupted")
			}
			if _, err := http.Get(models.String()); err == nil {
				t.Error("it still answers")
			}
		})
	}
}

func get(t *testing.T, u *url.URL) string {
	t.Helper()
	r, err := http.Get(u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s (%v)", u, r.Status, err)
	}
	return string(b)
}
