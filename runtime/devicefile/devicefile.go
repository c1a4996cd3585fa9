// Package devicefile reads descriptions of devices, as dreamer devices -json writes them: so that it can be told what a device
// would do that is not at hand.
package devicefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// Device is what a file says of a device.
type Device struct {
	gpu.Caps
	Memory int64 `json:"memory"` // bytes, which WebGPU does not tell; 0: the file does not either
}

// Open reads the device, or the first of a list, that a file describes.
func Open(path string) (Device, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Device{}, err
	}
	d, err := parse(text)
	if err != nil {
		return Device{}, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

func parse(text []byte) (Device, error) {
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("[")) {
		var list []json.RawMessage
		if err := json.Unmarshal(text, &list); err != nil {
			return Device{}, err
		}
		if len(list) == 0 {
			return Device{}, errors.New("it lists no device")
		}
		text = list[0]
	}
	// Limits that are not given are those that every device grants.
	d := Device{Caps: gpu.Caps{Limits: gpu.DefaultLimits()}}
	if err := json.Unmarshal(text, &d); err != nil {
		return Device{}, err
	}
	return d, d.check()
}

// check refuses what no device has.
func (d *Device) check() error {
	if d.Memory < 0 {
		return fmt.Errorf("memory is %d", d.Memory)
	}
	limits := reflect.ValueOf(d.Limits)
	for i := range limits.NumField() {
		n := limits.Field(i)
		if n.IsZero() || n.CanInt() && n.Int() < 0 {
			return fmt.Errorf("limits.%s is %v", limits.Type().Field(i).Tag.Get("json"), n)
		}
	}
	return nil
}
