// Package wire is what the front-office API does with HTTP itself: bodies under limits, parts of them, compressed answers, and clients without
// a valid token. It knows nothing of forms.
package wire

import "io"

// TooLarge says what has more bytes than it may have.
type TooLarge struct {
	What string
	Most int64
}

// Error names what is too large.
func (t *TooLarge) Error() string { return t.What + " is over the limit" }

// Capped fails once there are more bytes than what may have.
type Capped struct {
	R    io.Reader
	What string
	Most int64
	n    int64
}

// Read reads up to the bound, and one byte more to see that there is one.
func (c *Capped) Read(b []byte) (int, error) {
	left := c.Most - c.n
	if int64(len(b)) > left+1 {
		b = b[:left+1]
	}
	n, err := c.R.Read(b)
	if c.n += int64(n); c.n > c.Most {
		return int(left), &TooLarge{c.What, c.Most}
	}
	return n, err
}
