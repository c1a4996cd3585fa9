// Package native drives the machine's own GPU through Vulkan, Metal or Direct3D 12.
//
// It is the layer that knows what wgpu-native does with misuse: it checks every
// argument before the library sees it, keeps released memory for reuse, and
// turns what still goes wrong into errors. Without cgo there is no such device,
// and Open says so.
package native

// Options choose the device to open.
type Options struct {
	// Adapter is part of the adapter's name, in any case. Empty means the
	// best: a discrete GPU before an integrated one before software.
	Adapter string
}
