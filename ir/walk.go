package ir

// MapChildren copies e with f applied to each of its direct parts.
func MapChildren(e Expr, f func(Expr) Expr) Expr {
	opt := func(e Expr) Expr {
		if e == nil {
			return nil
		}
		return f(e)
	}
	list := func(es []Expr) []Expr {
		out := make([]Expr, len(es))
		for i, x := range es {
			out[i] = f(x)
		}
		return out
	}
	switch e := e.(type) {
	case *Lit:
		c := *e
		return &c
	case *Name:
		c := *e
		return &c
	case *Unary:
		c := *e
		c.X = f(e.X)
		return &c
	case *Binary:
		c := *e
		c.X, c.Y = f(e.X), f(e.Y)
		return &c
	case *Call:
		c := *e
		c.Recv, c.Args = opt(e.Recv), list(e.Args)
		return &c
	case *Index:
		c := *e
		c.X, c.Indices = f(e.X), list(e.Indices)
		return &c
	case *Slice:
		c := *e
		c.X, c.Indices, c.From, c.N = f(e.X), list(e.Indices), f(e.From), f(e.N)
		return &c
	case *Member:
		c := *e
		c.X = f(e.X)
		return &c
	}
	panic("ir: unknown expression")
}

// RewriteExpr rebuilds e bottom-up: children first, then f on the new node. The
// tree given is never changed; f may return its argument, changed or not.
func RewriteExpr(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	return f(MapChildren(e, func(child Expr) Expr { return RewriteExpr(child, f) }))
}

// RewriteStmts rebuilds statements, with fe applied to every expression as by
// RewriteExpr. Nested statements come first; then fs, where it is not nil,
// turns each new statement into those that replace it.
func RewriteStmts(stmts []Stmt, fs func(Stmt) []Stmt, fe func(Expr) Expr) []Stmt {
	if stmts == nil {
		return nil
	}
	out := make([]Stmt, 0, len(stmts))
	for _, s := range stmts {
		c := rewriteStmt(s, fs, fe)
		if fs == nil {
			out = append(out, c)
		} else {
			out = append(out, fs(c)...)
		}
	}
	return out
}

func rewriteStmt(s Stmt, fs func(Stmt) []Stmt, fe func(Expr) Expr) Stmt {
	switch s := s.(type) {
	case *Let:
		c := *s
		c.X = RewriteExpr(s.X, fe)
		return &c
	case *Var:
		c := *s
		c.Type, c.Init = RewriteType(s.Type, fe), RewriteExpr(s.Init, fe)
		return &c
	case *Assign:
		c := *s
		c.LHS, c.X = RewriteExpr(s.LHS, fe), RewriteExpr(s.X, fe)
		return &c
	case *If:
		c := *s
		c.Cond = RewriteExpr(s.Cond, fe)
		c.Then, c.Else = RewriteStmts(s.Then, fs, fe), RewriteStmts(s.Else, fs, fe)
		return &c
	case *For:
		c := *s
		c.From, c.To, c.By = RewriteExpr(s.From, fe), RewriteExpr(s.To, fe), RewriteExpr(s.By, fe)
		c.Body = RewriteStmts(s.Body, fs, fe)
		return &c
	case *Stage:
		c := *s
		c.X = RewriteExpr(s.X, fe)
		return &c
	case *Barrier:
		c := *s
		return &c
	case *Return:
		c := *s
		c.X = RewriteExpr(s.X, fe)
		return &c
	case *ExprStmt:
		c := *s // stays a call, so that fe sees only its parts
		c.X = MapChildren(s.X, func(e Expr) Expr { return RewriteExpr(e, fe) }).(*Call)
		return &c
	}
	panic("ir: unknown statement")
}

// RewriteType rebuilds the dimensions of a type; nil stays nil.
func RewriteType(t *TypeExpr, fe func(Expr) Expr) *TypeExpr {
	if t == nil {
		return nil
	}
	c := *t
	c.Dims = make([]Expr, len(t.Dims))
	for i, d := range t.Dims {
		c.Dims[i] = RewriteExpr(d, fe)
	}
	return &c
}

// CloneStmts copies statements deeply.
func CloneStmts(stmts []Stmt) []Stmt { return RewriteStmts(stmts, nil, same) }

// CloneExpr copies an expression deeply.
func CloneExpr(e Expr) Expr { return RewriteExpr(e, same) }

func same(e Expr) Expr { return e }

// Inspect calls fs and fe (either may be nil) on every statement and
// expression, outer ones first.
func Inspect(stmts []Stmt, fs func(Stmt), fe func(Expr)) {
	for _, s := range stmts {
		if fs != nil {
			fs(s)
		}
		switch s := s.(type) {
		case *Let:
			InspectExpr(s.X, fe)
		case *Var:
			if s.Type != nil {
				for _, d := range s.Type.Dims {
					InspectExpr(d, fe)
				}
			}
			InspectExpr(s.Init, fe)
		case *Assign:
			InspectExpr(s.LHS, fe)
			InspectExpr(s.X, fe)
		case *If:
			InspectExpr(s.Cond, fe)
			Inspect(s.Then, fs, fe)
			Inspect(s.Else, fs, fe)
		case *For:
			InspectExpr(s.From, fe)
			InspectExpr(s.To, fe)
			InspectExpr(s.By, fe)
			Inspect(s.Body, fs, fe)
		case *Stage:
			InspectExpr(s.X, fe)
		case *Return:
			InspectExpr(s.X, fe)
		case *ExprStmt:
			InspectExpr(s.X, fe)
		}
	}
}

// InspectExpr calls fe on e and all its parts, outer ones first.
func InspectExpr(e Expr, fe func(Expr)) {
	if e == nil || fe == nil {
		return
	}
	fe(e)
	switch e := e.(type) {
	case *Unary:
		InspectExpr(e.X, fe)
	case *Binary:
		InspectExpr(e.X, fe)
		InspectExpr(e.Y, fe)
	case *Call:
		InspectExpr(e.Recv, fe)
		for _, a := range e.Args {
			InspectExpr(a, fe)
		}
	case *Index:
		InspectExpr(e.X, fe)
		for _, i := range e.Indices {
			InspectExpr(i, fe)
		}
	case *Slice:
		InspectExpr(e.X, fe)
		for _, i := range e.Indices {
			InspectExpr(i, fe)
		}
		InspectExpr(e.From, fe)
		InspectExpr(e.N, fe)
	case *Member:
		InspectExpr(e.X, fe)
	}
}

// Declared returns the names that the statements declare, nested ones too.
func Declared(stmts []Stmt) []string {
	var names []string
	Inspect(stmts, func(s Stmt) {
		switch s := s.(type) {
		case *Let:
			names = append(names, s.Name)
		case *Var:
			names = append(names, s.Name)
		case *For:
			names = append(names, s.Name)
		}
	}, nil)
	return names
}
