package journal

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"
)

// ID names a submission for life: 41 bits of milliseconds since 2024, then 22 bits that tell those of
// one millisecond apart. IDs rise strictly in the order of acceptance and are never used again.
type ID int64

const (
	idEpoch  = 1704067200000 // 2024-01-01T00:00:00Z in Unix milliseconds
	IDLow    = 22            // bits below the milliseconds
	idDigits = 13            // base32 characters, enough for 65 bits
)

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ErrID says that a text is not a submission's ID.
var ErrID = errors.New("not a submission ID: 13 letters and digits expected")

// String returns the ID as 13 characters of Crockford's base32, which sort as the IDs do.
func (i ID) String() string {
	var b [idDigits]byte
	v := uint64(i)
	for n := idDigits - 1; n >= 0; n-- {
		b[n] = crockford[v&31]
		v >>= 5
	}
	return string(b[:])
}

// ParseID reads what String wrote. Case does not matter, and I, L and O are taken for 1, 1 and 0.
func ParseID(s string) (ID, error) {
	if len(s) != idDigits || s[0] > '7' {
		return 0, ErrID
	}
	var v uint64
	for n := range idDigits {
		d := digit(s[n])
		if d < 0 {
			return 0, ErrID
		}
		v = v<<5 | uint64(d)
	}
	if v == 0 || v > 1<<63-1 {
		return 0, ErrID
	}
	return ID(v), nil
}

func digit(c byte) int {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	switch c {
	case 'I', 'L':
		c = '1'
	case 'O':
		c = '0'
	}
	return strings.IndexByte(crockford, c)
}

// MarshalText returns the ID as String does.
func (i ID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (i *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	if err == nil {
		*i = v
	}
	return err
}

// Time returns the moment that the ID was made at, to the millisecond; a clock that was set back may
// make it later than the truth.
func (i ID) Time() time.Time {
	return time.UnixMilli(int64(i>>IDLow) + idEpoch).UTC()
}

// FirstAt is the first ID of a moment.
func FirstAt(at time.Time) ID { return ID(max(at.UnixMilli()-idEpoch, 0)) << IDLow }

// idSource makes IDs. It belongs to the writer's goroutine.
type idSource struct {
	last ID
	rand io.Reader
}

// next returns an ID greater than all before it, whatever the clock says.
func (s *idSource) next(now time.Time) (ID, error) {
	base := ID(max(now.UnixMilli()-idEpoch, 1)) << IDLow
	if base > s.last {
		// A random start keeps two journals with the same clock apart and leaves half the millisecond's
		// numbers to count up in.
		var b [4]byte
		if _, err := io.ReadFull(s.rand, b[:]); err != nil {
			return 0, err
		}
		s.last = base | ID(binary.BigEndian.Uint32(b[:])&(1<<(IDLow-1)-1))
		return s.last, nil
	}
	s.last++
	return s.last, nil
}
