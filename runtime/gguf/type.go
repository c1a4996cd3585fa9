package gguf

import "fmt"

// Type is the element type of a tensor, by its number in the file.
type Type uint32

// The tensor types. Those with Q, IQ, TQ, or MX in their names store blocks of elements that share scales.
const (
	F32     Type = 0
	F16     Type = 1
	Q4_0    Type = 2
	Q4_1    Type = 3
	Q5_0    Type = 6
	Q5_1    Type = 7
	Q8_0    Type = 8
	Q8_1    Type = 9
	Q2_K    Type = 10
	Q3_K    Type = 11
	Q4_K    Type = 12
	Q5_K    Type = 13
	Q6_K    Type = 14
	Q8_K    Type = 15
	IQ2_XXS Type = 16
	IQ2_XS  Type = 17
	IQ3_XXS Type = 18
	IQ1_S   Type = 19
	IQ4_NL  Type = 20
	IQ3_S   Type = 21
	IQ2_S   Type = 22
	IQ4_XS  Type = 23
	I8      Type = 24
	I16     Type = 25
	I32     Type = 26
	I64     Type = 27
	F64     Type = 28
	IQ1_M   Type = 29
	BF16    Type = 30
	TQ1_0   Type = 34
	TQ2_0   Type = 35
	MXFP4   Type = 39
)

type layout struct {
	name     string
	elements int // per block
	bytes    int // per block
	weights  bool
}

var layouts = map[Type]layout{
	F32:    {"F32", 1, 4, true},
	F16:    {"F16", 1, 2, true},
	BF16:   {"BF16", 1, 2, true},
	Q4_0:   {"Q4_0", 32, 18, true},
	Q4_1:   {"Q4_1", 32, 20, true},
	Q5_0:   {"Q5_0", 32, 22, true},
	Q5_1:   {"Q5_1", 32, 24, true},
	Q8_0:   {"Q8_0", 32, 34, true},
	Q2_K:   {"Q2_K", 256, 84, true},
	Q3_K:   {"Q3_K", 256, 110, true},
	Q4_K:   {"Q4_K", 256, 144, true},
	Q5_K:   {"Q5_K", 256, 176, true},
	Q6_K:   {"Q6_K", 256, 210, true},
	IQ4_NL: {"IQ4_NL", 32, 18, true},
	IQ4_XS: {"IQ4_XS", 256, 136, true},
	MXFP4:  {"MXFP4", 32, 17, true},

	Q8_1:    {"Q8_1", 32, 36, false},
	Q8_K:    {"Q8_K", 256, 292, false},
	IQ2_XXS: {"IQ2_XXS", 256, 66, false},
	IQ2_XS:  {"IQ2_XS", 256, 74, false},
	IQ3_XXS: {"IQ3_XXS", 256, 98, false},
	IQ1_S:   {"IQ1_S", 256, 50, false},
	IQ3_S:   {"IQ3_S", 256, 110, false},
	IQ2_S:   {"IQ2_S", 256, 82, false},
	IQ1_M:   {"IQ1_M", 256, 56, false},
	TQ1_0:   {"TQ1_0", 256, 54, false},
	TQ2_0:   {"TQ2_0", 256, 66, false},
	I8:      {"I8", 1, 1, false},
	I16:     {"I16", 1, 2, false},
	I32:     {"I32", 1, 4, false},
	I64:     {"I64", 1, 8, false},
	F64:     {"F64", 1, 8, false},
}

// String returns the type's name, such as "Q4_K", or "type 77" if it has none.
func (t Type) String() string {
	if l, ok := layouts[t]; ok {
		return l.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Known reports whether the layout of the type is known. A file with tensors of other types cannot be read.
func (t Type) Known() bool {
	_, ok := layouts[t]
	return ok
}

// Weights reports whether weights of this type can be computed with. Tensors of the other known types are only
// located: integers, and formats that have no kernels.
func (t Type) Weights() bool { return layouts[t].weights }

// BlockSize returns the number of elements in a block: 1 for the plain types, 0 for an unknown one.
func (t Type) BlockSize() int { return layouts[t].elements }

// BlockBytes returns the number of bytes of a block, 0 for an unknown type.
func (t Type) BlockBytes() int { return layouts[t].bytes }
