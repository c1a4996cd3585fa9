package weights

import "github.com/wgslgen/wgslgen/runtime/kernel"

// repack copies the records of rows of blocks, as a file stores them, to a
// plane: see kernel.Plane. dst is as large as the rows, padded to a multiple of
// interleave, need; what src has no bytes for becomes zero.
func repack(dst, src []byte, rowBytes, blocks int, f *kernel.Format, p *kernel.Plane, interleave int) {
	clear(dst)
	size := p.Units * p.UnitBytes
	var record []byte
	if interleave > 1 {
		record = make([]byte, size)
	}
	fileBytes := f.Block / f.FileBlock * f.BlockBytes
	for r := range len(src) / rowBytes {
		row := src[r*rowBytes : (r+1)*rowBytes]
		for b := range blocks {
			block := row[min(b*fileBytes, len(row)):min((b+1)*fileBytes, len(row))]
			if interleave == 1 {
				at := (r*blocks + b) * size
				gather(dst[at:at+size], block, f.BlockBytes, p)
				continue
			}
			clear(record)
			gather(record, block, f.BlockBytes, p)
			at := (r/interleave*blocks+b)*p.Units*interleave + r%interleave
			scatter(dst[at*p.UnitBytes:], record, p.UnitBytes, interleave*p.UnitBytes)
		}
	}
}

// gather copies a plane's bytes of each file block of src to dst, one after the
// other.
func gather(dst, src []byte, blockBytes int, p *kernel.Plane) {
	if p.From == 0 && p.To == blockBytes {
		copy(dst, src)
		return
	}
	for ; len(src) > 0; src, dst = src[min(blockBytes, len(src)):], dst[p.To-p.From:] {
		end := min(p.To, blockBytes, len(src))
		copy(dst[:p.To-p.From], src[min(p.From, end):end])
	}
}

// scatter copies units of src to every stride bytes of dst.
func scatter(dst, src []byte, unit, stride int) {
	switch unit {
	case 4:
		for at := 0; len(src) > 0; at += stride {
			*(*[4]byte)(dst[at:]) = [4]byte(src)
			src = src[4:]
		}
	default:
		for at := 0; len(src) > 0; at += stride {
			copy(dst[at:at+unit], src[:unit])
			src = src[unit:]
		}
	}
}
