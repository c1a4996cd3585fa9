package profile

import (
	"errors"

	"github.com/wgslgen/wgslgen/runtime/gpu"
)

// Source is where a profile comes from.
type Source string

// The sources of profiles.
const (
	Untuned Source = "untuned"
	Shipped Source = "shipped profile"
	Own     Source = "local profile"
)

// Find returns the profile to run a device by: this machine's own, or else of
// those that ship (a list in JSON) the one of the nearest device, or none. The
// error says why an own profile is not used; the result holds all the same.
func Find(caps gpu.Caps, kernels, shipped string) (*Profile, Source, error) {
	own, err := Local(caps, kernels)
	if err == nil {
		return own, Own, nil
	}
	if errors.Is(err, ErrNone) {
		err = nil
	}
	all, damaged := ParseAll([]byte(shipped))
	if p := Nearest(all, caps, kernels); p != nil {
		return p, Shipped, err
	}
	return nil, Untuned, errors.Join(err, damaged)
}
