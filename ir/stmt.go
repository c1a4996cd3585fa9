package ir

// Stmt is a statement: *Let, *Var, *Assign, *If, *For, *Stage, *Barrier,
// *Return or
// *ExprStmt.
type Stmt interface{ StmtPos() Pos }

// Let names a value that never changes; an array it names is an alias.
type Let struct {
	Pos  Pos
	Name string
	X    Expr
}

// Var declares a private variable. With no Init it starts as zero; with no
// Type it takes that of Init.
type Var struct {
	Pos  Pos
	Name string
	Type *TypeExpr
	Init Expr
}

// Assign stores: LHS = X, or LHS op= X.
type Assign struct {
	Pos Pos
	LHS Expr
	Op  string // "=", "+=", "-=", "*=", "/=", "|=", "&=", "^=", "<<=", ">>="
	X   Expr
}

// If branches; where Cond is a compile-time constant, specialising keeps one
// branch and drops the other unchecked.
type If struct {
	Pos     Pos
	Cond    Expr
	Then    []Stmt
	Else    []Stmt
	ThenEnd Pos // of the closing braces
	ElseEnd Pos
}

// For runs Body with Name = From, From+By, … below To (unsigned integers).
// Unrolled loops have constant bounds and are expanded.
type For struct {
	Pos    Pos
	Unroll bool
	Name   string
	From   Expr
	To     Expr
	By     Expr // nil is 1
	Body   []Stmt
	End    Pos
}

// Stage fills a shared array by all invocations of the workgroup together:
// Tile[Indices] = X for all indices, which X may name, with a barrier before
// (earlier readers are done) and after. The last index runs fastest over the
// invocations.
type Stage struct {
	Pos     Pos
	Tile    string
	Indices []string
	X       Expr
}

// Barrier waits for all invocations of the workgroup, and makes their writes
// to shared memory visible.
type Barrier struct {
	Pos Pos
}

// Return ends a function with its result; it is the last statement.
type Return struct {
	Pos Pos
	X   Expr
}

// ExprStmt calls a function for its effects.
type ExprStmt struct {
	Pos Pos
	X   *Call
}

func (s *Let) StmtPos() Pos      { return s.Pos }
func (s *Var) StmtPos() Pos      { return s.Pos }
func (s *Assign) StmtPos() Pos   { return s.Pos }
func (s *If) StmtPos() Pos       { return s.Pos }
func (s *For) StmtPos() Pos      { return s.Pos }
func (s *Stage) StmtPos() Pos    { return s.Pos }
func (s *Barrier) StmtPos() Pos  { return s.Pos }
func (s *Return) StmtPos() Pos   { return s.Pos }
func (s *ExprStmt) StmtPos() Pos { return s.Pos }
