package decoder_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/internal/reference/decoder"
	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// Every model of the oracle: its logits were computed in float32 from the same
// weights, so a float64 decoder is as near to them as rounding allows. Angles
// of late positions are rounded most.
func TestOracle(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "oracle", "*", "model-*.gguf"))
	if err != nil || len(files) == 0 {
		t.Fatal("no models", err)
	}
	for _, path := range files {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir)+"/"+filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			f, err := gguf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			kind := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "model-"), ".gguf")
			want, err := os.ReadFile(filepath.Join(dir, "logits-"+kind+".f32"))
			if err != nil {
				t.Fatal(err)
			}
			ids, limit := tokens(t, dir), 1e-11
			if len(ids) > 512 {
				limit = 1e-9
			}
			logits, err := decoder.Logits(f, ids, 512)
			if err != nil {
				t.Fatal(err)
			}
			var wrong, all float64
			for _, row := range logits {
				for _, x := range row {
					ref := float64(math.Float32frombits(binary.LittleEndian.Uint32(want)))
					want = want[4:]
					wrong += (x - ref) * (x - ref)
					all += ref * ref
				}
			}
			if !(wrong/all <= limit) {
				t.Errorf("NMSE %.1e; %.0e at most", wrong/all, limit)
			}
		})
	}
}

func tokens(t *testing.T, dir string) (ids []int32) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "tokens.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range strings.FieldsFunc(string(text), func(r rune) bool { return strings.ContainsRune(", \n", r) }) {
		id, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, int32(id))
	}
	return ids
}
