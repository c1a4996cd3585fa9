package gguf

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strings"
	"testing"
)

// raw is text that build writes without a length before it.
type raw string

// build writes the parts of a file one after the other: strings with their lengths, numbers little-endian.
func build(parts ...any) []byte {
	var out bytes.Buffer
	e := &encoder{w: bufio.NewWriter(&out)}
	for _, part := range parts {
		switch part := part.(type) {
		case raw:
			e.bytes(string(part))
		case string:
			e.string(part)
		default:
			e.number(part)
		}
	}
	e.w.Flush()
	return out.Bytes()
}

// u32 and u64 keep the tables below short.
type (
	u32 = uint32
	u64 = uint64
)

// oneKey builds a file with one metadata entry of the type and parts given.
func oneKey(parts ...any) []byte {
	return build(append([]any{raw("GGUF"), u32(3), u64(0), u64(1), "key"}, parts...)...)
}

// oneTensor builds a file with one tensor of the entry given, and some bytes of data.
func oneTensor(parts ...any) []byte {
	header := []any{raw("GGUF"), u32(3), u64(1), u64(0), "t"}
	return build(append(append(header, parts...), raw(make([]byte, 128)))...)
}

func repeat(n int, parts ...any) []any {
	var all []any
	for range n {
		all = append(all, parts...)
	}
	return all
}

func TestDamaged(t *testing.T) {
	header := []any{raw("GGUF"), u32(3)}
	tensor := func(name string, offset uint64) []any { return []any{name, u32(1), u64(8), u32(F32), offset} }
	join := func(lists ...[]any) []byte {
		var all []any
		for _, l := range lists {
			all = append(all, l...)
		}
		return build(all...)
	}
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, `gguf: the file is empty`},
		{"short magic", []byte("GGU"), `gguf: not a GGUF file: it begins with "GGU", not with "GGUF"`},
		{"wrong magic", []byte("\x7fELF and more"), `gguf: not a GGUF file: it begins with "\x7fELF", not with "GGUF"`},
		{"zip", []byte("PK\x03\x04 and more"), `gguf: not a GGUF file: it begins with "PK\x03\x04" and looks like a zip archive (PyTorch checkpoints are zip archives)`},
		{"gzip", []byte("\x1f\x8b\x08\x00"), `gguf: not a GGUF file: it begins with "\x1f\x8b\b\x00" and looks like a gzip archive`},
		{"GGJT", []byte("tjgg\x03\x00\x00\x00"), `gguf: not a GGUF file: it begins with "tjgg" and looks like a GGML file from before GGUF`},
		{"LFS", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00"), `gguf: not a GGUF file: it begins with "vers" and looks like a Git LFS pointer: the file itself has not been fetched (git lfs pull)`},
		{"HTML", []byte("\n<!DOCTYPE html><html>"), `gguf: not a GGUF file: it begins with "\n<!D" and looks like an HTML page: a failed download`},
		{"safetensors", build(u64(2), raw("{}")), `gguf: not a GGUF file: it begins with "\x02\x00\x00\x00" and looks like a safetensors file`},
		{"JSON", []byte(`{"a":1}`), `gguf: not a GGUF file: it begins with "{\"a\"" and looks like a JSON text`},
		{"no version", build(raw("GGUF\x03\x00")), `gguf: version: the file ends at offset 6, 2 bytes short`},
		{"version 1", build(raw("GGUF"), u32(1)), `gguf: version 1 at offset 4; versions 2 and 3 can be read`},
		{"version 4", build(raw("GGUF"), u32(4)), `gguf: version 4 at offset 4; versions 2 and 3 can be read`},
		{"version 0", build(raw("GGUF"), u32(0)), `gguf: version 0 at offset 4; versions 2 and 3 can be read`},
		{"big-endian", build(raw("GGUF\x00\x00\x00\x03")), `gguf: version 0x03000000 at offset 4: the file is big-endian; only little-endian files can be read`},
		{"no tensor count", join(header), `gguf: tensor count: the file ends at offset 8, 8 bytes short`},
		{"tensor count", join(header, []any{u64(1 << 40), u64(0)}), `gguf: tensor count 1099511627776 at offset 8: the 8 bytes that follow have room for 0 at most`},
		{"no metadata count", join(header, []any{u64(0)}), `gguf: metadata count: the file ends at offset 16, 8 bytes short`},
		{"metadata count", join(header, []any{u64(0), u64(math.MaxUint64), raw(make([]byte, 30))}), `gguf: metadata count 18446744073709551615 at offset 16: the 30 bytes that follow have room for 2 at most`},
		{"key length", build(raw("GGUF"), u32(3), u64(0), u64(1), u64(math.MaxUint64), raw(make([]byte, 20))), `gguf: key of metadata entry 0: string of 18446744073709551615 bytes at offset 24, but 20 bytes are left in the file`},
		{"long key", build(raw("GGUF"), u32(3), u64(0), u64(1), strings.Repeat("k", 65536), u32(Uint8), uint8(0)), `gguf: key of metadata entry 0: string of 65536 bytes at offset 24; 65535 are allowed here`},
		{"empty key", build(raw("GGUF"), u32(3), u64(0), u64(1), "", u32(Uint32), u32(0)), `gguf: key of metadata entry 0: empty name at offset 24`},
		{"duplicate key", build(raw("GGUF"), u32(3), u64(0), u64(2), "key", u32(Bool), true, "key", u32(Bool), true), `gguf: metadata entry 1 at offset 40: duplicate key "key"`},
		{"no type", oneKey(raw("\x01\x00\x00")), `gguf: type of metadata key "key": the file ends at offset 38, 1 bytes short`},
		{"value type", oneKey(u32(13), u64(0)), `gguf: metadata key "key": unknown value type 13 at offset 35`},
		{"value", oneKey(u32(Uint64), u32(0)), `gguf: metadata key "key": the file ends at offset 43, 4 bytes short`},
		{"bool", oneKey(u32(Bool), uint8(2)), `gguf: metadata key "key": bool at offset 39 has the value 2; 0 and 1 are allowed`},
		{"string length", oneKey(u32(String), u64(9), raw("12345678")), `gguf: metadata key "key": string of 9 bytes at offset 39, but 8 bytes are left in the file`},
		{"element type", oneKey(u32(Array), u32(99), u64(0)), `gguf: metadata key "key": unknown value type 99 of array elements at offset 39`},
		{"array length", oneKey(u32(Array), u32(Uint32), u64(1<<62), u64(0)), `gguf: metadata key "key": array of 4611686018427387904 uint32 values at offset 43: the 8 bytes that follow have room for 2 at most`},
		{"no array length", oneKey(u32(Array), u32(Uint32)), `gguf: metadata key "key": array length: the file ends at offset 43, 8 bytes short`},
		{"string in array", oneKey(u32(Array), u32(String), u64(2), "abc", u64(1<<33)), `gguf: metadata key "key": element 1: string of 8589934592 bytes at offset 62, but 0 bytes are left in the file`},
		{"deep arrays", oneKey(append(append([]any{u32(Array)}, repeat(5, u32(Array), u64(1))...), raw(make([]byte, 99)))...), `gguf: metadata key "key": element 0: element 0: element 0: element 0: arrays nested more than 4 deep at offset 87`},
		{"alignment 0", build(raw("GGUF"), u32(3), u64(0), u64(1), alignmentKey, u32(Uint32), u32(0)), `gguf: general.alignment is 0; want a power of two from 8 to 1048576`},
		{"alignment 48", build(raw("GGUF"), u32(3), u64(0), u64(1), alignmentKey, u32(Uint32), u32(48)), `gguf: general.alignment is 48; want a power of two from 8 to 1048576`},
		{"alignment 2^31", build(raw("GGUF"), u32(3), u64(0), u64(1), alignmentKey, u32(Uint32), u32(1<<31)), `gguf: general.alignment is 2147483648; want a power of two from 8 to 1048576`},
		{"alignment type", build(raw("GGUF"), u32(3), u64(0), u64(1), alignmentKey, u32(String), "32"), `gguf: metadata key "general.alignment" is a string; want an integer`},
		{"tensor name", build(raw("GGUF"), u32(3), u64(1), u64(0), u64(500), raw(make([]byte, 40))), `gguf: name of tensor 0: string of 500 bytes at offset 24, but 40 bytes are left in the file`},
		{"duplicate tensor", join(header, []any{u64(2), u64(0)}, tensor("t", 0), tensor("t", 32), []any{raw(make([]byte, 128))}), `gguf: tensor 1 at offset 57: duplicate name "t"`},
		{"no dimensions", oneTensor(u32(0), u32(F32), u64(0)), `gguf: tensor "t": 0 dimensions at offset 33; 1 to 4 are allowed`},
		{"five dimensions", oneTensor(u32(5), u64(1), u64(1), u64(1), u64(1), u64(1), u32(F32), u64(0)), `gguf: tensor "t": 5 dimensions at offset 33; 1 to 4 are allowed`},
		{"zero dimension", oneTensor(u32(2), u64(4), u64(0), u32(F32), u64(0)), `gguf: tensor "t": dimension 1 of [4 0] is 0`},
		{"zero row", oneTensor(u32(1), u64(0), u32(Q8_0), u64(0)), `gguf: tensor "t": dimension 0 of [0] is 0`},
		{"overflow", oneTensor(u32(3), u64(1<<32), u64(1<<31), u64(2), u32(F32), u64(0)), `gguf: tensor "t": dimensions [4294967296 2147483648 2] of type F32 are more than 2^63 bytes`},
		{"part of a block", oneTensor(u32(2), u64(48), u64(2), u32(Q4_0), u64(0)), `gguf: tensor "t": rows of 48 elements do not divide into Q4_0 blocks of 32`},
		{"tensor type", oneTensor(u32(1), u64(8), u32(77), u64(0)), `gguf: tensor "t": unknown tensor type 77`},
		{"offset past the end", oneTensor(u32(1), u64(8), u32(F32), u64(1<<60)), `gguf: tensor "t": data offset 1152921504606846976 at offset 49 is past the end of the file (185 bytes)`},
		{"misaligned", oneTensor(u32(1), u64(8), u32(F32), u64(4)), `gguf: tensor "t": data offset 4 is not a multiple of the alignment, 32`},
		{"out of range", oneTensor(u32(1), u64(8), u32(F32), u64(96)), `gguf: tensor "t": its 32 bytes at 96 of the data section pass the end of the file (185 bytes, of which 121 are data)`},
		{"too large", oneTensor(u32(1), u64(32), u32(F32), u64(0)), `gguf: tensor "t": its 128 bytes at 0 of the data section pass the end of the file (185 bytes, of which 121 are data)`},
		{"overlap", join(header, []any{u64(2), u64(0)}, []any{"u", u32(1), u64(8), u32(F32), u64(32)}, []any{"t", u32(1), u64(16), u32(F32), u64(0), raw(make([]byte, 128))}), `gguf: tensors "t" (offset 96, 64 bytes) and "u" (offset 128) overlap`},
		{"no data section", build(append(append(header, u64(1), u64(0)), tensor("t", 0)...)...), `gguf: the data section begins at offset 64, past the end of the file (57 bytes)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(test.file)
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// TestTruncated cuts a file at every byte.
func TestTruncated(t *testing.T) {
	whole := write(t, sample(t))
	f, err := Parse(whole)
	if err != nil {
		t.Fatal(err)
	}
	last := f.Tensors[len(f.Tensors)-1]
	for n := range whole {
		_, err := Parse(whole[:n])
		if complete := int64(n) >= last.Offset+last.Size; complete != (err == nil) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// failing is a reader whose disk fails after some bytes.
type failing struct{ good []byte }

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > int64(len(f.good)) {
		return 0, io.ErrClosedPipe
	}
	return copy(p, f.good[off:]), nil
}

func TestReadError(t *testing.T) {
	if _, err := Read(failing{}, 1000); err == nil || !strings.Contains(err.Error(), io.ErrClosedPipe.Error()) {
		t.Errorf("got %v", err)
	}
}

// TestVersion2 checks that version 2, whose layout is the same, is read.
func TestVersion2(t *testing.T) {
	data := write(t, sample(t))
	binary.LittleEndian.PutUint32(data[4:], 2)
	f, err := Parse(data)
	if err != nil || f.Version != 2 {
		t.Errorf("version %d, %v", f.Version, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(write(f, sample(f)))
	f.Add(write(f, &Writer{}))
	f.Add(oneKey(u32(Array), u32(Array), u64(1), u32(String), u64(1), "abc"))
	f.Add(oneTensor(u32(1), u64(8), u32(F32), u64(0)))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err != nil {
			return
		}
		for i := range file.Tensors {
			if _, err := file.Data(&file.Tensors[i]); err != nil {
				t.Fatal(err)
			}
		}
		again, err := Parse(rewrite(t, file))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if again.Len() != file.Len() || len(again.Tensors) != len(file.Tensors) {
			t.Fatal("written again it differs")
		}
	})
}
