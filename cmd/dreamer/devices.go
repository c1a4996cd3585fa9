package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/wgslgen/wgslgen/generated"
	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/gpu/native"
	"github.com/wgslgen/wgslgen/runtime/plan"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

func runDevices(_ context.Context, args []string, s streams) error {
	flags := flag.NewFlagSet("dreamer devices", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "write JSON")
	if err := parse(flags, args, s); err != nil {
		return err
	}
	all, err := native.Adapters()
	if err != nil {
		return err
	}
	if *asJSON {
		return writeJSON(s.out, described(all))
	}
	for _, d := range described(all) {
		d.print(s.out)
	}
	return nil
}

// device is an adapter and the kernels that it gets.
type device struct {
	gpu.Caps
	Tiers  plan.Tiers `json:"tiers"`
	Tuning string     `json:"tuning"`
}

func described(all []gpu.Caps) (devices []device) {
	for _, caps := range all {
		devices = append(devices, device{caps, plan.TiersOf(caps), tuningOf(caps)})
	}
	return devices
}

// tuningOf says by which tuning profile the engine runs on a device.
func tuningOf(caps gpu.Caps) string {
	p, source, err := profile.Find(caps, generated.Checksum, generated.Profiles)
	text := string(source)
	if p != nil {
		text += fmt.Sprintf(" of %s, %s", p.Device.Name, p.Made.Format("2 Jan 2006"))
	}
	if err != nil {
		text += fmt.Sprintf(" (%v)", err)
	}
	return text
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (d device) print(w io.Writer) {
	fmt.Fprintf(w, "%s (%s, %s, %s)\n", d.Name, d.Kind, d.Vendor, d.Backend)
	fmt.Fprintf(w, "  kernels    %s\n  prefill    %s\n  decode     %s\n", d.Tiers.Ship, d.Tiers.Prefill, d.Tiers.Decode)
	fmt.Fprintf(w, "  tuning     %s\n", d.Tuning)
	fmt.Fprintf(w, "  features   %s\n", fields(d.Features))
	fmt.Fprintf(w, "  limits     %s\n", fields(d.Limits))
}

// fields lists a struct's fields by their names in JSON.
func fields(v any) string {
	var parts []string
	value := reflect.ValueOf(v)
	for i := range value.NumField() {
		parts = append(parts, fmt.Sprintf("%s %v", value.Type().Field(i).Tag.Get("json"), value.Field(i)))
	}
	return strings.Join(parts, ", ")
}
