package interp

// Loops over all lanes for the operations that kernels spend their time in: a
// call for each lane would cost several times as much.

func denseAdd(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] + y[i]
	}
}

func denseSub(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] - y[i]
	}
}

func denseMul(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] * y[i]
	}
}

func denseAnd(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] & y[i]
	}
}

func denseOr(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] | y[i]
	}
}

func denseShl(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] << (y[i] & 31)
	}
}

func denseShr(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] >> (y[i] & 31)
	}
}

func denseLt(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = lt(x[i], y[i])
	}
}

func denseAddF(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = word(float(x[i]) + float(y[i]))
	}
}

func denseSubF(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = word(float(x[i]) - float(y[i]))
	}
}

func denseMulF(d, x, y []uint32) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = word(float(x[i]) * float(y[i]))
	}
}

func denseFMA(d, x, y, z []uint32) {
	x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
	for i := range d {
		d[i] = fmaF(x[i], y[i], z[i])
	}
}

func denseChoose(d, x, y, z []uint32) {
	x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
	for i := range d {
		d[i] = choose(x[i], y[i], z[i])
	}
}
