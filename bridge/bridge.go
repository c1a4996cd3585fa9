// Package bridge serves the model files of a folder to web pages of this
// machine's browser: read-only, over loopback, by HTTP with ranges.
//
// A browser lets any site send requests to loopback, so nothing is answered
// without all of these:
//
//   - a Host that is loopback: a site whose name was made to point here (DNS
//     rebinding) still sends its own name;
//   - an Origin that is allowed, or none, as programs and pages of the bridge's
//     own origin send;
//   - the token, which only who has read the printed link knows;
//   - a name that ends in .gguf, in the folder: links are followed as far as
//     they stay in it.
package bridge

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/internal/mapped"
)

// Bridge is a handler for a folder. It is safe for concurrent use.
type Bridge struct {
	root    *os.Root
	token   string
	origins []string
}

// New returns a bridge to a folder with a fresh token, for pages of some
// origins (as ParseOrigin returns them) beside its own.
func New(dir string, origins ...string) (*Bridge, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Bridge{root: root, token: rand.Text(), origins: origins}, nil
}

// Close ends access to the folder.
func (b *Bridge) Close() error { return b.root.Close() }

// Path returns the path, with the token, below which the bridge answers:
// models lists the files, file/NAME is one of them.
func (b *Bridge) Path() string { return "/" + b.token + "/" }

// ServeHTTP answers GET, HEAD, and what browsers ask beforehand (OPTIONS).
func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isLoopback(r.Host) {
		http.Error(w, "the bridge answers under the names of loopback only", http.StatusForbidden)
		return
	}
	if !b.admit(w.Header(), r) {
		http.Error(w, "pages of this origin may not use the bridge", http.StatusForbidden)
		return
	}
	token, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if subtle.ConstantTimeCompare([]byte(token), []byte(b.token)) != 1 {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store") // a model belongs in no browser's cache
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "same-origin") // no page takes a file without CORS
	name, isFile := strings.CutPrefix(rest, "file/")
	switch {
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", methods)
		http.Error(w, "the bridge only reads", http.StatusMethodNotAllowed)
	case rest == "models":
		b.serveModels(w, r)
	case isFile:
		b.serveFile(w, r, name)
	default:
		http.NotFound(w, r)
	}
}

const methods = "GET, HEAD, OPTIONS"

// isLoopback reports whether a request's Host names this machine's loopback.
func isLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// admit reports whether a request's origin may read, and lets the browser know.
func (b *Bridge) admit(header http.Header, r *http.Request) bool {
	header.Add("Vary", "Origin")
	sent := r.Header.Values("Origin")
	if len(sent) == 0 {
		return true
	}
	origin := sent[0]
	if len(sent) > 1 || origin != "http://"+r.Host && !slices.Contains(b.origins, origin) {
		return false
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range, ETag")
	if r.Method == http.MethodOptions {
		header.Set("Access-Control-Allow-Methods", methods)
		header.Set("Access-Control-Allow-Headers", "Range, If-Range, If-Match, If-None-Match")
		header.Set("Access-Control-Max-Age", "600")
		if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
			header.Set("Access-Control-Allow-Private-Network", "true")
		}
	}
	return true
}

// Model is a file in the list of models.
type Model struct {
	Name  string `json:"name"` // its path in the folder
	Bytes int64  `json:"bytes"`
	URL   string `json:"url"` // relative to that of the list
}

func (b *Bridge) serveModels(w http.ResponseWriter, r *http.Request) {
	models, err := b.models(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string][]Model{"models": models})
}

// models lists the folder's models by name. What is hidden or may not be read
// is left out.
func (b *Bridge) models(ctx context.Context) ([]Model, error) {
	models := []Model{} // in JSON a list even if it is empty
	err := fs.WalkDir(b.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case name == ".":
			return err
		case entry.IsDir() && (err != nil || isHidden(name)):
			return fs.SkipDir
		case err != nil || entry.IsDir() || !isModel(name):
			return nil
		}
		info, err := b.root.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return nil
		}
		link := url.URL{Path: "file/" + name}
		models = append(models, Model{Name: name, Bytes: info.Size(), URL: link.EscapedPath()})
		return nil
	})
	return models, err
}

// isHidden reports whether a path, or a folder on it, begins with a dot.
func isHidden(name string) bool { return strings.Contains("/"+name, "/.") }

// isModel reports whether a path is that of a file that the bridge serves.
func isModel(name string) bool {
	return strings.EqualFold(path.Ext(name), ".gguf") && !isHidden(name)
}

// serveFile serves a file, or the ranges of it that are asked for.
func (b *Bridge) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	if !fs.ValidPath(name) || !isModel(name) {
		http.NotFound(w, r)
		return
	}
	file, info, err := b.open(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	content, size := io.ReaderAt(file), info.Size()
	if mapping, err := mapped.Map(file); err == nil { // else a file system that maps nothing
		defer mapping.Unmap()
		content, size = mapping, mapping.Size()
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), size))
	http.ServeContent(w, r, "", info.ModTime(), io.NewSectionReader(content, 0, size))
}

// open opens a regular file in the folder: to open a pipe would wait for its
// writer.
func (b *Bridge) open(name string) (*os.File, os.FileInfo, error) {
	info, err := b.root.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file (%v)", name, info.Mode().Type())
	}
	file, err := b.root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	return file, info, nil
}
