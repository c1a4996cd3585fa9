package main

import (
	"context"
	"fmt"
	"go/token"
	"path/filepath"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

func generate(ctx context.Context, c *call) (int, error) {
	kernels := c.kernelsFlag()
	dir := c.flags.String("o", "generated", "`folder` to write: a Go package of its own")
	pkg := c.flags.String("package", "", "`name` of the package (the folder's, if not given)")
	tuned := c.flags.String("profiles", "", "`folder` of tuning profiles (*.json) whose choices are shipped too")
	diff := c.flags.Bool("diff", false, "write nothing; print what would change, and exit with 1 if anything would")
	if err := c.parse(0); err != nil {
		return 0, err
	}
	name, err := packageName(*pkg, *dir)
	if err != nil {
		return 0, usageError{err}
	}
	src := openSource(*kernels)
	lib, err := src.library()
	if err != nil {
		return 0, err
	}
	var profiles []*profile.Profile
	if *tuned != "" {
		if profiles, err = profile.ReadFolder(*tuned); err != nil {
			return 0, err
		}
	}
	files, err := emit.Generate(ctx, lib, name, profiles)
	if err != nil {
		return 0, src.locate(err)
	}
	changes, err := emit.Compare(*dir, files)
	if err != nil {
		return 0, err
	}
	if !*diff {
		return statusOK, emit.Write(*dir, changes)
	}
	for _, change := range changes {
		if _, err := c.out.Write(change.Diff(*dir)); err != nil {
			return 0, err
		}
	}
	if len(changes) > 0 {
		return statusFound, nil
	}
	return statusOK, nil
}

// packageName returns the name given, or else that of the folder.
func packageName(name, dir string) (string, error) {
	if name == "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		name = filepath.Base(abs)
	}
	if !token.IsIdentifier(name) {
		return "", fmt.Errorf("%q is no name for a Go package: give one with -package", name)
	}
	return name, nil
}
