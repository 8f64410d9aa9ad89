// Package ftp is a place for files: a folder behind FTP or FTPS.
package ftp

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/encoding"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// idle is how long a connection is trusted without asking; servers and firewalls cut silent ones.
const idle = 20 * time.Second

// Place is a folder behind FTP. One connection, one command at a time, for old servers take no second one; it is thrown
// away after any error that is not a server's plain answer.
type Place struct {
	env      connectors.Env
	cfg      Config
	readBack bool
	enc      encoding.Encoding // of names; nil for UTF-8
	mu       sync.Mutex
	conn     *session
}

// New returns the place. With readBack every file that is put is read again and compared. It connects when first used.
func New(env connectors.Env, cfg Config, readBack bool) *Place {
	p := &Place{env: env, cfg: cfg, readBack: readBack}
	p.enc, _ = place.NameEncoding(cfg.Encoding) // Validate has looked it up
	return p
}

// Close says goodbye to the server. It may be called twice.
func (p *Place) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		_ = p.conn.Quit() // the server may be gone already, and that is as good
		p.conn.abort()
		p.conn = nil
	}
	return nil
}

// with runs f on a living connection. After an error that leaves the protocol's state in doubt, and
// after a cancelled context, the connection is thrown away.
func (p *Place) with(ctx context.Context, f func(*session) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fault("use the server", err)
	}
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	c.ctx = ctx
	stop := context.AfterFunc(ctx, c.abort)
	err = f(c)
	if !stop() || (err != nil && !answered(err)) {
		c.abort()
		p.conn = nil
		return err
	}
	c.used = p.env.Clock.Now()
	return err
}

func (p *Place) connect(ctx context.Context) (*session, error) {
	if c := p.conn; c != nil {
		if p.env.Clock.Now().Sub(c.used) < idle {
			return c, nil
		}
		stop := context.AfterFunc(ctx, c.abort)
		err := c.NoOp()
		if stop() && err == nil {
			return c, nil
		}
		c.abort()
		p.conn = nil
	}
	c, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.used = p.env.Clock.Now()
	p.conn = c
	return c, nil
}

// dial logs in. A password that is refused is read again from where it lies, for it may have been changed there.
func (p *Place) dial(ctx context.Context) (*session, error) {
	c, err := dial(ctx, p.env, &p.cfg)
	var refused *connectors.Error
	if !errors.As(err, &refused) || refused.Code != CodeLogin {
		return c, err
	}
	now, other := p.env.Reread(p.cfg.Password)
	if !other {
		return nil, err
	}
	p.cfg.Password = now
	return dial(ctx, p.env, &p.cfg)
}

// wire returns a path as the server reads it. CR, LF and NUL never get this far, but what a server would take for the
// end of a command is looked at where it is sent, too.
func (p *Place) wire(path string) (string, error) {
	if _, name := place.Split(path); name == "" || strings.ContainsAny(path, "\r\n\x00\\") {
		return "", &connectors.Error{Class: connectors.ItemError, Code: place.CodeName, Op: "name a file", Hint: "correct the name template of the target"}
	}
	if p.enc == nil {
		return path, nil
	}
	s, err := p.enc.NewEncoder().String(path)
	if err != nil {
		return "", &connectors.Error{Class: connectors.ItemError, Code: place.CodeName, Op: "name a file",
			Hint: "the name has characters that the server's encoding lacks", Err: err}
	}
	return s, nil
}

// on runs f on a living connection, with the path as the server reads it.
func (p *Place) on(ctx context.Context, path string, f func(c *session, w string) error) error {
	w, err := p.wire(path)
	if err != nil {
		return err
	}
	return p.with(ctx, func(c *session) error { return f(c, w) })
}

// Stat asks for size and time, in every way that the server may know (stat.go).
func (p *Place) Stat(ctx context.Context, path string) (info place.Info, err error) {
	err = p.on(ctx, path, func(c *session, w string) error {
		info, err = c.info(w)
		return err
	})
	_, info.Name = place.Split(path)
	return info, err
}

// Read reads a file into memory. One that is longer than limit costs the connection.
func (p *Place) Read(ctx context.Context, path string, limit int64) (place.Content, error) {
	b := bounded{left: limit}
	info, err := p.fetch(ctx, path, &b)
	if errors.Is(err, errLonger) {
		info.Size, err = limit+1, nil
	}
	return place.Content{Bytes: b.bytes, Info: info}, err
}

var errLonger = errors.New("the file is longer than it was")

// bounded keeps at most so many bytes.
type bounded struct {
	bytes []byte
	left  int64
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(int64(len(p)), b.left)
	b.bytes, b.left = append(b.bytes, p[:n]...), b.left-n
	if n < int64(len(p)) {
		return int(n), errLonger
	}
	return len(p), nil
}

// Open fetches a file into a temporary one: whoever reads it may take his time, and there is one connection.
func (p *Place) Open(ctx context.Context, path string) (place.File, error) {
	if p.env.Scratch != "" {
		if err := os.MkdirAll(p.env.Scratch, 0o700); err != nil {
			return nil, err
		}
	}
	f, err := os.CreateTemp(p.env.Scratch, "ftp-*")
	if err != nil {
		return nil, err
	}
	t := &fetched{File: f}
	if t.info, err = p.fetch(ctx, path, f); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = t.Close() // the error that matters is the first
		return nil, err
	}
	return t, nil
}

// fetched is a file as it was when it was fetched.
type fetched struct {
	*os.File
	info place.Info
}

func (f *fetched) Info() (place.Info, error) { return f.info, nil }

func (f *fetched) Close() error { return errors.Join(f.File.Close(), os.Remove(f.Name())) }

// counting counts what is written.
type counting struct {
	io.Writer
	n int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

// fetch reads a file, and then looks at it: a longer one by then was still being written.
func (p *Place) fetch(ctx context.Context, path string, w io.Writer) (info place.Info, err error) {
	to := &counting{Writer: w}
	err = p.on(ctx, path, func(c *session, name string) error {
		err := c.Retr(name, to)
		switch {
		case err == nil:
			info, err = c.info(name)
			return err
		case errors.Is(err, errLonger):
			return err
		case answered(err) && replyCode(err) >= 500:
			if _, e := c.stat(name); errors.Is(e, fs.ErrNotExist) {
				return e
			}
			return &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "read a file",
				Hint: "the server does not let the user read the file", Err: errors.Join(fs.ErrPermission, err)}
		}
		return asTransfer(fault("read a file", err))
	})
	if info.Size == place.Unknown {
		info.Size = to.n
	}
	return info, err
}

func (c *session) digest(w string) (connectors.Digest, error) {
	h := sha256.New()
	if err := c.Retr(w, h); err != nil {
		if answered(err) && replyCode(err) >= 500 {
			return connectors.Digest{}, &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "read a file back",
				Hint: "the server does not let the user read the file", Err: err}
		}
		return connectors.Digest{}, asTransfer(fault("read a file back", err))
	}
	return connectors.Digest(h.Sum(nil)), nil
}

// Put sends the file and compares sizes: when the sender fails midway, servers keep what came as if it
// were all.
func (p *Place) Put(ctx context.Context, path string, b connectors.Blob, _ bool) error {
	w, err := p.wire(path)
	if err != nil {
		return err
	}
	r, err := b.Open()
	if err != nil {
		return place.ContentError(err)
	}
	defer func() { _ = r.Close() }()
	src := &place.SourceReader{Ctx: ctx, R: r}
	return p.with(ctx, func(c *session) error {
		if c.home != "" { // a session stays in its folder, also when another one has taken that one's name
			if err := c.proveFolder(); err != nil {
				return err
			}
		}
		if err := c.Stor(w, src); err != nil {
			if src.Err != nil {
				return place.ContentError(src.Err)
			}
			return asTransfer(fault("send a file", err))
		}
		return p.arrived(c, w, b)
	})
}

// arrived compares what lies there with what was sent: by its size, or by its bytes where that was asked for or the
// server tells no size.
func (p *Place) arrived(c *session, w string, b connectors.Blob) error {
	size, err := c.stat(w)
	if err != nil {
		return place.AsClass(err, connectors.Transient)
	}
	if size != place.Unknown && size != b.Size {
		return &connectors.Error{Class: connectors.Transient, Code: CodeTruncated, Op: "compare the size of what was sent"}
	}
	if size != place.Unknown && !p.readBack {
		return nil
	}
	want, err := place.DigestOf(b)
	if err != nil {
		return err
	}
	got, err := c.digest(w)
	if connectors.ClassOf(err) == connectors.Uncertain && err != nil {
		return &connectors.Error{Class: connectors.TargetError, Code: CodeRefused, Op: "read back what was sent",
			Hint: "the server must tell sizes (SIZE, MLST or LIST), or let the user read the file", Err: err}
	}
	if err == nil && got != want {
		err = &connectors.Error{Class: connectors.Transient, Code: CodeTruncated, Op: "compare what was sent with what lies there"}
	}
	return err
}

// Rename renames after it has seen that the final name is free: vsftpd would overwrite without a word.
// When the answer is lost, nobody knows whether the rename happened.
func (p *Place) Rename(ctx context.Context, from, to string) error {
	f, err := p.wire(from)
	if err != nil {
		return err
	}
	t, err := p.wire(to)
	if err != nil {
		return err
	}
	return p.with(ctx, func(c *session) error {
		if _, err := c.stat(t); err == nil {
			return &connectors.Error{Class: connectors.ItemError, Code: place.CodeNameTaken, Op: "rename to the final name", Err: fs.ErrExist}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		want, err := c.stat(f)
		if err != nil {
			return err
		}
		if asked, err := c.Rename(f, t); err != nil {
			if !asked || answered(err) {
				return fault("rename to the final name", err)
			}
			return &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "rename to the final name", Err: err}
		}
		size, err := c.stat(t)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (size == want || size == place.Unknown || want == place.Unknown) {
			return c.gone(f) // there, or fetched already
		}
		return &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "look at the renamed file", Err: err}
	})
}

// gone looks whether a renamed file left its name: there are servers that say they renamed and do nothing.
func (c *session) gone(from string) error {
	switch _, err := c.stat(from); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &connectors.Error{Class: connectors.Uncertain, Code: place.CodeUnclear, Op: "look at the renamed file", Err: err}
	}
	return &connectors.Error{Class: connectors.TargetError, Code: place.CodeNotRenamed, Op: "rename to the final name",
		Hint: "look at the FTP server and at the account's rights; nothing was put in place", Err: errors.New("the server said that it renamed the file, which lies there still")}
}

// Remove deletes a file.
func (p *Place) Remove(ctx context.Context, path string) error {
	return p.on(ctx, path, func(c *session, w string) error {
		err := c.Delete(w)
		if err == nil {
			return nil
		}
		if answered(err) {
			if _, e := c.stat(w); errors.Is(e, fs.ErrNotExist) {
				return nil
			}
		}
		return fault("remove the file", err)
	})
}

// MakeFolder makes a folder with those above it. What the server says to one that is there already is as good as yes: if
// it is not there after all, the next rename into it says so.
func (p *Place) MakeFolder(ctx context.Context, folder string) error {
	return p.on(ctx, folder, func(c *session, w string) error {
		for i := range len(w) + 1 {
			if i == 0 || i < len(w) && w[i] != '/' {
				continue
			}
			if err := c.do("MKD %s", w[:i]); err != nil && !answered(err) {
				return fault("create a folder", err)
			}
		}
		return nil
	})
}

// Sync does nothing: FTP has no word for it.
func (p *Place) Sync(context.Context, string) error { return nil }

// Traits: a listing costs as much as a question about one file, and some servers leave out names that begin with a dot.
func (p *Place) Traits() place.Traits { return place.Traits{Listed: true} }

// Probe knows nothing: of which clock the times are, no server tells.
func (p *Place) Probe(context.Context) place.Probe { return place.Probe{} }

// Check logs in, changes into the folder and opens a data connection by listing it.
func (p *Place) Check(ctx context.Context, _ string) error {
	return p.with(ctx, func(c *session) error {
		if err := c.proveFolder(); err != nil {
			return err
		}
		if _, err := c.names(""); err != nil && (!answered(err) || c.home == "") { // not every user may list
			return fault("list the folder", err)
		}
		return nil
	})
}

// Lists tells whether the account may list the folder.
func (p *Place) Lists(ctx context.Context) error {
	return p.with(ctx, func(c *session) error {
		err := c.lines("NLST", func(string) {})
		if err == nil || replyCode(err) == replyFileBusy { // nothing to list: names that begin with a dot may be left out
			return nil
		}
		return fault("list the folder", err)
	})
}

// List lists a folder on the server.
func (p *Place) List(ctx context.Context, folder string) (place.Listing, error) {
	w := ""
	if folder != "" {
		var err error
		if w, err = p.wire(folder); err != nil {
			return nil, err
		}
	}
	var list []entry
	err := p.with(ctx, func(c *session) (err error) {
		if err := c.proveFolder(); err != nil {
			return err
		}
		list, err = c.everything(w)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			err = fault("list the folder", err)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	l := make(place.Entries, 0, len(list))
	for _, e := range list {
		info := e.info()
		if p.enc != nil {
			if s, err := p.enc.NewDecoder().String(info.Name); err == nil {
				info.Name = s
			}
		}
		l = append(l, info)
	}
	return &l, nil
}
