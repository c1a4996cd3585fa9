//go:build js && wasm

package web

import (
	"fmt"
	"sync"
	"syscall/js"
)

// promise is a promise of JavaScript.
type promise struct {
	settled chan struct{} // closed once it is fulfilled or rejected
	value   js.Value
	err     error // why it was rejected: a *fault
}

// fault is what JavaScript threw, or an error of a GPU.
type fault struct {
	name    string // of its class, as GPUOutOfMemoryError
	message string
}

func (f *fault) Error() string { return fmt.Sprintf("%s: %s", f.name, f.message) }

// promises are those not settled yet, by number. One function serves them all,
// so that none has to be made and released for each.
var promises = struct {
	mu   sync.Mutex
	last int
	all  map[int]*promise
	then js.Value // ties a promise to a number
}{all: map[int]*promise{}}

var prepare = sync.OnceFunc(func() {
	settle := js.FuncOf(func(_ js.Value, args []js.Value) any {
		promises.mu.Lock()
		defer promises.mu.Unlock()
		p := promises.all[args[0].Int()]
		delete(promises.all, args[0].Int())
		if args[1].Bool() {
			p.value = args[2]
		} else {
			p.err = faultOf(args[2])
		}
		close(p.settled)
		return nil
	})
	promises.then = js.Global().Call("eval", `(settle =>
		(promise, number) => { promise.then(value => settle(number, true, value), error => settle(number, false, error)) })`).Invoke(settle)
})

// watch follows a promise.
func watch(value js.Value) *promise {
	prepare()
	p := &promise{settled: make(chan struct{})}
	promises.mu.Lock()
	defer promises.mu.Unlock()
	promises.last++
	promises.all[promises.last] = p
	promises.then.Invoke(value, promises.last)
	return p
}

// await blocks until the promise is settled.
func (p *promise) await() (js.Value, error) {
	<-p.settled
	return p.value, p.err
}

// over reports whether the promise is settled.
func (p *promise) over() bool {
	select {
	case <-p.settled:
		return true
	default:
		return false
	}
}

// faultOf describes an error of JavaScript: GPU errors have no name but that of
// their class.
func faultOf(e js.Value) *fault {
	if e.Type() != js.TypeObject {
		return &fault{"error", js.Global().Call("String", e).String()}
	}
	name := e.Get("name")
	if name.Type() != js.TypeString {
		name = e.Get("constructor").Get("name")
	}
	return &fault{name.String(), e.Get("message").String()}
}

// try calls a function; what JavaScript throws meanwhile is an error.
func try(f func() js.Value) (v js.Value, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case js.Error:
			err = faultOf(e.Value)
		default:
			panic(e)
		}
	}()
	return f(), nil
}
