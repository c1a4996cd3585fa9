package op

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// compiler is a device that does nothing but compile: so many at once, each of
// which waits for the others.
type compiler struct {
	gpu.Device
	together sync.WaitGroup
	once     int
	refuse   string // label of what does not compile

	mu   sync.Mutex
	made []string
}

func (c *compiler) Caps() gpu.Caps { return gpu.Caps{} }

func (c *compiler) Compilers() int { return c.once }

func (c *compiler) NewPipeline(desc gpu.PipelineDesc) (gpu.Pipeline, error) {
	c.together.Done()
	c.together.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if desc.Label == c.refuse {
		return nil, errRefused
	}
	c.made = append(c.made, desc.Label)
	return &pipeline{label: desc.Label}, nil
}

type pipeline struct{ label string }

func (p *pipeline) Label() string { return p.label }
func (p *pipeline) Release()      {}

var errRefused = errors.New("refused")

func TestCompile(t *testing.T) {
	variants := []*kernel.Variant{generated.Argmax.Variants[0], generated.Copy.Variants[0], generated.Sample.Variants[0]}
	c := &compiler{once: len(variants)}
	c.together.Add(len(variants)) // a deadlock, if they don't come all at once
	l := NewLibrary(c)
	var steps []int
	err := l.Compile(context.Background(), append(variants, variants...), func(done, total int) {
		if total != len(variants) {
			t.Errorf("progress tells of %d pipelines, want %d", total, len(variants))
		}
		steps = append(steps, done)
	})
	if err != nil || !slices.Equal(steps, []int{1, 2, 3}) || len(c.made) != len(variants) {
		t.Errorf("made %q with progress %v, error %v", c.made, steps, err)
	}
	if err := l.Compile(context.Background(), variants, nil); err != nil || len(c.made) != len(variants) {
		t.Errorf("compiled again: made %q, error %v", c.made, err)
	}
}

func TestCompileError(t *testing.T) {
	variants := []*kernel.Variant{generated.Argmax.Variants[0], generated.Copy.Variants[0]}
	c := &compiler{once: 1, refuse: variants[0].Name}
	c.together.Add(1)
	if err := NewLibrary(&inOrder{c}).Compile(context.Background(), variants, nil); !errors.Is(err, errRefused) || len(c.made) > 0 {
		t.Errorf("made %q, error %v, want %v", c.made, err, errRefused)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := NewLibrary(c).Compile(ctx, variants, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// inOrder is a device that compiles one at a time.
type inOrder struct{ gpu.Device }
