package gotable

import (
	"strings"

	"github.com/wgslgen/wgslgen/ir"
)

// goName turns a name like head_dim into an exported one: HeadDim.
func goName(name string) string {
	var b strings.Builder
	for _, part := range strings.Split(name, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	if s := b.String(); s != "" && s[0] >= 'A' && s[0] <= 'Z' {
		return s
	}
	return "X" + b.String()
}

// FileName returns the name of the Go file that holds a kernel's table. Its
// end keeps names like x_linux or x_test from meaning anything to the go
// command.
func FileName(k *ir.Kernel) string { return k.Name + "_gen.go" }

// Identifiers lists what a kernel's file declares, fields and methods too, so
// that clashes can be reported.
func Identifiers(k *ir.Kernel) []string {
	name := goName(k.Name)
	ids := []string{name, name + "Key", name + "Key.Values"}
	for _, a := range variantAxes(k) {
		ids = append(ids, name+"Key."+goName(a.Name))
		for _, v := range wordsWithConstants(a) {
			ids = append(ids, constantName(k, a, v))
		}
	}
	if len(k.Params) > 0 {
		ids = append(ids, name+"Params", name+"Params.Words")
	}
	for _, p := range k.Params {
		ids = append(ids, name+"Params."+goName(p.Name))
	}
	return ids
}
