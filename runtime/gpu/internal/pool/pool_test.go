package pool

import (
	"slices"
	"testing"
)

func TestPool(t *testing.T) {
	p := New[string, int](10)
	if _, ok := p.Get("a"); ok {
		t.Fatal("an empty pool gave a value")
	}
	for _, v := range []int{1, 2, 3} {
		if evicted := p.Put("a", v, 3); evicted != nil {
			t.Fatalf("Put %d evicted %v", v, evicted)
		}
	}
	if evicted := p.Put("b", 4, 4); !slices.Equal(evicted, []int{1}) {
		t.Errorf("over the limit by three: evicted %v, want [1]", evicted)
	}
	if evicted := p.Put("b", 5, 11); !slices.Equal(evicted, []int{5}) {
		t.Errorf("a value over the limit: evicted %v, want [5]", evicted)
	}
	if v, ok := p.Get("a"); !ok || v != 3 {
		t.Errorf("Get = %d, %t, want the value put last, 3", v, ok)
	}
	if p.Held() != 7 {
		t.Errorf("Held = %d, want 7", p.Held())
	}
	if all := p.Drain(); !slices.Equal(all, []int{2, 4}) || p.Held() != 0 {
		t.Errorf("Drain = %v with %d bytes left, want [2 4] with 0", all, p.Held())
	}
	if v, ok := p.Get("b"); ok {
		t.Errorf("a drained pool gave %d", v)
	}
}
