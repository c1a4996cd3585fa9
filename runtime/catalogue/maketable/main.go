// Command maketable writes docs/models.md.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/wgslgen/wgslgen/runtime/catalogue"
)

func main() {
	out := flag.String("o", "", "`file` to write")
	flag.Parse()
	table, err := catalogue.Table()
	if err == nil {
		err = os.WriteFile(*out, table, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "maketable:", err)
		os.Exit(1)
	}
}
