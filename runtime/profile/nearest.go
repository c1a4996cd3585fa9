package profile

import (
	"math"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// Nearest returns the profile, of those that ship, of the device that is most
// like another: of the same kind, with the same vendor and features before
// others, and then the nearest limits. Profiles for other kernels are passed
// over. There may be none.
func Nearest(all []*Profile, caps gpu.Caps, kernels string) *Profile {
	var best *Profile
	least := math.Inf(1)
	for _, p := range all {
		if p.Schema != Schema || p.Kernels != kernels || p.Device.Kind != caps.Kind {
			continue
		}
		if d := distance(p.Device, caps); d < least {
			best, least = p, d
		}
	}
	return best
}

// Distances of what devices may differ in; a limit that is twice as large
// counts 1.
const (
	otherName    = 1
	otherVendor  = 16
	otherFeature = 4
)

func distance(a, b gpu.Caps) float64 {
	d := 0.0
	add := func(differs bool, weight float64) {
		if differs {
			d += weight
		}
	}
	add(a.Name != b.Name, otherName)
	add(a.Vendor != b.Vendor, otherVendor)
	add(a.Features.F16 != b.Features.F16, otherFeature)
	add(a.Features.Subgroups != b.Features.Subgroups, otherFeature)
	add(a.Features.SubgroupMin != b.Features.SubgroupMin, otherFeature)
	add(a.Features.DP4A != b.Features.DP4A, otherFeature)
	add(a.Features.Texels != b.Features.Texels, otherFeature)
	for _, pair := range [][2]float64{
		{float64(a.Limits.MaxWorkgroupStorage), float64(b.Limits.MaxWorkgroupStorage)},
		{float64(a.Limits.MaxInvocations), float64(b.Limits.MaxInvocations)},
		{float64(a.Limits.MaxStorageBuffers), float64(b.Limits.MaxStorageBuffers)},
	} {
		d += math.Abs(math.Log2(max(pair[0], 1) / max(pair[1], 1)))
	}
	return d
}
