package memory

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"1": 1, "6GiB": 6 << 30, "6 gib": 6 << 30, "1.5G": 3 << 29, "500MB": 500e6,
		"": 0, "GiB": 0, "-1": 0, "0": 0, "6 apples": 0, "1e30": 0, "NaN": 0,
	} {
		var s Size
		if err := s.Set(text); s != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %d, %v; want %d", text, s, err, want)
		}
	}
}
