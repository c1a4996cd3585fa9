package main

import (
	"io"

	"github.com/schollz/progressbar/v3"
)

// bar shows how far something is, on a terminal.
type bar struct {
	w     io.Writer
	doing string
	bar   *progressbar.ProgressBar
}

func newBar(w io.Writer, doing string) *bar { return &bar{w: w, doing: doing} }

// set shows done of total bytes.
func (b *bar) set(done, total int64) {
	if !isTerminal(b.w) {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription(b.doing),
			progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish())
	}
	b.bar.Set64(done)
}

func (b *bar) finish() {
	if b.bar != nil {
		b.bar.Finish()
	}
}
