package kerneltest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/templates"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random inputs; 0 takes a new one and prints it")

var shardFlag = flag.String("shard", "0/1", "`k/n`: test only every n-th variant, from number k on, for n processes to share the work")

// featuresFlag is for the runs with wgpu29 and Mesa 25: what other devices can run
// is tested there. Its driver forms subgroups as wide as its vectors are, and
// takes three times as long to compile for wide ones.
var featuresFlag = flag.String("features", "", "TestDevice runs only variants that need optional features and, `narrow`, subgroups of 8 at most, or, wide, of 16; it fails where the device lacks one")

var seed = sync.OnceValue(func() uint64 {
	s := *seedFlag
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	fmt.Printf("random inputs from -seed %d\n", s)
	return s
})

// subject is a shipped variant with its cases, which are made once.
type subject struct {
	*Variant
	spec  *Spec
	cases func() ([]*Case, error)
}

// subjects are what the library ships, or the shard of it, compiled once.
var subjects = sync.OnceValues(func() ([]*subject, error) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		return nil, err
	}
	var first, n int
	if _, err := fmt.Sscanf(*shardFlag, "%d/%d", &first, &n); err != nil || first < 0 || first >= n {
		return nil, fmt.Errorf("-shard %s: want k/n, such as 0/2", *shardFlag)
	}
	all, err := Shipped(lib, first, n)
	if err != nil {
		return nil, err
	}
	var out []*subject
	for _, v := range all {
		if spec := SpecOf(v.Unit.Source.Name); spec != nil { // TestEveryKernelHasCases says which have none
			out = append(out, &subject{v, spec, sync.OnceValues(func() ([]*Case, error) { return spec.Cases(v, seed()) })})
		}
	}
	return out, nil
})

// forEach runs f in parallel on the cases of every variant.
func forEach(t *testing.T, f func(t *testing.T, s *subject, cases []*Case)) {
	t.Helper()
	all, err := subjects()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			cases, err := s.cases()
			if err != nil {
				t.Fatal(err)
			}
			f(t, s, cases)
		})
	}
}

// summary collects scores, and logs the worst of each kernel.
type summary struct {
	mutex sync.Mutex
	worst map[string]Score
}

func newSummary(t *testing.T) *summary {
	sum := &summary{worst: map[string]Score{}}
	t.Cleanup(func() {
		for _, name := range slices.Sorted(maps.Keys(sum.worst)) {
			t.Logf("%-20s worst %v", name, sum.worst[name])
		}
	})
	return sum
}

func (sum *summary) add(s *subject, score Score) {
	sum.mutex.Lock()
	defer sum.mutex.Unlock()
	name := s.Unit.Source.Name
	if score.NMSE() >= sum.worst[name].NMSE() {
		sum.worst[name] = score
	}
}

// compare runs cases in each of their layouts, and compares the results with
// the reference.
func (sum *summary) compare(t *testing.T, s *subject, cases []*Case, run func(*Case, Grid) (map[string][]uint32, error)) {
	t.Helper()
	var total Score
	for _, c := range cases {
		for name, layout := range c.Layouts() {
			got, err := run(c, layout)
			if err != nil {
				t.Fatalf("%v%s:\n%v", c, name, err)
			}
			score, err := c.Check(got, s.spec.LimitOf(s.Variant))
			if err != nil {
				t.Errorf("%v%s: %v", c, name, err)
			}
			total = total.Add(score)
		}
	}
	t.Logf("%v", total)
	if err := total.Within(s.spec.LimitOf(s.Variant)); err != nil {
		t.Error(err)
	}
	sum.add(s, total)
}

// TestEveryKernelHasCases keeps kernels and specs in step.
func TestEveryKernelHasCases(t *testing.T) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range lib.Kernels() {
		if SpecOf(k.Name) == nil {
			t.Errorf("kernel %s has no spec here", k.Name)
		}
	}
	for _, name := range Kernels() {
		if lib.Kernel(name) == nil {
			t.Errorf("there is no kernel %s for its spec", name)
		}
	}
}

// TestFolds fails where no case of a variant whose grid may fold does so.
func TestFolds(t *testing.T) {
	forEach(t, func(t *testing.T, s *subject, cases []*Case) {
		longest := uint64(0)
		for _, c := range cases {
			longest = max(longest, s.grid(c.params)[0])
			if c.folds() {
				return
			}
		}
		if s.foldable() && longest > 1 {
			t.Errorf("the longest grid has %d workgroups in x, and none folds", longest)
		}
	})
}

// TestInterpreted runs every shipped variant in the interpreter.
func TestInterpreted(t *testing.T) {
	sum := newSummary(t)
	forEach(t, func(t *testing.T, s *subject, cases []*Case) {
		sum.compare(t, s, cases, func(c *Case, layout Grid) (map[string][]uint32, error) { return c.Interpret(layout) })
	})
}

// TestDevice runs every shipped variant on the machine's GPU, which may be
// software. Variants that need optional features run with -features, on a device
// that has them all (see Makefile); only subgroups that no software has are left to
// the interpreter.
func TestDevice(t *testing.T) {
	devices := openDevices(t)
	sum := newSummary(t)
	forEach(t, func(t *testing.T, s *subject, cases []*Case) {
		device := <-devices
		defer func() { devices <- device }()
		wide := s.subgroup() > 8
		switch {
		case *featuresFlag == "":
		case len(s.Unit.Features) == 0, wide != (*featuresFlag == "wide"):
			return
		}
		if why := refuses(device.Caps(), s.Variant); why != "" {
			if *featuresFlag != "" && s.subgroup() <= mostSoftware {
				t.Fatalf("this device can't run it: %s", why)
			}
			t.Logf("only interpreted here: the variant %s", why)
			return
		}
		shader, err := NewShader(device, s.Variant)
		if err != nil {
			t.Fatal(err)
		}
		defer shader.Release()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // a software driver compiles now, some kernels for minutes
		defer cancel()
		sum.compare(t, s, cases, func(c *Case, layout Grid) (map[string][]uint32, error) { return shader.Run(ctx, c, layout) })
	})
}

// openDevice opens the machine's GPU. Where there is none it skips the test,
// or fails it if the environment variable CI is set.
func openDevice(t *testing.T) gpu.Device {
	t.Helper()
	d, err := native.Open(native.Options{})
	switch {
	case errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "":
		t.Skipf("no GPU to test on: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// openDevices opens several, so that shaders compile on more than one core.
func openDevices(t *testing.T) chan gpu.Device {
	t.Helper()
	devices := make(chan gpu.Device, 2)
	for range cap(devices) {
		devices <- openDevice(t)
	}
	return devices
}

// mostSoftware is the size of subgroups that software devices go up to.
const mostSoftware = 16

// refuses says why a device can't run a variant, or "".
func refuses(caps gpu.Caps, v *Variant) string {
	u, l := v.Unit, caps.Limits
	switch {
	case u.SharedBytes > int(l.MaxWorkgroupStorage):
		return fmt.Sprintf("needs %d bytes of shared memory", u.SharedBytes)
	case u.GroupSize > int(l.MaxInvocations):
		return fmt.Sprintf("needs %d invocations", u.GroupSize)
	case v.subgroup() > max(1, int(caps.Features.SubgroupMin)):
		return fmt.Sprintf("needs subgroups of %d", v.subgroup())
	}
	for _, f := range u.Features {
		if !caps.Features.Has(f) {
			return "needs " + f
		}
	}
	return ""
}
