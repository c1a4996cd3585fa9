// Package archive holds many texts of which most lines are in several, as the modules of variants are, in little space.
//
// Each line is kept once, and many differ in their numbers only: lines are
// patterns, and tables of the numbers in them. Texts are lists of numbers of
// lines, in groups of neighbours by name, which are mostly alike. All of that is
// compressed by deflate, whose window is small: alone it finds little, and what
// has a larger window takes more space in a program than it saves here. A text
// is found without reading more than its group.
package archive

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// together is how many texts are a group.
const together = 64

// Archive is texts by name.
type Archive struct {
	names  []string // sorted
	lines  func() (*lines, error)
	groups []string // compressed
}

// Open returns the archive that Pack made.
func Open(data string) (*Archive, error) {
	sections, err := split(data)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	names, err := inflate(sections[0])
	if err != nil {
		return nil, fmt.Errorf("archive: names: %w", err)
	}
	a := &Archive{
		names:  strings.Split(string(names), "\n"),
		lines:  sync.OnceValues(func() (*lines, error) { return readLines(sections[1], sections[2]) }),
		groups: sections[3:],
	}
	if want := (len(a.names) + together - 1) / together; len(a.groups) != want {
		return nil, fmt.Errorf("archive: %d groups for %d names, want %d", len(a.groups), len(a.names), want)
	}
	return a, nil
}

// Names returns the names of all texts, sorted.
func (a *Archive) Names() []string { return slices.Clone(a.names) }

// Text returns a text.
func (a *Archive) Text(name string) (string, error) {
	text, err := a.text(name)
	if err != nil {
		return "", fmt.Errorf("archive: %s: %w", name, err)
	}
	return text, nil
}

func (a *Archive) text(name string) (string, error) {
	i, ok := slices.BinarySearch(a.names, name)
	if !ok {
		return "", errors.New("no such text")
	}
	lines, err := a.lines()
	if err != nil {
		return "", fmt.Errorf("lines: %w", err)
	}
	group, err := inflate(a.groups[i/together])
	if err != nil {
		return "", err
	}
	r := reader{data: group}
	for range i % together { // those before it in its group
		r.bytes(r.number())
	}
	var text []byte
	of := reader{data: r.bytes(r.number())}
	for of.left() > 0 {
		n := of.number()
		if n >= lines.count {
			return "", fmt.Errorf("line %d: there are %d", n, lines.count)
		}
		text = append(lines.append(text, n), '\n')
	}
	if len(text) == 0 || of.err != nil {
		return "", errCut
	}
	return string(text[:len(text)-1]), nil
}

// split returns the sections of an archive: its names, the patterns of its lines,
// their numbers, and its groups.
func split(data string) ([]string, error) {
	r := reader{data: []byte(data)}
	var sections []string
	for r.left() > 0 {
		sections = append(sections, string(r.bytes(r.number())))
	}
	if r.err == nil && len(sections) < 3 {
		r.err = errCut
	}
	return sections, r.err
}

// lines are all lines, each made when it is asked for.
type lines struct {
	patterns []pattern
	first    []uint64 // number of each one's first line
	count    uint64
}

// pattern is lines that differ in their numbers only.
type pattern struct {
	rows    uint64   // how many there are
	parts   []string // what is before, between and after the numbers
	numbers []int64  // by columns
}

// readLines reads for each pattern how many lines there are of it, and their
// numbers by columns, each as the difference from the one above it.
func readLines(patterns, numbers string) (*lines, error) {
	text, err := inflate(patterns)
	if err != nil {
		return nil, err
	}
	data, err := inflate(numbers)
	if err != nil {
		return nil, err
	}
	r := reader{data: data}
	var all lines
	for of := range strings.SplitSeq(string(text), "\n") {
		p := pattern{rows: r.number(), parts: strings.Split(of, mark)}
		for range p.parts[1:] {
			last := int64(0)
			rows := int(min(p.rows, uint64(r.left()))) // a number has a byte at least
			p.numbers = slices.Grow(p.numbers, rows)
			for range rows {
				last += r.signed()
				p.numbers = append(p.numbers, last)
			}
		}
		columns := len(p.parts) - 1
		if p.rows == 0 || columns == 0 && p.rows > 1 || len(p.numbers) != int(p.rows)*columns {
			return nil, fmt.Errorf("pattern %q: %w", of, errDamaged)
		}
		all.patterns = append(all.patterns, p)
		all.first = append(all.first, all.count)
		all.count += p.rows
	}
	return &all, r.err
}

// append appends line n to text.
func (l *lines) append(text []byte, n uint64) []byte {
	i, exact := slices.BinarySearch(l.first, n)
	if !exact {
		i-- // the last that begins before n
	}
	p := &l.patterns[i]
	text = append(text, p.parts[0]...)
	for c, part := range p.parts[1:] {
		text = strconv.AppendInt(text, p.numbers[uint64(c)*p.rows+n-l.first[i]], 10)
		text = append(text, part...)
	}
	return text
}

func inflate(section string) ([]byte, error) {
	return io.ReadAll(flate.NewReader(strings.NewReader(section)))
}

// reader takes numbers and bytes from data. After an error there are none.
type reader struct {
	data []byte
	at   int
	err  error
}

var (
	errCut     = errors.New("cut short")
	errDamaged = errors.New("not as many numbers as there must be")
)

func (r *reader) left() int { return len(r.data) - r.at }

func (r *reader) fail() { r.at, r.err = len(r.data), errCut }

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.data[r.at:])
	if size <= 0 {
		r.fail()
		return 0
	}
	r.at += size
	return n
}

func (r *reader) signed() int64 {
	n := r.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(r.left()) {
		r.fail()
		return nil
	}
	r.at += int(n)
	return r.data[r.at-int(n) : r.at]
}

// Pack makes an archive. The same texts always make the same one.
func Pack(texts map[string]string) ([]byte, error) {
	names := slices.Sorted(maps.Keys(texts))
	for _, name := range names {
		if strings.Contains(name, "\n") || strings.Contains(texts[name], mark) {
			return nil, fmt.Errorf("archive: %q has a line break in its name or a NUL in its text", name)
		}
	}
	index, patterns, numbers := packLines(texts)
	sections := [][]byte{[]byte(strings.Join(names, "\n")), patterns, numbers}
	for some := range slices.Chunk(names, together) {
		var group []byte
		for _, name := range some {
			var text []byte
			for line := range strings.SplitSeq(texts[name], "\n") {
				text = binary.AppendUvarint(text, index[line])
			}
			group = append(binary.AppendUvarint(group, uint64(len(text))), text...)
		}
		sections = append(sections, group)
	}
	var out []byte
	for _, section := range sections {
		packed, err := deflate(section)
		if err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		out = append(binary.AppendUvarint(out, uint64(len(packed))), packed...)
	}
	return out, nil
}

// mark stands for a number in a pattern.
const mark = "\x00"

// line is a line as its pattern and the numbers in it.
type line struct {
	text, pattern string
	numbers       []int64
}

func newLine(text string) line {
	l := line{text: text}
	var pattern strings.Builder
	for rest := text; rest != ""; {
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		if n, ok := number(digits); ok {
			l.numbers = append(l.numbers, n)
			pattern.WriteString(mark)
		} else {
			pattern.WriteString(digits)
		}
		rest = rest[len(digits):]
		other := rest
		if i := strings.IndexAny(rest, "0123456789"); i >= 0 {
			other = rest[:i]
		}
		pattern.WriteString(other)
		rest = rest[len(other):]
	}
	l.pattern = pattern.String()
	return l
}

// number returns the number that is written so, and in no other way.
func number(digits string) (int64, bool) {
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == digits
}

// packLines puts all lines in order, by pattern and numbers, and returns their
// places and what readLines makes them of.
func packLines(texts map[string]string) (index map[string]uint64, patterns, numbers []byte) {
	index = map[string]uint64{}
	var all []line
	for _, text := range texts {
		for of := range strings.SplitSeq(text, "\n") {
			if _, ok := index[of]; !ok {
				index[of] = 0
				all = append(all, newLine(of))
			}
		}
	}
	slices.SortFunc(all, func(a, b line) int {
		return cmp.Or(strings.Compare(a.pattern, b.pattern), slices.Compare(a.numbers, b.numbers))
	})
	for i, l := range all {
		index[l.text] = uint64(i)
	}
	var names []string
	for len(all) > 0 {
		first := all[0]
		n := slices.IndexFunc(all, func(l line) bool { return l.pattern != first.pattern })
		if n < 0 {
			n = len(all)
		}
		names = append(names, first.pattern)
		numbers = binary.AppendUvarint(numbers, uint64(n))
		for c := range first.numbers {
			last := int64(0)
			for _, l := range all[:n] {
				numbers = binary.AppendVarint(numbers, l.numbers[c]-last)
				last = l.numbers[c]
			}
		}
		all = all[n:]
	}
	return index, []byte(strings.Join(names, "\n")), numbers
}

func deflate(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
