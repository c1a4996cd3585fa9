// Package templates holds the kernels that come with wgslgen, as source.
package templates

import "embed"

//go:generate go run -tags bootstrap ../cmd/wgslgen generate -profiles ../tuner/profiles -o ../generated

// FS holds every kernel, function and storage format.
//
//go:embed *.wk format/*.wk
var FS embed.FS
