package connectors

import (
	"encoding/hex"
	"fmt"
)

// MarshalText returns the digest as 64 hexadecimal digits. There is no String on purpose: with one, %x
// would print the digits of the digits.
func (d Digest) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(d[:])), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) != 2*len(d) {
		return fmt.Errorf("digest: %d characters instead of %d", len(b), 2*len(d))
	}
	_, err := hex.Decode(d[:], b)
	return err
}
