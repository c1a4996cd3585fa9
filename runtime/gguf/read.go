package gguf

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
)

const (
	magic = "GGUF"

	maxName  = 65535 // bytes of a key or of a tensor's name
	maxDims  = 4
	maxDepth = 4 // of arrays in arrays

	maxHint = 1024 // things to allocate for before the first has been read: a count may lie

	alignmentKey     = "general.alignment"
	defaultAlignment = 32
	maxAlignment     = 1 << 20

	// What an entry takes at least: a count may not promise more entries than fit into the rest of the file.
	minEntryBytes  = 8 + 1 + 4 + 1         // name length, name, type, value
	minTensorBytes = 8 + 1 + 4 + 8 + 4 + 8 // name length, name, number of dimensions, one dimension, type, offset
)

var errEmpty = errors.New("gguf: the file is empty")

// Read reads the directory of a file of size bytes. The tensors' data stays in r.
func Read(r io.ReaderAt, size int64) (*File, error) {
	p := &parser{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64<<10), size: size}
	f, err := p.file()
	if err != nil {
		return nil, err
	}
	f.source = r
	return f, nil
}

// parser reads a file front to back and knows where it is.
type parser struct {
	r    *bufio.Reader
	off  int64
	size int64
}

func (p *parser) left() int64 { return p.size - p.off }

// file follows the layout: magic, version, the two counts, metadata, tensor entries, padding, data.
func (p *parser) file() (*File, error) {
	if err := p.magic(); err != nil {
		return nil, err
	}
	version, err := p.version()
	if err != nil {
		return nil, err
	}
	tensorCount, err := p.count("tensor", minTensorBytes)
	if err != nil {
		return nil, err
	}
	entryCount, err := p.count("metadata", minEntryBytes)
	if err != nil {
		return nil, err
	}
	f := &File{Version: version}
	if err := p.metadata(&f.Metadata, entryCount); err != nil {
		return nil, err
	}
	align, err := alignment(&f.Metadata)
	if err != nil {
		return nil, err
	}
	if err := p.tensors(f, tensorCount); err != nil {
		return nil, err
	}
	if len(f.Tensors) > 0 {
		if err := place(f.Tensors, pad(p.off, align), align, p.size); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (p *parser) magic() error {
	if p.size == 0 {
		return errEmpty
	}
	head, err := p.r.Peek(int(min(p.size, 64)))
	if err != nil {
		return fmt.Errorf("gguf: reading the first bytes: %w", err)
	}
	if len(head) >= len(magic) && string(head[:len(magic)]) == magic {
		p.r.Discard(len(magic))
		p.off += int64(len(magic))
		return nil
	}
	start := head[:min(len(head), len(magic))]
	if what := looksLike(head, p.size); what != "" {
		return fmt.Errorf("gguf: not a GGUF file: it begins with %q and looks like %s", start, what)
	}
	return fmt.Errorf("gguf: not a GGUF file: it begins with %q, not with %q", start, magic)
}

func (p *parser) version() (uint32, error) {
	at := p.off
	v, err := number[uint32](p)
	if err != nil {
		return 0, fmt.Errorf("gguf: version: %w", err)
	}
	switch {
	case v == 2 || v == 3:
		return v, nil
	case v&0xffff == 0 && v != 0:
		return 0, fmt.Errorf("gguf: version %#08x at offset %d: the file is big-endian; only little-endian files can be read", v, at)
	}
	return 0, fmt.Errorf("gguf: version %d at offset %d; versions 2 and 3 can be read", v, at)
}

// count reads how many things of at least minBytes follow.
func (p *parser) count(what string, minBytes int64) (int, error) {
	at := p.off
	n, err := number[uint64](p)
	if err != nil {
		return 0, fmt.Errorf("gguf: %s count: %w", what, err)
	}
	if limit := p.left() / minBytes; n > uint64(limit) {
		return 0, fmt.Errorf("gguf: %s count %d at offset %d: the %d bytes that follow have room for %d at most", what, n, at, p.left(), limit)
	}
	return int(n), nil
}

func (p *parser) metadata(m *Metadata, count int) error {
	m.values = make(map[string]Value, min(count, maxHint))
	for i := range count {
		at := p.off
		key, err := p.name()
		if err != nil {
			return fmt.Errorf("gguf: key of metadata entry %d: %w", i, err)
		}
		if m.Has(key) {
			return fmt.Errorf("gguf: metadata entry %d at offset %d: duplicate key %q", i, at, key)
		}
		t, err := number[uint32](p)
		if err != nil {
			return fmt.Errorf("gguf: type of metadata key %q: %w", key, err)
		}
		v, err := p.value(ValueType(t), 0)
		if err != nil {
			return fmt.Errorf("gguf: metadata key %q: %w", key, err)
		}
		m.keys = append(m.keys, key)
		m.values[key] = v
	}
	return nil
}

// value reads a value of type t, whose number has been read already.
func (p *parser) value(t ValueType, depth int) (Value, error) {
	if t != Array {
		data, err := p.values(t, 1, depth)
		return Value{elem: t, data: data}, err
	}
	if depth == maxDepth {
		return Value{}, fmt.Errorf("arrays nested more than %d deep at offset %d", maxDepth, p.off)
	}
	elem, err := number[uint32](p)
	if err != nil {
		return Value{}, fmt.Errorf("array element type: %w", err)
	}
	at := p.off
	n, err := number[uint64](p)
	if err != nil {
		return Value{}, fmt.Errorf("array length: %w", err)
	}
	info, ok := valueTypes[ValueType(elem)]
	if !ok {
		return Value{}, fmt.Errorf("unknown value type %d of array elements at offset %d", elem, at-4)
	}
	if limit := p.left() / info.minBytes; n > uint64(limit) {
		return Value{}, fmt.Errorf("array of %d %s values at offset %d: the %d bytes that follow have room for %d at most", n, info.name, at, p.left(), limit)
	}
	data, err := p.values(ValueType(elem), int(n), depth+1)
	return Value{elem: ValueType(elem), array: true, data: data}, err
}

// values reads n values of one type into a slice of their Go type.
func (p *parser) values(t ValueType, n, depth int) (any, error) {
	switch t {
	case Uint8:
		return numbers[uint8](p, n)
	case Int8:
		return numbers[int8](p, n)
	case Uint16:
		return numbers[uint16](p, n)
	case Int16:
		return numbers[int16](p, n)
	case Uint32:
		return numbers[uint32](p, n)
	case Int32:
		return numbers[int32](p, n)
	case Uint64:
		return numbers[uint64](p, n)
	case Int64:
		return numbers[int64](p, n)
	case Float32:
		return numbers[float32](p, n)
	case Float64:
		return numbers[float64](p, n)
	case Bool:
		return p.bools(n)
	case String:
		list := make([]string, 0, min(n, maxHint))
		for i := range n {
			s, err := p.string(math.MaxInt64)
			if err != nil && n > 1 {
				err = fmt.Errorf("element %d: %w", i, err)
			}
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
		return list, nil
	case Array:
		list := make([]Value, 0, min(n, maxHint))
		for i := range n {
			v, err := p.value(Array, depth)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			list = append(list, v)
		}
		return list, nil
	}
	return nil, fmt.Errorf("unknown value type %d at offset %d", uint32(t), p.off-4)
}

func (p *parser) bools(n int) ([]bool, error) {
	at := p.off
	raw, err := numbers[uint8](p, n)
	if err != nil {
		return nil, err
	}
	list := make([]bool, n)
	for i, b := range raw {
		if b > 1 {
			return nil, fmt.Errorf("bool at offset %d has the value %d; 0 and 1 are allowed", at+int64(i), b)
		}
		list[i] = b == 1
	}
	return list, nil
}

// numbers reads n numbers. The caller has checked n against the rest of the file, unless n is 1.
func numbers[T uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64](p *parser, n int) ([]T, error) {
	list := make([]T, n)
	if err := p.need(int64(binary.Size(list))); err != nil {
		return nil, err
	}
	if err := binary.Read(p.r, binary.LittleEndian, list); err != nil {
		return nil, fmt.Errorf("reading at offset %d: %w", p.off, err)
	}
	p.off += int64(binary.Size(list))
	return list, nil
}

func number[T uint32 | uint64](p *parser) (T, error) {
	list, err := numbers[T](p, 1)
	if err != nil {
		return 0, err
	}
	return list[0], nil
}

// string reads a length and that many bytes.
func (p *parser) string(limit int64) (string, error) {
	at := p.off
	n, err := number[uint64](p)
	if err != nil {
		return "", err
	}
	if n > uint64(p.left()) {
		return "", fmt.Errorf("string of %d bytes at offset %d, but %d bytes are left in the file", n, at, p.left())
	}
	if n > uint64(limit) {
		return "", fmt.Errorf("string of %d bytes at offset %d; %d are allowed here", n, at, limit)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(p.r, b); err != nil {
		return "", fmt.Errorf("reading at offset %d: %w", p.off, err)
	}
	p.off += int64(n)
	return string(b), nil
}

func (p *parser) name() (string, error) {
	at := p.off
	s, err := p.string(maxName)
	if err == nil && s == "" {
		err = fmt.Errorf("empty name at offset %d", at)
	}
	return s, err
}

// need checks that n bytes are left.
func (p *parser) need(n int64) error {
	if n > p.left() {
		return fmt.Errorf("the file ends at offset %d, %d bytes short", p.size, n-p.left())
	}
	return nil
}

// tensors reads the directory entries. Their offsets are still relative to the data section.
func (p *parser) tensors(f *File, count int) error {
	f.Tensors = make([]Tensor, 0, min(count, maxHint))
	f.byName = make(map[string]int, min(count, maxHint))
	for i := range count {
		at := p.off
		name, err := p.name()
		if err != nil {
			return fmt.Errorf("gguf: name of tensor %d: %w", i, err)
		}
		if _, ok := f.byName[name]; ok {
			return fmt.Errorf("gguf: tensor %d at offset %d: duplicate name %q", i, at, name)
		}
		t, err := p.tensor(name)
		if err != nil {
			return fmt.Errorf("gguf: tensor %q: %w", name, err)
		}
		f.byName[name] = i
		f.Tensors = append(f.Tensors, t)
	}
	return nil
}

func (p *parser) tensor(name string) (Tensor, error) {
	at := p.off
	n, err := number[uint32](p)
	if err != nil {
		return Tensor{}, fmt.Errorf("number of dimensions: %w", err)
	}
	if n == 0 || n > maxDims {
		return Tensor{}, fmt.Errorf("%d dimensions at offset %d; 1 to %d are allowed", n, at, maxDims)
	}
	dims, err := numbers[uint64](p, int(n))
	if err != nil {
		return Tensor{}, fmt.Errorf("dimensions: %w", err)
	}
	t, err := number[uint32](p)
	if err != nil {
		return Tensor{}, fmt.Errorf("type: %w", err)
	}
	at = p.off
	offset, err := number[uint64](p)
	if err != nil {
		return Tensor{}, fmt.Errorf("offset: %w", err)
	}
	if offset > uint64(p.size) {
		return Tensor{}, fmt.Errorf("data offset %d at offset %d is past the end of the file (%d bytes)", offset, at, p.size)
	}
	size, err := tensorBytes(Type(t), dims)
	if err != nil {
		return Tensor{}, err
	}
	return Tensor{Name: name, Type: Type(t), Dims: dims, Offset: int64(offset), Size: size}, nil
}

// tensorBytes returns the size of a tensor's data.
func tensorBytes(t Type, dims []uint64) (int64, error) {
	if !t.Known() {
		return 0, fmt.Errorf("unknown tensor type %d", uint32(t))
	}
	if len(dims) == 0 || len(dims) > maxDims {
		return 0, fmt.Errorf("%d dimensions; 1 to %d are allowed", len(dims), maxDims)
	}
	if block := uint64(t.BlockSize()); dims[0]%block != 0 {
		return 0, fmt.Errorf("rows of %d elements do not divide into %s blocks of %d", dims[0], t, block)
	}
	size := uint64(t.BlockBytes())
	for i, d := range dims {
		if d == 0 {
			return 0, fmt.Errorf("dimension %d of %v is 0", i, dims)
		}
		if i == 0 {
			d /= uint64(t.BlockSize())
		}
		high, low := bits.Mul64(size, d)
		if high != 0 || low > math.MaxInt64 {
			return 0, fmt.Errorf("dimensions %v of type %s are more than 2^63 bytes", dims, t)
		}
		size = low
	}
	return int64(size), nil
}

// alignment returns the alignment of tensor data that the metadata ask for.
func alignment(m *Metadata) (int64, error) {
	if !m.Has(alignmentKey) {
		return defaultAlignment, nil
	}
	a, err := m.Uint(alignmentKey)
	if err != nil {
		return 0, err
	}
	if a < 8 || a > maxAlignment || a&(a-1) != 0 {
		return 0, fmt.Errorf("gguf: %s is %d; want a power of two from 8 to %d", alignmentKey, a, maxAlignment)
	}
	return int64(a), nil
}

// pad returns off rounded up to a multiple of align.
func pad(off, align int64) int64 { return (off + align - 1) / align * align }

// place makes the tensors' offsets absolute, and checks that each lies in the file, aligned, and on no other's bytes.
func place(tensors []Tensor, dataStart, align, size int64) error {
	if dataStart > size {
		return fmt.Errorf("gguf: the data section begins at offset %d, past the end of the file (%d bytes)", dataStart, size)
	}
	order := make([]*Tensor, len(tensors))
	for i := range tensors {
		t := &tensors[i]
		if t.Offset%align != 0 {
			return fmt.Errorf("gguf: tensor %q: data offset %d is not a multiple of the alignment, %d", t.Name, t.Offset, align)
		}
		if section := size - dataStart; t.Offset > section || t.Size > section-t.Offset {
			return fmt.Errorf("gguf: tensor %q: its %d bytes at %d of the data section pass the end of the file (%d bytes, of which %d are data)",
				t.Name, t.Size, t.Offset, size, section)
		}
		t.Offset += dataStart
		order[i] = t
	}
	slices.SortFunc(order, func(a, b *Tensor) int { return cmp.Compare(a.Offset, b.Offset) })
	for i := 1; i < len(order); i++ {
		before, t := order[i-1], order[i]
		if before.Offset+before.Size > t.Offset {
			return fmt.Errorf("gguf: tensors %q (offset %d, %d bytes) and %q (offset %d) overlap", before.Name, before.Offset, before.Size, t.Name, t.Offset)
		}
	}
	return nil
}
