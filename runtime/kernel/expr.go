package kernel

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Expr is a size as data, where it can't be generated code: a number, the name
// of a parameter, or a function with its arguments. In JSON these are 64,
// "rows" and ["ceildiv", "rows", 64].
type Expr struct {
	Number   uint64
	Name     string // of a parameter
	Function string
	Args     []Expr
}

// functions are all that an expression may call. Conditions are 0 or 1.
var functions = map[string]struct {
	args int
	call func(x []uint64) uint64
}{
	"+":       {2, func(x []uint64) uint64 { return x[0] + x[1] }},
	"-":       {2, func(x []uint64) uint64 { return Sub(x[0], x[1]) }},
	"*":       {2, func(x []uint64) uint64 { return x[0] * x[1] }},
	"/":       {2, func(x []uint64) uint64 { return Div(x[0], x[1]) }},
	"%":       {2, func(x []uint64) uint64 { return Mod(x[0], x[1]) }},
	"&":       {2, func(x []uint64) uint64 { return x[0] & x[1] }},
	"|":       {2, func(x []uint64) uint64 { return x[0] | x[1] }},
	"^":       {2, func(x []uint64) uint64 { return x[0] ^ x[1] }},
	"<<":      {2, func(x []uint64) uint64 { return x[0] << x[1] }},
	">>":      {2, func(x []uint64) uint64 { return x[0] >> x[1] }},
	"==":      {2, func(x []uint64) uint64 { return bit(x[0] == x[1]) }},
	"!=":      {2, func(x []uint64) uint64 { return bit(x[0] != x[1]) }},
	"<":       {2, func(x []uint64) uint64 { return bit(x[0] < x[1]) }},
	"<=":      {2, func(x []uint64) uint64 { return bit(x[0] <= x[1]) }},
	">":       {2, func(x []uint64) uint64 { return bit(x[0] > x[1]) }},
	">=":      {2, func(x []uint64) uint64 { return bit(x[0] >= x[1]) }},
	"&&":      {2, func(x []uint64) uint64 { return x[0] & x[1] }},
	"||":      {2, func(x []uint64) uint64 { return x[0] | x[1] }},
	"!":       {1, func(x []uint64) uint64 { return 1 - x[0] }},
	"min":     {2, func(x []uint64) uint64 { return min(x[0], x[1]) }},
	"max":     {2, func(x []uint64) uint64 { return max(x[0], x[1]) }},
	"ceildiv": {2, func(x []uint64) uint64 { return CeilDiv(x[0], x[1]) }},
	"select":  {3, func(x []uint64) uint64 { return Select(x[0] != 0, x[1], x[2]) }},
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// compile returns the expression's value as a function of a parameter block.
func (e Expr) compile(params []Param) (func(p []uint32) uint64, error) {
	switch {
	case e.Function != "":
		return e.compileCall(params)
	case e.Name == "":
		return func([]uint32) uint64 { return e.Number }, nil
	}
	i := slices.IndexFunc(params, func(p Param) bool { return p.Name == e.Name && p.Type == "u32" })
	if i < 0 {
		return nil, fmt.Errorf("no parameter %q of type u32", e.Name)
	}
	return func(p []uint32) uint64 { return uint64(p[i]) }, nil
}

func (e Expr) compileCall(params []Param) (func(p []uint32) uint64, error) {
	f, ok := functions[e.Function]
	if !ok || len(e.Args) != f.args {
		return nil, fmt.Errorf("no function %q of %d arguments", e.Function, len(e.Args))
	}
	args := make([]func([]uint32) uint64, len(e.Args))
	for i, a := range e.Args {
		var err error
		if args[i], err = a.compile(params); err != nil {
			return nil, err
		}
	}
	return func(p []uint32) uint64 {
		var x [3]uint64
		for i, arg := range args {
			x[i] = arg(p)
		}
		return f.call(x[:len(args)])
	}, nil
}

// MarshalJSON writes the form that Expr's comment shows.
func (e Expr) MarshalJSON() ([]byte, error) {
	switch {
	case e.Function != "":
		list := []any{e.Function}
		for _, a := range e.Args {
			list = append(list, a)
		}
		return json.Marshal(list)
	case e.Name != "":
		return json.Marshal(e.Name)
	}
	return json.Marshal(e.Number)
}

// UnmarshalJSON reads that form.
func (e *Expr) UnmarshalJSON(b []byte) error {
	*e = Expr{}
	var list []json.RawMessage
	if json.Unmarshal(b, &e.Number) == nil || json.Unmarshal(b, &e.Name) == nil {
		return nil
	}
	if err := json.Unmarshal(b, &list); err != nil || len(list) == 0 {
		return fmt.Errorf("a size is a number, a parameter's name or a list that begins with a function, not %.40s", b)
	}
	if err := json.Unmarshal(list[0], &e.Function); err != nil || e.Function == "" {
		return fmt.Errorf("a list of a size begins with a function's name, not with %.40s", list[0])
	}
	e.Args = make([]Expr, len(list)-1)
	for i := range e.Args {
		if err := e.Args[i].UnmarshalJSON(list[i+1]); err != nil {
			return err
		}
	}
	return nil
}
