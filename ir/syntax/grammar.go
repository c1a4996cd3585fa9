package syntax

import "github.com/alecthomas/participle/v2/lexer"

// The grammar as participle reads it from the tags. Every alternative begins
// with a token of its own, so the parser never goes back, and an error stands
// where the source stops making sense.

type token = lexer.Token

type decl struct {
	Kernel *kernel `parser:"  @@"`
	Format *format `parser:"| @@"`
	Func   *fn     `parser:"| @@"`
}

type kernel struct {
	Pos       lexer.Position
	Name      token      `parser:"'kernel' @Ident"`
	Doc       token      `parser:"@String '{'"`
	Params    []*params  `parser:"@@*"`
	Axes      []*axis    `parser:"@@*"`
	Lets      []*let     `parser:"@@*"`
	Where     []*where   `parser:"@@*"`
	Ships     []*ship    `parser:"@@*"`
	Bindings  []*binding `parser:"@@*"`
	Shared    []*shared  `parser:"@@*"`
	Workgroup *expr      `parser:"'workgroup' @@"`
	Grid      []*expr    `parser:"'grid' @@ (',' @@)*"`
	BodyPos   token      `parser:"@'body'"`
	Body      *block     `parser:"@@"`
	End       token      `parser:"@'}'"`
}

type params struct {
	Shape []*word `parser:"  'shape' @@ (',' @@)*"`
	Param []*word `parser:"| 'param' @@ (',' @@)*"`
	Type  *typ    `parser:"  ':' @@"`
}

// word is a name in a list.
type word struct {
	Name token `parser:"@Ident"`
}

type axis struct {
	Kind    token    `parser:"@('axis' | 'tune')"`
	Name    token    `parser:"@Ident 'in'"`
	Formats bool     `parser:"( @'formats'"`
	Values  []*value `parser:"| @@ (',' @@)* )"`
}

type value struct {
	Negative *token `parser:"  '-' @Int"`
	Int      *token `parser:"| @Int"`
	Word     *token `parser:"| @(Ident | 'true' | 'false')"`
}

type where struct {
	X *expr `parser:"'where' @@"`
}

type ship struct {
	Pos      lexer.Position
	Name     token      `parser:"'ship' @Ident '{'"`
	Settings []*setting `parser:"(@@ (',' @@)*)?"`
	End      token      `parser:"@'}'"`
}

type setting struct {
	Axis   token    `parser:"@Ident '='"`
	Values []*value `parser:"@@ ('|' @@)*"`
}

type binding struct {
	Access     token `parser:"@('in' | 'out' | 'inout')"`
	Name       token `parser:"@Ident ':'"`
	Type       *typ  `parser:"@@"`
	Interleave *expr `parser:"('interleave' @@)?"`
	Texels     *expr `parser:"('texels' @@)?"`
	Uniform    *expr `parser:"('uniform' @@)?"`
}

type shared struct {
	Pos  lexer.Position
	Name token `parser:"'shared' @Ident ':'"`
	Type *typ  `parser:"@@"`
}

type format struct {
	Pos        lexer.Position
	Name       token    `parser:"'format' @Ident"`
	Doc        token    `parser:"@String '{'"`
	BlockPos   token    `parser:"@'block'"`
	Block      token    `parser:"@Int"`
	ChunkPos   token    `parser:"@'chunk'"`
	Chunk      token    `parser:"@Int"`
	GGMLPos    token    `parser:"@'ggml'"`
	GGML       token    `parser:"@Int ','"`
	FileBlock  token    `parser:"@Int 'weights' 'in'"`
	BlockBytes token    `parser:"@Int 'bytes'"`
	Planes     []*plane `parser:"@@*"`
	Funcs      []*fn    `parser:"@@*"`
	End        token    `parser:"@'}'"`
}

type plane struct {
	Pos  lexer.Position
	Name token `parser:"'plane' @Ident ':'"`
	Type *typ  `parser:"@@"`
	From token `parser:"'from' @Int '..'"`
	To   token `parser:"@Int"`
}

type fn struct {
	Pos    lexer.Position
	Name   token      `parser:"'fn' @Ident"`
	Params []*fnParam `parser:"'(' ( @@ (',' @@)* )? ')'"`
	Result *typ       `parser:"('->' @@)?"`
	Body   *block     `parser:"@@"`
}

type fnParam struct {
	Name token `parser:"@Ident"`
	Type *typ  `parser:"(':' @@)?"`
}

type typ struct {
	Name token   `parser:"@Ident"`
	Elem *token  `parser:"('<' @Ident '>')?"`
	Dims []*expr `parser:"('[' @@ (',' @@)* ']')?"`
}

type block struct {
	Stmts []*stmt `parser:"'{' @@*"`
	End   token   `parser:"@'}'"`
}

type stmt struct {
	Pos     lexer.Position
	Let     *let    `parser:"  @@"`
	Var     *vari   `parser:"| @@"`
	If      *ifs    `parser:"| @@"`
	For     *loop   `parser:"| @@"`
	Stage   *stage  `parser:"| @@"`
	Barrier bool    `parser:"| @'barrier'"`
	Return  *expr   `parser:"| 'return' @@"`
	Simple  *simple `parser:"| @@"`
}

type let struct {
	Name token `parser:"'let' @Ident '='"`
	X    *expr `parser:"@@"`
}

type stage struct {
	Tile    token   `parser:"'stage' @Ident '['"`
	Indices []*word `parser:"@@ (',' @@)* ']'"`
	Eq      token   `parser:"@'='"`
	X       *expr   `parser:"@@"`
}

type vari struct {
	Name token `parser:"'var' @Ident"`
	Type *typ  `parser:"(':' @@)?"`
	Init *expr `parser:"('=' @@)?"`
}

type ifs struct {
	Pos  lexer.Position
	Cond *expr  `parser:"'if' @@"`
	Then *block `parser:"@@"`
	Else *elses `parser:"('else' @@)?"`
}

type elses struct {
	If    *ifs   `parser:"  @@"`
	Block *block `parser:"| @@"`
}

type loop struct {
	Kind token  `parser:"@('for' | 'unroll')"`
	Name token  `parser:"@Ident 'in'"`
	From *expr  `parser:"@@ '..'"`
	To   *expr  `parser:"@@"`
	By   *expr  `parser:"('by' @@)?"`
	Body *block `parser:"@@"`
}

// simple begins with a name, never with a parenthesis, which would continue
// the statement before it.
type simple struct {
	Name     token     `parser:"@Ident"`
	Suffixes []*suffix `parser:"@@*"`
	Op       *token    `parser:"( @Assign"`
	X        *expr     `parser:"  @@ )?"`
}

// expr is flat: conversion applies the precedences.
type expr struct {
	X    *operand `parser:"@@"`
	Rest []*infix `parser:"@@*"`
}

type infix struct {
	Op token    `parser:"@('=>' | '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '|' | '^' | '*' | '/' | '%' | '<<' | '>>' | '&')"`
	X  *operand `parser:"@@"`
}

type operand struct {
	Ops      []*prefix `parser:"@@*"`
	Primary  *primary  `parser:"@@"`
	Suffixes []*suffix `parser:"@@*"`
}

type prefix struct {
	Op token `parser:"@('-' | '!' | '~')"`
}

type suffix struct {
	Pos    lexer.Position
	Member *token `parser:"  '.' @(Ident | Keyword)"`
	Index  *index `parser:"| @@"`
	Args   *args  `parser:"| @@"`
}

// index is the inside of x[i, j] or x[i, from .. +n].
type index struct {
	Exprs []*expr `parser:"'[' @@ (',' @@)*"`
	N     *expr   `parser:"('..' '+' @@)? ']'"`
}

type args struct {
	Exprs []*expr `parser:"'(' ( @@ (',' @@)* )?"`
	End   token   `parser:"@')'"`
}

type primary struct {
	Int   *token `parser:"  @Int"`
	Float *token `parser:"| @Float"`
	Bool  *token `parser:"| @('true' | 'false')"`
	Name  *token `parser:"| @Ident"`
	Paren *expr  `parser:"| '(' @@ ')'"`
}
