package engine

import "context"

// checkNumerics waits for what was submitted last, for so many tokens from a
// position on, and returns an error if it found values that are not finite.
// Without Options.CheckNumerics it does nothing.
func (s *Session) checkNumerics(ctx context.Context, from, tokens int) error {
	n := s.e.shared.Numerics
	if n == nil {
		return nil
	}
	read, err := n.Start(s.e.dev)
	if err != nil {
		return err
	}
	data, err := read.Wait(ctx)
	if err != nil {
		return err
	}
	found := n.Result(data, from, tokens)
	if found == nil {
		return nil
	}
	if err := n.Forget(s.e.dev); err != nil {
		return err
	}
	return found
}
