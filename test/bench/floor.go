package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// floor is what any agent could reach at most here: an HTTP server that does nothing but append what is posted to a file, as much as
// came meanwhile by one fsync, and answer; without a file it answers at once: bench -child h FILE "".
func floor(ctx context.Context, path string) error {
	type post struct {
		form []byte
		done chan error
	}
	posts := make(chan post, postClients)
	if path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		go func() {
			for p := range posts {
				all, group := p.form, []post{p}
				for len(posts) > 0 {
					p := <-posts
					all, group = append(all, p.form...), append(group, p)
				}
				_, err := f.Write(all)
				if err == nil {
					err = f.Sync()
				}
				for _, p := range group {
					p.done <- err
				}
			}
		}()
	}
	s := http.Server{Addr: postAddress, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := io.ReadAll(r.Body)
		if err == nil && path != "" {
			p := post{form, make(chan error, 1)}
			posts <- p
			err = <-p.done
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"id":"0A1B2C3D4E5F6","state":"accepted"}`) // who is gone needs no answer
	})}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	if err := s.ListenAndServe(); ctx.Err() == nil {
		return err
	}
	return nil
}

// floors measures what is left of the machine for an agent: posts that are answered at once, and posts that are appended to a file.
func (b *bench) floors(ctx context.Context) error {
	for what, path := range map[string]string{"answered at once": "", "appended to a file": filepath.Join(b.dir, "posts")} {
		r, err := b.postsToFloor(ctx, path)
		if err != nil {
			return err
		}
		fmt.Printf("posts that are only %s: %v\n", what, r)
	}
	return nil
}

func (b *bench) postsToFloor(ctx context.Context, path string) (r rates, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	p, err := start(filepath.Join(b.dir, "contestant.log"), self, "-child", "h", path, "")
	if err != nil {
		return r, err
	}
	defer func() { _, _ = p.stop() }()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", postAddress)
		if err == nil {
			_ = c.Close()
			return newOffice(b.seed, p).measure(ctx, b.n)
		}
		if time.Since(begun) > 10*time.Second {
			return r, err
		}
	}
}
