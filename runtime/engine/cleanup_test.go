package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// reads counts reads that nobody waited for, and fails after some submissions.
type reads struct {
	gpu.Device
	open, submits int
}

var errSubmit = errors.New("no more submissions")

func (d *reads) Submit(lists ...gpu.CommandList) error {
	if d.submits--; d.submits == 0 {
		return errSubmit
	}
	return d.Device.Submit(lists...)
}

func (d *reads) StartRead(b gpu.Buffer, offset, size int64) (gpu.Readback, error) {
	r, err := d.Device.StartRead(b, offset, size)
	if err != nil {
		return nil, err
	}
	d.open++
	return counted{r, d}, nil
}

type counted struct {
	gpu.Readback
	d *reads
}

func (c counted) Wait(ctx context.Context) ([]byte, error) {
	c.d.open--
	return c.Readback.Wait(ctx)
}

// TestReadsGivenUp checks that no read stays pending after an error.
func TestReadsGivenUp(t *testing.T) {
	dev := &reads{Device: openDevice(t)}
	e := loadEmbedded(t, dev, Options{Chunk: 2})
	wrong := errors.New("enough")
	err := e.NewSession().Logits(context.Background(), prompt, nil, func(int, []float32) error { return wrong })
	if !errors.Is(err, wrong) || dev.open != 0 {
		t.Errorf("logits: %v, and %d reads are pending", err, dev.open)
	}
	for submits := range 4 {
		dev.submits = submits + 1
		for _, err := range e.NewSession().Generate(context.Background(), prompt, Generation{Tokens: 5}) {
			if err != nil && !errors.Is(err, errSubmit) {
				t.Error(err)
			}
		}
		if dev.open != 0 {
			t.Errorf("failing at submission %d leaves %d reads pending", submits+1, dev.open)
		}
	}
	dev.submits = 0
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	e.NewSession().Logits(cancelled, prompt, nil, func(int, []float32) error { return nil })
	if dev.open != 0 {
		t.Errorf("cancelled: %d reads are pending", dev.open)
	}
}
