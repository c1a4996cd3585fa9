package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/plan"
)

// withInf returns a model in which a tensor has an infinite value.
func withInf(t *testing.T, f *gguf.File, name string, row, column int) *gguf.File {
	t.Helper()
	w := &gguf.Writer{Metadata: f.Metadata.Clone()}
	for i := range f.Tensors {
		tensor := &f.Tensors[i]
		data, err := io.ReadAll(f.Reader(tensor))
		if err != nil {
			t.Fatal(err)
		}
		if tensor.Name == name {
			at := row*int(tensor.Dims[0]) + column
			binary.LittleEndian.PutUint32(data[4*at:], math.Float32bits(float32(math.Inf(1))))
		}
		if err := w.AddTensor(tensor.Name, tensor.Type, tensor.Dims, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	return w.File()
}

// TestCheckNumerics wants to be told where an infinite weight first shows: in
// chunks, in decode steps, and among the logits.
func TestCheckNumerics(t *testing.T) {
	ctx, dev := context.Background(), openDevice(t)
	f, err := gguf.Open(shared.Path(t, "oracle", "llama", "model-F32.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	load := func(f *gguf.File) *Engine {
		e, err := Load(ctx, dev, f, Options{Context: 32, Chunk: 4, CheckNumerics: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		return e
	}
	ids := readOracle(t, shared.Path(t, "oracle", "llama")).tokens[:7]
	intact := load(f)
	drawn := generate(t, intact.NewSession(), ids, Generation{Tokens: 3}) // finds nothing
	hidden := intact.hidden.Cols

	for _, c := range []struct {
		tensor      string
		row, column int
		logits      plan.NonFiniteError // what Logits says
		generated   plan.NonFiniteError // what Generate says
		before      int                 // tokens that it yields before
	}{
		{
			"blk.1.ffn_down.weight", 5, 3,
			plan.NonFiniteError{Where: "layer 1 (blk.1)", Count: 4, Of: 4 * hidden, Token: 0, Column: 5},
			plan.NonFiniteError{Where: "layer 1 (blk.1)", Count: 4, Of: 4 * hidden, Token: 0, Column: 5}, 0,
		},
		{
			"token_embd.weight", int(ids[5]), 2, // in the second chunk
			plan.NonFiniteError{Where: "the embedding", Count: 1, Of: 3 * hidden, Token: 5, Column: 2},
			plan.NonFiniteError{Where: "the embedding", Count: 1, Of: 3 * hidden, Token: 5, Column: 2}, 0,
		},
		{
			"token_embd.weight", int(drawn[1]), 2, // after two tokens
			plan.NonFiniteError{},
			plan.NonFiniteError{Where: "the embedding", Count: 1, Of: hidden, Token: 8, Column: 2}, 2,
		},
		{
			"output.weight", 9, 1,
			plan.NonFiniteError{Where: "the logits", Count: 1, Of: intact.vocab, Token: 0, Column: 9},
			plan.NonFiniteError{Where: "the logits", Count: 1, Of: intact.vocab, Token: 6, Column: 9}, 0,
		},
	} {
		e := load(withInf(t, f, c.tensor, c.row, c.column))
		for range 2 { // found anew by each session
			err := e.NewSession().Logits(ctx, ids, nil, func(int, []float32) error { return nil })
			checkFound(t, c.tensor+", logits", err, c.logits)
			var last error
			n := 0
			for _, err := range e.NewSession().Generate(ctx, ids, Generation{Tokens: 3}) {
				if last = err; err == nil {
					n++
				}
			}
			checkFound(t, c.tensor+", generated", last, c.generated)
			if n != c.before {
				t.Errorf("%s: %d tokens before the error, want %d", c.tensor, n, c.before)
			}
		}
	}
}

// checkFound compares errors; want may be empty.
func checkFound(t *testing.T, what string, err error, want plan.NonFiniteError) {
	t.Helper()
	var got plan.NonFiniteError
	if found := (*plan.NonFiniteError)(nil); errors.As(err, &found) {
		got = *found
	} else if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if got != want {
		t.Errorf("%s: %v, want %v", what, &got, &want)
	}
}
