package emit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/wgslgen/wgslgen/emit/gotable"
)

// Change is a file that Write would write or remove.
type Change struct {
	Name     string // slash-separated, within the folder
	Old, New []byte // nil where the file is not there
}

// Diff returns the change in unified form; dir is the folder to name.
func (c Change) Diff(dir string) []byte {
	name := filepath.ToSlash(filepath.Join(dir, c.Name))
	before, after := "a/"+name, "b/"+name
	if c.Old == nil {
		before = os.DevNull
	}
	if c.New == nil {
		after = os.DevNull
	}
	return diff.Diff(before, c.Old, after, c.New)
}

// Compare returns the changes that make dir hold the files, sorted by name,
// and no other generated file. Files that are not generated are left alone.
func Compare(dir string, files Files) ([]Change, error) {
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(files)) {
		old, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil && !isGenerated(old) {
			return nil, fmt.Errorf("%s is in the way: it is no generated file (its first line is not %q)", filepath.Join(dir, name), "// "+gotable.HeaderText)
		}
		if err != nil || !bytes.Equal(old, files[name]) {
			changes = append(changes, Change{name, old, files[name]})
		}
	}
	orphans, err := orphans(dir, files)
	if err != nil {
		return nil, err
	}
	changes = append(changes, orphans...)
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	return changes, nil
}

// orphans returns the removal of each generated file in dir that files lacks.
func orphans(dir string, files Files) ([]Change, error) {
	var changes []Change
	for _, pattern := range []string{"*.go", gotable.WGSLDir + "/*.wgsl"} {
		found, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			if _, ok := files[name]; ok {
				continue
			}
			old, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
			if err != nil {
				return nil, err
			}
			if isGenerated(old) {
				changes = append(changes, Change{Name: name, Old: old})
			}
		}
	}
	return changes, nil
}

// isGenerated reports whether wgslgen wrote a file.
func isGenerated(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(bytes.TrimRight(line, "\r")) == "// "+gotable.HeaderText
}

// Write makes the changes in dir.
func Write(dir string, changes []Change) error {
	for _, c := range changes {
		path := filepath.Join(dir, filepath.FromSlash(c.Name))
		if c.New == nil {
			if err := os.Remove(path); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, c.New, 0o644); err != nil {
			return err
		}
	}
	return nil
}
