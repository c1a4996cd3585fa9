package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/wgslgen/wgslgen/runtime/safetensors"
)

func build(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range data {
		b = append(b, byte(i))
	}
	return b
}

func TestRead(t *testing.T) {
	b := build(`{"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}  `, 22)
	f, err := safetensors.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != 2 || f.Tensors[0].Name != "a" || f.Tensors[1].Size != 6 {
		t.Fatalf("tensors %+v", f.Tensors)
	}
	got, err := io.ReadAll(f.Reader(&f.Tensors[1]))
	if err != nil || !bytes.Equal(got, []byte{16, 17, 18, 19, 20, 21}) {
		t.Errorf("data %v, %v", got, err)
	}
}

func TestDamaged(t *testing.T) {
	for _, test := range []struct {
		file []byte
		want string
	}{
		{nil, "the file has 0 bytes; the length of the header takes 8"},
		{build("{}", 0)[:9], "a header of 2 bytes; 1 are left in the file"},
		{build("[]", 0), "header: it is no JSON object"},
		{build(`{"a":`, 0), "header: tensor \"a\": "},
		{build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`, 4), "header: "},
		{build(`{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}`, 4), `tensor "a": unknown dtype "Q4"`},
		{build(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), `tensor "a": data_offsets span 4 bytes; shape [2] of type F32 takes 8`},
		{build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), `tensor "a": data_offsets are 4 and 0`},
		{build(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, 4), "takes more than 2^63 bytes"},
		{build(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), `tensor "a": json`},
		{build(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4), `tensor "a": its 8 bytes at offset 0 of the data pass the end of the file (66 bytes`},
		{build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `"a" stands twice`},
		{build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 6), `tensors "a" and "b" overlap`},
		{build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), `tensor "b" begins at offset 8 of the data; what is before it ends at 4`},
		{build(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 5), "the tensors have 4 bytes; the file has 5 bytes of data"},
	} {
		_, err := safetensors.Read(bytes.NewReader(test.file), int64(len(test.file)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}
