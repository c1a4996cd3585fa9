package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// loader reads a model's configuration and plans its weights. It keeps the
// first error; what follows it returns zero values.
type loader struct {
	file         *gguf.File
	architecture string
	library      *op.Library
	set          *weights.Set
	memory       *memory.Plan
	options      Options
	context      int
	used         map[string]bool // tensors
	mixture      bool            // there are experts
	ropes        []*plan.Rope
	err          error
}

func (l *loader) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

func (l *loader) key(name string) string { return l.architecture + "." + name }

func (l *loader) has(name string) bool { return l.file.Has(l.key(name)) }

// maxSize bounds the numbers of a configuration: a greater one is damage.
const maxSize = 1 << 24

// int returns a size that the configuration must have.
func (l *loader) int(name string) int {
	n, err := l.file.Uint(l.key(name))
	if err == nil && (n == 0 || n > maxSize) {
		err = fmt.Errorf("%s is %d; 1 to %d make sense", l.key(name), n, maxSize)
	}
	if err != nil {
		l.fail(err)
		return 1
	}
	return int(n)
}

func (l *loader) intOr(name string, otherwise int) int {
	if !l.has(name) {
		return otherwise
	}
	return l.int(name)
}

// count returns a number that may be 0, which means none, as it does where it is
// missing.
func (l *loader) count(name string) int {
	if n, err := l.file.Uint(l.key(name)); err == nil && n == 0 {
		return 0
	}
	return l.intOr(name, 0)
}

func (l *loader) float(name string) float64 {
	x, err := l.file.Float(l.key(name))
	if err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
		err = fmt.Errorf("%s is %g", l.key(name), x)
	}
	if err != nil {
		l.fail(err)
	}
	return x
}

func (l *loader) floatOr(name string, otherwise float64) float64 {
	if !l.has(name) {
		return otherwise
	}
	return l.float(name)
}

// positiveOr returns a number that is greater than zero.
func (l *loader) positiveOr(name string, otherwise float64) float64 {
	x := l.floatOr(name, otherwise)
	if !(x > 0) {
		l.fail(fmt.Errorf("%s is %g; it must be greater than 0", l.key(name), x))
		return otherwise
	}
	return x
}

func (l *loader) boolOr(name string, otherwise bool) bool {
	if !l.has(name) {
		return otherwise
	}
	b, err := l.file.Bool(l.key(name))
	if err != nil {
		l.fail(err)
	}
	return b
}

// hidden returns the size of the residual stream.
func (l *loader) hidden() int { return l.int("embedding_length") }

// neutral refuses a number that would change what the model computes in a way
// that is not supported, unless it is missing or has one of some values.
func (l *loader) neutral(name string, values ...float64) {
	if x := l.floatOr(name, values[0]); !slices.Contains(values, x) {
		l.fail(fmt.Errorf("%s is %g; only %g is supported", l.key(name), x, values[0]))
	}
}

func (l *loader) stringOr(name, otherwise string) string {
	if !l.has(name) {
		return otherwise
	}
	s, err := l.file.String(l.key(name))
	if err != nil {
		l.fail(err)
	}
	return s
}

// hasTensor reports whether the file has an optional tensor.
func (l *loader) hasTensor(name string) bool {
	_, ok := l.file.Tensor(name)
	return ok
}

// find returns the tensor of a name and shape, contiguous dimension first.
func (l *loader) find(name string, dims ...int) *gguf.Tensor {
	t, ok := l.file.Tensor(name)
	if !ok {
		l.fail(fmt.Errorf("load %s: the file has no such tensor (wanted shape %v)", name, dims))
		return nil
	}
	l.used[name] = true
	if !sameShape(t.Dims, dims) {
		l.fail(fmt.Errorf("load %s: shape %v, found %v", name, dims, t.Dims))
		return nil
	}
	return t
}

// sameShape compares shapes, but for trailing ones.
func sameShape(found []uint64, want []int) bool {
	for i := range max(len(found), len(want)) {
		a, b := uint64(1), uint64(1)
		if i < len(found) {
			a = found[i]
		}
		if i < len(want) {
			b = uint64(want[i])
		}
		if a != b {
			return false
		}
	}
	return true
}

// rows returns the number of rows of a matrix with so many columns.
func (l *loader) rows(name string, cols int) int {
	t, ok := l.file.Tensor(name)
	if !ok || len(t.Dims) != 2 || t.Dims[0] != uint64(cols) || t.Dims[1] == 0 || t.Dims[1] > maxSize {
		l.find(name, cols, 1)
		return 1
	}
	return int(t.Dims[1])
}

// tensor returns a stored matrix of weights.
func (l *loader) tensor(name string, rows, cols int) *weights.Tensor {
	return l.stored(l.find(name, cols, rows), rows, cols)
}

// stored returns a tensor, if there is one, as a matrix.
func (l *loader) stored(t *gguf.Tensor, rows, cols int) *weights.Tensor {
	if t == nil {
		return nil
	}
	format := plan.Format(int(t.Type))
	if format == nil {
		l.fail(fmt.Errorf("load %s: type %s is %w; there are kernels for %s", t.Name, t.Type, ErrUnsupported, supportedTypes()))
		return nil
	}
	return &weights.Tensor{
		Name: t.Name, Format: format, Rows: rows, Cols: cols,
		RowBytes: int(t.Size / int64(rows)), Data: l.file.Reader(t),
	}
}

func supportedTypes() string {
	var names []string
	for _, f := range generated.Formats {
		names = append(names, gguf.Type(f.GGML).String())
	}
	return strings.Join(names, ", ")
}

// matrix plans a weight matrix.
func (l *loader) matrix(name string, rows, cols int) *weights.Matrix {
	return l.joined(l.tensor(name, rows, cols))
}

// joined plans tensors of one format as one matrix.
func (l *loader) joined(tensors ...*weights.Tensor) *weights.Matrix {
	if l.err != nil {
		return nil
	}
	m, err := l.set.Matrix(l.layout(tensors[0]), tensors...)
	if err != nil {
		l.fail(err)
	}
	return m
}

// stacked plans matrices whose products stand one after the other: as one
// matrix, where neighbours have the same format.
func (l *loader) stacked(tensors ...*weights.Tensor) (all []*weights.Matrix) {
	for first := 0; first < len(tensors) && l.err == nil; {
		end := first + 1
		for end < len(tensors) && tensors[end].Format == tensors[first].Format {
			end++
		}
		all = append(all, l.joined(tensors[first:end]...))
		first = end
	}
	return all
}

// gated plans a gate and an up matrix as one, where they have the same format.
func (l *loader) gated(gate, up *weights.Tensor) *weights.Matrix {
	if l.err != nil {
		return nil
	}
	if gate.Format != up.Format {
		l.fail(fmt.Errorf("load %s: type %s, but %s has type %s; kernels need the same", up.Name, up.Format.Name, gate.Name, gate.Format.Name))
		return nil
	}
	m, err := l.set.Gated(l.layout(gate), gate, up)
	if err != nil {
		l.fail(err)
	}
	return m
}

func (l *loader) layout(t *weights.Tensor) weights.Layout {
	layout, err := plan.Layout(l.library, t.Format.Name)
	if err != nil {
		l.fail(fmt.Errorf("load %s: %w", t.Name, err))
	}
	return layout
}

// vector plans float32 values.
func (l *loader) vector(name string, n int) *weights.Vector { return l.vectors(part{name, n}) }

// vectors plans the values of several tensors as one vector.
func (l *loader) vectors(parts ...part) *weights.Vector {
	var readers []io.Reader
	n := 0
	for _, p := range parts {
		reader := l.values(p.name, p.rows)
		if reader == nil {
			return nil
		}
		readers = append(readers, reader)
		n += p.rows
	}
	if len(parts) == 1 {
		return l.set.Vector(parts[0].name, n, readers[0].(io.ReaderAt))
	}
	all, err := io.ReadAll(io.MultiReader(readers...))
	if err != nil {
		l.fail(fmt.Errorf("load %s: %w", parts[0].name, err))
	}
	return l.set.Vector(parts[0].name, n, bytes.NewReader(all))
}

// values returns the reader of n float32 values; nil after an error.
func (l *loader) values(name string, n int) *io.SectionReader {
	t, ok := l.file.Tensor(name)
	if ok && t.Elements() == uint64(n) { // biases of experts have two dimensions
		l.used[name] = true
	} else {
		t = l.find(name, n)
	}
	if !l.isF32(t) {
		return nil
	}
	return l.file.Reader(t)
}

func (l *loader) isF32(t *gguf.Tensor) bool {
	if t != nil && t.Type != gguf.F32 {
		l.fail(fmt.Errorf("load %s: type F32, found %s", t.Name, t.Type))
	}
	return t != nil && t.Type == gguf.F32
}

// floats reads float32 values to the host.
func (l *loader) floats(name string, n int) []float32 {
	t := l.find(name, n)
	if !l.isF32(t) {
		return nil
	}
	values := make([]float32, n)
	if err := binary.Read(io.NewSectionReader(l.file.Reader(t), 0, t.Size), binary.LittleEndian, values); err != nil {
		l.fail(fmt.Errorf("load %s: %w", name, err))
	}
	return values
}

// cache plans the KV cache of a layer.
func (l *loader) cache(layer int, heads plan.Heads) *plan.Cache {
	if l.err != nil {
		return nil
	}
	c, err := plan.NewCache(l.memory, fmt.Sprintf("cache %d", layer), l.options.KV, heads, l.context, l.options.Binding)
	if err != nil {
		l.fail(err)
	}
	return c
}

// checkUnused refuses a file with tensors that the architecture does not use:
// what it computed would silently be wrong. Rotation tables may stand in old
// files.
func (l *loader) checkUnused() {
	for _, t := range l.file.Tensors {
		if !l.used[t.Name] && !strings.HasSuffix(t.Name, ".attn_rot_embd") {
			l.fail(fmt.Errorf("load %s: architecture %s has no use for this tensor", t.Name, l.architecture))
		}
	}
}
