package main

import (
	"io"

	"github.com/schollz/progressbar/v3"
)

// bar shows how far loading is, on a terminal.
type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func newBar(w io.Writer) *bar { return &bar{w: w} }

// set shows done of total bytes.
func (b *bar) set(done, total int64) {
	if !isTerminal(b.w) {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription("loading"),
			progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish())
	}
	b.bar.Set64(done)
}

func (b *bar) finish() {
	if b.bar != nil {
		b.bar.Finish()
	}
}
