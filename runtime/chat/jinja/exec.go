package jinja

// signal says how statements ended.
type signal uint8

const (
	goesOn signal = iota
	breaks
	continues
)

func (r *run) exec(nodes []node) signal {
	r.enter()
	defer r.leave()
	for _, n := range nodes {
		if s := n.exec(r); s != goesOn {
			return s
		}
	}
	return goesOn
}

func (n textNode) exec(r *run) signal {
	r.write(n.text)
	return goesOn
}

func (n outputNode) exec(r *run) signal {
	r.line = n.line
	r.write(r.str(r.eval(n.x)))
	return goesOn
}

func (n ifNode) exec(r *run) signal {
	r.line = n.line
	if truth(r.eval(n.test)) {
		return r.exec(n.then)
	}
	return r.exec(n.orElse)
}

func (n forNode) exec(r *run) signal {
	r.line = n.line
	return n.run(r, r.eval(n.items), 1)
}

// loop is what a loop's body knows of its round.
type loop struct {
	items  []any
	index  int // from 0
	depth  int
	last   []any // arguments of changed
	recurs func(r *run, a args) any
}

// run loops over the items that pass the test.
func (n forNode) run(r *run, over any, depth int) signal {
	items := r.iterate(over)
	if n.test != nil {
		var passed []any
		for _, item := range items {
			r.scoped(r.scope, func() {
				n.target.assign(r, item)
				if truth(r.eval(n.test)) {
					passed = append(passed, item)
				}
			})
		}
		items = passed
	}
	if len(items) == 0 {
		return r.exec(n.orElse)
	}
	l := &loop{items: items, depth: depth}
	outside := r.scope
	if n.recursive {
		l.recurs = func(r *run, a args) any {
			over := a.bind(r, "loop", "iterable")[0]
			return r.capture(outside, func() {}, []node{rounds{n, over, depth + 1}})
		}
	}
	for i, item := range items {
		l.index = i
		var s signal
		r.scoped(outside, func() {
			n.target.assign(r, item)
			r.scope.vars["loop"] = l
			s = r.exec(n.body)
		})
		if s == breaks {
			break
		}
	}
	return goesOn
}

// rounds is a loop that runs within itself.
type rounds struct {
	forNode
	over  any
	depth int
}

func (n rounds) exec(r *run) signal { return n.run(r, n.over, n.depth) }

func (n setNode) exec(r *run) signal {
	r.line = n.line
	n.target.assign(r, r.eval(n.value))
	return goesOn
}

func (n setBlockNode) exec(r *run) signal {
	text := r.capture(r.scope, func() {}, n.body)
	r.line = n.line
	n.target.assign(r, r.applyAll(n.filters, text))
	return goesOn
}

func (n filterNode) exec(r *run) signal {
	text := r.capture(r.scope, func() {}, n.body)
	r.line = n.line
	r.write(r.str(r.applyAll(n.filters, text)))
	return goesOn
}

func (n withNode) exec(r *run) signal {
	r.line = n.line
	values := make([]any, len(n.values))
	for i, x := range n.values {
		values[i] = r.eval(x)
	}
	var s signal
	r.scoped(r.scope, func() {
		for i, t := range n.targets {
			t.assign(r, values[i])
		}
		s = r.exec(n.body)
	})
	return s
}

func (n macroNode) exec(r *run) signal {
	r.scope.vars[n.name] = n.function(r.scope)
	return goesOn
}

func (n callNode) exec(r *run) signal {
	r.line = n.line
	f := r.eval(n.call.x)
	a := n.call.args(r)
	a.named = append(a.named, namedArg{"caller", n.caller.function(r.scope)})
	r.write(r.str(r.call(f, a)))
	return goesOn
}

func (n jumpNode) exec(*run) signal { return n.signal }

// function returns a macro as a value. It sees the variables of where it stands, as they are when it is called.
func (m macro) function(defined *scope) *function {
	return &function{m.name, func(r *run, a args) any {
		params := append(m.params[:len(m.params):len(m.params)], "caller")
		bound := a.bind(r, m.name, params...)
		line := r.line
		text := r.capture(defined, func() {
			first := len(m.params) - len(m.defaults)
			for i, name := range params {
				v := bound[i]
				switch {
				case v != absent{}:
				case name == "caller" && i == len(m.params):
					continue
				case i >= first:
					v = r.eval(m.defaults[i-first])
				default:
					v = undefined{"parameter '" + name + "' was not provided"}
				}
				r.scope.vars[name] = v
			}
		}, m.body)
		r.line = line
		return text
	}}
}

func (t nameExpr) assign(r *run, v any) { r.scope.vars[t.name] = v }

func (t tupleTarget) assign(r *run, v any) {
	r.defined(v)
	items := r.iterate(v)
	if len(items) != len(t) {
		r.fail("%d values for %d names", len(items), len(t))
	}
	for i := range t {
		t[i].assign(r, items[i])
	}
}

func (t fieldTarget) assign(r *run, v any) {
	of, _ := r.scope.get(t.namespace)
	ns, ok := of.(*namespace)
	if !ok {
		r.fail("%s is no namespace: its fields cannot be set", t.namespace)
	}
	ns.Set(t.field, v)
}
