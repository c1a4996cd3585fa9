package ir

import "fmt"

// Pos is a place in a source file; lines and columns count from 1.
type Pos struct {
	File      string
	Line, Col int
}

// String returns file:line:col.
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// IsValid reports whether p names a place.
func (p Pos) IsValid() bool { return p.Line > 0 }
