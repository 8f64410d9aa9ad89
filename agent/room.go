package agent

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// reserveName is a file in the state folder that takes up a little room. A start on a full disk gives it
// up: opening a journal needs room even when nothing is written to it.
const reserveName = "reserve"

const (
	reserveSize = 2 << 20         // bytes
	reserveRoom = 32 << 20        // bytes that must be free before the reserve is made again
	tooLittle   = 256 << 10       // bytes free: an error of the disk is one of room
	roomLook    = 2 * time.Second // between two looks for room at the start
)

// New opens journal and content store, and builds everything that the configuration names. Nothing
// runs until Run. Only one agent can have a journal open. While the disk is full New waits for room.
func New(ctx context.Context, o Options) (*Agent, error) {
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	state, told := o.Config.State, false
	for {
		a, err := open(ctx, o)
		if err == nil {
			if told {
				o.Log.Info().Msg("there is room on the disk again; the agent starts")
			}
			return a, nil
		}
		if !noRoom(state, err) {
			return nil, err
		}
		if giveUpReserve(state, o.Log) {
			continue
		}
		if !told {
			told = true
			o.Log.Error().Str("code", journal.CodeDiskFull).Msg("the disk that holds the state folder is full: the agent waits for room and then starts by itself; nothing is lost")
			if o.Notify != nil {
				o.Notify("status waiting: the disk that holds " + state + " is full")
			}
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-o.Clock.After(roomLook):
		}
	}
}

const (
	keptFree = 64 << 20 // bytes of the disk that posted forms never take: deliveries and results need room to end what has begun
	keptPart = 10       // of a small disk, one part in so many
)

// room tells whether the disk takes a posted form of this size and keeps its reserve. What cannot be asked is tried.
func (a *Agent) room(size int64) bool {
	space, err := disk.Of(a.options.Config.State)
	return err != nil || space.Free >= uint64(size)+min(keptFree, space.Size/keptPart)
}

// noRoom tells whether an error came about because the disk of the state folder is full. SQLite and others
// call some of these an I/O error.
func noRoom(state string, err error) bool {
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

// giveUpReserve makes the reserve's room free; false: there was none.
func giveUpReserve(state string, log zerolog.Logger) bool {
	if err := os.Remove(filepath.Join(state, reserveName)); err != nil {
		return false
	}
	log.Warn().Str("code", journal.CodeDiskFull).Msg("the disk that holds the state folder is full: the agent starts with the room that it had kept back; make room")
	return true
}

// keepReserve makes the reserve when it is not there and the disk has room to spare. It is no fault when it
// cannot be made.
func keepReserve(state string) {
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
