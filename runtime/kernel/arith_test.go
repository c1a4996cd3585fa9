package kernel

import "testing"

func TestArith(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want uint64
	}{
		{"CeilDiv(7, 3)", CeilDiv(7, 3), 3},
		{"CeilDiv(6, 3)", CeilDiv(6, 3), 2},
		{"CeilDiv(0, 3)", CeilDiv(0, 3), 0},
		{"CeilDiv(7, 0)", CeilDiv(7, 0), 7},
		{"Div(7, 3)", Div(7, 3), 2},
		{"Div(7, 0)", Div(7, 0), 7},
		{"Mod(7, 3)", Mod(7, 3), 1},
		{"Mod(7, 0)", Mod(7, 0), 0},
		{"Sub(7, 3)", Sub(7, 3), 4},
		{"Sub(3, 7)", Sub(3, 7), 0},
		{"Select(true, 1, 2)", Select(true, 1, 2), 1},
		{"Select(false, 1, 2)", Select(false, 1, 2), 2},
	} {
		if c.got != c.want {
			t.Errorf("%s = %d, want %d", c.name, c.got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Int{}.Key(), ""},
		{Is(0).Key(), "0"},
		{Is(-3).Key(), "-3"},
		{KeyInt(0), ""},
		{KeyInt(64), "64"},
	} {
		if c.got != c.want {
			t.Errorf("key %q, want %q", c.got, c.want)
		}
	}
}
