// Package web drives the GPU of a browser, through WebGPU's navigator.gpu.
//
// Recorded command lists become one array of words, which a JavaScript function
// plays: a call from Go into JavaScript costs more than a dispatch. Whatever
// waits for the GPU blocks its goroutine and lets the browser go on, so none of
// it may be called from a function that JavaScript calls, but from goroutines
// that such a function starts.
//
// The package is for GOOS=js GOARCH=wasm, and empty elsewhere.
package web
