// Package profile holds what a tuning found for a device: which variant computes which operation best, and how the engine
// drives it.
package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/wgslgen/wgslgen/runtime/gpu"
	"github.com/wgslgen/wgslgen/runtime/kernel"
)

// Schema is the version of the format.
const Schema = 1

// Profile is one device's.
type Profile struct {
	Schema   int                `json:"schema"`
	Device   gpu.Caps           `json:"device"`
	Kernels  string             `json:"kernels"` // checksum of the kernels that were candidates
	Made     time.Time          `json:"made"`
	Engine   Engine             `json:"engine"`
	Choices  []Choice           `json:"choices"`
	Variants []*kernel.Portable `json:"variants,omitempty"` // those chosen that are not generated
	Searches []Search           `json:"searches"`           // all results, with the losers'
	Whole    []Whole            `json:"whole,omitempty"`    // what became of whole runs of the model tuned last
}

// Whole compares whole runs of a model, untuned and tuned, measured in turns.
type Whole struct {
	Phase   string  `json:"phase"`   // prefill or decode
	Tokens  int     `json:"tokens"`  // of a run
	Default float64 `json:"default"` // tokens a second, untuned: the median
	Tuned   float64 `json:"tuned"`
	Kept    bool    `json:"kept"` // the choices for the phase; else they were taken back
}

// Engine is how the engine drives the device; zero values are its defaults.
type Engine struct {
	Chunk int `json:"chunk,omitempty"` // tokens of a prefill step
	Ahead int `json:"ahead,omitempty"` // decode steps that are submitted together
	// Dispatches is how many of a prefill step are submitted together: the device may
	// begin while the host prepares others. 0 is all.
	Dispatches int `json:"dispatches,omitempty"`
	// Weights is the bytes of weights of the model that this was measured with.
	Weights int64 `json:"weights,omitempty"`
}

// Choice is the best variant for an operation.
type Choice struct {
	Kernel  string            `json:"kernel"`
	Key     []string          `json:"key"`   // values of the variant axes that the operation asks for; "" is any
	Sizes   map[string]uint32 `json:"sizes"` // parameters for which it was found
	Variant string            `json:"variant"`
	Point   map[string]string `json:"point,omitempty"` // all axes of the variant, for the compiler
}

// Search is the results of one search, for reports and to go on from.
type Search struct {
	Operation string            `json:"operation"`
	Shape     string            `json:"shape"`
	Weight    float64           `json:"weight"` // share of a model's time
	Kernel    string            `json:"kernel"`
	Key       []string          `json:"key"`
	Sizes     map[string]uint32 `json:"sizes"`
	Roof      time.Duration     `json:"roof"`    // what the device's bandwidth and arithmetic allow
	Default   time.Duration     `json:"default"` // of the untuned variant
	Best      string            `json:"best"`
	Time      time.Duration     `json:"time"`           // of the best
	Runs      string            `json:"runs,omitempty"` // variant that whole runs of the model found better than the best
	Ended     string            `json:"ended"`
	Trials    json.RawMessage   `json:"trials"`
}

// ErrNone says that there is no profile.
var ErrNone = errors.New("no profile")

// Read reads a profile and checks that it is one for the device and for these
// kernels. What it refuses, it says in one line.
func Read(path string, caps gpu.Caps, kernels string) (*Profile, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, ErrNone
	case err != nil:
		return nil, err
	}
	p, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("profile %s is damaged: %w", path, err)
	}
	if why := p.stale(caps, kernels); why != "" {
		return nil, fmt.Errorf("profile %s is not used: %s", path, why)
	}
	return p, nil
}

// ReadFolder reads all profiles of a folder, in the order of their names.
func ReadFolder(dir string) (all []*Profile, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		p, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// ParseAll reads a list of profiles, such as ship with the kernels.
func ParseAll(text []byte) (all []*Profile, err error) {
	var texts []json.RawMessage
	if err := json.Unmarshal(text, &texts); err != nil {
		return nil, err
	}
	for _, t := range texts {
		p, err := Parse(t)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// Parse reads a profile's text.
func Parse(text []byte) (*Profile, error) {
	p := &Profile{}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, err
	}
	for _, c := range p.Choices {
		if c.Kernel == "" || c.Variant == "" {
			return nil, errors.New("a choice names no kernel or no variant")
		}
	}
	for _, v := range p.Variants {
		if v == nil {
			return nil, errors.New("a variant is null")
		}
	}
	return p, nil
}

// stale returns why the profile does not hold for a device and kernels, or "".
func (p *Profile) stale(caps gpu.Caps, kernels string) string {
	switch {
	case p.Schema != Schema:
		return fmt.Sprintf("it has schema %d, not %d", p.Schema, Schema)
	case p.Kernels != kernels:
		return "the kernels have changed since it was made; wgslgen tune makes a new one"
	case p.Device.Name != caps.Name || p.Device.Backend != caps.Backend:
		return fmt.Sprintf("it is for %s (%s), not for %s (%s)", p.Device.Name, p.Device.Backend, caps.Name, caps.Backend)
	case p.Device.Driver != caps.Driver:
		return fmt.Sprintf("it is for driver %q, not for %q; wgslgen tune makes a new one", p.Device.Driver, caps.Driver)
	case p.Device.Limits != caps.Limits || p.Device.Features != caps.Features:
		return "the device's limits or features have changed; wgslgen tune makes a new one"
	}
	return ""
}

// Write writes the profile, whole or not at all.
func (p *Profile) Write(path string) error {
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	part := path + ".part"
	if err := os.WriteFile(part, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// Folder returns where the profiles of this machine lie.
func Folder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "wgslgen", "profiles"), nil
}

// FileName names a device's profile.
func FileName(caps gpu.Caps) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, caps.Name+" "+caps.Backend)
	return strings.Join(strings.FieldsFunc(clean, func(r rune) bool { return r == '-' }), "-") + ".json"
}

// Local returns this machine's own profile of a device.
func Local(caps gpu.Caps, kernels string) (*Profile, error) {
	folder, err := Folder()
	if err != nil {
		return nil, ErrNone
	}
	return Read(filepath.Join(folder, FileName(caps)), caps, kernels)
}
