package files

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net/textproto"
	"strings"
	"sync"
	"time"

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
	temps := newTempNames(cfg.Temp)
	if cfg.Temp == DefaultTemp { // elsewhere the server may not even have such names
		temps = newTempNames(cfg.Temp, oldTemp)
	}
	return &Drop{
		place: p, temps: temps, proof: cfg.Proof, workers: 1,
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
	return e.Code != ftpClosing && e.Code != ftpNoData && e.Code != ftpAborted
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

// Stat asks for the size, in every way that the server may know (ftpstat.go).
func (p *ftpPlace) Stat(ctx context.Context, name string) (int64, error) {
	w, err := p.wire(name)
	if err != nil {
		return 0, err
	}
	var size int64
	err = p.with(ctx, func(c *ftpConn) error {
		size, err = c.stat(w)
		return err
	})
	return size, err
}

// Digest reads a file back.
func (p *ftpPlace) Digest(ctx context.Context, name string) (sum connectors.Digest, err error) {
	w, err := p.wire(name)
	if err != nil {
		return sum, err
	}
	err = p.with(ctx, func(c *ftpConn) error {
		sum, err = c.digest(w)
		return err
	})
	return sum, err
}

func (c *ftpConn) digest(w string) (connectors.Digest, error) {
	h := sha256.New()
	if err := c.Retr(w, h); err != nil {
		if answered(err) && replyCode(err) >= 500 {
			return connectors.Digest{}, &connectors.Error{Class: connectors.Uncertain, Code: CodeUnclear, Op: "read a file back",
				Hint: "the server does not let the user read the file", Err: err}
		}
		return connectors.Digest{}, asTransfer(ftpFault("read a file back", err))
	}
	return connectors.Digest(h.Sum(nil)), nil
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
		if c.home != "" { // a session stays in its folder, also when another one has taken that one's name
			if err := c.proveFolder(); err != nil {
				return err
			}
		}
		if err := c.Stor(w, src); err != nil {
			if src.err != nil {
				return contentError(src.err)
			}
			return asTransfer(ftpFault("send a file", err))
		}
		return p.arrived(c, w, b)
	})
}

// arrived compares what lies there with what was sent: by its size, or by its bytes where that was asked for or the
// server tells no size.
func (p *ftpPlace) arrived(c *ftpConn, w string, b connectors.Blob) error {
	size, err := c.stat(w)
	if err != nil {
		return asClass(err, connectors.Transient)
	}
	if size != unknownSize && size != b.Size {
		return &connectors.Error{Class: connectors.Transient, Code: CodeFTPTruncated, Op: "compare the size of what was sent"}
	}
	if size != unknownSize && p.cfg.Verify != "read-back" {
		return nil
	}
	want, err := blobDigest(b)
	if err != nil {
		return err
	}
	got, err := c.digest(w)
	if connectors.ClassOf(err) == connectors.Uncertain && err != nil {
		return &connectors.Error{Class: connectors.TargetError, Code: CodeFTPRefused, Op: "read back what was sent",
			Hint: "the server must tell sizes (SIZE, MLST or LIST), or let the user read the file", Err: err}
	}
	if err == nil && got != want {
		err = &connectors.Error{Class: connectors.Transient, Code: CodeFTPTruncated, Op: "compare what was sent with what lies there"}
	}
	return err
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
		if _, err := c.stat(t); err == nil {
			return &connectors.Error{Class: connectors.ItemError, Code: CodeNameTaken, Op: "rename to the final name", Err: fs.ErrExist}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		want, err := c.stat(f)
		if err != nil {
			return err
		}
		if asked, err := c.Rename(f, t); err != nil {
			if !asked || answered(err) {
				return ftpFault("rename to the final name", err)
			}
			return &connectors.Error{Class: connectors.Uncertain, Code: CodeUnclear, Op: "rename to the final name", Err: err}
		}
		size, err := c.stat(t)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (size == want || size == unknownSize || want == unknownSize) {
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
		err := c.Delete(w)
		if err == nil {
			return nil
		}
		if answered(err) {
			if _, e := c.stat(w); errors.Is(e, fs.ErrNotExist) {
				return nil
			}
		}
		return ftpFault("remove the temporary file", err)
	})
}

// Sync does nothing: FTP has no word for it.
func (p *ftpPlace) Sync(context.Context) error { return nil }

// check logs in, changes into the folder and opens a data connection by listing it.
func (p *ftpPlace) check(ctx context.Context) error {
	return p.with(ctx, func(c *ftpConn) error {
		if err := c.proveFolder(); err != nil {
			return err
		}
		if _, err := c.names(); err != nil && (!answered(err) || c.home == "") { // not every user may list
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

// loginFault tells a refusal from a broken connection.
func loginFault(err error) error {
	if replyCode(err) == ftpClosing || replyCode(err) == 0 {
		return ftpFault("log in", err)
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeFTPLogin, Op: "log in", Hint: "check user and password, and whether the server demands TLS", Err: err}
}

func dirFault(err error) error {
	if replyCode(err) == 0 || replyCode(err) == ftpClosing {
		return ftpFault("change into the folder", err)
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeFolder, Op: "change into the folder", Hint: "create the folder on the server, or correct dir", Err: err}
}

// asTransfer names a broken connection in the middle of a file.
func asTransfer(e *connectors.Error) *connectors.Error {
	if e.Code == CodeFTPConnect || e.Code == CodeFTPSilent {
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
	var left *lapse
	switch code := replyCode(err); {
	case errors.As(err, &record), errors.As(err, &verify), errors.As(err, &unknown):
		e.Code, e.Hint = CodeFTPTLS, "check tls.ca, tls.server-name and the server's certificate"
	case code == 0 && errors.As(err, &left):
		e.Class, e.Code, e.Hint = connectors.Transient, CodeFTPSilent, left.hint
	case code == 0:
		e.Class, e.Code, e.Hint = connectors.Transient, CodeFTPConnect, "check address, firewall and service"
	case code == ftpNotLoggedIn:
		e.Code, e.Hint = CodeFTPLogin, "check user and password, and whether the server demands TLS"
	case code == ftpNoSpace, code == ftpOverQuota:
		e.Code, e.Hint = CodeDiskFull, "make room on the server"
	case code == ftpClosing, code == ftpNoData, code == ftpAborted:
		e.Class, e.Code = connectors.Transient, CodeFTPConnect
	case code < 500:
		e.Class = connectors.Transient
	case code == ftpUnavailable, code == ftpBadName:
		e.Code, e.Hint = CodePermission, "grant the user create, rename and delete in the folder"
	}
	return e
}
