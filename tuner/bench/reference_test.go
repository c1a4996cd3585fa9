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

// check compares the logits of an engine loaded by a profile.
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

// checkSearch searches a group among its default, another candidate, and that one
// altered, which must be rejected. An engine that is told to take the other one
// does, and computes what it should.
func (r reference) checkSearch(t *testing.T, b *Bench, g *group, candidateAt int, old, altered string) {
	t.Helper()
	const other, wrong = 1, 2
	p, right := g.problem, g.candidates[candidateAt]
	broken := *right.portable
	broken.Name, broken.WGSL = broken.Name+"_broken", strings.Replace(broken.WGSL, old, altered, 1)
	if broken.WGSL == right.portable.WGSL {
		t.Fatalf("nothing to alter in\n%s", broken.WGSL)
	}
	made, err := broken.Variant(right.table)
	if err != nil {
		t.Fatal(err)
	}
	g.candidates = []*candidate{g.candidates[p.Default], right, {table: right.table, kernel: right.kernel, point: right.point, portable: &broken, made: made}}
	p.Candidates, p.Default = []tuner.Candidate{p.Candidates[p.Default], p.Candidates[candidateAt], p.Candidates[candidateAt]}, 0
	for i := range p.Candidates {
		p.Candidates[i].Cost = tuner.Cost{} // none is left out
	}
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
