package weights

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// stagingBytes is about how much of a file a worker repacks at once.
const stagingBytes = 2 << 20

// Bytes returns the device memory of the set.
func (s *Set) Bytes() int64 {
	var n int64
	for _, p := range s.parts {
		n += p.buffer.Size()
	}
	for _, v := range s.vectors {
		n += v.size
	}
	return n
}

// Upload writes all weights to their allocated buffers. It calls progress with
// the bytes written so far.
func (s *Set) Upload(ctx context.Context, dev gpu.Device, progress func(done int64)) error {
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	pieces := make(chan *piece, workers)
	done := make(chan *piece, workers)
	group.Go(func() error { return s.cut(ctx, pieces) })
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
	group.Go(func() error { return s.write(dev, done, progress) })
	return group.Wait()
}

// piece is some rows of a part on their way to the device.
type piece struct {
	part        *Part
	first, rows int
	planes      [][]byte
}

// cut sends the pieces of all parts.
func (s *Set) cut(ctx context.Context, pieces chan<- *piece) error {
	defer close(pieces)
	for _, part := range s.parts {
		rows := max(stagingBytes/part.rowBytes/granule, 1) * granule
		for first := 0; first < part.stored; first += rows {
			select {
			case pieces <- &piece{part: part, first: first, rows: min(rows, part.stored-first)}:
			case <-ctx.Done():
				return ctx.Err()
			}
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
			dst := make([]byte, planeBytes(plane, p.rows, part.blocks, part.interleave))
			repack(dst, src, part.rowBytes, part.blocks, part.format, plane, part.interleave)
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

// write writes vectors and finished pieces to the device.
func (s *Set) write(dev gpu.Device, done <-chan *piece, progress func(int64)) error {
	var sum int64
	for _, v := range s.vectors {
		if err := v.upload(dev); err != nil {
			return err
		}
		sum += v.size
	}
	for p := range done {
		for i, data := range p.planes {
			plane := p.part.planes[i]
			record := p.part.format.Planes[i].Units * p.part.format.Planes[i].UnitBytes
			at := int64(p.first) * int64(p.part.blocks) * int64(record)
			if err := dev.Write(plane.Buffer.GPU(), plane.Offset+at, data); err != nil {
				return err
			}
			sum += int64(len(data))
		}
		progress(sum)
	}
	return nil
}
