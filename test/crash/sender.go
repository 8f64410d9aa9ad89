package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// letter is one form and what must come of it.
type letter struct {
	Ref    string
	Name   string
	Cents  int
	Items  int
	Notice bool // a notice with an attachment: no batch line, and delivered is its last word
	Posted bool // by HTTP; else put into the folder
	Wrong  bool // breaks the schema: rejected after acceptance
}

// letterNo returns the n-th letter, counted from 1.
func letterNo(n int) letter {
	l := letter{Ref: fmt.Sprintf("CR-%06d", n), Name: fmt.Sprintf("Müller %d", n), Cents: n * 37 % 100000, Items: n % 4, Posted: n%2 == 0}
	switch n % 10 {
	case 3, 6:
		l.Notice, l.Ref = true, fmt.Sprintf("NT-%06d", n)
	case 9:
		l.Wrong = true
	}
	return l
}

// bytes returns the form.
func (l letter) bytes() []byte {
	var b bytes.Buffer
	name := fmt.Sprintf("%q", l.Name)
	if l.Wrong {
		name = "17"
	}
	fmt.Fprintf(&b, `{"reference":%q,"name":%s,"amount":%d.%02d,"items":[`, l.Ref, name, l.Cents/100, l.Cents%100)
	for i := range l.Items {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"what":"thing %d"}`, i+1)
	}
	b.WriteString("]}\n")
	return b.Bytes()
}

// attachment returns what goes with a notice; nil: nothing.
func (l letter) attachment() []byte {
	if !l.Notice {
		return nil
	}
	return []byte("%PDF-1.4\n" + strings.Repeat(l.Ref+" "+l.Name+"\n", 50))
}

func (l letter) route() string {
	if l.Notice {
		return "notice"
	}
	return "permit"
}

// sender is whoever sends forms: some into the folder, some by HTTP, some twice, all the time.
type sender struct {
	dir, addr, token string
	gate             *sync.RWMutex // held for reading while the agent's disk is used

	mu      sync.Mutex
	letters []letter
	ids     map[string]string // that the agent gave to posted letters, by reference
	wrong   []string          // answers that must not be
	post    chan letter
	file    chan letter
	open    sync.WaitGroup
	quit    chan struct{}
	over    sync.WaitGroup
}

func newSender(dir, addr, token string, gate *sync.RWMutex) *sender {
	s := &sender{dir: dir, addr: addr, token: token, gate: gate, ids: map[string]string{}, quit: make(chan struct{}),
		post: make(chan letter, 1<<17), file: make(chan letter, 1<<17)}
	for range 3 {
		s.over.Go(s.posting)
	}
	s.over.Go(s.filing)
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

// send makes n new letters due.
func (s *sender) send(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		l := letterNo(len(s.letters) + 1)
		s.letters = append(s.letters, l)
		s.open.Add(1)
		if l.Posted {
			s.post <- l
		} else {
			s.file <- l
		}
	}
}

// flow sends letters one by one, every so often, until the returned function is called.
func (s *sender) flow(every time.Duration) (stop func()) {
	quit := make(chan struct{})
	var over sync.WaitGroup
	over.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				s.send(1)
			}
		}
	})
	return func() { close(quit); over.Wait() }
}

// again waits a moment before something is tried again; false: the sender closes.
func (s *sender) again() bool {
	select {
	case <-s.quit:
		return false
	case <-time.After(30 * time.Millisecond):
		return true
	}
}

// filing puts one letter after another into the folder, some of them twice. A disk that is gone comes back.
func (s *sender) filing() {
	for n := 1; ; n++ {
		select {
		case <-s.quit:
			return
		case l := <-s.file:
			names := []string{l.Ref}
			if n%7 == 0 && !l.Notice { // an attachment's name is part of what was sent
				names = append(names, l.Ref+"-again")
			}
			for _, name := range names {
				for s.putLetter(name, l) != nil {
					if !s.again() {
						return
					}
				}
			}
			s.open.Done()
		}
	}
}

// putLetter puts a letter into the folder unless it is there already, or was taken: the disk may have
// failed after that.
func (s *sender) putLetter(name string, l letter) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	form := name + ".json"
	if _, err := os.Stat(filepath.Join(s.dir, form)); err == nil {
		return syncDir(s.dir)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "done", form)); err == nil {
		return nil
	}
	if b := l.attachment(); b != nil {
		if err := s.put(name+".pdf", b); err != nil {
			return err
		}
	}
	return s.put(form, l.bytes())
}

// put puts a file into the folder as a careful sender does: complete and durable before it can be seen.
func (s *sender) put(name string, b []byte) error {
	temp, final := filepath.Join(s.dir, "."+name+".part"), filepath.Join(s.dir, name)
	f, err := os.Create(temp)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(temp, final); err != nil {
		return err
	}
	return syncDir(s.dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// posting posts one letter after another, each until the agent has said 202, and some once more.
func (s *sender) posting() {
	client := &http.Client{Timeout: 5 * time.Second}
	for n := 1; ; n++ {
		select {
		case <-s.quit:
			return
		case l := <-s.post:
			times := 1
			if n%7 == 0 {
				times = 2
			}
			for range times {
				for !s.accepted(client, l) {
					if !s.again() {
						return
					}
				}
			}
			s.open.Done()
		}
	}
}

// body returns the form as it is posted: alone, or with its attachment.
func (l letter) body() (contentType string, b []byte) {
	if !l.Notice {
		return "application/json", l.bytes()
	}
	var out bytes.Buffer
	m := multipart.NewWriter(&out)
	form, _ := m.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="form"`}, "Content-Type": {"application/json"}})
	_, _ = form.Write(l.bytes())
	file, _ := m.CreateFormFile("letter", l.Ref+".pdf")
	_, _ = file.Write(l.attachment())
	_ = m.Close()
	return m.FormDataContentType(), out.Bytes()
}

func (s *sender) accepted(client *http.Client, l letter) bool {
	contentType, body := l.body()
	req, err := http.NewRequest(http.MethodPost, "http://"+s.addr+"/v1/submissions?route="+l.route(), bytes.NewReader(body))
	if err != nil {
		panic(err) // the address is our own
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Idempotency-Key", `"`+l.Ref+`"`)
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusAccepted {
		// 409 is said while the first attempt is still being worked on.
		if resp.StatusCode < 500 && !strings.Contains(string(b), "submit.in-progress") {
			s.complain("post %s: %s %s", l.Ref, resp.Status, b)
		}
		return false
	}
	at := resp.Header.Get("Location")
	s.mu.Lock()
	before, known := s.ids[l.Ref]
	s.ids[l.Ref] = at
	s.mu.Unlock()
	if known && before != at {
		s.complain("post %s: it is at %s, and was at %s", l.Ref, at, before)
	}
	return true
}

func (s *sender) complain(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) < 20 {
		s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
	}
}
