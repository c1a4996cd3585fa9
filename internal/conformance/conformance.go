// Package conformance runs the operator test vectors of ../shared/opvec on a device, through the generated tables as the engine does.
//
// A vector is one operator with its inputs and what llama.cpp computes from
// them. The package makes strided inputs contiguous, loops over batches and
// broadcasts, and then asks op.Library for the kernels that the engine would
// use. Any implementation of gpu.Device will do; a test is a caller among
// others.
package conformance

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/wgslgen/wgslgen/internal/reference/opvec"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/op"
)

// Files returns the names of the vectors' files in a folder, one an operator.
// It is an error if one is missing of which nine cases in ten must apply.
func Files(vectors fs.FS) ([]string, error) {
	files, err := fs.Glob(vectors, "*.vec")
	if err != nil {
		return nil, err
	}
	for _, op := range thorough {
		if !slices.Contains(files, op+".vec") {
			return nil, fmt.Errorf("no vectors of %s", op)
		}
	}
	return files, nil
}

// together is how many cases share a submission.
const together = 16

// Run runs the cases of one file on a device. An error is one of the device or
// the file; cases that fail are in the tally.
func Run(ctx context.Context, dev gpu.Device, vectors fs.FS, file string) (*Tally, error) {
	records, err := opvec.Read(vectors, file)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("%s: no records", file)
	}
	tally := &Tally{Operator: records[0].Op}
	library := op.NewLibrary(dev)
	defer library.Release()
	for some := range slices.Chunk(records, together) {
		if err := run(ctx, dev, library, some, tally); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return tally, nil
}

// run plans some cases, plays them in one submission, and judges what they
// leave.
func run(ctx context.Context, dev gpu.Device, library *op.Library, records []*opvec.Record, tally *Tally) error {
	batch := newBatch(dev, library)
	defer batch.release()
	var trials []*trial
	for _, r := range records {
		t := &trial{Record: r, batch: batch}
		if err := t.plan(); err != nil {
			tally.refused(r, err)
			continue
		}
		trials = append(trials, t)
	}
	if err := batch.play(ctx); err != nil {
		return err
	}
	for _, t := range trials {
		tally.add(t.judge())
	}
	return nil
}
