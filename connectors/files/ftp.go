package files

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/jlaffaye/ftp"
	"golang.org/x/text/encoding"

	"github.com/inbasket/inbasket/connectors"
)

// idle is how long a connection is trusted without asking; servers and firewalls cut silent ones.
const idle = 20 * time.Second

// ftpPlace is a folder behind FTP. One connection, one command at a time; it is thrown away after
// any error that is not a server's plain answer.
type ftpPlace struct {
	env  connectors.Env
	cfg  FTPConfig
	enc  encoding.Encoding // of names; nil for UTF-8
	mu   sync.Mutex
	conn *ftpConn
}

// NewFTP opens a target that puts files into a folder behind FTP or FTPS. It connects when first used.
func NewFTP(env connectors.Env, cfg FTPConfig) (*Drop, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p := &ftpPlace{env: env, cfg: cfg}
	p.enc, _ = nameEncoding(cfg.Encoding) // Validate has looked it up
	return &Drop{
		place: p, temp: newAffix(cfg.Temp), proof: cfg.Proof, workers: 1, readBack: cfg.Verify == "read-back",
		check: p.check, close: p.Close,
		abilities: connectors.Abilities{Files: true, MaxItems: 64, Guarantee: connectors.Guarantee{
			Level: "parks-when-unclear", Why: "the file is sent under a temporary name, its size is compared, then it is renamed; what the server cannot tell apart parks"}},
	}, nil
}

// Close says goodbye to the server. It may be called twice.
func (p *ftpPlace) Close() error {
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
func (p *ftpPlace) with(ctx context.Context, f func(*ftpConn) error) error {
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

func (p *ftpPlace) connect(ctx context.Context) (*ftpConn, error) {
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
func (p *ftpPlace) dial(ctx context.Context) (*ftpConn, error) {
	c, err := dialFTP(ctx, p.env, &p.cfg)
	var refused *connectors.Error
	if !errors.As(err, &refused) || refused.Code != CodeFTPLogin {
		return c, err
	}
	now, other := p.env.Reread(p.cfg.Password)
	if !other {
		return nil, err
	}
	p.cfg.Password = now
	return dialFTP(ctx, p.env, &p.cfg)
}

// answered reports that the server itself said no, so that the connection is still in step. 421 is
// its last word, and 425/426 leave a data connection behind.
func answered(err error) bool {
	var e *textproto.Error
	if !errors.As(err, &e) {
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist)
	}
	return e.Code != ftp.StatusNotAvailable && e.Code != ftp.StatusCanNotOpenDataConnection && e.Code != ftp.StatusTransfertAborted
}

// wire returns the name as the server reads it. CR, LF and NUL never get this far, but what a
// server would take for the end of a command is looked at where it is sent, too.
func (p *ftpPlace) wire(name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "\r\n\x00/\\") {
		return "", &connectors.Error{Class: connectors.ItemError, Code: CodeName, Op: "name a file", Hint: "correct the name template of the target"}
	}
	if p.enc == nil {
		return name, nil
	}
	s, err := p.enc.NewEncoder().String(name)
	if err != nil {
		return "", &connectors.Error{Class: connectors.ItemError, Code: CodeName, Op: "name a file",
			Hint: "the name has characters that the server's encoding lacks", Err: err}
	}
	return s, nil
}

// Stat asks for the size. A 550 may also mean that the folder is gone, so that is asked as well.
func (p *ftpPlace) Stat(ctx context.Context, name string) (int64, error) {
	w, err := p.wire(name)
	if err != nil {
		return 0, err
	}
	var size int64
	err = p.with(ctx, func(c *ftpConn) error {
		size, err = p.size(c, w)
		return err
	})
	return size, err
}

func (p *ftpPlace) size(c *ftpConn, w string) (int64, error) {
	size, err := c.FileSize(w)
	switch code := replyCode(err); {
	case err == nil:
		return size, nil
	case code == ftp.StatusFileUnavailable:
		if err := c.ChangeDir(c.home); err != nil {
			return 0, dirFault(err)
		}
		return 0, &connectors.Error{Class: connectors.Transient, Code: CodeNotStaged, Op: "ask for a file's size", Err: errors.Join(fs.ErrNotExist, err)}
	case code == ftp.StatusBadCommand, code == ftp.StatusNotImplemented, code == ftp.StatusNotImplementedParameter:
		return listedSize(c, w)
	}
	return 0, ftpFault("ask for a file's size", err)
}

// listedSize finds the size in the listing, for servers without SIZE.
func listedSize(c *ftpConn, w string) (int64, error) {
	entries, err := c.List("")
	if err != nil {
		return 0, ftpFault("list the folder", err)
	}
	for _, e := range entries {
		if e.Name == w && e.Type == ftp.EntryTypeFile {
			return int64(e.Size), nil
		}
	}
	return 0, &connectors.Error{Class: connectors.Transient, Code: CodeNotStaged, Op: "look for a file in the listing", Err: fs.ErrNotExist}
}

// Open reads a whole file back into memory: a connection cannot be lent out while it transfers.
func (p *ftpPlace) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	w, err := p.wire(name)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	err = p.with(ctx, func(c *ftpConn) error {
		r, err := c.Retr(w)
		if err != nil {
			return ftpFault("read a file back", err)
		}
		_, err = io.Copy(&buf, r)
		if e := r.Close(); err == nil {
			err = e
		}
		if err != nil {
			return ftpFault("read a file back", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return io.NopCloser(&buf), nil
}

// Put sends the file and compares sizes: when the sender fails midway, servers keep what came as if it
// were all.
func (p *ftpPlace) Put(ctx context.Context, name string, b connectors.Blob) error {
	w, err := p.wire(name)
	if err != nil {
		return err
	}
	r, err := b.Open()
	if err != nil {
		return contentError(err)
	}
	defer func() { _ = r.Close() }()
	src := &sourceReader{r: &contextReader{ctx, r}}
	return p.with(ctx, func(c *ftpConn) error {
		if err := c.Stor(w, src); err != nil {
			if src.err != nil {
				return contentError(src.err)
			}
			return asTransfer(ftpFault("send a file", err))
		}
		size, err := p.size(c, w)
		if err != nil {
			return asClass(err, connectors.Transient)
		}
		if size != b.Size {
			return &connectors.Error{Class: connectors.Transient, Code: CodeFTPTruncated, Op: "compare the size of what was sent"}
		}
		return nil
	})
}

// Commit renames after it has seen that the final name is free: vsftpd would overwrite without a word.
// When the answer is lost, nobody knows whether the rename happened.
func (p *ftpPlace) Commit(ctx context.Context, from, to string) error {
	f, err := p.wire(from)
	if err != nil {
		return err
	}
	t, err := p.wire(to)
	if err != nil {
		return err
	}
	return p.with(ctx, func(c *ftpConn) error {
		if _, err := p.size(c, t); err == nil {
			return &connectors.Error{Class: connectors.ItemError, Code: CodeNameTaken, Op: "rename to the final name", Err: fs.ErrExist}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		want, err := p.size(c, f)
		if err != nil {
			return err
		}
		if err := c.Rename(f, t); err != nil {
			if answered(err) {
				return ftpFault("rename to the final name", err)
			}
			return &connectors.Error{Class: connectors.Uncertain, Code: CodeUnclear, Op: "rename to the final name", Err: err}
		}
		size, err := p.size(c, t)
		if errors.Is(err, fs.ErrNotExist) || (err == nil && size == want) {
			return nil // there, or fetched already
		}
		return &connectors.Error{Class: connectors.Uncertain, Code: CodeUnclear, Op: "look at the renamed file", Err: err}
	})
}

// Remove deletes a file.
func (p *ftpPlace) Remove(ctx context.Context, name string) error {
	w, err := p.wire(name)
	if err != nil {
		return err
	}
	return p.with(ctx, func(c *ftpConn) error {
		if err := c.Delete(w); err != nil && replyCode(err) != ftp.StatusFileUnavailable {
			return ftpFault("remove the temporary file", err)
		}
		return nil
	})
}

// Sync does nothing: FTP has no word for it.
func (p *ftpPlace) Sync(context.Context) error { return nil }

// check logs in, changes into the folder and opens a data connection by listing it.
func (p *ftpPlace) check(ctx context.Context) error {
	return p.with(ctx, func(c *ftpConn) error {
		if err := c.ChangeDir(c.home); err != nil {
			return dirFault(err)
		}
		if _, err := c.NameList(""); err != nil && replyCode(err) != ftp.StatusFileUnavailable { // 550: empty
			return ftpFault("list the folder", err)
		}
		return nil
	})
}

func replyCode(err error) int {
	var e *textproto.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// loginFault tells a refusal from a broken connection. When USER itself is refused, as vsftpd does without
// TLS, the library keeps the server's text and drops its code.
func loginFault(err error) error {
	if replyCode(err) == ftp.StatusNotAvailable || replyCode(err) == 0 && broken(err) {
		return ftpFault("log in", err)
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeFTPLogin, Op: "log in", Hint: "check user and password, and whether the server demands TLS", Err: err}
}

// broken reports an error of the connection itself.
func broken(err error) bool {
	var (
		n net.Error
		p textproto.ProtocolError
		v *tls.CertificateVerificationError
		r tls.RecordHeaderError
	)
	return errors.As(err, &n) || errors.As(err, &p) || errors.As(err, &v) || errors.As(err, &r) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

func dirFault(err error) error {
	if replyCode(err) == 0 || replyCode(err) == ftp.StatusNotAvailable {
		return ftpFault("change into the folder", err)
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeFolder, Op: "change into the folder", Hint: "create the folder on the server, or correct dir", Err: err}
}

// asTransfer names a broken connection in the middle of a file.
func asTransfer(e *connectors.Error) *connectors.Error {
	if e.Code == CodeFTPConnect {
		e.Code = CodeFTPTransfer
	}
	return e
}

// ftpFault classes an error from which nothing became visible under a final name.
func ftpFault(op string, err error) *connectors.Error {
	var known *connectors.Error
	if errors.As(err, &known) {
		return known
	}
	e := &connectors.Error{Class: connectors.TargetError, Code: CodeFTPRefused, Op: op, Err: err}
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	switch code := replyCode(err); {
	case errors.As(err, &record), errors.As(err, &verify), errors.As(err, &unknown):
		e.Code, e.Hint = CodeFTPTLS, "check tls.ca, tls.server-name and the server's certificate"
	case code == 0:
		e.Class, e.Code, e.Hint = connectors.Transient, CodeFTPConnect, "check address, firewall and service"
	case code == ftp.StatusNotLoggedIn:
		e.Code, e.Hint = CodeFTPLogin, "check user and password, and whether the server demands TLS"
	case code == ftp.Status452, code == ftp.StatusExceededStorage:
		e.Code, e.Hint = CodeDiskFull, "make room on the server"
	case code == ftp.StatusNotAvailable, code == ftp.StatusCanNotOpenDataConnection, code == ftp.StatusTransfertAborted:
		e.Class, e.Code = connectors.Transient, CodeFTPConnect
	case code < 500:
		e.Class = connectors.Transient
	case code == ftp.StatusFileUnavailable, code == ftp.StatusBadFileName:
		e.Code, e.Hint = CodePermission, "grant the user create, rename and delete in the folder"
	}
	return e
}
