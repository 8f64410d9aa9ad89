package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// What a process should be allowed.
const (
	filesWanted  = 1024
	memoryWanted = 128 << 20 // bytes
)

// machine looks at what the process may use.
func machine(_ context.Context, x *exam, n *notes) {
	l := x.System.Limits()
	if l.OpenFiles > 0 && l.OpenFiles < filesWanted {
		n.warn("open files", CodeLimitFiles, fmt.Sprintf("at most %d", l.OpenFiles), "raise it: LimitNOFILE=65536 in the unit, or ulimit -n")
	}
	free := l.MemoryFree
	if l.MemoryOfService > 0 && l.MemoryOfService < free {
		free = l.MemoryOfService
	}
	switch {
	case free == 0:
	case free < memoryWanted:
		n.warn("memory", CodeMemory, size(free)+" can be had", "forms of many megabytes may fail: free some, or raise MemoryMax of the service")
	default:
		n.ok("memory", size(free)+" can be had")
	}
	if _, err := time.LoadLocation("Europe/Berlin"); err != nil {
		n.fail("time zones", CodeZones, "there is no time zone data on this machine", "install the package tzdata")
	} else if n.empty() {
		n.ok("time zones", "known")
	}
}

// account says who looks, and whether the agent is somebody else.
func account(ctx context.Context, x *exam, n *notes) {
	if x.account.Root && x.Inside {
		n.warn(x.account.Name, CodeRoot, "the agent runs with all rights of the machine, which it does not need", "give it an account of its own: inbasket service install")
		return
	}
	if x.Inside {
		n.ok(x.account.Name, "the agent's own account")
		return
	}
	if x.Service != nil && x.cfg != nil {
		if s, err := x.Service(ctx, x.cfg); err == nil && s.Installed && s.Account != "" && s.Account != x.account.Name {
			n.warn(x.account.Name, CodeOtherAccount, "the service runs as "+s.Account+", which may and sees other things than you",
				"look with its account and sandbox: inbasket doctor --as-service")
			return
		}
	}
	if x.account.Root {
		n.warn(x.account.Name, CodeOtherAccount, "this account may do everything, and the agent's may not",
			"look as the agent: inbasket doctor --as-service")
		return
	}
	n.ok(x.account.Name, "looks from outside of the agent; --as-service looks with its account and sandbox")
}

// service looks at the definition that the service manager has.
func service(ctx context.Context, x *exam, n *notes) {
	if x.Service == nil {
		return
	}
	if x.cfg == nil {
		n.warn("", CodeServiceUnknown, "what the service needs cannot be told from a configuration that is refused", "correct the configuration first")
		return
	}
	s, err := x.Service(ctx, x.cfg)
	if err != nil {
		n.warn("", CodeServiceUnknown, "the service manager cannot be asked here", "ask as root or administrator; without a service manager this is as it should be")
		return
	}
	if !s.Installed {
		n.warn(s.Name, CodeServiceNone, "the agent is no service of this machine", "install the package, or: inbasket service install")
		return
	}
	if s.Other != "" {
		n.warn(s.Name, CodeServiceOther, "it runs with another configuration: "+s.Other, "name that one by --config, or the instance by --name")
		return
	}
	for _, line := range s.Drift {
		n.fail(s.Name, CodeServiceDrift, line, "mend it by: inbasket service install")
	}
	if !s.Enabled {
		n.warn(s.Name, CodeServiceOff, "it does not start with the machine", enable(s.Name))
	}
	switch {
	case s.Running:
		n.ok(s.Name, s.Manager+": "+cmp.Or(s.Detail, "running"))
	case x.status != nil:
		n.warn(s.Name, CodeServiceStopped, "the service is stopped; the agent that runs was started by hand", "stop that one, then: inbasket service start")
	default:
		n.fail(s.Name, CodeServiceStopped, s.Manager+": "+cmp.Or(s.Detail, "stopped"), "start it by inbasket service start; why it ended is in its log")
	}
}

func enable(name string) string {
	if onWindows() {
		return "sc.exe config " + name + " start= delayed-auto"
	}
	return "systemctl enable " + name
}

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
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	return nil
}
