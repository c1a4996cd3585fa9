package kernel

// Choice is a variant that matches a key, and why a device refuses it; "" where
// it does not.
type Choice struct {
	Variant *Variant
	Refusal string
}

// Choices returns all variants that match the key ("" matches any value), in
// the order in which Find tries them.
func (t *Table) Choices(d *Device, ship string, key []string) (all []Choice) {
	for _, preferred := range []bool{true, false} {
		for _, v := range t.Variants {
			if (v.Ship == ship) == preferred && matches(v.Key, key) {
				all = append(all, Choice{v, d.Refuses(v)})
			}
		}
	}
	return all
}
