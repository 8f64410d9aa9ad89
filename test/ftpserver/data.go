package ftpserver

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"
)

func (c *session) openPassive(verb string) {
	c.closePassive()
	host, _, _ := net.SplitHostPort(c.conn.LocalAddr().String())
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		c.reply(425, "no port")
		return
	}
	c.passive = l
	port := l.Addr().(*net.TCPAddr).Port
	if verb == "EPSV" {
		c.reply(229, fmt.Sprintf("port (|||%d|)", port))
		return
	}
	c.reply(227, fmt.Sprintf("port (%s,%d,%d)", strings.ReplaceAll(host, ".", ","), port/256, port%256))
}

func (c *session) closePassive() {
	if c.passive != nil {
		_ = c.passive.Close()
		c.passive = nil
	}
}

// transfer opens the data connection, runs f and answers as f says.
func (c *session) transfer(f func(net.Conn) bool) {
	if c.passive == nil {
		c.reply(425, "PASV first")
		return
	}
	c.say(cmp.Or(c.s.cfg.Habits.Begin, "150 here it comes"))
	_ = c.passive.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	d, err := c.passive.Accept()
	c.closePassive()
	if err != nil || !c.s.track(d) {
		c.reply(425, "no data connection")
		return
	}
	raw := d
	if c.private {
		d = tls.Server(d, c.s.cfg.TLS)
	}
	ok := f(d)
	if c.finished { // cut on purpose
		c.s.untrack(raw)
		return
	}
	_ = d.Close()
	c.s.untrack(raw)
	if !ok {
		c.reply(426, "transfer aborted")
		return
	}
	if c.s.fault(func(f *Faults) bool { return f.NoEnd == c.verb }) {
		return
	}
	c.say(cmp.Or(c.s.cfg.Habits.End, "226 done"))
}
