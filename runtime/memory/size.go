package memory

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Size is a flag for bytes, such as 6GiB or 500MB.
type Size int64

// String implements flag.Value.
func (s *Size) String() string { return strconv.FormatInt(int64(*s), 10) }

// Set implements flag.Value.
func (s *Size) Set(text string) error {
	digits := strings.TrimRight(text, "BKMGTIbkmgti")
	units := map[string]float64{
		"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40,
		"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
	}
	unit, ok := units[strings.ToUpper(strings.TrimSpace(text[len(digits):]))]
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || !ok || !(n > 0) || n*unit > math.MaxInt64/2 {
		return errors.New("want a size such as 6GiB")
	}
	*s = Size(n * unit)
	return nil
}
