package archive

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// texts returns n texts that share lines, and some odd ones.
func texts(n int) map[string]string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	all := map[string]string{"empty": "", "break": "\n", "no break at the end": "a\nb", "bytes": "\xff\n\x80", "numbers": "0 00 007 7 1.50 x999999999999999y 1000000000000000 18446744073709551616\n-1 -2\n3 4"}
	for i := range n {
		var b strings.Builder
		for range random.IntN(50) {
			fmt.Fprintf(&b, "  let x%d = y[%d];\n", random.IntN(9), random.IntN(20))
		}
		all[fmt.Sprintf("text_%d", i)] = b.String()
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{1, together - 5, together, 500} {
		want := texts(n)
		packed, err := Pack(want)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := Pack(want); string(again) != string(packed) {
			t.Errorf("%d texts: two archives of them differ", n)
		}
		a, err := Open(string(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Names(); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
			t.Errorf("%d texts: names %q", n, got)
		}
		for name, text := range want {
			if got, err := a.Text(name); err != nil || got != text {
				t.Errorf("%d texts: %s is %q, %v, want %q", n, name, got, err, text)
			}
		}
		if _, err := a.Text("missing"); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("a text that is not there: %v", err)
		}
	}
}

func TestPackRefuses(t *testing.T) {
	for name, text := range map[string]string{"two\nlines": "", "nul": "a\x00b"} {
		if _, err := Pack(map[string]string{name: text}); err == nil {
			t.Errorf("%q with %q was taken", name, text)
		}
	}
}

// TestDamaged cuts and changes an archive everywhere: there is an error, or
// another text, but nothing worse.
func TestDamaged(t *testing.T) {
	packed, err := Pack(texts(together))
	if err != nil {
		t.Fatal(err)
	}
	read := func(data []byte) error {
		a, err := Open(string(data))
		if err != nil {
			return err
		}
		_, first := a.Text("break")
		_, last := a.Text(fmt.Sprintf("text_%d", together-1))
		return errors.Join(first, last)
	}
	for i := range packed {
		if read(packed[:i]) == nil {
			t.Errorf("cut to %d of %d bytes, nothing was missed", i, len(packed))
		}
		changed := slices.Clone(packed)
		changed[i] ^= 1 << (i % 8)
		read(changed)
	}
}
