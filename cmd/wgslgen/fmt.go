package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
)

// formatter formats files one by one.
type formatter struct {
	*call
	list, diff, write bool
	changed           bool // some file was not in canonical layout
}

func format(_ context.Context, c *call) (int, error) {
	f := &formatter{call: c}
	c.flags.BoolVar(&f.list, "l", false, "list the files that are not formatted, and exit with 1 if there are any")
	c.flags.BoolVar(&f.diff, "d", false, "print what would change, and exit with 1 if anything would")
	c.flags.BoolVar(&f.write, "w", false, "write the result to the file instead of standard output")
	if err := c.parse(-1); err != nil {
		return 0, err
	}
	if c.flags.NArg() == 0 {
		return f.stdin()
	}
	var errs []error
	for _, path := range c.flags.Args() {
		errs = append(errs, f.path(path))
	}
	return f.status(), errors.Join(errs...)
}

// status is 1 where the question was whether files are formatted, and they are not.
func (f *formatter) status() int {
	if f.changed && !f.write && (f.list || f.diff) {
		return statusFound
	}
	return statusOK
}

func (f *formatter) stdin() (int, error) {
	if f.write {
		return 0, usageError{errors.New("-w can't write to standard input")}
	}
	text, err := io.ReadAll(f.in)
	if err != nil {
		return 0, err
	}
	err = f.text("<standard input>", text)
	return f.status(), err
}

// path formats a file, or every .wk file in a folder.
func (f *formatter) path(path string) error {
	var errs []error
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name != path && filepath.Ext(name) != ".wk" {
			return err
		}
		errs = append(errs, f.file(name))
		return nil
	})
	return errors.Join(append(errs, err)...)
}

func (f *formatter) file(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return f.text(name, text)
}

func (f *formatter) text(name string, before []byte) error {
	file, err := syntax.Parse(name, before)
	if err != nil {
		return inText(err, before)
	}
	var b bytes.Buffer
	if err := ir.FormatFile(&b, file); err != nil {
		return err
	}
	return f.show(name, before, b.Bytes())
}

// show does with the result what the flags say.
func (f *formatter) show(name string, before, after []byte) error {
	if !f.list && !f.diff && !f.write {
		_, err := f.out.Write(after)
		return err
	}
	if bytes.Equal(before, after) {
		return nil
	}
	f.changed = true
	if f.list {
		if _, err := io.WriteString(f.out, name+"\n"); err != nil {
			return err
		}
	}
	if f.diff {
		slash := filepath.ToSlash(name)
		if _, err := f.out.Write(diff.Diff("a/"+slash, before, "b/"+slash, after)); err != nil {
			return err
		}
	}
	if f.write {
		return os.WriteFile(name, after, 0o644) // an existing file keeps its mode
	}
	return nil
}
