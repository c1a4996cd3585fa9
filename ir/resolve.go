package ir

// scalarByName are the element types by their names in source.
var scalarByName = map[string]Scalar{"bool": Bool, "u32": U32, "i32": I32, "f32": F32, "f16": F16, "q8_0": Q8_0}

// vectorLanes are the vector types by their names in source.
var vectorLanes = map[string]int{"vec2": 2, "vec3": 3, "vec4": 4}

// ElemType returns the element type that t names, without its dimensions. The
// second result is false where t names no type (an axis, perhaps).
func (t *TypeExpr) ElemType() (Type, bool) {
	if s, ok := scalarByName[t.Name]; ok && t.Elem == "" {
		return ScalarType(s), s != Q8_0 // alone it is a format of weights
	}
	lanes, ok := vectorLanes[t.Name]
	if !ok {
		return Type{}, false
	}
	if t.Elem == "" {
		return VecType(F32, lanes), true
	}
	s, ok := scalarByName[t.Elem]
	return VecType(s, lanes), ok && s != Bool
}

// ArrayType returns the type with its dimensions, which must be positive
// integer literals.
func (t *TypeExpr) ArrayType() (Type, *Error) {
	typ, ok := t.ElemType()
	if !ok {
		return Type{}, Errorf(t.Pos, "unknown type %s", formatType(t))
	}
	if len(t.Dims) > len(typ.Dims) {
		return Type{}, Errorf(t.Pos, "an array has at most %d dimensions, not %d", len(typ.Dims), len(t.Dims))
	}
	typ.Rank = len(t.Dims)
	for i, d := range t.Dims {
		l, ok := d.(*Lit)
		if !ok || l.Value.Kind != IntKind {
			return Type{}, Errorf(d.ExprPos(), "an array's size must be a constant, not %s", FormatExpr(d))
		}
		if l.Value.Int < 1 || l.Value.Int > 1<<20 {
			return Type{}, Errorf(d.ExprPos(), "array size %d is not between 1 and %d", l.Value.Int, 1<<20)
		}
		typ.Dims[i] = int(l.Value.Int)
	}
	return typ, nil
}

// formatType prints a type as written, without its dimensions.
func formatType(t *TypeExpr) string {
	if t.Elem != "" {
		return t.Name + "<" + t.Elem + ">"
	}
	return t.Name
}

// NewTypeExpr writes t as source would.
func NewTypeExpr(pos Pos, t Type) *TypeExpr {
	te := &TypeExpr{Pos: pos, Name: t.Scalar.String()}
	if t.Lanes > 1 {
		te.Name = [...]string{2: "vec2", 3: "vec3", 4: "vec4"}[t.Lanes]
		if t.Scalar != F32 {
			te.Elem = t.Scalar.String()
		}
	}
	for _, d := range t.Dims[:t.Rank] {
		te.Dims = append(te.Dims, NewInt(pos, int64(d)))
	}
	return te
}
