//go:build js && wasm

package web

import (
	_ "embed"
	"syscall/js"
	"unsafe"
)

//go:embed player.js
var playerText string

// player is the functions of player.js for one device. Objects are numbers
// there, of which 0 is none.
type player struct {
	object   js.Value
	play     js.Value // by itself, as looking up a function costs more than calling it
	commands js.Value // where commands are copied to
	room     int      // for so many words
}

func newPlayer(device js.Value) player {
	return player{object: js.Global().Call("eval", playerText).Invoke(device)}
}

// call calls a function.
func (p *player) call(name string, args ...any) (js.Value, error) {
	return try(func() js.Value { return p.object.Call(name, args...) })
}

// start calls a function that returns a promise.
func (p *player) start(name string, args ...any) (*promise, error) {
	v, err := p.call(name, args...)
	if err != nil {
		return nil, err
	}
	return watch(v), nil
}

// make calls a function that promises the number of an object, and waits for it.
func (p *player) make(name string, args ...any) (int, error) {
	made, err := p.start(name, args...)
	if err != nil {
		return 0, err
	}
	number, err := made.await()
	if err != nil {
		return 0, err
	}
	return number.Int(), nil
}

// submit plays commands.
func (p *player) submit(words []uint32) error {
	_, err := try(func() js.Value {
		if p.room < len(words) || p.play.IsUndefined() {
			p.play = p.object.Get("play")
			p.commands = p.object.Call("commands", len(words))
			p.room = p.commands.Length() / 4
		}
		if len(words) > 0 { // wasm and the browser agree that the low byte is the first
			js.CopyBytesToJS(p.commands, unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 4*len(words)))
		}
		return p.play.Invoke(len(words))
	})
	return err
}
