package bench

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/engine"
	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/tuner"
)

// reference is a model with the logits that it should compute.
type reference struct {
	file   *gguf.File
	tokens []int32
	logits []float32
}

func openReference(t *testing.T, name, kind string) reference {
	t.Helper()
	dir := shared.Path(t, "oracle", name)
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	file, err := gguf.Open(filepath.Join(dir, "model-"+kind+".gguf"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	r := reference{file: file}
	for _, id := range strings.Split(strings.TrimSpace(string(read("tokens.txt"))), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(id))
		if err != nil {
			t.Fatal(err)
		}
		r.tokens = append(r.tokens, int32(n))
	}
	data := read("logits-" + kind + ".f32")
	r.logits = make([]float32, len(data)/4)
	if _, err := binary.Decode(data, binary.LittleEndian, r.logits); err != nil {
		t.Fatal(err)
	}
	return r
}

// check compares the logits of an engine loaded by some options.
func (r reference) check(t *testing.T, dev gpu.Device, o engine.Options) *engine.Engine {
	t.Helper()
	e, err := engine.Load(t.Context(), dev, r.file, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	var difference, power float64
	err = e.NewSession().Logits(t.Context(), r.tokens, nil, func(i int, logits []float32) error {
		for j, x := range r.logits[i*len(logits):][:len(logits)] {
			d := float64(logits[j]) - float64(x)
			difference += d * d
			power += float64(x) * float64(x)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if nmse := difference / power; !(nmse <= 1e-9) {
		t.Errorf("logits have an NMSE of %.1e, want at most 1e-9", nmse)
	}
	return e
}

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
	// The default, another tile, and that one altered.
	const other, wrong = 1, 2
	right, rightly := g.candidates[byTile[4]], p.Candidates[byTile[4]]
	broken := *right.portable
	broken.Name, broken.WGSL = broken.Name+"_broken", strings.Replace(broken.WGSL, "< tile.z", "+ 1u < tile.z", 1)
	if broken.WGSL == right.portable.WGSL {
		t.Fatalf("nothing to alter in\n%s", broken.WGSL)
	}
	made, err := broken.Variant(g.table)
	if err != nil {
		t.Fatal(err)
	}
	g.candidates = []*candidate{g.candidates[p.Default], right, {point: right.point, portable: &broken, made: made}}
	p.Candidates, p.Default = []tuner.Candidate{p.Candidates[p.Default], rightly, rightly}, 0
	search := tuner.Search{Bench: b, Device: b.Device(), Now: time.Now}
	result := search.Run(t.Context(), p, time.Now().Add(time.Minute))
	if trial := result.Trials[wrong]; trial.Outcome != tuner.Rejected || !strings.Contains(trial.Why, "NMSE") {
		t.Errorf("the altered candidate: %+v", trial)
	}
	for _, i := range []int{0, other} {
		if trial := result.Trials[i]; trial.Outcome == tuner.Rejected || trial.Time == 0 {
			t.Errorf("%s: %+v", p.Candidates[i].Name, trial)
		}
	}
	b.leave()

	profile := b.NewProfile()
	result.Best = other
	if err := b.Record(profile, p, result); err != nil {
		t.Fatal(err)
	}
	e := r.check(t, b.dev, engine.Options{Profile: profile, Chunk: b.engine.Chunk()})
	_, prefill := e.Programs()
	taken := func(s plan.Trial) bool { return s.Variant.Name == profile.Choices[0].Variant }
	if !slices.ContainsFunc(prefill.Trials(), taken) {
		t.Errorf("the engine does not take %s", profile.Choices[0].Variant)
	}
}

func axisOf(t *testing.T, c tuner.Candidate, axis string) int {
	t.Helper()
	n, err := strconv.Atoi(c.Axes[axis])
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return n
}
