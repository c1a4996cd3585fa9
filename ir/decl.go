package ir

// Library is all that kernels are made of: the declarations of a set of files.
// Functions and formats are seen by every kernel, wherever they stand.
type Library struct {
	Files []*File
}

// File is one parsed source file.
type File struct {
	Name     string
	Decls    []Decl     // in source order
	Comments []*Comment // in source order
}

// Comment is a // comment, without the slashes.
type Comment struct {
	Pos   Pos
	Text  string
	Trail bool // code stands before it on its line
}

// Decl is a top-level declaration: *Kernel, *Format or *Func.
type Decl interface{ DeclPos() Pos }

// DeclPos returns where the declaration begins.
func (k *Kernel) DeclPos() Pos { return k.Pos }

// DeclPos returns where the declaration begins.
func (f *Format) DeclPos() Pos { return f.Pos }

// DeclPos returns where the declaration begins.
func (f *Func) DeclPos() Pos { return f.Pos }

// Kernels returns the library's kernels in the order of their files.
func (l *Library) Kernels() []*Kernel {
	var ks []*Kernel
	for _, f := range l.Files {
		for _, d := range f.Decls {
			if k, ok := d.(*Kernel); ok {
				ks = append(ks, k)
			}
		}
	}
	return ks
}

// Kernel returns the kernel of that name, or nil.
func (l *Library) Kernel(name string) *Kernel {
	for _, k := range l.Kernels() {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// Formats returns the library's storage formats in the order of their files.
func (l *Library) Formats() []*Format {
	var fs []*Format
	for _, f := range l.Files {
		for _, d := range f.Decls {
			if fm, ok := d.(*Format); ok {
				fs = append(fs, fm)
			}
		}
	}
	return fs
}

// Format returns the storage format of that name, or nil.
func (l *Library) Format(name string) *Format {
	for _, f := range l.Formats() {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Func returns the function of that name, or nil.
func (l *Library) Func(name string) *Func {
	for _, file := range l.Files {
		for _, d := range file.Decls {
			if f, ok := d.(*Func); ok && f.Name == name {
				return f
			}
		}
	}
	return nil
}

// Kernel is a compute kernel, generic over its axes until it is specialised.
type Kernel struct {
	Pos       Pos
	Name, Doc string
	Params    []*Param
	Axes      []*Axis
	Lets      []*Let // names over parameters and axes, for clauses and body
	Where     []Expr
	Ships     []*Ship
	Bindings  []*Binding
	Shared    []*Shared
	Workgroup Expr   // invocations of a workgroup
	Grid      []Expr // workgroups along x, y, z
	Body      []Stmt
	BodyPos   Pos
	BodyEnd   Pos // of the body's closing brace
	End       Pos
}

// Axis returns the kernel's axis of that name, or nil.
func (k *Kernel) Axis(name string) *Axis {
	for _, a := range k.Axes {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Param is a run-time scalar: a word of the uniform parameter block.
type Param struct {
	Pos   Pos
	Name  string
	Type  *TypeExpr
	Shape bool // declared by shape: a size, u32
}

// Axis is a compile-time choice. A variant axis changes what is computed or
// what a device must offer; a tuning axis changes only how fast it is.
type Axis struct {
	Pos     Pos
	Name    string
	Tune    bool
	Formats bool    // axis W in formats: every storage format of the library
	Values  []Value // in order of declaration
}

// Ship names points that are generated: Settings fix axes to values, and
// variant axes that it leaves out take all of theirs.
type Ship struct {
	Pos      Pos
	Name     string
	Settings []*Setting
	End      Pos
}

// Setting gives an axis one or more values.
type Setting struct {
	Pos    Pos
	Axis   string
	Values []Value
}

// Access says how a kernel uses a binding.
type Access uint8

// The accesses.
const (
	In Access = iota
	Out
	InOut
)

func (a Access) String() string { return [...]string{"in", "out", "inout"}[a] }

// Binding is a storage buffer with the type and the shape of its elements.
type Binding struct {
	Pos        Pos
	Access     Access
	Name       string
	Type       *TypeExpr // dims are run-time expressions over the parameters
	Interleave Expr      // of a format's planes: rows whose units alternate; nil is 1
	Texels     Expr      // of weights: 1 reads the planes as textures; nil or 0 is storage
	Uniform    Expr      // elements of a uniform buffer to read it through; nil or 0 is storage
	Plane      *PlaneOf  // set where the binding came from a weight binding
}

// PlaneOf says which plane of which storage format a binding holds.
type PlaneOf struct {
	Weight     string // the binding in the source
	Format     *Format
	Plane      *Plane
	Interleave int
	Texels     bool // a texture of words rather than a storage buffer
}

// Shared is a workgroup array.
type Shared struct {
	Pos  Pos
	Name string
	Type *TypeExpr
}

// Format is how weights are stored: blocks of elements along a row, each of
// one record of every plane. A record is made of bytes of the file's own blocks,
// moved but never changed, so that repacking is a copy.
type Format struct {
	Pos        Pos
	Name, Doc  string
	Block      int // elements of a block
	Chunk      int // elements that load and dot handle at once
	GGML       int // the GGUF type id
	FileBlock  int // elements of a block in the file; Block is a multiple
	BlockBytes int // bytes of a block in the file
	BlockPos   Pos // of the clauses block, chunk and ggml
	ChunkPos   Pos
	GGMLPos    Pos
	Planes     []*Plane
	Funcs      []*Func // quad(c, j), dot(c, xs)
	End        Pos
}

// Func returns the format's function of that name, or nil.
func (f *Format) Func(name string) *Func {
	for _, fn := range f.Funcs {
		if fn.Name == name {
			return fn
		}
	}
	return nil
}

// Plane returns the format's plane of that name, or nil.
func (f *Format) Plane(name string) *Plane {
	for _, p := range f.Planes {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Plane is one stream of a format: a record of Type for each block. It holds
// bytes From to To of the file's block, or of the several that make up a block
// here, one after the other; what is beyond the file's block is zero.
type Plane struct {
	Pos      Pos
	Name     string
	Type     *TypeExpr // f16, u32, or vec4<u32>[n]
	From, To int
}

// Func is a function that is inlined where it is called. Its only return is
// its last statement.
type Func struct {
	Pos    Pos
	Name   string
	Params []*FuncParam
	Result *TypeExpr // nil where it returns nothing
	Body   []Stmt
	End    Pos
}

// FuncParam is a parameter of a Func; Type is nil where any type will do.
type FuncParam struct {
	Pos  Pos
	Name string
	Type *TypeExpr
}

// TypeExpr is a type as written: f32, vec4, vec4<KV>, f32[R, 4], W[rows, cols].
type TypeExpr struct {
	Pos  Pos
	Name string // f32, vec4, or the name of an axis or format
	Elem string // KV of vec4<KV>; empty otherwise
	Dims []Expr
}
