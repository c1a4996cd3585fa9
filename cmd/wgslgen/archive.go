package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wgslgen/wgslgen/emit/gotable"
	"github.com/wgslgen/wgslgen/runtime/kernel/archive"
)

func pack(_ context.Context, c *call) (int, error) {
	dir := c.flags.String("o", "generated", "`folder` that generate wrote")
	if err := c.parse(0); err != nil {
		return 0, err
	}
	files, err := filepath.Glob(filepath.Join(*dir, gotable.WGSLDir, "*.wgsl"))
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, fmt.Errorf("there are no shaders in %s", filepath.Join(*dir, gotable.WGSLDir))
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		texts[strings.TrimSuffix(filepath.Base(file), ".wgsl")] = string(text)
	}
	packed, err := archive.Pack(texts)
	if err != nil {
		return 0, err
	}
	return statusOK, os.WriteFile(filepath.Join(*dir, gotable.ArchiveName), packed, 0o644)
}
