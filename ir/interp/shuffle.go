package interp

// shuffle gives each active invocation the registers from of invocation
// local ^ mask of its subgroup. The mask must be the same in both, and both
// must be active; t is a mask to work in.
func (m *machine) shuffle(site uint16, from, to []int, mask []uint32, t int) {
	// Which invocations are active: a lane each, zero or not.
	active := m.masks[t][:len(m.all)]
	clear(active)
	for _, i := range m.act {
		active[i] = 1
	}
	size := int32(m.subgroup)
	for _, i := range m.act {
		first := i &^ (size - 1)
		other := int64(first) + int64(uint32(i-first)^mask[i])
		inside := other < int64(first+size) && other < int64(len(active))
		if inside && active[other] != 0 && mask[other] == mask[i] {
			for k := range from {
				m.regs[to[k]][i] = m.regs[from[k]][other]
			}
			continue
		}
		for _, r := range to {
			m.regs[r][i] = 0
		}
		if !m.fresh(site, BadShuffle) {
			continue
		}
		switch {
		case !inside:
			m.add(site, BadShuffle, int(i), "mask %d leads out of the subgroup of %d or of the workgroup", mask[i], size)
		case active[other] == 0:
			m.add(site, BadShuffle, int(i), "invocation %d is not active", other).Invocations[1] = int(other)
		default:
			m.add(site, BadShuffle, int(i), "invocation %d has mask %d, not %d", other, mask[other], mask[i]).Invocations[1] = int(other)
		}
	}
}
