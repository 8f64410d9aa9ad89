package intake

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// claims are the locks that this process holds. Its sources share a folder, and an error folder, freely: each knows what
// it has handed out, and no name is ever written over.
var claims = struct {
	sync.Mutex
	held map[claimKey]*claimed
	done map[string]map[string]int // by done folder: the in-baskets that move forms there, and how many sources of each
}{held: map[claimKey]*claimed{}, done: map[string]map[string]int{}}

type claimKey struct{ owner, path string }

type claimed struct {
	unlock  func()
	holders int
}

// claim keeps other agents out of the place for as long as this process lives or until it is given up: two agents with a
// journal each would both accept a form that lies there. Where the place has no locks there is no claim.
func (s *source) claim() error {
	s.disclaim()
	p, can := s.place.(place.Locker)
	if !can {
		return nil
	}
	key := claimKey{s.owner, p.LockPath(s.errs)}
	claims.Lock()
	defer claims.Unlock()
	if c := claims.held[key]; c != nil {
		c.holders++
		s.claimed = &key
		return nil
	}
	unlock, taken, by := p.Lock(s.errs, s.owner)
	if unlock != nil {
		claims.held[key] = &claimed{unlock, 1}
		s.claimed = &key
	}
	if !taken {
		return nil
	}
	hint := "stop that agent, or give this one another folder: with two journals each form could be accepted twice"
	if by != "" {
		hint = "it is " + by + "; " + hint
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
		c.unlock()
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
	key := s.doneKey()
	of := claims.done[key]
	if of == nil {
		of = map[string]int{}
		claims.done[key] = of
	}
	if of[s.dir] += more; of[s.dir] <= 0 {
		delete(of, s.dir)
	}
	if len(of) == 0 {
		delete(claims.done, key)
	}
}

// doneKey names the done folder among those of all places.
func (s *source) doneKey() string {
	if filepath.IsAbs(s.done) || path.IsAbs(s.done) {
		return s.root + s.done
	}
	return s.root + s.dir + "/" + s.done
}

// sharesDone tells whether forms of another in-basket lie in the done folder, too.
func (s *source) sharesDone() bool {
	claims.Lock()
	defer claims.Unlock()
	return len(claims.done[s.doneKey()]) > 1
}

// ownerName tells this process from all others.
func ownerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}
