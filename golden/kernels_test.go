package golden

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/wgslgen/wgslgen/emit"
	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/ir/syntax"
	"github.com/wgslgen/wgslgen/templates"
)

// pointsSection is the input of a kernel's archive.
const pointsSection = "points"

func TestKernels(t *testing.T) {
	lib, err := syntax.ParseFS(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	files := archives(t, ".")
	for _, k := range lib.Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			archive := files[k.Name]
			if archive == nil {
				t.Fatalf("write golden/%s.txtar with a section %s: see doc.go", k.Name, pointsSection)
			}
			compare(t, k.Name+".txtar", archive, expectation(t, lib, k, archive))
		})
	}
	for name := range files {
		if lib.Kernel(name) == nil {
			t.Errorf("%s.txtar is of no kernel in templates", name)
		}
	}
}

// expectation compiles a kernel at the points of its archive.
func expectation(t *testing.T, lib *ir.Library, k *ir.Kernel, archive *txtar.Archive) *txtar.Archive {
	t.Helper()
	if len(archive.Files) == 0 || archive.Files[0].Name != pointsSection {
		t.Fatalf("the first section is not %s", pointsSection)
	}
	points := archive.Files[0]
	got := &txtar.Archive{Comment: archive.Comment, Files: []txtar.File{points}}
	for line := range strings.Lines(string(points.Data)) {
		name, text, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			t.Fatalf("a line of %s is name: axis=value,…, not %q", pointsSection, line)
		}
		point, err := emit.ParsePoint(lib, k, strings.TrimSpace(text))
		if err != nil {
			t.Fatal(err)
		}
		got.Files = append(got.Files, stages(t, lib, k, name, point)...)
	}
	return got
}

// stages returns the sections of one point.
func stages(t *testing.T, lib *ir.Library, k *ir.Kernel, name string, point ir.Point) []txtar.File {
	t.Helper()
	first := stage(t, lib, k, point, pass.Pipeline[0].Name)
	last := stage(t, lib, k, point, "")
	wgsl, err := emit.WGSL(lib, k, point)
	if err != nil {
		t.Fatal(err)
	}
	header := "// " + pass.PointString(k, point) + "\n"
	return []txtar.File{
		{Name: name + "/" + pass.Pipeline[0].Name, Data: []byte(header + first)},
		{Name: name + "/ir", Data: []byte(last)},
		{Name: name + "/wgsl", Data: []byte(wgsl)},
	}
}

// stage returns a kernel after a pass, or after the last, as source that can
// be parsed again.
func stage(t *testing.T, lib *ir.Library, k *ir.Kernel, point ir.Point, name string) string {
	t.Helper()
	u, err := pass.Compile(lib, k, point, name)
	if err != nil {
		t.Fatal(err)
	}
	text := ir.FormatKernel(u.Kernel)
	file, err := syntax.Parse(k.Name, []byte(text))
	if err != nil {
		t.Fatalf("the kernel after %q is no source: %v\n%s", name, err, text)
	}
	if again := ir.FormatKernel(file.Decls[0].(*ir.Kernel)); again != text {
		t.Errorf("the kernel after %q reads back as\n%s\nnot as\n%s", name, again, text)
	}
	return text
}
