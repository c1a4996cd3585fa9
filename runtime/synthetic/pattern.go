package synthetic

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/x448/float16"

	"github.com/wgslgen/wgslgen/runtime/gguf"
)

// patterns are weights of each type, of about the spread of a trained model's.
// They are long and of odd length in blocks, so that rows differ.
var patterns = map[gguf.Type][]byte{
	gguf.F32:  plain(4, func(b []byte, x float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(1+x)) }),
	gguf.F16:  plain(2, putF16),
	gguf.BF16: plain(2, func(b []byte, x float32) { binary.LittleEndian.PutUint16(b, uint16(math.Float32bits(x)>>16)) }),
	gguf.Q4_0: blocks(gguf.Q4_0, func(b []byte) { putF16(b, spread/4.6) }),
	gguf.Q8_0: blocks(gguf.Q8_0, func(b []byte) { putF16(b, spread/74) }),
	gguf.Q4_K: blocks(gguf.Q4_K, func(b []byte) {
		putF16(b, spread/(32*4.6))
		putF16(b[2:], spread/(32*4.6)*7.5)
	}),
	gguf.Q6_K: blocks(gguf.Q6_K, func(b []byte) { putF16(b[208:], spread/(74*18)) }),
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
