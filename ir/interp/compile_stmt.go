package interp

import "github.com/wgslgen/wgslgen/ir"

func (c *compiler) stmts(list []ir.Stmt) {
	for _, s := range list {
		c.stmt(s)
	}
}

// stmt translates a statement and frees what it needed only for itself.
func (c *compiler) stmt(s ir.Stmt) {
	outer := c.temps
	c.temps = nil
	switch s := s.(type) {
	case *ir.Let:
		v := c.frozen(c.expr(s.X))
		c.keep(v)
		c.declare(s.Name, symbol{value: v})
	case *ir.Var:
		c.variable(s)
	case *ir.Assign:
		c.assign(s)
	case *ir.If:
		c.branch(s)
	case *ir.For:
		c.loop(s)
	case *ir.Barrier:
		c.barrier(s)
	default:
		c.fail(s.StmtPos(), "%T is not lowered", s)
	}
	c.free[1] = append(c.free[1], c.temps...)
	c.temps = outer
}

func (c *compiler) variable(s *ir.Var) {
	var t ir.Type
	if s.Type != nil {
		var err *ir.Error
		if t, err = s.Type.ArrayType(); err != nil {
			c.errs = append(c.errs, err)
			return
		}
	} else {
		t = s.Init.Type()
	}
	if t.Rank > 1 {
		c.fail(s.Pos, "array %s has %d dimensions, not 1", s.Name, t.Rank)
		return
	}
	init := value{c.constant(0)}
	if s.Init != nil {
		init = c.expr(s.Init)
	}
	n := t.Lanes * t.Len()
	base := c.registers(n)
	c.scope().owned = append(c.scope().owned, run{base, n})
	v := make(value, n)
	for i := range v {
		v[i] = operand{reg: base + i, mutable: true}
		c.move(base+i, init.lane(i))
	}
	c.declare(s.Name, symbol{value: v})
}

func (c *compiler) assign(s *ir.Assign) {
	p := c.place(s.LHS)
	x := c.expr(s.X)
	if s.Op != "=" {
		x = c.binary(s.Pos, s.Op[:len(s.Op)-1], s.LHS.Type().Scalar, c.read(p), x)
	}
	c.write(p, x)
}

func (c *compiler) branch(s *ir.If) {
	cond := c.scalar(s.Cond)
	t, release := c.mask(2)
	defer release()
	then, els := c.block(s.Then), c.block(s.Else)
	if cond.uniform {
		c.emit(func(m *machine) {
			if m.uniforms[cond.reg] != 0 {
				m.run(then)
			} else {
				m.run(els)
			}
		})
		return
	}
	c.emit(func(m *machine) {
		yes, no := m.split(m.regs[cond.reg], t)
		m.under(yes, then)
		m.under(no, els)
	})
}

func (c *compiler) loop(s *ir.For) {
	if s.Unroll {
		c.fail(s.Pos, "an unrolled loop is not lowered")
		return
	}
	from, to := c.scalar(s.From), c.frozen(value{c.scalar(s.To)})[0]
	by := c.constant(1)
	if s.By != nil {
		by = c.frozen(value{c.scalar(s.By)})[0]
	}
	site := c.checked(s.Pos)
	c.push()
	defer c.pop()
	if from.uniform && to.uniform && by.uniform {
		c.uniformLoop(s, site, from, to, by)
	} else {
		c.divergentLoop(s, site, c.lanes(from), c.lanes(to), c.lanes(by))
	}
}

func (c *compiler) uniformLoop(s *ir.For, site uint16, from, to, by operand) {
	counter := c.slot()
	c.declare(s.Name, symbol{value: value{counter}})
	body := c.block(s.Body)
	c.emit(func(m *machine) {
		i, to, by := m.uniforms[from.reg], m.uniforms[to.reg], m.uniforms[by.reg]
		for i < to {
			m.tick(site)
			m.uniforms[counter.reg] = i
			m.run(body)
			next := i + by
			if next <= i {
				m.stuck(site, m.act[0], by, next < to)
				break
			}
			i = next
		}
	})
}

func (c *compiler) divergentLoop(s *ir.For, site uint16, from, to, by int) {
	counter := c.temp().reg
	c.declare(s.Name, symbol{value: value{{reg: counter}}})
	t, release := c.mask(1)
	defer release()
	body := c.block(s.Body)
	c.emit(func(m *machine) {
		counter, from, to, by := m.regs[counter], m.regs[from], m.regs[to], m.regs[by]
		act := m.masks[t][:0]
		for _, i := range m.act {
			if from[i] < to[i] {
				counter[i] = from[i]
				act = append(act, i)
			}
		}
		for len(act) > 0 {
			m.tick(site)
			m.under(act, body)
			left := act[:0]
			for _, i := range act {
				next := counter[i] + by[i]
				switch {
				case next <= counter[i]:
					m.stuck(site, i, by[i], next < to[i])
				case next < to[i]:
					counter[i] = next
					left = append(left, i)
				}
			}
			act = left
		}
	})
}

// stuck reports a loop whose counter does not grow, if it would go on.
func (m *machine) stuck(site uint16, i int32, by uint32, goesOn bool) {
	switch {
	case !goesOn || !m.fresh(site, StuckLoop):
	case by == 0:
		m.add(site, StuckLoop, int(i), "the loop's step is zero")
	default:
		m.add(site, StuckLoop, int(i), "the loop's counter wraps around")
	}
}

func (c *compiler) barrier(s *ir.Barrier) {
	site := c.checked(s.Pos)
	c.emit(func(m *machine) {
		m.epoch++
		if m.full() || !m.fresh(site, DivergentBarrier) {
			return
		}
		reached, missing := int(m.act[0]), m.inactive()
		d := m.add(site, DivergentBarrier, reached, "invocation %d reaches it, invocation %d does not", reached, missing)
		d.Invocations[1] = missing
	})
}
