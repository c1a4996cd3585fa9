package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/wgslgen/wgslgen/runtime/catalogue"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/modelfile"
	"github.com/wgslgen/wgslgen/runtime/quantize"
	"github.com/wgslgen/wgslgen/runtime/rdrr"
)

func runConvert(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer convert", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "Usage: dreamer convert [flags] IN OUT\n\nOUT is a GGUF file where its name ends in .gguf, else an RDRR folder.")
		flags.PrintDefaults()
	}
	kind := flags.String("type", "", "`type` of the weights, such as q4_k_m or f16 (default: as they are)")
	force := flags.Bool("f", false, "replace what is there")
	paths, err := parseMixed(flags, args, s)
	if err != nil {
		return err
	}
	if len(paths) != 2 {
		return &usageError{fmt.Sprintf("%d names; IN and OUT are needed", len(paths))}
	}
	in, out := paths[0], filepath.Clean(paths[1])
	if _, err := os.Lstat(out); err == nil && !*force {
		return fmt.Errorf("%s is there already; -f replaces it", out)
	}
	f, err := modelfile.Open(in)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := converted(f, *kind)
	if err != nil {
		return err
	}
	return writeModel(ctx, w, out, s.err)
}

// parseMixed parses flags that may stand before, between and after names.
func parseMixed(flags *flag.FlagSet, args []string, s streams) (names []string, err error) {
	flags.SetOutput(s.err)
	for {
		switch err := flags.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			return nil, err
		case err != nil:
			return nil, &usageError{}
		}
		if flags.NArg() == 0 {
			return names, nil
		}
		names, args = append(names, flags.Arg(0)), flags.Args()[1:]
	}
}

// converted returns the model with weights of a type, or as they are if none is given.
func converted(f *gguf.File, kind string) (*gguf.Writer, error) {
	if kind != "" {
		mix, err := catalogue.ParseMixture(kind)
		if err != nil {
			return nil, &usageError{"-type: " + err.Error()}
		}
		return quantize.File(f, mix)
	}
	w := &gguf.Writer{Metadata: f.Metadata.Clone()}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if err := w.AddTensor(t.Name, t.Type, t.Dims, f.Reader(t)); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// writeModel writes a model to a file or folder that appears under its name once it is whole.
func writeModel(ctx context.Context, w *gguf.Writer, out string, stderr io.Writer) error {
	virtual := w.File()
	var total int64
	for _, t := range virtual.Tensors {
		total += t.Size
	}
	bar := newBar(stderr, "converting")
	defer bar.finish()
	if strings.HasSuffix(strings.ToLower(out), ".gguf") {
		return writeFile(out, func(file io.Writer) error {
			_, err := w.WriteTo(&watched{ctx: ctx, w: file, progress: func(done int64) { bar.set(min(done, total), total) }})
			return err
		})
	}
	return writeFolder(out, func(folder string) error {
		return rdrr.Write(folder, virtual, func(done int64) error {
			bar.set(done, total)
			return ctx.Err()
		})
	})
}

// watched writes until its context ends, and says how much.
type watched struct {
	ctx      context.Context
	w        io.Writer
	done     int64
	progress func(done int64)
}

func (w *watched) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.w.Write(b)
	w.done += int64(n)
	w.progress(w.done)
	return n, err
}

// writeFolder writes a folder that appears under its name once it is whole. One that is there already is replaced.
func writeFolder(path string, write func(folder string) error) (err error) {
	temporary := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	if err := os.Mkdir(temporary, 0o777); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temporary))
		}
	}()
	if err := write(temporary); err != nil {
		return err
	}
	return replaceFolder(temporary, path)
}

// replaceFolder renames a folder. Of what is in its place only an RDRR folder or nothing is removed.
func replaceFolder(from, to string) error {
	info, err := os.Lstat(to)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return os.Rename(from, to)
	case err != nil:
		return err
	case !info.IsDir() || !rdrr.IsFolder(os.DirFS(to)):
		return fmt.Errorf("%s is no RDRR folder, and is not replaced", to)
	}
	old := from + ".old"
	if err := os.Rename(to, old); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return errors.Join(err, os.Rename(old, to))
	}
	return os.RemoveAll(old)
}
