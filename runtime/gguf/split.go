package gguf

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
)

// A model may lie in several files, all of which say which part they are. The first has the metadata.
const (
	splitNumberKey  = "split.no"            // from 0 on
	splitCountKey   = "split.count"         // of parts
	splitTensorsKey = "split.tensors.count" // of all parts together
)

// partName is what the name of a part ends in.
func partName(number, count int) string { return fmt.Sprintf("-%05d-of-%05d.gguf", number+1, count) }

// Parts returns how many files the model is in of which this is one, and the number of this one, from 0 on.
func (f *File) Parts() (number, count int, err error) {
	if !f.Has(splitCountKey) {
		return 0, 1, nil
	}
	n, err := f.Uint(splitCountKey)
	if err != nil || n <= 1 {
		return 0, 1, err
	}
	i, err := f.Uint(splitNumberKey)
	if err != nil {
		return 0, 0, err
	}
	if n > math.MaxUint16 || i >= n {
		return 0, 0, fmt.Errorf("gguf: %s is %d, %s is %d", splitNumberKey, i, splitCountKey, n)
	}
	return int(i), int(n), nil
}

// Join returns the model whose parts are given, in their order, as one file that exists only as it is read. Closing it
// closes the parts; after an error they stay open.
func Join(parts []*File) (*File, error) {
	if len(parts) == 0 {
		return nil, errors.New("gguf: a model of no parts")
	}
	w := &Writer{Metadata: parts[0].Metadata.Clone(), Closer: closers(parts)}
	for _, key := range []string{splitNumberKey, splitCountKey, splitTensorsKey} {
		w.Delete(key)
	}
	tensors, err := parts[0].Uint(splitTensorsKey)
	if err != nil {
		return nil, err
	}
	for i, part := range parts {
		number, count, err := part.Parts()
		switch {
		case err != nil:
			return nil, fmt.Errorf("part %d of %d: %w", i+1, len(parts), err)
		case number != i || count != len(parts):
			return nil, fmt.Errorf("gguf: part %d of %d says that it is part %d of %d", i+1, len(parts), number+1, count)
		}
		if n, err := part.Uint(splitTensorsKey); err != nil || n != tensors {
			return nil, fmt.Errorf("gguf: part %d of %d has %s %d (%v); the first has %d", i+1, len(parts), splitTensorsKey, n, err, tensors)
		}
		for t := range part.Tensors {
			t := &part.Tensors[t]
			if err := w.AddTensor(t.Name, t.Type, t.Dims, part.Reader(t)); err != nil {
				return nil, fmt.Errorf("part %d of %d: %w", i+1, len(parts), err)
			}
		}
	}
	if n := len(w.tensors); uint64(n) != tensors {
		return nil, fmt.Errorf("gguf: the %d parts have %d tensors; %s is %d", len(parts), n, splitTensorsKey, tensors)
	}
	return w.File(), nil
}

// closers closes several files.
type closers []*File

func (c closers) Close() (err error) {
	for _, f := range c {
		err = errors.Join(err, f.Close())
	}
	return err
}

// openParts opens the parts beside the first, which lies in path. It closes what it opened after an error.
func openParts(path string, first *File) (_ *File, err error) {
	number, count, err := first.Parts()
	if err != nil || count == 1 {
		return first, err
	}
	prefix, ok := strings.CutSuffix(path, partName(number, count))
	switch {
	case !ok:
		return nil, fmt.Errorf("gguf: this is part %d of %d of a model; its name must end in %s for the others to be found", number+1, count, partName(number, count))
	case number > 0:
		return nil, fmt.Errorf("gguf: this is part %d of %d of a model; open the first, %s", number+1, count, filepath.Base(prefix)+partName(0, count))
	}
	parts := []*File{first}
	defer func() {
		if err != nil {
			closers(parts[1:]).Close()
		}
	}()
	for i := 1; i < count; i++ {
		part, err := openOne(prefix + partName(i, count))
		if err != nil {
			return nil, fmt.Errorf("part %d of %d: %w", i+1, count, err)
		}
		parts = append(parts, part)
	}
	return Join(parts)
}
