package interp

import "github.com/wgslgen/wgslgen/ir"

// hazard is an operand that makes an operation a defect.
type hazard uint8

const (
	noHazard hazard = iota
	byZero          // y is zero
	tooWide         // y is 32 or more
)

func (h hazard) kind() Kind {
	if h == byZero {
		return ZeroDivisor
	}
	return WideShift
}

// hits reports whether y is the hazard.
func (h hazard) hits(y uint32) bool { return h == byZero && y == 0 || h == tooWide && y > 31 }

// op2 is an operation on two words; dense, where set, is f over all lanes: the
// result is a temporary, of which inactive lanes are never read.
type op2 struct {
	f      func(x, y uint32) uint32
	dense  func(d, x, y []uint32)
	hazard hazard
}

// op3 is an operation on three words.
type op3 struct {
	f     func(x, y, z uint32) uint32
	dense func(d, x, y, z []uint32)
}

func (c *compiler) apply1(f func(uint32) uint32, x operand) operand {
	if x.uniform {
		d := c.slot()
		c.emit(func(m *machine) { m.uniforms[d.reg] = f(m.uniforms[x.reg]) })
		return d
	}
	d := c.temp()
	c.emit(func(m *machine) {
		d, x := m.regs[d.reg], m.regs[x.reg]
		for _, i := range m.act {
			d[i] = f(x[i])
		}
	})
	return d
}

func (c *compiler) apply2(pos ir.Pos, o op2, x, y operand) operand {
	if o.hazard != noHazard && (!y.konst || o.hazard.hits(y.bits)) {
		c.guard(c.checked(pos), o.hazard, y)
	}
	f, dense := o.f, o.dense
	if x.uniform && y.uniform {
		d := c.slot()
		c.emit(func(m *machine) { m.uniforms[d.reg] = f(m.uniforms[x.reg], m.uniforms[y.reg]) })
		return d
	}
	rx, ry, d := c.lanes(x), c.lanes(y), c.temp()
	c.emit(func(m *machine) {
		d, x, y := m.regs[d.reg], m.regs[rx], m.regs[ry]
		if dense != nil && m.many() {
			dense(d, x, y)
			return
		}
		for _, i := range m.act {
			d[i] = f(x[i], y[i])
		}
	})
	return d
}

// guard reports a hazardous y.
func (c *compiler) guard(site uint16, h hazard, y operand) {
	report := func(m *machine, i int32, y uint32) {
		switch {
		case !m.fresh(site, h.kind()):
		case h == byZero:
			m.add(site, ZeroDivisor, int(i), "the divisor is zero")
		default:
			m.add(site, WideShift, int(i), "a shift by %d", y)
		}
	}
	if y.uniform {
		c.emit(func(m *machine) {
			if y := m.uniforms[y.reg]; h.hits(y) {
				report(m, m.act[0], y)
			}
		})
		return
	}
	c.emit(func(m *machine) {
		y := m.regs[y.reg]
		for _, i := range m.act {
			if h.hits(y[i]) {
				report(m, i, y[i])
				return
			}
		}
	})
}

func (c *compiler) apply3(o op3, x, y, z operand) operand {
	f, dense := o.f, o.dense
	if x.uniform && y.uniform && z.uniform {
		d := c.slot()
		c.emit(func(m *machine) {
			u := m.uniforms
			u[d.reg] = f(u[x.reg], u[y.reg], u[z.reg])
		})
		return d
	}
	rx, ry, rz, d := c.lanes(x), c.lanes(y), c.lanes(z), c.temp()
	c.emit(func(m *machine) {
		d, x, y, z := m.regs[d.reg], m.regs[rx], m.regs[ry], m.regs[rz]
		if dense != nil && m.many() {
			dense(d, x, y, z)
			return
		}
		for _, i := range m.act {
			d[i] = f(x[i], y[i], z[i])
		}
	})
	return d
}
