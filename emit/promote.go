package emit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/wgslgen/wgslgen/ir"
	"github.com/wgslgen/wgslgen/ir/pass"
	"github.com/wgslgen/wgslgen/runtime/profile"
)

// Checksum identifies a library by all that its sources say.
func Checksum(lib *ir.Library) string {
	h := sha256.New()
	for _, f := range lib.Files {
		ir.FormatFile(h, f) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// tunedShip is the name of the ship of points that profiles choose.
const tunedShip = "tuned"

// promote compiles the points that profiles choose and no ship clause has, adds
// them to compiled, and returns the profiles with the names that those have.
func promote(lib *ir.Library, compiled map[*ir.Kernel][]*Variant, profiles []*profile.Profile) ([]byte, error) {
	known := []*profile.Profile{}
	for _, p := range profiles {
		out := &profile.Profile{Schema: p.Schema, Device: p.Device, Kernels: Checksum(lib), Made: p.Made, Engine: p.Engine}
		for _, c := range p.Choices {
			v, err := promoteChoice(lib, compiled, c)
			if err != nil {
				return nil, fmt.Errorf("profile of %s: %w; tune anew, or remove it", p.Device.Name, err)
			}
			c.Variant, c.Point = v.Name, nil
			out.Choices = append(out.Choices, c)
		}
		known = append(known, out)
	}
	text, err := json.MarshalIndent(known, "", " ")
	return append(text, '\n'), err
}

func promoteChoice(lib *ir.Library, compiled map[*ir.Kernel][]*Variant, c profile.Choice) (*Variant, error) {
	k := lib.Kernel(c.Kernel)
	if k == nil {
		return nil, fmt.Errorf("no kernel %s", c.Kernel)
	}
	point := ir.Point{}
	for _, a := range k.Axes {
		values := pass.Values(lib, a)
		i := slices.IndexFunc(values, func(v ir.Value) bool { return v.String() == c.Point[a.Name] })
		if i < 0 {
			return nil, fmt.Errorf("axis %s of kernel %s has no value %q", a.Name, k.Name, c.Point[a.Name])
		}
		point[a.Name] = values[i]
	}
	if len(c.Point) != len(k.Axes) {
		return nil, fmt.Errorf("a point of kernel %s has %d axes, not %d", k.Name, len(k.Axes), len(c.Point))
	}
	text := pass.PointString(k, point)
	for _, v := range compiled[k] {
		if pass.PointString(k, v.Point) == text {
			return v, nil
		}
	}
	u, err := compile(lib, k, point)
	if err != nil {
		return nil, err
	}
	v := &Variant{Shipped: pass.Shipped{Ship: tunedShip, Point: point, Needs: u.Needs}, Name: pass.PointName(k, point) + "_" + tunedShip, Unit: u}
	compiled[k] = append(compiled[k], v)
	return v, nil
}
