package emit

import (
	"context"
	"runtime"
	"sync"
)

// each calls f with the index of every job, as many at a time as there are
// processors, and returns what report makes of the errors. It stops early, with
// the context's error, only when ctx ends.
func each(ctx context.Context, jobs []Job, f func(i int) error) error {
	errs := make([]error, len(jobs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				errs[i] = f(i)
			}
		})
	}
	for i := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	var r report
	for i, j := range jobs {
		r.add(j.Kernel, j.Point, errs[i])
	}
	return r.err()
}
