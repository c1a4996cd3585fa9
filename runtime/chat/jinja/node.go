package jinja

// node is a statement.
type node interface {
	exec(r *run) signal
}

// expr is an expression.
type expr interface {
	eval(r *run) any
}

// target is what can be assigned to.
type target interface {
	assign(r *run, v any)
}

type (
	textNode   struct{ text string }
	outputNode struct {
		line int
		x    expr
	}
	ifNode struct {
		line         int
		test         expr
		then, orElse []node
	}
	forNode struct {
		line         int
		target       target
		items, test  expr // test may be nil
		body, orElse []node
		recursive    bool
	}
	setNode struct {
		line   int
		target target
		value  expr
	}
	setBlockNode struct {
		line    int
		target  target
		filters []*filterExpr
		body    []node
	}
	withNode struct {
		line    int
		targets []target
		values  []expr
		body    []node
	}
	macroNode struct {
		line int
		macro
	}
	callNode struct {
		line   int
		call   *callExpr
		caller macro
	}
	filterNode struct {
		line    int
		filters []*filterExpr
		body    []node
	}
	jumpNode struct{ signal signal }
)

// macro is a named piece of template with parameters.
type macro struct {
	name     string
	params   []string
	defaults []expr // of the last parameters
	body     []node
}

type (
	literal  struct{ value any }
	nameExpr struct{ name string }
	attrExpr struct {
		x    expr
		name string
	}
	indexExpr struct{ x, index expr }
	sliceExpr struct{ x, start, stop, step expr } // all but x may be nil
	unaryExpr struct {
		op string
		x  expr
	}
	binaryExpr struct {
		op   string
		a, b expr
	}
	concatExpr  struct{ parts []expr }
	compareExpr struct {
		first expr
		ops   []string
		rest  []expr
	}
	condExpr struct{ test, then, orElse expr } // orElse may be nil
	listExpr struct {
		items []expr
		kind  listKind
	}
	dictExpr struct{ keys, values []expr }
	callExpr struct {
		line  int
		x     expr
		pos   []expr
		named []namedExpr
	}
	filterExpr struct {
		name string
		x    expr // nil for what a block holds
		call *callExpr
	}
	testExpr struct {
		name string
		x    expr
		call *callExpr
		not  bool
	}
	namedExpr struct {
		name string // "" for a dictionary of arguments
		x    expr
	}
)

// What can be assigned to, beside names.
type (
	tupleTarget []target
	fieldTarget struct{ namespace, field string }
)
