package op

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// Compile makes the pipelines of variants, several at a time where the device
// does that. It calls progress, unless that is nil, with how many are made.
func (l *Library) Compile(ctx context.Context, variants []*kernel.Variant, progress func(done, total int)) error {
	var missing []*kernel.Variant
	for _, v := range variants {
		if l.pipelines[v] == nil && !slices.Contains(missing, v) {
			missing = append(missing, v)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(1)
	if c, ok := l.dev.(gpu.Compiler); ok {
		group.SetLimit(c.Compilers())
		longestFirst(missing)
	}
	var mu sync.Mutex
	done := 0
	for _, v := range missing {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			p, err := l.dev.NewPipeline(describePipeline(v))
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			l.pipelines[v] = p
			if done++; progress != nil {
				progress(done, len(missing))
			}
			return nil
		})
	}
	return group.Wait()
}

// longestFirst sorts variants: a long one that comes last would be waited for alone.
func longestFirst(variants []*kernel.Variant) {
	length := map[*kernel.Variant]int{} // modules may have to be unpacked
	for _, v := range variants {
		length[v] = len(v.WGSL())
	}
	slices.SortStableFunc(variants, func(a, b *kernel.Variant) int { return cmp.Compare(length[b], length[a]) })
}
