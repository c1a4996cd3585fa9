package syntax

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/wgslgen/wgslgen/ir"
)

// A lookahead of 0 commits to an alternative with its first token.
var parser = participle.MustBuild[decl](participle.Lexer(definition{}), participle.UseLookahead(0))

// Parse reads a source file. The error is ir.Errors, with all mistakes that
// could be told apart.
func Parse(name string, src []byte) (*ir.File, error) {
	s := scan(name, string(src))
	file := &ir.File{Name: name, Comments: s.comments}
	errs := s.errs
	bad := map[int]bool{}
	for _, e := range s.errs {
		bad[e.Pos.Line] = true
	}
	for _, tokens := range split(s.tokens) {
		d, declErrs := parseDecl(tokens, bad)
		file.Decls = append(file.Decls, d)
		errs = append(errs, declErrs...)
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return file, nil
}

// ParseFS reads every .wk file of fsys, in the order of fs.WalkDir. The error
// is ir.Errors for mistakes in sources.
func ParseFS(fsys fs.FS) (*ir.Library, error) {
	lib := &ir.Library{}
	var errs ir.Errors
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".wk" {
			return err
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := Parse(name, src)
		var mistakes ir.Errors
		if errors.As(err, &mistakes) {
			errs = append(errs, mistakes...)
			return nil
		}
		lib.Files = append(lib.Files, file)
		return err
	})
	if err != nil {
		return nil, err
	}
	duplicates(lib, &errs)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return lib, nil
}

// duplicates reports declarations of one kind and one name.
func duplicates(lib *ir.Library, errs *ir.Errors) {
	first := map[string]ir.Pos{}
	for _, f := range lib.Files {
		for _, d := range f.Decls {
			name := describeDecl(d)
			if pos, ok := first[name]; ok {
				errs.Addf(d.DeclPos(), "%s is declared twice, first at %v", name, pos)
				continue
			}
			first[name] = d.DeclPos()
		}
	}
}

func describeDecl(d ir.Decl) string {
	switch d := d.(type) {
	case *ir.Kernel:
		return "kernel " + d.Name
	case *ir.Format:
		return "format " + d.Name
	case *ir.Func:
		return "fn " + d.Name
	}
	panic(fmt.Sprintf("unknown declaration %T", d))
}

// match parses tokens, which end with EOF, as one declaration.
func match(tokens []token) (*decl, *mismatch) {
	peeking, _ := lexer.Upgrade(&tokenList{tokens}) // a tokenList never fails
	d, err := parser.ParseFromLexer(peeking)
	if err == nil {
		return d, nil
	}
	var unexpected participle.Error
	if !errors.As(err, &unexpected) {
		panic(err) // a mistake in grammar.go
	}
	return nil, newMismatch(tokens, unexpected)
}
