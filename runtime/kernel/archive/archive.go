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
	lines  func() ([]string, error)
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
		lines:  sync.OnceValues(func() ([]string, error) { return lines(sections[1], sections[2]) }),
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
		for range r.number() {
			r.number()
		}
	}
	var text strings.Builder
	for k := range r.number() {
		n := r.number()
		if n >= uint64(len(lines)) {
			return "", fmt.Errorf("line %d: there are %d", n, len(lines))
		}
		if k > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(lines[n])
	}
	return text.String(), r.err
}

// split returns the sections of an archive: its names, the patterns of its lines,
// their numbers, and its groups.
func split(data string) ([]string, error) {
	r := reader{data: []byte(data)}
	var sections []string
	for len(r.data) > 0 {
		sections = append(sections, string(r.bytes(r.number())))
	}
	if r.err == nil && len(sections) < 3 {
		r.err = errors.New("cut short")
	}
	return sections, r.err
}

// lines reads the lines: for each pattern how many there are of it, and their
// numbers by columns, each as the difference from the one above it.
func lines(patterns, numbers string) ([]string, error) {
	text, err := inflate(patterns)
	if err != nil {
		return nil, err
	}
	data, err := inflate(numbers)
	if err != nil {
		return nil, err
	}
	r := reader{data: data}
	var all []string
	for pattern := range strings.SplitSeq(string(text), "\n") {
		parts := strings.Split(pattern, mark)
		rows, columns := r.number(), len(parts)-1
		if rows > uint64(len(r.data)) && columns > 0 {
			return nil, errCut
		}
		if columns == 0 {
			all = append(all, pattern)
			continue
		}
		table := make([][]int64, columns)
		for c := range table {
			last := int64(0)
			for range rows {
				last += r.signed()
				table[c] = append(table[c], last)
			}
		}
		for row := range rows {
			line := []byte(parts[0])
			for c := range table {
				line = append(strconv.AppendInt(line, table[c][row], 10), parts[c+1]...)
			}
			all = append(all, string(line))
		}
	}
	return all, r.err
}

func inflate(section string) ([]byte, error) {
	return io.ReadAll(flate.NewReader(strings.NewReader(section)))
}

// reader takes numbers and bytes from data. After an error there are none.
type reader struct {
	data []byte
	err  error
}

var errCut = errors.New("cut short")

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.data, r.err = nil, errCut
		return 0
	}
	r.data = r.data[size:]
	return n
}

func (r *reader) signed() int64 {
	n := r.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.data, r.err = nil, errCut
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
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
			of := strings.Split(texts[name], "\n")
			group = binary.AppendUvarint(group, uint64(len(of)))
			for _, line := range of {
				group = binary.AppendUvarint(group, index[line])
			}
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
// places and what lines makes them of.
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
