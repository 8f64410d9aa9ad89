// Package disk tells how much room a disk has.
package disk

// Space is the room of the disk that a folder lies on, in bytes.
type Space struct {
	Free uint64 // what the calling account may still use
	Size uint64
}
