package bridge

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// page is an origin that may use the bridge under test.
const page = "https://page.example"

const secret = "what lies outside of the folder"

// served is a bridge to a folder, on an address of its own.
type served struct {
	*Bridge
	dir, address string
}

// serve serves a folder that has everything beside it that must not be read.
func serve(t *testing.T) *served {
	t.Helper()
	outside := t.TempDir()
	dir := filepath.Join(outside, "models")
	for name, text := range map[string]string{
		"secret.gguf":                  secret,
		"models-private/one.gguf":      secret,
		"models/one.gguf":              "0123456789",
		"models/sub/50% of # it?.GGUF": "half",
		"models/notes.txt":             secret,
		"models/.hidden.gguf":          secret,
		"models/.git/one.gguf":         secret,
		"models/folder.gguf/x.txt":     secret,
	} {
		name = filepath.Join(outside, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"inside.gguf":     "one.gguf",
		"outside.gguf":    "../secret.gguf",
		"absolute.gguf":   filepath.Join(outside, "secret.gguf"),
		"up":              "..",
		"sibling":         "../models-private",
		"roundabout.gguf": "../models/one.gguf", // it leaves the folder, if only to come back
		"notes.gguf":      "nothing.gguf",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip(err) // Windows, without the right to
		}
	}
	b, err := New(dir, page)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: b}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close(); b.Close() })
	return &served{b, dir, listener.Addr().String()}
}

// ask sends a request as it is, with the target that a client might have tidied.
func (s *served) ask(t *testing.T, method, target string, headers ...string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if !slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, "Host:") }) {
		headers = append(headers, "Host: "+s.address)
	}
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n", method, target, strings.Join(headers, "\r\n"))
	r, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestModels(t *testing.T) {
	s := serve(t)
	r := s.ask(t, "GET", s.Path()+"models")
	var got struct{ Models []Model }
	if err := json.Unmarshal([]byte(text(t, r)), &got); err != nil {
		t.Fatal(err)
	}
	want := []Model{
		{"inside.gguf", 10, "file/inside.gguf"},
		{"one.gguf", 10, "file/one.gguf"},
		{"sub/50% of # it?.GGUF", 4, "file/sub/50%25%20of%20%23%20it%3F.GGUF"},
	}
	if !slices.Equal(got.Models, want) {
		t.Errorf("the list is %v, want %v", got.Models, want)
	}
	for _, m := range want {
		if r := s.ask(t, "GET", s.Path()+m.URL); r.StatusCode != http.StatusOK || r.ContentLength != m.Bytes {
			t.Errorf("%s: %s with %d bytes", m.URL, r.Status, r.ContentLength)
		}
	}
}

// TestEmpty: a list without models is a list all the same.
func TestEmpty(t *testing.T) {
	b, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if models, err := b.models(t.Context()); err != nil || models == nil || len(models) > 0 {
		t.Errorf("%v, %v", models, err)
	}
	if _, err := New(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a bridge to a folder that does not exist")
	}
}

// TestEscape tries to read what lies outside of the folder, or is no model.
func TestEscape(t *testing.T) {
	s := serve(t)
	up := []string{
		"../secret.gguf", "sub/../../secret.gguf", "./../secret.gguf", "../models-private/one.gguf", "../models/one.gguf",
		"%2e%2e/secret.gguf", "%2e%2e%2fsecret.gguf", "..%2fsecret.gguf", "..%5csecret.gguf", "sub%2f..%2f..%2fsecret.gguf",
		"%252e%252e%252fsecret.gguf", "..%c0%afsecret.gguf", "one.gguf/../../secret.gguf", "one.gguf%00/../../secret.gguf",
		"/" + filepath.ToSlash(filepath.Dir(s.dir)) + "/secret.gguf", "%2f" + filepath.ToSlash(s.dir) + "/one.gguf", "//secret.gguf",
		"outside.gguf", "absolute.gguf", "up/secret.gguf", "up/models/one.gguf", "sibling/one.gguf", "roundabout.gguf",
		"notes.txt", ".hidden.gguf", ".git/one.gguf", "folder.gguf", "folder.gguf/x.txt", "notes.gguf", "missing.gguf",
		"", ".", "sub", "sub/", "one.gguf/", "one.gguf%00", "one.gguf%00.gguf", "notes.txt%00.gguf",
	}
	for _, name := range up {
		for _, method := range []string{"GET", "HEAD"} {
			r := s.ask(t, method, s.Path()+"file/"+name)
			if r.StatusCode != http.StatusNotFound && r.StatusCode != http.StatusBadRequest {
				t.Errorf("%s %q: %s", method, name, r.Status)
			}
			if strings.Contains(text(t, r), secret) {
				t.Errorf("%s %q: what lies outside", method, name)
			}
		}
	}
	for _, target := range []string{
		"/", "/models", "/file/one.gguf", "//models", s.Path(), s.Path() + "file", s.Path() + "models/", s.Path() + "other",
		"/" + s.token, "/" + s.token + "models", "/" + s.token + "x/models", "/" + s.token[1:] + "/models", "/" + strings.ToLower(s.token) + "/models",
		"/x" + s.Path() + "models", "/" + strings.Repeat("A", len(s.token)) + "/models", "/" + strings.Repeat("A", len(s.token)) + "/file/one.gguf", "/../" + s.token + "/models",
	} {
		if r := s.ask(t, "GET", target); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", target, r.Status)
		}
	}
}

func TestTokensDiffer(t *testing.T) {
	if a, b := serve(t), serve(t); a.token == b.token || len(a.token) < 26 {
		t.Errorf("tokens %q and %q", a.token, b.token)
	}
}

// TestHost: a site whose name has been made to point to loopback.
func TestHost(t *testing.T) {
	s := serve(t)
	_, port, _ := net.SplitHostPort(s.address)
	for host, want := range map[string]int{
		"127.0.0.1:" + port: 200, "localhost:" + port: 200, "LOCALHOST:" + port: 200, "[::1]:" + port: 200, "127.0.0.1": 200,
		"evil.example": 403, "evil.example:" + port: 403, "127.0.0.1.evil.example:" + port: 403, "localhost.evil.example": 403,
		"localhost.:" + port: 403, "192.168.0.1:" + port: 403, "0.0.0.0:" + port: 403, "[::]:" + port: 403, "": 403, "2130706433:" + port: 403,
	} {
		if r := s.ask(t, "GET", s.Path()+"file/one.gguf", "Host: "+host); r.StatusCode != want {
			t.Errorf("Host %q: %s, want %d", host, r.Status, want)
		}
	}
}

func TestOrigin(t *testing.T) {
	s := serve(t)
	_, port, _ := net.SplitHostPort(s.address)
	for origin, want := range map[string]int{
		page: 200, "http://" + s.address: 200,
		"http://localhost:" + port: 403, // not what the Host says
		"https://" + s.address:     403, "http://127.0.0.1": 403, "http://127.0.0.1:1": 403, "http://page.example": 403, page + ":444": 403,
		page + ".evil.example": 403, "https://evil.example": 403, page + "/": 403, "null": 403, "": 403, "*": 403, "file://": 403,
	} {
		for _, method := range []string{"GET", "OPTIONS"} {
			r := s.ask(t, method, s.Path()+"file/one.gguf", "Origin: "+origin)
			if allowed := want == 200; (r.StatusCode < 300) != allowed || r.StatusCode >= 300 && r.StatusCode != want {
				t.Errorf("%s from %q: %s", method, origin, r.Status)
			}
			granted := r.Header.Get("Access-Control-Allow-Origin")
			if want == 200 && granted != origin || want != 200 && granted != "" {
				t.Errorf("%s from %q: allowed for %q", method, origin, granted)
			}
		}
	}
	if r := s.ask(t, "GET", s.Path()+"models", "Origin: "+page, "Origin: https://evil.example"); r.StatusCode != http.StatusForbidden {
		t.Errorf("two origins: %s", r.Status)
	}
	if got := s.ask(t, "GET", s.Path()+"models").Header.Get("Cross-Origin-Resource-Policy"); got != "same-origin" {
		t.Errorf("an image of another site may be a model: the policy is %q", got)
	}
}

// TestPreflight: what a browser asks before a site's page may read with ranges
// from a private network.
func TestPreflight(t *testing.T) {
	s := serve(t)
	asked := []string{"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: range", "Access-Control-Request-Private-Network: true"}
	r := s.ask(t, "OPTIONS", s.Path()+"file/one.gguf", append(asked, "Origin: "+page)...)
	if r.StatusCode != http.StatusNoContent {
		t.Errorf("the answer is %s", r.Status)
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": page, "Access-Control-Allow-Private-Network": "true",
		"Access-Control-Allow-Methods": "GET, HEAD, OPTIONS", "Vary": "Origin",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := r.Header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, "Range") {
		t.Errorf("headers %q are allowed", got)
	}
	if got := r.Header.Get("Access-Control-Allow-Credentials"); got != "" {
		t.Errorf("credentials %q are allowed", got)
	}
	for _, target := range []string{"/", "/wrong/file/one.gguf"} {
		if r := s.ask(t, "OPTIONS", target, append(asked, "Origin: "+page)...); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s without the token: %s", target, r.Status)
		}
	}
}

func TestMethods(t *testing.T) {
	s := serve(t)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "PROPFIND", "get"} {
		for _, target := range []string{"models", "file/one.gguf", "file/new.gguf"} {
			r := s.ask(t, method, s.Path()+target)
			if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != methods {
				t.Errorf("%s %s: %s, allowed %q", method, target, r.Status, r.Header.Get("Allow"))
			}
		}
	}
	if data, err := os.ReadFile(filepath.Join(s.dir, "one.gguf")); string(data) != "0123456789" || err != nil {
		t.Errorf("the file holds %q (%v)", data, err)
	}
}

func TestRanges(t *testing.T) {
	s := serve(t)
	target := s.Path() + "file/one.gguf"
	whole := s.ask(t, "GET", target)
	tag := whole.Header.Get("ETag")
	if got := text(t, whole); got != "0123456789" || tag == "" || whole.Header.Get("Accept-Ranges") != "bytes" || whole.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the file is %q, with %v", got, whole.Header)
	}
	if r := s.ask(t, "HEAD", target); r.ContentLength != 10 || r.Header.Get("ETag") != tag {
		t.Errorf("HEAD: %v", r.Header)
	}
	for _, c := range []struct {
		asked, ifRange string
		status         int
		want, is       string
	}{
		{"bytes=0-3", "", 206, "0123", "bytes 0-3/10"},
		{"bytes=8-", tag, 206, "89", "bytes 8-9/10"},
		{"bytes=-1", "", 206, "9", "bytes 9-9/10"},
		{"bytes=4-100", "", 206, "456789", "bytes 4-9/10"},
		{"bytes=8-", `"other"`, 200, "0123456789", ""},
		{"bytes=10-", "", 416, "", "bytes */10"},
	} {
		headers := []string{"Range: " + c.asked}
		if c.ifRange != "" {
			headers = append(headers, "If-Range: "+c.ifRange)
		}
		r := s.ask(t, "GET", target, headers...)
		if r.StatusCode != c.status || r.Header.Get("Content-Range") != c.is || c.status != 416 && text(t, r) != c.want {
			t.Errorf("%s (%s): %s, %v", c.asked, c.ifRange, r.Status, r.Header)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "one.gguf"), []byte("abcdefghijk"), 0o666); err != nil {
		t.Fatal(err)
	}
	if r := s.ask(t, "GET", target, "Range: bytes=8-", "If-Range: "+tag); r.StatusCode != 200 || r.Header.Get("ETag") == tag {
		t.Errorf("the rest of a changed file: %s, tag %s as before", r.Status, tag)
	}
}

// TestCut: a file that loses its end while it is read costs a connection, not
// the process.
func TestCut(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows cuts no mapped file")
	}
	s := serve(t)
	name := filepath.Join(s.dir, "large.gguf")
	const size = 64 << 20
	if err := os.WriteFile(name, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
	r, err := http.Get("http://" + s.address + s.Path() + "file/large.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.CopyN(io.Discard, r.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<20); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, r.Body); err == nil {
		t.Errorf("%d bytes more of a file that was cut", n)
	}
	if r := s.ask(t, "GET", s.Path()+"file/large.gguf"); r.StatusCode != 200 || r.ContentLength != 1<<20 {
		t.Errorf("afterwards: %s, %d bytes", r.Status, r.ContentLength)
	}
}

// TestLeaks: requests, whole and broken off, leave no file open, no memory
// mapped and no goroutine behind.
func TestLeaks(t *testing.T) {
	s := serve(t)
	if err := os.Truncate(filepath.Join(s.dir, "one.gguf"), 32<<20); err != nil {
		t.Fatal(err)
	}
	before := held(t)
	for range 20 {
		s.ask(t, "GET", s.Path()+"models")
		s.ask(t, "GET", s.Path()+"file/one.gguf", "Range: bytes=5-9")
		s.ask(t, "GET", s.Path()+"file/outside.gguf")
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %sfile/one.gguf HTTP/1.1\r\nHost: localhost\r\n\r\n", s.Path())
		io.ReadFull(conn, make([]byte, 100))
		conn.Close()
	}
	deadline := time.Now().Add(5 * time.Second)
	for held(t) != before {
		if time.Now().After(deadline) {
			t.Fatalf("held are %+v, before %+v", held(t), before)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// holdings are what a process holds.
type holdings struct{ goroutines, files, mappings int }

// held counts them, files and mappings where Linux tells.
func held(t *testing.T) holdings {
	h := holdings{goroutines: runtime.NumGoroutine()}
	if runtime.GOOS != "linux" {
		return h
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	mappings, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	h.files, h.mappings = len(files), strings.Count(string(mappings), ".gguf")
	return h
}

func TestListen(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "localhost:0", "127.0.0.2:0"} {
		l, err := Listen(address)
		if err != nil {
			if address == "127.0.0.2:0" && runtime.GOOS != "linux" {
				continue
			}
			t.Fatal(err)
		}
		if addr := l.Addr().(*net.TCPAddr); !addr.IP.IsLoopback() {
			t.Errorf("%s listens at %v", address, addr)
		}
		l.Close()
	}
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.168.0.1:0", "10.0.0.1:0", "example.org:0", "127.0.0.1.example.org:0", "127.0.0.1", ""} {
		if l, err := Listen(address); err == nil {
			t.Errorf("listens at %s", address)
			l.Close()
		}
	}
}

func TestParseOrigin(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.org": "https://example.org", "HTTPS://Example.org:443/": "https://example.org", "https://example.org:8443": "https://example.org:8443",
		"http://localhost:8080": "http://localhost:8080", "http://127.0.0.1:80": "http://127.0.0.1", "http://[::1]:9": "http://[::1]:9",
		"http://example.org": "", "*": "", "null": "", "": "", "example.org": "", "https://": "", "https://example.org/page": "", "https://u@example.org": "",
		"file:///tmp": "", "https://example.org?q": "", "https://example.org#f": "", "http://localhost.example.org": "", "ws://localhost": "",
	} {
		got, err := ParseOrigin(address)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q (%v), want %q", address, got, err, want)
		}
	}
}
