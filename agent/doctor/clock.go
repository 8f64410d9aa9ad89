package doctor

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// Years that a clock can show. The last is far off, and a clock that is set wrong is usually centuries off.
const (
	firstYear = 2025
	lastYear  = 2100
)

// clocks looks whether the time can be right, and whether somebody keeps it so.
func clocks(_ context.Context, x *exam, n *notes) {
	zone, _ := x.now.Zone()
	if y := x.now.Year(); y < firstYear || y > lastYear {
		n.fail("", CodeClockWrong, "the clock shows the year "+fmt.Sprint(y), "set it, then restart the agent: IDs, batches and deadlines go by it")
	} else {
		n.ok("", x.now.Format("2006-01-02 15:04:05")+" "+zone)
	}
	yes, known := x.System.Synchronised()
	switch {
	case known && yes:
		n.ok("synchronisation", "the clock is kept right")
	case known:
		n.warn("synchronisation", CodeClockFree, "nothing keeps the clock right", "turn it on: timedatectl set-ntp true (or install chrony)")
	}
	if i, err := x.journal(); err == nil && i.Newest.Sub(x.now) > time.Minute {
		n.warn("journal", CodeJournalFuture, "the last entry of the journal is from "+i.Newest.Format("2006-01-02 15:04:05 MST")+", later than now", "the clock went back: set it right")
	}
	x.shareClocks(n)
}

// shareClocks compares the newest file of each in-basket with this machine's clock, without touching anything.
func (x *exam) shareClocks(n *notes) {
	for _, f := range x.folderList() {
		if f.Match == "" {
			continue
		}
		newest := time.Time{}
		_ = lookInto(f.Path, func(info os.FileInfo) { // a folder that cannot be listed is told by folders
			if info.ModTime().After(newest) {
				newest = info.ModTime()
			}
		})
		if ahead := newest.Sub(x.now); !newest.IsZero() && ahead > clockApart {
			n.warn(f.of, CodeClockShare, "a file in "+f.Path+" is from the future, by "+ahead.Round(time.Second).String(),
				"synchronise this machine and the one that writes there with one source of time")
		}
	}
}

// filesLookedAt bounds how many files of a folder are looked at.
const filesLookedAt = 5000

// lookInto calls each for the files of a folder, at most some thousands. Hidden ones are the agent's own.
func lookInto(dir string, each func(os.FileInfo)) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	for looked := 0; looked < filesLookedAt; {
		list, err := f.ReadDir(500)
		for _, e := range list {
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
				each(info)
			}
		}
		looked += len(list)
		if err != nil || len(list) == 0 {
			break
		}
	}
	return nil
}
