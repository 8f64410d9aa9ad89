// Package disk tells how much room a disk has, and gives files that root makes to the agent's account.
package disk

// Space is the room of the disk that a folder lies on, in bytes.
type Space struct {
	Free uint64 // what the calling account may still use
	Size uint64
}

// FreeBelow tells how much room the disk of a folder has.
func FreeBelow(dir string) func() (int64, error) {
	return func() (int64, error) {
		s, err := Of(dir)
		return int64(min(s.Free, 1<<62)), err
	}
}
