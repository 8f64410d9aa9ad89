package diag

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

var errUnit = errors.New("not a number with a known unit")

// ParseDuration reads Go's durations and days, such as 90s, 1h30m, 30d or 1d12h. A bare number other than 0
// has no unit and is refused; so is a negative one.
func ParseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	var days time.Duration
	rest := s
	if head, tail, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(head, 10, 16)
		if err != nil {
			return 0, errUnit
		}
		days, rest = time.Duration(n)*24*time.Hour, tail
		if rest == "" {
			return days, nil
		}
	}
	x, err := time.ParseDuration(rest)
	if err != nil || x < 0 || strings.ContainsAny(rest, "+-") {
		return 0, errUnit
	}
	if days > math.MaxInt64-x {
		return 0, errUnit
	}
	return days + x, nil
}

// sizes are the units of bytes: powers of 1024 with an i, of 1000 without.
var sizes = []struct {
	suffix string
	factor int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// ParseSize reads a whole decimal number, or a number of bytes such as 8MiB or 500kB.
func ParseSize(s string) (int64, error) {
	factor := int64(1)
	for _, u := range sizes {
		if head, ok := strings.CutSuffix(s, u.suffix); ok {
			s, factor = strings.TrimRight(head, " "), u.factor
			break
		}
	}
	if len(s) > 1 && strings.HasPrefix(strings.TrimPrefix(s, "-"), "0") || strings.HasPrefix(s, "+") {
		return 0, errUnit // 012 is twelve to some and ten to others
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, errUnit
	}
	if n > math.MaxInt64/factor || n < math.MinInt64/factor {
		return 0, errUnit
	}
	return n * factor, nil
}
