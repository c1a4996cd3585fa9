package catalogue

import (
	"bytes"
	"fmt"
)

//go:generate go run ./maketable -o ../../docs/models.md

// contextOfTable is the context of the table's totals.
const contextOfTable = 4096

// Table returns docs/models.md: what each model takes, from its dimensions alone.
func Table() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`# Models

What the models of the catalogue take, computed from their dimensions (` + "`go generate ./...`" + ` writes this page): weights in the usual 4-bit
mixture (Q4_K_M) and in Q8_0, the KV cache in f16 for 1,024 positions, and weights in Q4_K_M with a cache for 4,096 in all. Activations come on top, some tens to
hundreds of MiB: ` + "`dreamer plan -m NAME:q4_k_m`" + ` gives the whole sum for a device. GiB are 2³⁰ bytes.

| model | architecture | parameters | Q4_K_M | Q8_0 | KV per 1K | total at 4K |
|---|---|---|---|---|---|---|
`)
	small, err := ParseMixture("q4_k_m")
	if err != nil {
		return nil, err
	}
	large, err := ParseMixture("q8_0")
	if err != nil {
		return nil, err
	}
	for i := range Models {
		m := &Models[i]
		kv := m.KVBytes(2)
		weights := m.FileBytes(small)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.1f MiB | %s |\n", m.Name, m.Architecture, count(m.Parameters()),
			gib(float64(weights)), gib(float64(m.FileBytes(large))), kv*1024/(1<<20), gib(float64(weights)+kv*contextOfTable))
	}
	return b.Bytes(), nil
}

// count formats a number of weights: 1.24 B.
func count(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%.0f M", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f B", float64(n)/1e9)
}

func gib(bytes float64) string { return fmt.Sprintf("%.2f GiB", bytes/(1<<30)) }
