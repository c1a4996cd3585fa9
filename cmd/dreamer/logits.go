package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
)

func runLogits(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer logits", flag.ContinueOnError)
	var model modelFlags
	model.register(flags)
	model.registerNumerics(flags)
	from := flags.String("tokens", "", "`file` of token ids, with commas or spaces between; fed as they are, with no BOS added")
	to := flags.String("o", "", "`file` to write: float32, little-endian, the logits after each token")
	if err := parse(flags, args, s); err != nil {
		return err
	}
	if err := model.check(); err != nil {
		return err
	}
	if *from == "" || *to == "" {
		return &usageError{"-tokens and -o are needed"}
	}
	ids, err := readTokens(*from)
	if err != nil {
		return err
	}
	f, err := model.open()
	if err != nil {
		return err
	}
	defer f.Close()
	options := model.options()
	if options.Context == 0 {
		options.Context = len(ids)
	}
	e, _, closeAll, err := model.load(ctx, f, options, s.err)
	if err != nil {
		return err
	}
	defer closeAll()

	err = writeFile(*to, func(w io.Writer) error {
		return e.NewSession().Logits(ctx, ids, nil, func(_ int, logits []float32) error {
			return binary.Write(w, binary.LittleEndian, logits)
		})
	})
	if err == nil {
		fmt.Fprintf(s.err, "%d positions of %d logits\n", len(ids), e.Vocabulary())
	}
	return err
}

// writeFile writes a file that appears under its name once it is whole: on an
// error an older one stays. What is no regular file is written to directly.
func writeFile(path string, write func(io.Writer) error) (err error) {
	temporary, flags := fmt.Sprintf("%s.%d.tmp", path, os.Getpid()), os.O_WRONLY|os.O_CREATE|os.O_EXCL
	info, statErr := os.Lstat(path)
	direct := statErr == nil && !info.Mode().IsRegular()
	if direct {
		temporary, flags = path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC
	}
	out, err := os.OpenFile(temporary, flags, 0o666)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	if direct {
		return err
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		os.Remove(temporary)
	}
	return err
}

// readTokens reads a list of token ids.
func readTokens(path string) ([]int32, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var ids []int32
	for _, field := range strings.FieldsFunc(string(text), func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		id, err := strconv.ParseInt(field, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%s: token %d is %q, not a number", path, len(ids), field)
		}
		ids = append(ids, int32(id))
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s: no tokens", path)
	}
	return ids, nil
}
