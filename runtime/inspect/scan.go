package inspect

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/quantize"
)

// scanned is how many weights are looked at at once.
const scanned = 1 << 18

// Scan reads all weights and adds a problem for each tensor with some that are NaN or infinite, which is what damaged
// scales lead to. An error means that they could not be read.
func (r *Report) Scan(ctx context.Context, f *gguf.File, progress func(done int64)) error {
	found := make([]finding, len(f.Tensors))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	done := make(chan int64)
	var failed error
	go func() {
		for i := range f.Tensors {
			group.Go(func() (err error) {
				found[i], err = scan(ctx, f, &f.Tensors[i], done)
				return err
			})
		}
		failed = group.Wait()
		close(done)
	}()
	var sum int64
	for n := range done {
		sum += n
		progress(sum)
	}
	for i, t := range f.Tensors {
		if n := found[i]; n.count > 0 {
			r.problem("tensor %s: %d of %d weights are NaN or infinite, the first is element %d, in the %s block at byte %d of the tensor",
				t.Name, n.count, t.Elements(), n.first, t.Type, n.first/int64(t.Type.BlockSize())*int64(t.Type.BlockBytes()))
		}
	}
	return failed
}

// finding is what is wrong with a tensor's weights.
type finding struct {
	count, first int64
}

func scan(ctx context.Context, f *gguf.File, t *gguf.Tensor, done chan<- int64) (n finding, err error) {
	if !t.Type.Weights() {
		return n, nil
	}
	data := f.Reader(t)
	total := int64(t.Elements())
	buffer := make([]byte, min(scanned, total)/int64(t.Type.BlockSize())*int64(t.Type.BlockBytes()))
	for at := int64(0); at < total; at += scanned {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		part := buffer[:min(scanned, total-at)/int64(t.Type.BlockSize())*int64(t.Type.BlockBytes())]
		if _, err := io.ReadFull(data, part); err != nil {
			return n, fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		x, err := quantize.Decode(t.Type, part)
		if err != nil {
			return n, fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		for i, v := range x {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				if n.count == 0 {
					n.first = at + int64(i)
				}
				n.count++
			}
		}
		done <- int64(len(part))
	}
	return n, nil
}
