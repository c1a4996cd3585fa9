package synthetic

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/x448/float16"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// scaled are the block types with the deviation of their levels, for blocks of
// random bytes, and where in a block the f16 scale stands; a second scale, of
// what is taken off, stands two bytes on.
var scaled = map[gguf.Type]struct {
	at        int
	deviation float64
	mean      float64 // of the levels; 0 where they lie around 0
}{
	gguf.Q4_0:   {0, 4.6, 0},
	gguf.Q4_1:   {0, 4.6, 7.5},
	gguf.Q5_0:   {0, 9.2, 0},
	gguf.Q5_1:   {0, 9.2, 15.5},
	gguf.Q8_0:   {0, 74, 0},
	gguf.Q2_K:   {80, 1.1 * 8, 1.5},
	gguf.Q3_K:   {108, 2.3 * 18, 0},
	gguf.Q4_K:   {0, 32 * 4.6, 7.5},
	gguf.Q5_K:   {0, 32 * 9.2, 15.5},
	gguf.Q6_K:   {208, 74 * 18, 0},
	gguf.IQ4_NL: {0, 65, 0},
	gguf.IQ4_XS: {0, 65 * 18, 0},
}

// pattern returns weights of a type, of about the spread of a trained model's.
// They are long and of odd length in blocks, so that rows differ.
var pattern = memoised(func(t gguf.Type) []byte {
	switch t {
	case gguf.F32: // norms too
		return plain(4, func(b []byte, x float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(1+x)) })
	case gguf.F16:
		return plain(2, putF16)
	case gguf.BF16:
		return plain(2, func(b []byte, x float32) { binary.LittleEndian.PutUint16(b, uint16(math.Float32bits(x)>>16)) })
	case gguf.MXFP4:
		return blocks(t, func(b []byte) { b[0] = 120 }) // 2^-7
	}
	s := scaled[t]
	return blocks(t, func(b []byte) {
		putF16(b[s.at:], float32(spread/s.deviation))
		if s.mean != 0 {
			sign := 1.0 // the K types subtract it
			if t == gguf.Q4_1 || t == gguf.Q5_1 {
				sign = -1
			}
			putF16(b[s.at+2:], float32(sign*spread/s.deviation*s.mean))
		}
	})
})

// memoised makes the pattern of a type once.
func memoised(f func(gguf.Type) []byte) func(gguf.Type) []byte {
	var mutex sync.Mutex
	made := map[gguf.Type][]byte{}
	return func(t gguf.Type) []byte {
		mutex.Lock()
		defer mutex.Unlock()
		if _, ok := made[t]; !ok {
			made[t] = f(t)
		}
		return made[t]
	}
}

const (
	spread        = 0.03 // standard deviation of a weight
	patternBlocks = 8191
)

func putF16(b []byte, x float32) { binary.LittleEndian.PutUint16(b, float16.Fromfloat32(x).Bits()) }

// plain returns normally distributed values.
func plain(bytes int, put func([]byte, float32)) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	p := make([]byte, patternBlocks*32*bytes)
	for at := 0; at < len(p); at += bytes {
		put(p[at:], float32(random.NormFloat64())*spread)
	}
	return p
}

// blocks returns random blocks of a type, whose scales set fixes.
func blocks(t gguf.Type, set func([]byte)) []byte {
	random := rand.NewChaCha8([32]byte{1})
	p := make([]byte, patternBlocks*t.BlockBytes())
	random.Read(p)
	for at := 0; at < len(p); at += t.BlockBytes() {
		set(p[at:])
	}
	return p
}
