package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/templates"
)

// source is where kernels come from.
type source struct {
	fsys fs.FS
	dir  string // that users know the files by
}

// kernelsFlag defines -kernels.
func (c *call) kernelsFlag() *string {
	return c.flags.String("kernels", "", "`folder` of kernel sources (*.wk, in subfolders too)")
}

// openSource returns the sources in dir, or those that come with wgslgen.
func openSource(dir string) source {
	if dir == "" {
		return source{templates.FS, "templates"}
	}
	return source{os.DirFS(dir), dir}
}

// library parses the sources.
func (s source) library() (*ir.Library, error) {
	if _, err := fs.Stat(s.fsys, "."); err != nil {
		return nil, fmt.Errorf("no folder %s: %w", s.dir, err)
	}
	lib, err := syntax.ParseFS(s.fsys)
	if err != nil {
		return nil, s.locate(err)
	}
	if len(lib.Files) == 0 {
		return nil, fmt.Errorf("there are no .wk files in %s", s.dir)
	}
	return lib, nil
}

// locate makes mistakes out of ir.Errors that know their sources.
func (s source) locate(err error) error {
	var list ir.Errors
	if !errors.As(err, &list) {
		return err
	}
	return mistakes{list, s}
}

// mistakes are what is wrong with sources.
type mistakes struct {
	list ir.Errors
	source
}

func (m mistakes) Error() string { return m.list.Error() }

// render returns the mistakes with lines and carets.
func (m mistakes) render() string {
	located := make(ir.Errors, len(m.list))
	texts := map[string]string{}
	for i, e := range m.list {
		pos := e.Pos
		pos.File = m.path(pos)
		if _, ok := texts[pos.File]; !ok {
			text, _ := fs.ReadFile(m.fsys, path.Clean(e.Pos.File)) // it was read before; without it there is no caret
			texts[pos.File] = string(text)
		}
		located[i] = &ir.Error{Pos: pos, Msg: e.Msg}
	}
	return located.Render(func(file string) string { return texts[file] })
}

// path returns the file of a place as users know it.
func (s source) path(pos ir.Pos) string { return filepath.Join(s.dir, filepath.FromSlash(pos.File)) }

// inText makes mistakes out of ir.Errors in one file, whose text is given.
func inText(err error, text []byte) error {
	var list ir.Errors
	if !errors.As(err, &list) {
		return err
	}
	return rendered(list.Render(func(string) string { return string(text) }))
}

// rendered is an error that is already laid out for people.
type rendered string

func (r rendered) Error() string { return string(r) }

// describe renders an error for people.
func describe(err error) string {
	switch err := err.(type) {
	case mistakes:
		return err.render()
	case rendered:
		return string(err)
	case interface{ Unwrap() []error }:
		text := ""
		for _, e := range err.Unwrap() {
			text += describe(e)
		}
		return text
	}
	return fmt.Sprintf("wgslgen: %v\n", err)
}
