package weights

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// minWorkers is how many workers there are at least, so that one waits for the file
// while another repacks.
const minWorkers = 4

// stagingBytes is about how much of a file a worker repacks at once.
const stagingBytes = 2 << 20

// Bytes returns the device memory of the set, without that of its caches.
func (s *Set) Bytes() int64 {
	var n int64
	for _, p := range s.parts {
		n += p.bytes()
	}
	for _, v := range s.vectors {
		n += v.size
	}
	return n
}

// Upload writes all weights to their allocated buffers, but for those that a
// cache brings. It calls progress with the bytes written so far.
func (s *Set) Upload(ctx context.Context, dev gpu.Device, progress func(done int64)) error {
	var sum int64
	for _, v := range s.vectors {
		if err := v.upload(dev); err != nil {
			return err
		}
		sum += v.size
	}
	return transfer(ctx, dev, s.cut, func(bytes int) {
		sum += int64(bytes)
		progress(sum)
	})
}

// transfer reads, repacks and writes the pieces that cut sends, several at once.
func transfer(ctx context.Context, dev gpu.Device, cut func(context.Context, chan<- *piece) error, written func(bytes int)) error {
	group, ctx := errgroup.WithContext(ctx)
	workers := max(runtime.GOMAXPROCS(0), minWorkers)
	pieces := make(chan *piece, workers)
	done := make(chan *piece, workers)
	group.Go(func() error {
		defer close(pieces)
		return cut(ctx, pieces)
	})
	var repacking sync.WaitGroup
	for range workers {
		repacking.Add(1)
		group.Go(func() error {
			defer repacking.Done()
			return repackAll(ctx, pieces, done)
		})
	}
	group.Go(func() error {
		repacking.Wait()
		close(done)
		return nil
	})
	group.Go(func() error { return write(dev, done, written) })
	return group.Wait()
}

// piece is some rows of a part on their way to the device.
type piece struct {
	part        *Part
	first, rows int // of those that the part is made of
	to          int // row of the device where they go
	planes      [][]byte
}

// cut sends the pieces of all parts.
func (s *Set) cut(ctx context.Context, pieces chan<- *piece) error {
	for _, part := range s.parts {
		if err := part.cut(ctx, pieces, 0, part.stored, 0); err != nil {
			return err
		}
	}
	return nil
}

// cut sends the pieces of rows [first, first+rows), which go to row to of the
// device and those after.
func (p *Part) cut(ctx context.Context, pieces chan<- *piece, first, rows, to int) error {
	most := max(stagingBytes/p.rowBytes/granule, 1) * granule
	for from := 0; from < rows; from += most {
		select {
		case pieces <- &piece{part: p, first: first + from, rows: min(most, rows-from), to: to + from}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// repackAll reads and repacks pieces until there are no more.
func repackAll(ctx context.Context, pieces <-chan *piece, done chan<- *piece) error {
	var src []byte
	for p := range pieces {
		part := p.part
		if need := p.rows * part.rowBytes; cap(src) < need {
			src = make([]byte, need)
		}
		src, err := read(src[:0], part.runs, p.first, p.rows)
		if err != nil {
			return err
		}
		for i := range part.format.Planes {
			plane := &part.format.Planes[i]
			dst := make([]byte, planeBytes(plane, p.rows, part.blocks, part.layout.Interleave))
			repack(dst, src, part.rowBytes, part.blocks, part.format, plane, part.layout.Interleave)
			p.planes = append(p.planes, dst)
		}
		select {
		case done <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// write writes finished pieces to the device.
func write(dev gpu.Device, done <-chan *piece, written func(bytes int)) error {
	for p := range done {
		for i, data := range p.planes {
			plane := p.part.planes[i]
			record := p.part.format.Planes[i].Units * p.part.format.Planes[i].UnitBytes
			at := int64(p.to) * int64(p.part.blocks) * int64(record)
			if err := dev.Write(plane.Buffer.GPU(), plane.Offset+at, data); err != nil {
				return err
			}
			written(len(data))
		}
	}
	return nil
}
