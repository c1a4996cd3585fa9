package interp

import (
	"errors"
)

// Uniform slots with a fixed meaning.
const (
	firstWorkgroup  = 0 // workgroup.x, .y, .z
	firstWorkgroups = 3 // workgroups.x, .y, .z
	firstParam      = 6
)

// maxTicks bounds the loop iterations of a workgroup.
const maxTicks = 1 << 26

// errHalted is what a run that can't go on panics with.
var errHalted = errors.New("halted")

// machine is the state of one run of a program. Nothing is allocated while it
// runs.
type machine struct {
	program  *Program
	subgroup int
	grid     [3]uint32

	uniforms []uint32
	regs     [][]uint32 // a register has one lane an invocation
	memories []memory

	act   []int32   // active invocations, in order
	all   []int32   // all invocations
	masks [][]int32 // room for the sets of active invocations that control flow makes

	place [3]uint32 // the current workgroup
	group uint32    // its number, from 1
	epoch uint32    // grows with each workgroup and each barrier
	ticks int       // loop iterations of the current workgroup

	reported []kindSet // by site
	defects  []*Defect
}

func newMachine(p *Program) *machine {
	m := &machine{
		program:  p,
		uniforms: append([]uint32(nil), p.uniforms...),
		regs:     make([][]uint32, p.regs),
		memories: make([]memory, len(p.memories)),
		all:      make([]int32, p.size),
		masks:    make([][]int32, p.masks),
		reported: make([]kindSet, len(p.sites)),
	}
	lanes := make([]uint32, p.regs*p.size)
	for i := range m.regs {
		m.regs[i] = lanes[i*p.size : (i+1)*p.size]
	}
	for i := range m.all {
		m.all[i] = int32(i)
		m.regs[localReg][i] = uint32(i)
	}
	for i := range m.masks {
		m.masks[i] = make([]int32, 0, p.size)
	}
	for i, d := range p.memories {
		m.memories[i].decl = d
		if d.kind == shared {
			m.memories[i].elems = d.elems.bits
			m.memories[i].words = make([]uint32, int(d.elems.bits)*d.lanes)
		}
	}
	return m
}

// release lets go of the caller's buffers.
func (m *machine) release() {
	for i := range m.memories {
		if m.memories[i].decl.kind != shared {
			m.memories[i].words = nil
		}
	}
}

func (m *machine) run(code []instr) {
	for _, f := range code {
		f(m)
	}
}

// under runs code with other active invocations, if there are any.
func (m *machine) under(act []int32, code []instr) {
	if len(act) == 0 {
		return
	}
	saved := m.act
	m.act = act
	m.run(code)
	m.act = saved
}

// full reports whether all invocations are active.
func (m *machine) full() bool { return len(m.act) == len(m.all) }

// many reports whether enough invocations are active that a loop over all is
// faster than one over those.
func (m *machine) many() bool { return 4*len(m.act) >= len(m.all) }

// split parts the active invocations by whether their lane is zero, in the
// room of the masks t and t+1.
func (m *machine) split(lanes []uint32, t int) (nonzero, zero []int32) {
	nonzero, zero = m.masks[t][:0], m.masks[t+1][:0]
	for _, i := range m.act {
		if lanes[i] != 0 {
			nonzero = append(nonzero, i)
		} else {
			zero = append(zero, i)
		}
	}
	return nonzero, zero
}

// inactive returns the first invocation that is not active.
func (m *machine) inactive() int {
	for i, a := range m.act {
		if int(a) != i {
			return i
		}
	}
	return len(m.act)
}

// tick counts an iteration of a loop and halts a run that has too many.
func (m *machine) tick(site uint16) {
	if m.ticks++; m.ticks <= maxTicks {
		return
	}
	if m.fresh(site, EndlessLoop) {
		m.add(site, EndlessLoop, int(m.act[0]), "the workgroup has run %d iterations", maxTicks)
	}
	panic(errHalted)
}

func broadcast(d []uint32, x uint32) {
	for i := range d {
		d[i] = x
	}
}
