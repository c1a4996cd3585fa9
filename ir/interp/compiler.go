package interp

import (
	"math"

	"github.com/wgslgen/wgslgen/ir"
)

// localReg is the register of the invocation's index in its workgroup.
const localReg = 0

// operand is where a scalar is: in a uniform slot, or in a register with a
// lane for each invocation.
type operand struct {
	reg     int
	uniform bool
	fixed   bool   // a uniform that never changes within a workgroup
	mutable bool   // a register of a variable, which later stores change
	konst   bool   // a constant: bits is its value
	bits    uint32 //
}

// value is an operand for each lane of each element of a scalar, a vector or
// an array.
type value []operand

// symbol is what a name stands for: a value or a memory.
type symbol struct {
	value  value
	memory int // index among the program's memories where value is nil
}

// compiler translates a kernel to a program.
type compiler struct {
	src     *ir.Kernel
	errs    ir.Errors
	program *Program
	code    []instr // of the block being translated
	scopes  []scope

	free   map[int][]int // freed runs of registers, by length
	temps  []int         // registers of the statement being translated
	consts map[uint32]operand
	spread map[int]int // registers of fixed uniforms, by slot
	sites  map[ir.Pos]uint16

	masks  int // masks in use
	checks int // instructions so far that may report a defect
}

type scope struct {
	names map[string]symbol
	owned []run // registers freed with the scope
}

// run is n registers from base on.
type run struct{ base, n int }

func newCompiler(k *ir.Kernel) *compiler {
	return &compiler{
		src:     k,
		program: &Program{name: k.Name, uniforms: make([]uint32, firstParam), regs: localReg + 1},
		free:    map[int][]int{},
		consts:  map[uint32]operand{},
		spread:  map[int]int{},
		sites:   map[ir.Pos]uint16{},
	}
}

// fail reports what the interpreter can't run.
func (c *compiler) fail(pos ir.Pos, format string, args ...any) {
	c.errs.Addf(pos, format, args...)
}

func (c *compiler) emit(f instr) { c.code = append(c.code, f) }

// checked says that the next instruction may report a defect at a position.
func (c *compiler) checked(pos ir.Pos) uint16 {
	c.checks++
	return c.site(pos)
}

// site numbers a position.
func (c *compiler) site(pos ir.Pos) uint16 {
	s, ok := c.sites[pos]
	if !ok {
		if len(c.sites) > math.MaxUint16 {
			c.fail(pos, "too many positions to watch")
			return 0
		}
		s = uint16(len(c.sites))
		c.sites[pos] = s
		c.program.sites = append(c.program.sites, pos)
	}
	return s
}

// block translates statements in a scope of their own.
func (c *compiler) block(list []ir.Stmt) []instr {
	return c.detached(func() {
		c.push()
		c.stmts(list)
		c.pop()
	})
}

// detached returns the code that f emits.
func (c *compiler) detached(f func()) []instr {
	outer := c.code
	c.code = nil
	f()
	code := c.code
	c.code = outer
	return code
}

func (c *compiler) push() { c.scopes = append(c.scopes, scope{names: map[string]symbol{}}) }

func (c *compiler) pop() {
	last := len(c.scopes) - 1
	for _, r := range c.scopes[last].owned {
		c.free[r.n] = append(c.free[r.n], r.base)
	}
	c.scopes = c.scopes[:last]
}

func (c *compiler) scope() *scope { return &c.scopes[len(c.scopes)-1] }

func (c *compiler) declare(name string, s symbol) { c.scope().names[name] = s }

func (c *compiler) lookup(name string) (symbol, bool) {
	for i := len(c.scopes) - 1; i >= 0; i-- {
		if s, ok := c.scopes[i].names[name]; ok {
			return s, true
		}
	}
	return symbol{}, false
}

// registers allocates n registers in a row.
func (c *compiler) registers(n int) int {
	if f := c.free[n]; len(f) > 0 {
		c.free[n] = f[:len(f)-1]
		return f[len(f)-1]
	}
	base := c.program.regs
	c.program.regs += n
	return base
}

// temp allocates a register for the statement being translated.
func (c *compiler) temp() operand {
	r := c.registers(1)
	c.temps = append(c.temps, r)
	return operand{reg: r}
}

// tempsFor allocates n registers for the statement being translated.
func (c *compiler) tempsFor(n int) (regs []int, v value) {
	for range n {
		o := c.temp()
		regs = append(regs, o.reg)
		v = append(v, o)
	}
	return regs, v
}

// keep lets v outlive its statement: its registers go with the scope.
func (c *compiler) keep(v value) {
	temps := c.temps[:0]
	for _, r := range c.temps {
		if v.uses(r) {
			c.scope().owned = append(c.scope().owned, run{r, 1})
		} else {
			temps = append(temps, r)
		}
	}
	c.temps = temps
}

func (v value) uses(reg int) bool {
	for _, o := range v {
		if !o.uniform && o.reg == reg {
			return true
		}
	}
	return false
}

// slot allocates a uniform.
func (c *compiler) slot() operand {
	c.program.uniforms = append(c.program.uniforms, 0)
	return operand{reg: len(c.program.uniforms) - 1, uniform: true}
}

// constant returns the operand of a constant.
func (c *compiler) constant(bits uint32) operand {
	o, ok := c.consts[bits]
	if !ok {
		o = c.slot()
		o.fixed, o.konst, o.bits = true, true, bits
		c.program.uniforms[o.reg] = bits
		c.consts[bits] = o
	}
	return o
}

// lanes returns a register that holds o, spreading a uniform.
func (c *compiler) lanes(o operand) int {
	if !o.uniform {
		return o.reg
	}
	if o.fixed {
		r, ok := c.spread[o.reg]
		if !ok {
			r = c.program.regs
			c.program.regs++
			c.spread[o.reg] = r
			c.program.fills = append(c.program.fills, fill{o.reg, r})
		}
		return r
	}
	d := c.temp()
	c.move(d.reg, o)
	return d.reg
}

// lanesOf returns registers that hold v.
func (c *compiler) lanesOf(v value) []int {
	regs := make([]int, len(v))
	for i, o := range v {
		regs[i] = c.lanes(o)
	}
	return regs
}

// move copies o to a register, in the active lanes.
func (c *compiler) move(d int, o operand) {
	switch {
	case o.uniform:
		s := o.reg
		c.emit(func(m *machine) {
			d, x := m.regs[d], m.uniforms[s]
			if m.full() {
				broadcast(d, x)
				return
			}
			for _, i := range m.act {
				d[i] = x
			}
		})
	case o.reg != d:
		s := o.reg
		c.emit(func(m *machine) {
			d, s := m.regs[d], m.regs[s]
			if m.full() {
				copy(d, s)
				return
			}
			for _, i := range m.act {
				d[i] = s[i]
			}
		})
	}
}

// frozen returns v as it is now: what variables hold is copied.
func (c *compiler) frozen(v value) value {
	out := make(value, len(v))
	for i, o := range v {
		if o.mutable {
			s := o
			o = c.temp()
			c.move(o.reg, s)
		}
		out[i] = o
	}
	return out
}

// mask reserves n sets of active invocations until release.
func (c *compiler) mask(n int) (first int, release func()) {
	first = c.masks
	c.masks += n
	c.program.masks = max(c.program.masks, c.masks)
	return first, func() { c.masks -= n }
}
