package interp

// memoryKind says whose memory it is and how it may be used.
type memoryKind uint8

const (
	readOnly  memoryKind = iota // an in binding
	writeOnly                   // an out binding
	readWrite                   // an inout binding
	shared                      // of the workgroup
)

// memoryDecl is a binding or a shared array of a program.
type memoryDecl struct {
	name  string
	kind  memoryKind
	lanes int     // words of an element
	elems operand // uniform: how many elements
}

// memory is a binding or a shared array while a program runs.
type memory struct {
	decl   memoryDecl
	words  []uint32
	elems  uint32
	shadow []shadow // nil: not watched
}

// inBounds reports whether all active invocations index within n elements,
// and reports the first that doesn't.
func (m *machine) inBounds(name string, n uint32, site uint16, index []uint32) bool {
	for _, i := range m.act {
		if index[i] >= n {
			if m.fresh(site, OutOfBounds) {
				m.add(site, OutOfBounds, int(i), "index %d of %s, which has %d elements", index[i], name, n)
			}
			return false
		}
	}
	return true
}

// load reads the lanes sel of the indexed elements into the registers to. Beyond the bounds it reads zeros.
func (m *machine) load(mem *memory, site uint16, index []uint32, sel, to []int) {
	ok := m.inBounds(mem.decl.name, mem.elems, site, index)
	if mem.shadow != nil {
		for _, i := range m.act {
			if e := index[i]; e < mem.elems {
				for _, lane := range sel {
					m.noteRead(mem, int(e)*mem.decl.lanes+lane, uint16(i), site)
				}
			}
		}
	}
	words, stride := mem.words, mem.decl.lanes
	for k, lane := range sel {
		d := m.regs[to[k]]
		switch {
		case ok && m.full():
			for i := range d {
				d[i] = words[int(index[i])*stride+lane]
			}
		case ok:
			for _, i := range m.act {
				d[i] = words[int(index[i])*stride+lane]
			}
		default:
			for _, i := range m.act {
				d[i] = 0
				if index[i] < mem.elems {
					d[i] = words[int(index[i])*stride+lane]
				}
			}
		}
	}
}

// store writes the registers src to the lanes sel of the indexed elements.
// Beyond the bounds it writes nothing.
func (m *machine) store(mem *memory, site uint16, index []uint32, sel, src []int) {
	m.inBounds(mem.decl.name, mem.elems, site, index)
	words, stride := mem.words, mem.decl.lanes
	for k, lane := range sel {
		s := m.regs[src[k]]
		for _, i := range m.act {
			if index[i] >= mem.elems {
				continue
			}
			at := int(index[i])*stride + lane
			if mem.shadow != nil {
				m.noteWrite(mem, at, uint16(i), site)
			}
			words[at] = s[i]
		}
	}
}

// gather reads elements of an array in registers: element e's lanes are the
// registers table[e*width+k]. Beyond the bounds it reads zeros.
func (m *machine) gather(name string, site uint16, index []uint32, table []int, width int, sel, to []int) {
	n := uint32(len(table) / width)
	m.inBounds(name, n, site, index)
	for k, lane := range sel {
		d := m.regs[to[k]]
		for _, i := range m.act {
			d[i] = 0
			if index[i] < n {
				d[i] = m.regs[table[int(index[i])*width+lane]][i]
			}
		}
	}
}

// scatter writes elements of an array in registers. Beyond the bounds it
// writes nothing.
func (m *machine) scatter(name string, site uint16, index []uint32, table []int, width int, sel, src []int) {
	n := uint32(len(table) / width)
	m.inBounds(name, n, site, index)
	for k, lane := range sel {
		s := m.regs[src[k]]
		for _, i := range m.act {
			if index[i] < n {
				m.regs[table[int(index[i])*width+lane]][i] = s[i]
			}
		}
	}
}
