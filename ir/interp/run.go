package interp

import (
	"cmp"
	"fmt"
	"slices"
)

// Call is one dispatch.
type Call struct {
	// Params are the words of the parameter block: one a parameter, in order.
	Params []uint32
	// Buffers are the bindings' words; a vec4 has four. What the kernel stores
	// is stored here.
	Buffers map[string][]uint32
	// Grid counts workgroups along x, y and z; zero is the kernel's own grid.
	Grid [3]uint32
	// SubgroupSize is a power of two; only kernels that shuffle need it.
	SubgroupSize int
	// Unwatched leaves out the watch for races and unwritten memory, for speed.
	Unwatched bool
}

// Run runs a dispatch. Its error is Defects where the kernel ran and did what
// it must not do; any other error says that the call doesn't fit the kernel,
// and nothing ran.
func (p *Program) Run(call Call) error {
	m := p.machines.Get().(*machine)
	defer p.machines.Put(m)
	if err := m.prepare(call); err != nil {
		return err
	}
	m.dispatch()
	m.release()
	if len(m.defects) > 0 {
		return Defects(slices.Clone(m.defects))
	}
	return nil
}

// prepare binds the call's parameters and buffers.
func (m *machine) prepare(call Call) error {
	p := m.program
	if len(call.Params) != p.params {
		return fmt.Errorf("%s: takes %d parameter words, not %d", p.name, p.params, len(call.Params))
	}
	m.subgroup = call.SubgroupSize
	if s := m.subgroup; s < 0 || s&(s-1) != 0 || p.shuffles && s == 0 {
		return fmt.Errorf("%s: subgroup size %d is no power of two", p.name, s)
	}
	m.defects = nil
	clear(m.reported)
	copy(m.uniforms[firstParam:], call.Params)
	m.group, m.place, m.act = 0, [3]uint32{}, m.all
	m.run(p.prologue)
	m.grid = call.Grid
	if m.grid == [3]uint32{} {
		for i, g := range p.grid {
			m.grid[i] = m.uniforms[g.reg]
		}
	}
	if n := uint64(m.grid[0]) * uint64(m.grid[1]); n > 1<<32 || n*uint64(m.grid[2]) >= 1<<32 {
		return fmt.Errorf("%s: a grid of %v has too many workgroups", p.name, m.grid)
	}
	copy(m.uniforms[firstWorkgroups:], m.grid[:])
	return m.bind(call)
}

// bind gives the bindings their words.
func (m *machine) bind(call Call) error {
	p := m.program
	owners := map[*uint32]memoryDecl{}
	bound := 0
	for i, d := range p.memories {
		if d.kind == shared {
			m.memories[i].watch(d, !call.Unwatched)
			continue
		}
		words, ok := call.Buffers[d.name]
		if !ok {
			return fmt.Errorf("%s: no buffer for binding %s", p.name, d.name)
		}
		bound++
		elems := m.uniforms[d.elems.reg]
		need := uint64(elems) * uint64(d.lanes)
		if uint64(len(words)) < need {
			return fmt.Errorf("%s: binding %s needs %d words (%d elements of %d), its buffer has %d",
				p.name, d.name, need, elems, d.lanes, len(words))
		}
		if len(words) > 0 {
			if o, ok := owners[&words[0]]; ok && (o.kind != readOnly || d.kind != readOnly) {
				return fmt.Errorf("%s: bindings %s and %s share a buffer that is written", p.name, o.name, d.name)
			}
			owners[&words[0]] = d
		}
		mem := &m.memories[i]
		mem.words, mem.elems = words[:need], elems
		mem.watch(d, !call.Unwatched)
	}
	if bound != len(call.Buffers) {
		for _, name := range sortedKeys(call.Buffers) {
			if !slices.ContainsFunc(p.memories, func(d memoryDecl) bool { return d.kind != shared && d.name == name }) {
				return fmt.Errorf("%s: no binding for buffer %s", p.name, name)
			}
		}
	}
	return nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// dispatch runs the workgroups in order.
func (m *machine) dispatch() {
	defer func() {
		if r := recover(); r != nil && r != errHalted {
			panic(r)
		}
	}()
	m.spread(firstWorkgroups, len(m.uniforms))
	for z := range m.grid[2] {
		for y := range m.grid[1] {
			for x := range m.grid[0] {
				m.workgroup([3]uint32{x, y, z})
			}
		}
	}
}

func (m *machine) workgroup(place [3]uint32) {
	m.group++
	m.epoch++
	m.place = place
	m.ticks = 0
	m.act = m.all
	copy(m.uniforms[firstWorkgroup:], place[:])
	m.spread(firstWorkgroup, firstWorkgroups)
	for i, d := range m.program.memories {
		if d.kind == shared {
			clear(m.memories[i].words)
		}
	}
	m.run(m.program.body)
}

// spread fills the registers of the uniforms from..to that are needed as lanes.
func (m *machine) spread(from, to int) {
	for _, f := range m.program.fills {
		if from <= f.uniform && f.uniform < to {
			broadcast(m.regs[f.reg], m.uniforms[f.uniform])
		}
	}
}
