package files

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/inbasket/inbasket/connectors"
)

// claimName is a file in the error folder that is locked while an agent takes files out of the folder above
// it. Two agents with a journal each would both accept a form that lies there.
const claimName = ".inbasket.lock"

// claims are the locks that this process holds. Its sources share a folder, and an error folder, freely: each knows what
// it has handed out, and no name is ever written over.
var claims = struct {
	sync.Mutex
	held map[claimKey]*claimed
	done map[string]map[string]int // by done folder: the in-baskets that move forms there, and how many sources of each
}{held: map[claimKey]*claimed{}, done: map[string]map[string]int{}}

type claimKey struct{ owner, path string }

type claimed struct {
	file    *os.File
	holders int
}

// lockPath is where the claim on this folder lies. An error folder of several in-baskets has one for each, by the way
// from there to the folder: that is the same from every machine that mounts both.
func (s *source) lockPath() string {
	way, err := filepath.Rel(s.errs, s.dir)
	if err != nil {
		way = s.dir
	}
	name := claimName
	if way = filepath.ToSlash(way); way != ".." {
		sum := sha256.Sum256([]byte(way))
		name = ".inbasket-" + hex.EncodeToString(sum[:4]) + ".lock"
	}
	return filepath.Join(s.errs, name)
}

// claim keeps other agents out of the folder for as long as this process lives or until it is given up. Where
// the folder's file system has no locks there is no claim.
func (s *source) claim() error {
	s.disclaim()
	key := claimKey{s.owner, s.lockPath()}
	claims.Lock()
	defer claims.Unlock()
	if c := claims.held[key]; c != nil {
		c.holders++
		s.claimed = &key
		return nil
	}
	f, err := os.OpenFile(key.path, os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return nil // the rights that are missing are told when a file is moved
	}
	held, err := lockFile(f)
	if err == nil && !held {
		if f.Truncate(0) == nil {
			_, _ = f.WriteAt([]byte(s.owner+"\n"), 0) // whom the other one's message names
		}
		claims.held[key] = &claimed{f, 1}
		s.claimed = &key
		return nil
	}
	b := make([]byte, 200)
	n, _ := f.ReadAt(b, 0)
	_ = f.Close() // nothing was written
	if err != nil {
		return nil
	}
	hint := "stop that agent, or give this one another folder: with two journals each form could be accepted twice"
	if other := strings.TrimSpace(string(b[:n])); other != "" {
		hint = "it is " + other + "; " + hint
	}
	return connectors.Errorf(connectors.TargetError, CodeClaimed, "take files out of the folder", hint, "another agent takes files out of this folder")
}

// disclaim lets others take files out of the folder, once no source of this process does.
func (s *source) disclaim() {
	if s.claimed == nil {
		return
	}
	claims.Lock()
	defer claims.Unlock()
	c := claims.held[*s.claimed]
	if c.holders--; c.holders == 0 {
		_ = c.file.Close() // which releases the lock
		delete(claims.held, *s.claimed)
	}
	s.claimed = nil
}

// useDone notes that a source moves forms to its done folder, or by -1 that it does no more.
func (s *source) useDone(more int) {
	if s.done == "" {
		return
	}
	claims.Lock()
	defer claims.Unlock()
	of := claims.done[s.done]
	if of == nil {
		of = map[string]int{}
		claims.done[s.done] = of
	}
	if of[s.dir] += more; of[s.dir] <= 0 {
		delete(of, s.dir)
	}
	if len(of) == 0 {
		delete(claims.done, s.done)
	}
}

// sharesDone tells whether forms of another in-basket lie in the done folder, too.
func (s *source) sharesDone() bool {
	claims.Lock()
	defer claims.Unlock()
	return len(claims.done[s.done]) > 1
}

// ownerName tells this process from all others.
func ownerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}
