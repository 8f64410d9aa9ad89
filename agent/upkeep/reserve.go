package upkeep

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// reserveName is a file in the state folder that takes up a little room. A start on a full disk gives it
// up: opening a journal needs room even when nothing is written to it.
const reserveName = "reserve"

const (
	reserveSize = 2 << 20   // bytes
	reserveRoom = 32 << 20  // bytes that must be free before the reserve is made again
	tooLittle   = 256 << 10 // bytes free: an error of the disk is one of room
)

const (
	keptFree = 64 << 20 // bytes of the disk that posted forms never take: deliveries and results need room to end what has begun
	keptPart = 10       // of a small disk, one part in so many
)

// HasSpace tells whether the disk of a state folder takes a posted form of this size and keeps its reserve. What cannot be asked is tried.
func HasSpace(state string, size int64) bool {
	space, err := disk.Of(state)
	return err != nil || space.Free >= uint64(size)+min(keptFree, space.Size/keptPart)
}

// NoSpace tells whether an error came about because the disk of the state folder is full. SQLite and others
// call some of these an I/O error.
func NoSpace(state string, err error) bool {
	if disk.Full(err) {
		return true
	}
	var coded *connectors.Error
	if !errors.As(err, &coded) {
		return false
	}
	if coded.Code == journal.CodeDiskFull {
		return true
	}
	if coded.Code != journal.CodeIO && !strings.HasPrefix(coded.Code, "audit.") {
		return false
	}
	space, e := disk.Of(state)
	return e == nil && space.Free < tooLittle
}

// GiveUpReserve makes the reserve's room free; false: there was none.
func GiveUpReserve(state string, log zerolog.Logger) bool {
	if err := os.Remove(filepath.Join(state, reserveName)); err != nil {
		return false
	}
	log.Warn().Str("code", journal.CodeDiskFull).Msg("the disk that holds the state folder is full: the agent starts with the room that it had kept back; make room")
	return true
}

// KeepReserve makes the reserve when it is not there and the disk has room to spare. It is no fault when it
// cannot be made.
func KeepReserve(state string) {
	path := filepath.Join(state, reserveName)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	if space, err := disk.Of(state); err != nil || space.Free < reserveRoom {
		return
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	size := 0
	for zeros := make([]byte, 64<<10); err == nil && size < reserveSize; size += len(zeros) { // the agent is small
		_, err = f.Write(zeros)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(path)
	}
}
