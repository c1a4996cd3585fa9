package completion

import "strings"

// watch looks for stop texts in what passes, and holds back what may be the
// beginning of one.
type watch struct {
	stops []string
	held  string
}

func newWatch(stops []string) watch {
	w := watch{}
	for _, s := range stops {
		if s != "" {
			w.stops = append(w.stops, s)
		}
	}
	return w
}

// next returns what passes, and whether a stop text came, before which it ends.
func (w *watch) next(text string) (passed string, stopped bool) {
	w.held += text
	end := len(w.held)
	for _, s := range w.stops {
		if i := strings.Index(w.held, s); i >= 0 && i < end {
			end, stopped = i, true
		}
	}
	if !stopped {
		end -= w.begun()
	}
	passed, w.held = w.held[:end], w.held[end:]
	return passed, stopped
}

// begun returns how many bytes at the end of what is held may begin a stop text.
func (w *watch) begun() int {
	most := 0
	for _, s := range w.stops {
		for n := min(len(s)-1, len(w.held)); n > most; n-- {
			if strings.HasSuffix(w.held, s[:n]) {
				most = n
			}
		}
	}
	return most
}

// flush returns what is held back when nothing follows.
func (w *watch) flush() string {
	text := w.held
	w.held = ""
	return text
}
