package ftpserver

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// session is one control connection.
type session struct {
	s        *Server
	conn     net.Conn
	r        *bufio.Reader
	dir      string
	home     string // the folder that Habits.Home names
	user     string
	in       bool
	secure   bool
	private  bool // PROT P
	from     string
	passive  net.Listener
	finished bool
	verb     string // of the command under way
}

func (c *session) reply(code int, text string) {
	if own, ok := c.s.cfg.Habits.Answers[c.verb]; ok && code < 400 {
		c.say(own)
		return
	}
	c.say(fmt.Sprintf("%d %s", code, text))
}

func (c *session) serve() {
	c.r = bufio.NewReader(c.conn)
	defer c.closePassive()
	if g := c.s.cfg.Habits.Greeting; g != "" {
		c.say(g)
	} else {
		c.reply(220, "ready")
	}
	for !c.finished {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		c.s.note(line)
		if c.s.fault(func(f *Faults) bool { return f.Silent }) {
			continue
		}
		verb, arg, _ := strings.Cut(line, " ")
		c.verb = strings.ToUpper(verb)
		if no, refused := c.s.cfg.Habits.Refusals[c.verb]; refused {
			c.say(no)
			continue
		}
		c.command(c.verb, arg)
	}
}

func (c *session) command(verb, arg string) {
	switch verb {
	case "QUIT":
		c.reply(221, "bye")
		c.finished = true
	case "NOOP":
		c.reply(200, "ok")
	case "FEAT":
		c.features()
	case "OPTS", "PBSZ", "TYPE", "MODE", "STRU":
		c.reply(200, "ok")
	case "PROT":
		c.private = arg == "P"
		c.reply(200, "ok")
	case "AUTH":
		c.auth()
	case "USER":
		c.user = arg
		if own := c.s.cfg.Habits.Answers["USER"]; strings.HasPrefix(own, "2") && arg == c.s.cfg.User {
			c.in = true // needs no password
		}
		c.reply(331, "password")
	case "PASS":
		c.login(arg)
	default:
		if !c.in {
			c.reply(530, "log in first")
			return
		}
		c.fileCommand(verb, arg)
	}
}

func (c *session) features() {
	lines := []string{"211-features", " UTF8", " EPSV"}
	if !c.s.fault(func(f *Faults) bool { return f.NoSize }) {
		lines = append(lines, " SIZE")
	}
	for _, more := range c.s.cfg.Habits.Features {
		lines = append(lines, " "+more)
	}
	if c.s.cfg.TLS != nil {
		lines = append(lines, " AUTH TLS", " PBSZ", " PROT")
	}
	_, _ = io.WriteString(c.conn, strings.Join(lines, "\r\n")+"\r\n211 end\r\n")
}

func (c *session) auth() {
	if c.s.cfg.TLS == nil {
		c.reply(502, "no TLS here")
		return
	}
	c.reply(234, "go on")
	c.conn = tls.Server(c.conn, c.s.cfg.TLS)
	c.r = bufio.NewReader(c.conn)
	c.secure = true
}

func (c *session) login(password string) {
	refused := c.s.fault(func(f *Faults) bool { return f.RefuseLogin })
	if c.s.cfg.TLS != nil && !c.secure || refused || c.user != c.s.cfg.User || password != c.s.cfg.Password {
		c.reply(530, "login incorrect")
		return
	}
	c.in = true
	c.reply(230, "welcome")
}

func (c *session) fileCommand(verb, arg string) {
	switch verb {
	case "PWD":
		c.home = c.dir
		if h := c.s.cfg.Habits.Home; h != "" {
			c.reply(257, `"`+strings.ReplaceAll(h, `"`, `""`)+`" is the working directory`)
			return
		}
		c.reply(257, `"`+c.dir+`"`)
	case "CWD":
		c.changeDir(arg)
	case "PASV", "EPSV":
		c.openPassive(verb)
	case "SIZE":
		c.size(arg)
	case "STOR":
		c.store(arg)
	case "RETR":
		c.retrieve(arg)
	case "LIST", "NLST", "MLSD":
		c.list(verb, arg)
	case "MLST":
		_, p := c.s.local(c.dir, arg)
		fi, err := os.Lstat(p)
		if err != nil {
			c.reply(550, "no such file")
			return
		}
		c.say("250-facts\r\n " + factLine(fi) + "\r\n250 end")
	case "MKD":
		if _, p := c.s.local(c.dir, arg); os.Mkdir(p, 0o770) != nil {
			c.reply(550, "not made")
			return
		}
		c.reply(257, "made")
	case "DELE":
		c.remove(arg)
	case "RNFR":
		c.from = arg
		if _, p := c.s.local(c.dir, arg); !isFile(p) && !c.s.cfg.Habits.RNFRAny {
			c.reply(550, "no such file")
			return
		}
		c.reply(350, "to what")
	case "RNTO":
		c.rename(arg)
	default:
		c.reply(502, "not known")
	}
}

func isFile(p string) bool {
	fi, err := os.Lstat(p)
	return err == nil && fi.Mode().IsRegular()
}

func (c *session) changeDir(arg string) {
	if h := c.s.cfg.Habits.Home; h != "" && arg == h {
		arg = c.home
	}
	dir, p := c.s.local(c.dir, arg)
	refused := c.dir != c.home && dir == c.home && c.s.fault(func(f *Faults) bool { f.RefuseReturn--; return f.RefuseReturn >= 0 })
	if fi, err := os.Stat(p); refused || err != nil || !fi.IsDir() {
		c.reply(550, "no such folder")
		return
	}
	c.dir = dir
	c.reply(250, "ok")
}

func (c *session) size(arg string) {
	if c.s.fault(func(f *Faults) bool { return f.NoSize }) {
		c.reply(502, "not known")
		return
	}
	_, p := c.s.local(c.dir, arg)
	fi, err := os.Lstat(p)
	if err != nil || !fi.Mode().IsRegular() {
		c.reply(550, "no such file")
		return
	}
	c.reply(213, fmt.Sprint(fi.Size()))
}

func (c *session) remove(arg string) {
	_, p := c.s.local(c.dir, arg)
	if err := os.Remove(p); err != nil {
		c.reply(550, "not removed")
		return
	}
	c.reply(250, "gone")
}

func (c *session) rename(arg string) {
	_, from := c.s.local(c.dir, c.from)
	_, to := c.s.local(c.dir, arg)
	if c.s.fault(func(f *Faults) bool { f.CutBeforeRename--; return f.CutBeforeRename >= 0 }) {
		c.finished = true
		return
	}
	if c.s.fault(func(f *Faults) bool { return f.RefuseRename != "" && strings.HasSuffix(arg, f.RefuseRename) }) {
		c.reply(550, "not renamed")
		return
	}
	if c.s.fault(func(f *Faults) bool { return f.LieRename }) {
		c.reply(250, "renamed")
		return
	}
	if isFile(to) && c.s.fault(func(f *Faults) bool { return f.RefuseOverwrite }) {
		c.reply(550, "file exists")
		return
	}
	if err := os.Rename(from, to); err != nil {
		c.reply(550, "not renamed")
		return
	}
	if c.s.fault(func(f *Faults) bool { return f.TakeAfterRename }) {
		_ = os.Remove(to)
	}
	if c.s.fault(func(f *Faults) bool { f.LoseRename--; return f.LoseRename >= 0 }) {
		c.finished = true
		return
	}
	c.reply(250, "renamed")
}

func (c *session) list(verb, arg string) {
	h := c.s.cfg.Habits
	folder := strings.TrimPrefix(arg, "-a")
	_, p := c.s.local(c.dir, strings.TrimPrefix(folder, " "))
	entries, err := os.ReadDir(p)
	if err != nil {
		c.reply(550, "not listed")
		return
	}
	var lines []string
	for _, e := range entries {
		fi, err := e.Info()
		if err != nil || h.Hides && strings.HasPrefix(e.Name(), ".") || verb == "NLST" && fi.IsDir() {
			continue
		}
		switch verb {
		case "LIST":
			lines = append(lines, h.listLine(fi))
		case "MLSD":
			lines = append(lines, factLine(fi))
		default:
			lines = append(lines, fi.Name())
		}
	}
	if verb == "LIST" && h.Listing == "mvs" {
		if arg == "-a" {
			lines = nil // taken for a name
		} else if len(lines) > 0 {
			lines = append([]string{"Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname"}, lines...)
		}
	}
	if len(lines) == 0 && h.Empty != "" {
		c.closePassive()
		c.say(h.Empty)
		return
	}
	c.transfer(func(d net.Conn) bool {
		for _, line := range lines {
			if _, err := io.WriteString(d, line+"\r\n"); err != nil {
				return false
			}
		}
		return true
	})
}

func (c *session) retrieve(arg string) {
	_, p := c.s.local(c.dir, arg)
	f, err := os.Open(p)
	if err != nil {
		c.reply(550, "no such file")
		return
	}
	defer func() { _ = f.Close() }()
	c.transfer(func(d net.Conn) bool {
		_, err := io.Copy(d, f)
		return err == nil
	})
}

func (c *session) store(arg string) {
	var cut, truncate int64
	full := c.s.fault(func(f *Faults) bool {
		cut, truncate = f.CutStore, f.TruncateStore
		f.CutStore, f.TruncateStore = 0, 0
		return f.FullStore
	})
	if full {
		c.closePassive()
		c.reply(452, "disk full")
		return
	}
	_, p := c.s.local(c.dir, arg)
	f, err := os.Create(filepath.Clean(p))
	if err != nil {
		c.closePassive()
		c.reply(553, "not created")
		return
	}
	c.transfer(func(d net.Conn) bool {
		defer func() { _ = f.Close() }()
		switch {
		case cut > 0:
			_, _ = io.CopyN(f, d, cut)
			c.finished = true
			return false
		case truncate > 0:
			_, _ = io.CopyN(f, d, truncate)
			_, err = io.Copy(io.Discard, d)
		default:
			_, err = io.Copy(f, d)
		}
		if err == nil && c.s.fault(func(f *Faults) bool { return f.CorruptStore }) {
			_, err = f.WriteAt([]byte{'?'}, 0)
		}
		return err == nil
	})
}
