package kernel

import "fmt"

// Portable is a variant as data, with its module: what a tuning profile holds of
// a variant that is not among those generated.
type Portable struct {
	Kernel      string            `json:"kernel"`
	Name        string            `json:"name"`
	Entry       string            `json:"entry"`
	Key         []string          `json:"key"`
	Tune        []Setting         `json:"tune"`
	WGSL        string            `json:"wgsl"`
	Bindings    []PortableBinding `json:"bindings"`
	Workgroup   int               `json:"workgroup"`
	SharedBytes int               `json:"shared_bytes,omitempty"`
	Features    []string          `json:"features,omitempty"`
	Needs       []Need            `json:"needs,omitempty"`
	Grid        [3]Expr           `json:"grid"`
	Foldable    bool              `json:"foldable,omitempty"`
}

// PortableBinding is a Binding whose size is data.
type PortableBinding struct {
	Name    string    `json:"name"`
	Write   bool      `json:"write,omitempty"`
	Elem    string    `json:"elem"`
	Uniform int64     `json:"uniform,omitempty"`
	Bytes   Expr      `json:"bytes"`
	Plane   *PlaneRef `json:"plane,omitempty"`
}

// Variant returns the variant as one of a table's; it must be of its kernel.
func (v *Portable) Variant(t *Table) (*Variant, error) {
	if v.Kernel != t.Kernel || len(v.Key) != len(t.Axes) || v.Workgroup < 1 || v.WGSL == "" || v.Entry == "" {
		return nil, fmt.Errorf("variant %s of kernel %s does not fit the table of kernel %s", v.Name, v.Kernel, t.Kernel)
	}
	out := &Variant{
		Name: v.Name, Entry: v.Entry, Ship: "tuned", Key: v.Key, Tune: v.Tune, Module: func(string) string { return v.WGSL },
		Workgroup: v.Workgroup, SharedBytes: v.SharedBytes, Features: v.Features, Needs: v.Needs, Foldable: v.Foldable,
	}
	var grid [3]func([]uint32) uint64
	for i, e := range v.Grid {
		var err error
		if grid[i], err = e.compile(t.Params); err != nil {
			return nil, fmt.Errorf("variant %s: grid: %w", v.Name, err)
		}
	}
	out.Grid = func(p []uint32) [3]uint64 { return [3]uint64{grid[0](p), grid[1](p), grid[2](p)} }
	for _, b := range v.Bindings {
		bytes, err := b.Bytes.compile(t.Params)
		if err != nil {
			return nil, fmt.Errorf("variant %s: binding %s: %w", v.Name, b.Name, err)
		}
		out.Bindings = append(out.Bindings, Binding{
			Name: b.Name, Write: b.Write, Elem: b.Elem, Uniform: b.Uniform, Plane: b.Plane,
			Bytes: func(p []uint32) int64 { return int64(bytes(p)) },
		})
	}
	return out, nil
}
