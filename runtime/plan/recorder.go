package plan

import (
	"fmt"
	"slices"

	"github.com/wgslgen/wgslgen/runtime/kernel"
	"github.com/wgslgen/wgslgen/runtime/memory"
	"github.com/wgslgen/wgslgen/runtime/op"
	"github.com/wgslgen/wgslgen/runtime/weights"
)

// Recorder records the steps of a program for up to a number of tokens. After
// the first error it ignores all that follows; Finish returns it.
type Recorder struct {
	Tokens int  // most tokens of a run; the kernels for one row serve where it is 1
	Fast   bool // products may round activations, to bytes or to halves, where the device multiplies these faster

	library *op.Library
	limits  Limits
	shared  *Shared
	steps   []step
	tensors []*Tensor // by first use
	pages   []*Page
	err     error
}

// Limits bound what one dispatch binds and does.
type Limits struct {
	Binding int64 // bytes of a binding
	Work    int64 // multiplications of a dispatch: longer ones are split, lest a watchdog end them
}

// step is a dispatch that is not bound yet.
type step struct {
	table    *kernel.Table
	key      []string // what was asked for
	variant  *kernel.Variant
	words    []uint32
	binds    []bind
	tied     []string // tuning axes of the variant that the words follow from
	others   []Alternative
	sources  []Source
	from     int // the step covers tokens [from, from+most) of a run
	most     int
	tokensAt int // index of the word that holds how many tokens; -1 if there is none

	groups *Tensor // holds the workgroups, as row which; nil: the grid is the variant's
	which  int
}

// NewRecorder returns a recorder of programs for runs of up to so many tokens.
func NewRecorder(library *op.Library, shared *Shared, limits Limits, tokens int) *Recorder {
	return &Recorder{Tokens: tokens, library: library, limits: limits, shared: shared}
}

// TooWideError says that the activations of so many tokens do not fit a
// binding: fewer may.
type TooWideError struct {
	Label        string
	Tokens       int
	Bytes, Limit int64
}

func (e *TooWideError) Error() string {
	return fmt.Sprintf("%s: %d bytes for %d tokens; a binding has at most %d", e.Label, e.Bytes, e.Tokens, e.Limit)
}

// Fits returns how many tokens would fit, about.
func (e *TooWideError) Fits() int { return int(e.Limit * int64(e.Tokens) / e.Bytes) }

// Mark returns the number of steps recorded so far: see Program.Commands.
func (r *Recorder) Mark() int { return len(r.steps) }

// Keep makes sure that a tensor still holds its values after the program ran.
func (r *Recorder) Keep(t *Tensor) {
	r.settle(t)
	t.kept = true
}

// tensor returns a new tensor for so many rows of cols values.
func (r *Recorder) tensor(label string, rows, cols int) *Tensor {
	t := newTensor(label, rows, cols)
	r.place(t)
	return t
}

// place makes a tensor part of the program, from the next step on.
func (r *Recorder) place(t *Tensor) {
	if t.bytes() > r.limits.Binding {
		r.fail(&TooWideError{t.label, r.Tokens, t.bytes(), r.limits.Binding})
	}
	t.first, t.last = len(r.steps), len(r.steps)
	r.tensors = append(r.tensors, t)
}

// flat returns a new tensor of n values in one row, however many tokens there
// are.
func (r *Recorder) flat(label string, n int) *Tensor {
	t := r.tensor(label, 1, n)
	t.flat = true
	return t
}

// packed returns a new tensor of rows that follow each other at once, of numbers
// that are no activations.
func (r *Recorder) packed(label string, rows, cols int) *Tensor {
	t := r.tensor(label, rows, cols)
	t.Stride, t.flat = cols, true
	return t
}

func (r *Recorder) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// bind names what a kernel's binding, or its weights, are bound to.
type bind struct {
	name   string
	source Source
}

// dispatch records a kernel for tokens [from, from+most) of a run.
func (r *Recorder) dispatch(t *kernel.Table, key op.Key, params op.Params, from, most int, binds ...bind) {
	if r.err != nil {
		return
	}
	words := params.Words()
	v, err := r.library.Find(t, key, words)
	if err != nil {
		r.fail(err)
		return
	}
	r.record(step{table: t, key: key.Values(), variant: v, words: words, binds: binds, from: from, most: most})
}

// record adds a step.
func (r *Recorder) record(s step) {
	for _, b := range s.binds {
		if t := tensorOf(b.source); t != nil {
			r.settle(t)
		}
	}
	if r.err != nil {
		return
	}
	s.tokensAt = slices.IndexFunc(s.table.Params, func(p kernel.Param) bool { return p.Name == "tokens" })
	for i := range s.variant.Bindings {
		b := &s.variant.Bindings[i]
		source := named(s.binds, b)
		if source == nil {
			r.fail(fmt.Errorf("%s: nothing is bound to %s", s.variant.Name, b.Name))
			return
		}
		r.use(source, b)
		s.sources = append(s.sources, source)
	}
	r.steps = append(r.steps, s)
}

// indirect lets the step just recorded take its workgroups from a row of a tensor,
// which an earlier step writes.
func (r *Recorder) indirect(groups *Tensor, which int) {
	if r.err != nil {
		return
	}
	last := len(r.steps) - 1
	r.steps[last].groups, r.steps[last].which = groups, which
	groups.last, groups.indirect = last, true
}

// tie says that the parameters of the step just recorded follow from its
// variant's value of some tuning axes.
func (r *Recorder) tie(axes ...string) {
	if r.err == nil {
		r.steps[len(r.steps)-1].tied = axes
	}
}

// couldBe says which other kernels could compute the step just recorded.
func (r *Recorder) couldBe(others []Alternative) {
	if r.err == nil {
		r.steps[len(r.steps)-1].others = others
	}
}

func named(binds []bind, b *kernel.Binding) Source {
	name := b.Name
	if b.Plane != nil {
		name = b.Plane.Weight
	}
	i := slices.IndexFunc(binds, func(bind bind) bool { return bind.name == name })
	if i < 0 {
		return nil
	}
	return binds[i].source
}

// use notes that the next step uses a tensor or a vector, and how.
func (r *Recorder) use(source Source, b *kernel.Binding) {
	if v, ok := source.(*weights.Vector); ok {
		v.Serve(b)
	}
	if t := tensorOf(source); t != nil {
		t.last = len(r.steps)
		if b.Write {
			t.writes++
		}
		if b.Uniform > 0 {
			r := source.Range(b)
			t.uniform = max(t.uniform, r.Offset+r.Size)
		}
	}
}

// Finish plans the memory of the recorded program.
func (r *Recorder) Finish(plan *memory.Plan) (*Program, error) {
	if r.err != nil {
		return nil, r.err
	}
	share(r.tensors, plan)
	return newProgram(r, plan), nil
}
