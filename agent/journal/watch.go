package journal

import "sync"

// about is what somebody waits for: what becomes of one submission, or the events of a front office.
type about struct {
	office string
	id     ID
}

// watches are those who wait for something to be committed.
type watches struct {
	mu   sync.Mutex
	list map[about]*watched
}

type watched struct {
	news    chan struct{}
	waiting int
}

// Watch returns a channel that is closed at the next commit that moves the submission or, with ID 0, adds an event of the
// office. Call it before reading, read again when the channel closes, and stop when nobody waits any more.
func (j *Journal) Watch(office string, id ID) (news <-chan struct{}, stop func()) {
	key := about{id: id}
	if id == 0 {
		key.office = office
	}
	s := &j.watches
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.list[key]
	if w == nil {
		w = &watched{news: make(chan struct{})}
		s.list[key] = w
	}
	w.waiting++
	return w.news, sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if w.waiting--; w.waiting == 0 && s.list[key] == w {
			delete(s.list, key)
		}
	})
}

// announce wakes who waits for what these calls committed. It comes after the commit: who begins to wait later reads it.
func (j *Journal) announce(calls []*Tx) {
	for _, t := range calls {
		if j.turned != nil && len(t.turns) > 0 {
			j.turned(t.turns)
		}
	}
	s := &j.watches
	s.mu.Lock()
	defer s.mu.Unlock()
	wake := func(key about) {
		if w := s.list[key]; w != nil {
			close(w.news)
			delete(s.list, key)
		}
	}
	if len(s.list) == 0 {
		return
	}
	for _, t := range calls {
		for _, id := range t.moved {
			wake(about{id: id})
		}
		for _, e := range t.events {
			wake(about{id: e.id})
			wake(about{office: j.names.text(e.office)})
		}
	}
}

// EnablePush says whether an office has a push channel. From then on its events are queued for it; the
// journal does not remember the choice.
func (j *Journal) EnablePush(office string, on bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.push[office] = on
}

func (j *Journal) pushes(office NameID) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.push) > 0 && j.push[j.names.text(office)]
}
