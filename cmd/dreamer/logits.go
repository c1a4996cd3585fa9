package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode"
)

func runLogits(ctx context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer logits", flag.ContinueOnError)
	var model modelFlags
	model.register(flags)
	from := flags.String("tokens", "", "`file` of token ids, with commas or spaces between; fed as they are, with no BOS added")
	to := flags.String("o", "", "`file` to write: float32, little-endian, the logits after each token")
	if err := parse(flags, args, s); err != nil {
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

	out, err := os.Create(*to)
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriter(out)
	err = e.NewSession().Logits(ctx, ids, nil, func(_ int, logits []float32) error {
		return binary.Write(w, binary.LittleEndian, logits)
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%d positions of %d logits\n", len(ids), e.Vocabulary())
	return out.Close()
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
