package doctor

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Thresholds of disks.
const (
	roomFail   = 64 << 20 // bytes; less is as good as none
	roomWarn   = 1 << 30  // bytes
	shareWarn  = 10       // percent
	shareFail  = 1        // percent
	inodesWarn = 10_000
	slowSync   = 100 * time.Millisecond
	verySlow   = time.Second
)

// disks looks at the room and the kind of every file system that the agent writes to, each once.
func disks(_ context.Context, x *exam, n *notes) {
	type system struct{ mount, size uint64 }
	seen := map[system]bool{}
	for _, f := range x.folderList() {
		if !f.Write {
			continue
		}
		subject := f.subject()
		d, err := x.System.Disk(f.Path)
		if err != nil {
			n.warn(subject, CodeDiskUnknown, "the disk of "+f.Path+" cannot be looked at: "+why(err), "ask as the agent's account: inbasket doctor --as-service")
			continue
		}
		if f.Use == "state" && d.Network != "" {
			n.fail(subject, CodeDiskNetwork, "the state folder "+f.Path+" lies on a network file system ("+d.Network+"), where the journal can be damaged",
				"stop the agent, move the folder to a local disk, name it as state")
		}
		key := system{d.Mount, d.Size}
		if d.Mount != 0 && seen[key] { // without a number two disks of one size may be two
			continue
		}
		seen[key] = true
		room(subject, f.Path, d, n)
	}
	x.syncTime(n)
}

// room judges one file system.
func room(subject, path string, d Disk, n *notes) {
	percent := uint64(100)
	if d.Size > 0 {
		percent = d.Free * 100 / d.Size
	}
	text := fmt.Sprintf("%s of %s free at %s", size(d.Free), size(d.Size), path)
	const cure = "make space, or move the folder to a larger disk; nothing is lost meanwhile"
	switch {
	case d.ReadOnly:
		n.fail(subject, CodeDiskReadOnly, "the file system at "+path+" is mounted read-only", "look for disk errors in the system's log, then mount it writable")
	case d.Free < roomFail || percent < shareFail && d.Free < roomWarn:
		n.fail(subject, CodeDiskFull, text, cure)
	case d.Free < roomWarn || percent < shareWarn && d.Free < 10*roomWarn:
		n.warn(subject, CodeDiskLow, text, cure)
	case d.Inode > 0 && d.Files < inodesWarn:
		n.warn(subject, CodeDiskLow, fmt.Sprintf("only %d more files fit at %s (inodes)", d.Files, path), "remove what is not needed, such as old files of done folders")
	default:
		n.ok(subject, text)
	}
}

// syncTime measures how long the state folder's disk takes to make a file durable: each acceptance waits for it.
func (x *exam) syncTime(n *notes) {
	dir := x.Place.State
	if x.System.Access(dir, true) != nil {
		return // folders says so
	}
	f, err := os.CreateTemp(dir, ".inbasket-doctor-*")
	if err != nil {
		return // a full disk was told already
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	best := time.Duration(0)
	for range 3 {
		begin := x.Clock.Now()
		_, err := f.WriteString("inbasket")
		if err == nil {
			err = f.Sync()
		}
		if err != nil {
			n.fail("state", CodeDiskSlow, "the disk does not confirm that a file is durable: "+why(err), "look at the disk and at the system's log")
			return
		}
		if took := x.Clock.Now().Sub(begin); best == 0 || took < best {
			best = took
		}
	}
	text := "a file is durable within " + best.Round(10*time.Microsecond).String()
	switch {
	case best > verySlow:
		n.fail("state", CodeDiskSlow, text, "look at the disk: it fails, or is used by something else")
	case best > slowSync:
		n.warn("state", CodeDiskSlow, text, "put the state folder on a faster disk, or on a controller with a safe cache")
	default:
		n.ok("state", text)
	}
}

// size writes bytes for people.
func size(b uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, u := float64(b), 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	if u == 0 {
		return fmt.Sprintf("%d B", b)
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}
