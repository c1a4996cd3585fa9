package bench

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/tuner"
)

// Products by expert are searched, over the tiles that a real prompt makes: a
// candidate that leaves out the last slot of a tile is rejected. An engine that
// takes other tiles for one product than for the other computes what it should.
func TestTunesExperts(t *testing.T) {
	r := openReference(t, "mixtral", "Q4_K")
	b, problems := openModel(t, "expert_gemm", func() (gpu.Device, error) { return native.Open(native.Options{}) }, r.file)
	gated := slices.IndexFunc(problems, func(p *tuner.Problem) bool { return strings.Contains(p.Name, "gated") })
	if len(problems) != 2 || gated < 0 {
		t.Fatalf("%d problems, the gated one is %d", len(problems), gated)
	}
	p, g := problems[gated], b.groups[gated]
	byTile := map[int]int{} // a candidate for each size
	for i, c := range p.Candidates {
		size := axisOf(t, c, "T") * axisOf(t, c, "down")
		byTile[size] = i
		slots, experts := b.engine.Chunk()*2, 8
		along := int(c.Cost.Workgroups) / int(g.trials[0].Grid(g.candidates[i].made)[0])
		if along < (slots+size-1)/size || along > slots/size+experts {
			t.Errorf("%s: %d tiles of %d for %d slots of %d experts", c.Name, along, size, slots, experts)
		}
	}
	if len(byTile) < 3 {
		t.Fatalf("tiles of %d sizes", len(byTile))
	}
	r.checkSearch(t, b, g, byTile[4], "< tile.z", "+ 1u < tile.z")
}

func axisOf(t *testing.T, c tuner.Candidate, axis string) int {
	t.Helper()
	n, err := strconv.Atoi(c.Axes[axis])
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return n
}
