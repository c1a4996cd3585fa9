package interp

import (
	"sync"

	"github.com/wgslgen/wgslgen/ir"
)

// maxInvocations bounds a workgroup: WebGPU offers at most 1024 anywhere.
const maxInvocations = 1024

// Program is a compiled kernel. It may be run by several goroutines at a time.
type Program struct {
	name     string
	size     int // invocations of a workgroup
	params   int
	memories []memoryDecl
	grid     [3]operand
	prologue []instr // uniform: sizes of bindings, the grid
	body     []instr
	uniforms []uint32 // initial values: the constants
	fills    []fill
	regs     int
	masks    int
	sites    []ir.Pos
	shuffles bool

	machines sync.Pool
}

// instr does one operation for all active invocations.
type instr func(m *machine)

// fill spreads a uniform value that never changes within a workgroup over the
// lanes of a register, before the body runs.
type fill struct{ uniform, reg int }

// Compile compiles a lowered and checked kernel. The error is ir.Errors that
// name what is not lowered.
func Compile(k *ir.Kernel) (*Program, error) {
	c := newCompiler(k)
	c.kernel()
	if err := c.errs.Err(); err != nil {
		return nil, err
	}
	p := c.program
	p.machines.New = func() any { return newMachine(p) }
	return p, nil
}
