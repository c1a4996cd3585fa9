package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wgslgen/wgslgen/runtime/gguf"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"dreamer": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the command lines in testdata. Without a GPU those that need
// one are skipped, or fail where CI is set.
func TestScripts(t *testing.T) {
	_, err := native.Adapters()
	if errors.Is(err, gpu.ErrNoAdapter) && os.Getenv("CI") == "" {
		t.Skip("no WebGPU adapter")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			// The Vulkan loader looks for these.
			for _, name := range []string{"XDG_RUNTIME_DIR", "VK_ICD_FILENAMES", "VK_DRIVER_FILES"} {
				if value, ok := os.LookupEnv(name); ok {
					e.Setenv(name, value)
				}
			}
			tale, err := filepath.Abs(filepath.Join("..", "..", "runtime", "embedded", "tale-2m-q4_0.gguf"))
			e.Setenv("TALE", tale)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"json": checkJSON, "size": checkSize, "damage": damage, "split": split, "publish": publish},
	})
}

// checkJSON checks that the last standard output is one JSON value.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &v); (err != nil) != neg {
		ts.Fatalf("stdout as JSON: %v", err)
	}
}

// checkSize checks the size of a file: size FILE BYTES.
func checkSize(ts *testscript.TestScript, neg bool, args []string) {
	if got := fmt.Sprint(len(ts.ReadFile(args[0]))); (got != args[1]) != neg {
		ts.Fatalf("%s has %s bytes, want %s", args[0], got, args[1])
	}
}

// damage flips a bit in the middle of a file.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	data[len(data)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
}

// split writes a GGUF file as two, which begin with a prefix: split FILE PREFIX.
func split(ts *testscript.TestScript, _ bool, args []string) {
	f, err := gguf.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	half := len(f.Tensors) / 2
	for i, tensors := range [][]gguf.Tensor{f.Tensors[:half], f.Tensors[half:]} {
		w := &gguf.Writer{}
		if i == 0 {
			w.Metadata = f.Metadata.Clone()
		}
		ts.Check(errors.Join(w.Set("split.no", uint16(i)), w.Set("split.count", uint16(2)), w.Set("split.tensors.count", int32(len(f.Tensors)))))
		for _, t := range tensors {
			ts.Check(w.AddTensor(t.Name, t.Type, t.Dims, f.Reader(&t)))
		}
		writeGGUF(ts, w, fmt.Sprintf("%s-%05d-of-00002.gguf", args[1], i+1))
	}
}

func writeGGUF(ts *testscript.TestScript, w *gguf.Writer, name string) {
	out, err := os.Create(ts.MkAbs(name))
	ts.Check(err)
	_, err = w.WriteTo(out)
	ts.Check(errors.Join(err, out.Close()))
}
