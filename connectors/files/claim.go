package files

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// claimName is a file in the error folder that is locked while an agent takes files out of the folder above
// it. Two agents with a journal each would both accept a form that lies there.
const claimName = ".inbasket.lock"

// claim keeps other agents out of the folder for as long as this process lives or until it is given up. Where
// the folder's file system has no locks there is no claim. Several sources of one agent share a folder freely:
// each has names of its own.
func (s *source) claim() error {
	s.disclaim()
	f, err := os.OpenFile(filepath.Join(s.errs, claimName), os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return nil // the rights that are missing are told when a file is moved
	}
	held, err := lockFile(f)
	if err == nil && !held {
		if f.Truncate(0) == nil {
			_, _ = f.WriteAt([]byte(s.owner+"\n"), 0) // whom the other one's message names
		}
		s.claimed = f
		return nil
	}
	b := make([]byte, 200)
	n, _ := f.ReadAt(b, 0)
	_ = f.Close() // nothing was written
	other := strings.TrimSpace(string(b[:n]))
	if err != nil || other == s.owner {
		return nil
	}
	hint := "stop that agent, or give this one another folder: with two journals each form could be accepted twice"
	if other != "" {
		hint = "it is " + other + "; " + hint
	}
	return connectors.Errorf(connectors.TargetError, CodeClaimed, "take files out of the folder", hint, "another agent takes files out of this folder")
}

// disclaim lets others take files out of the folder.
func (s *source) disclaim() {
	if s.claimed != nil {
		_ = s.claimed.Close() // which releases the lock
		s.claimed = nil
	}
}

// ownerName tells this process from all others.
func ownerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}
