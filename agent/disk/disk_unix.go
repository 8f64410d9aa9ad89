//go:build unix

package disk

import "golang.org/x/sys/unix"

// Of returns the room of the disk that path lies on. It waits as long as the disk does: a network folder
// that is away may take for ever.
func Of(path string) (Space, error) {
	var s unix.Statfs_t
	for {
		err := unix.Statfs(path, &s)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return Space{}, err
		}
		block := uint64(s.Bsize) // of another type on each system
		return Space{Free: uint64(s.Bavail) * block, Size: uint64(s.Blocks) * block}, nil
	}
}
