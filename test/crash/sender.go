package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// letter is one form and what must come of it.
type letter struct {
	Ref    string
	Name   string
	Cents  int
	Items  int
	Posted bool // by HTTP; else put into the folder
}

// bytes returns the form.
func (l letter) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"reference":%q,"name":%q,"amount":%d.%02d,"items":[`, l.Ref, l.Name, l.Cents/100, l.Cents%100)
	for i := range l.Items {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"what":"thing %d"}`, i+1)
	}
	b.WriteString("]}\n")
	return b.Bytes()
}

// sender is whoever sends forms: some into the folder, some by HTTP, some twice.
type sender struct {
	dir, addr, token string

	mu      sync.Mutex
	letters []letter
	queue   chan letter // to be posted until it is accepted
	open    sync.WaitGroup
	quit    chan struct{}
	over    sync.WaitGroup
}

func newSender(dir, addr, token string) *sender {
	s := &sender{dir: dir, addr: addr, token: token, queue: make(chan letter, 100000), quit: make(chan struct{})}
	s.over.Go(s.post)
	return s
}

func (s *sender) close() {
	if s == nil {
		return
	}
	close(s.quit)
	s.over.Wait()
}

func (s *sender) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.letters)
}

func (s *sender) all() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter(nil), s.letters...)
}

// send sends n new forms: every second one by HTTP, every fifth of the others twice.
func (s *sender) send(n int) error {
	for range n {
		s.mu.Lock()
		i := len(s.letters) + 1
		l := letter{Ref: fmt.Sprintf("CR-%06d", i), Name: fmt.Sprintf("Müller %d", i), Cents: i * 37 % 100000, Items: i % 4, Posted: i%2 == 0}
		s.letters = append(s.letters, l)
		s.mu.Unlock()
		if l.Posted {
			s.open.Add(1)
			s.queue <- l
			continue
		}
		if err := s.put(l.Ref+".json", l.bytes()); err != nil {
			return err
		}
		if i%5 == 0 {
			if err := s.put(l.Ref+"-again.json", l.bytes()); err != nil {
				return err
			}
		}
	}
	return nil
}

// put puts a file into the folder as a careful sender does: complete and durable before it can be seen.
func (s *sender) put(name string, b []byte) error {
	temp, final := filepath.Join(s.dir, "."+name+".part"), filepath.Join(s.dir, name)
	f, err := os.Create(temp)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(temp, final); err != nil {
		return err
	}
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// post posts one letter after another, each until the agent has said 202.
func (s *sender) post() {
	client := &http.Client{Timeout: 5 * time.Second}
	for {
		select {
		case <-s.quit:
			return
		case l := <-s.queue:
			for !s.accepted(client, l) {
				select {
				case <-s.quit:
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
			s.open.Done()
		}
	}
}

func (s *sender) accepted(client *http.Client, l letter) bool {
	req, err := http.NewRequest(http.MethodPost, "http://"+s.addr+"/v1/submissions?route=crash", bytes.NewReader(l.bytes()))
	if err != nil {
		panic(err) // the address is our own
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", `"`+l.Ref+`"`)
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != http.StatusConflict {
		fmt.Printf("post %s: %s %s\n", l.Ref, resp.Status, b)
	}
	return resp.StatusCode == http.StatusAccepted
}
