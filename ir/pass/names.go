package pass

import "fmt"

// names are those taken in a kernel.
type names map[string]bool

// fresh returns name, or name_2, name_3 … if that is taken, and takes it.
func (n names) fresh(name string) string {
	for i, free := 2, name; ; i++ {
		if !n[free] {
			n[free] = true
			return free
		}
		free = fmt.Sprintf("%s_%d", name, i)
	}
}
