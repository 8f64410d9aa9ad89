package ftp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"syscall"
)

// Servers choose their numbers freely within a class: a deletion is answered by 250 or 226, an option by 200 or 202,
// a transfer ends with 226 or 250. So only the class, the first digit, decides (RFC 959, 4.2).
const (
	preliminary  = 1 // begun; another answer follows
	completed    = 2
	intermediate = 3 // the next command is expected
)

// Answers whose number says more than its class.
const (
	replyNeedAccount = 332 // no key of the configuration has one
	replyClosing     = 421 // the server's last word on this connection
	replyNoData      = 425
	replyAborted     = 426
	replyFileBusy    = 450
	replyNoSpace     = 452
	replyNotLoggedIn = 530
	replyUnavailable = 550
	replyOverQuota   = 552
	replyBadName     = 553
)

// Bounds of what a server may say.
const (
	maxReplyLines = 1000
	maxReplyLine  = 16 << 10
)

// reply is one answer of the server.
type reply struct {
	code int
	text string // lines separated by \n
}

func (r reply) class() int { return r.code / 100 }

func (r reply) err() error { return &textproto.Error{Code: r.code, Msg: r.text} }

// send sends one command.
func (c *session) send(command string) error {
	if strings.ContainsAny(command, "\r\n\x00") {
		return errors.New("a command holds a line break")
	}
	_, err := io.WriteString(c.control, command+"\r\n")
	return err
}

// lapse is what the server left out while the connection stood: said where it is known, since "check the address" helps nobody then.
type lapse struct {
	hint string
	err  error
}

func (l *lapse) Error() string { return l.err.Error() }
func (l *lapse) Unwrap() error { return l.err }

// lapsed says of a connection that broke or fell silent what was due on it, and what to do.
func (c *session) lapsed(due, cure string, err error) error {
	var timed net.Error
	did := "ended the connection"
	switch {
	case errors.As(err, &timed) && timed.Timeout():
		did = "said nothing for " + c.timeout.String()
	case !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET):
		return err
	}
	return &lapse{hint: "the server " + did + " where " + due + " was due: " + cure, err: err}
}

// answer reads the answer to a command, by final or receive.
func (c *session) answer(command string, read func() (reply, error)) (reply, error) {
	r, err := read()
	if err != nil {
		verb, _, _ := strings.Cut(command, " ")
		err = c.lapsed("an answer to "+verb, "look at its log, and at firewalls between", err)
	}
	return r, err
}

// receive reads one answer, which may have several lines.
func (c *session) receive() (reply, error) {
	line, err := c.line()
	if err != nil {
		return reply{}, err
	}
	if len(line) < 3 {
		return reply{}, textproto.ProtocolError("an answer without a number")
	}
	code, err := strconv.Atoi(line[:3])
	if err != nil || code < 100 || code > 599 {
		return reply{}, textproto.ProtocolError("an answer without a number")
	}
	r := reply{code: code, text: strings.TrimLeft(line[3:], " -")}
	if len(line) == 3 || line[3] != '-' {
		return r, nil
	}
	last := line[:3]
	for range maxReplyLines {
		if line, err = c.line(); err != nil {
			return reply{}, err
		}
		if line == last || strings.HasPrefix(line, last+" ") {
			r.text += "\n" + strings.TrimPrefix(line[3:], " ")
			return r, nil
		}
		r.text += "\n" + line
	}
	return reply{}, textproto.ProtocolError("an answer without end")
}

func (c *session) line() (string, error) {
	b, err := c.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", textproto.ProtocolError("an endless line")
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// final reads answers up to the one that ends a command.
func (c *session) final() (reply, error) {
	for range maxReplyLines {
		r, err := c.receive()
		if err != nil {
			return r, err
		}
		if r.code == replyClosing {
			return r, r.err()
		}
		if r.class() != preliminary {
			return r, nil
		}
	}
	return reply{}, textproto.ProtocolError("an answer without end")
}

// ask sends a command and returns the answer that ends it, whatever its class.
func (c *session) ask(format string, args ...any) (reply, error) {
	if err := c.send(fmt.Sprintf(format, args...)); err != nil {
		return reply{}, err
	}
	return c.answer(format, c.final)
}

// do sends a command that must be completed.
func (c *session) do(format string, args ...any) error {
	r, err := c.ask(format, args...)
	if err == nil && r.class() != completed {
		err = r.err()
	}
	return err
}

// ChangeDir changes into a folder.
func (c *session) ChangeDir(dir string) error { return c.do("CWD %s", dir) }

// CurrentDir tells the folder as the server names it; a quotation mark in it is doubled.
func (c *session) CurrentDir() (string, error) {
	r, err := c.ask("PWD")
	if err != nil {
		return "", err
	}
	_, rest, quoted := strings.Cut(r.text, `"`)
	if r.class() != completed || !quoted {
		return "", r.err()
	}
	var dir strings.Builder
	for i := 0; i < len(rest); i++ {
		if rest[i] == '"' {
			if i+1 == len(rest) || rest[i+1] != '"' {
				return dir.String(), nil
			}
			i++
		}
		dir.WriteByte(rest[i])
	}
	return "", r.err()
}

// FileSize asks for a size in bytes.
func (c *session) FileSize(name string) (int64, error) {
	r, err := c.ask("SIZE %s", name)
	if err != nil {
		return 0, err
	}
	number, _, _ := strings.Cut(strings.TrimSpace(r.text), " ")
	size, err := strconv.ParseInt(number, 10, 64)
	if r.class() != completed || err != nil || size < 0 {
		return 0, r.err()
	}
	return size, nil
}

// Rename renames. Asked tells whether RNTO was sent: what fails before has changed nothing.
func (c *session) Rename(from, to string) (asked bool, err error) {
	if err := c.renameFrom(from); err != nil {
		return false, err
	}
	return true, c.do("RNTO %s", to)
}

// renameFrom names what is to be renamed, which servers refuse for what is not there.
func (c *session) renameFrom(name string) error {
	r, err := c.ask("RNFR %s", name)
	if err == nil && r.class() != intermediate && r.class() != completed {
		err = r.err()
	}
	return err
}

// Delete deletes a file.
func (c *session) Delete(name string) error { return c.do("DELE %s", name) }

// NoOp asks whether the server is there; that it does not know the question is an answer, too.
func (c *session) NoOp() error {
	_, err := c.ask("NOOP")
	return err
}

// Quit says goodbye and does not wait for an answer.
func (c *session) Quit() error { return c.send("QUIT") }

// Stor sends a file. When the source fails midway, the server's answer is read all the same, so that the connection
// stays in step.
func (c *session) Stor(name string, src io.Reader) error {
	return c.exchange("STOR", "STOR "+name, func(data net.Conn) error {
		n, err := io.Copy(data, src)
		if h, ok := data.(interface{ HandshakeContext(context.Context) error }); ok && n == 0 && err == nil {
			err = h.HandshakeContext(c.ctx) // an empty file writes nothing that would begin the encryption
		}
		return err
	})
}

// Retr reads a file into w.
func (c *session) Retr(name string, w io.Writer) error {
	return c.exchange("RETR", "RETR "+name, func(data net.Conn) error {
		_, err := io.Copy(w, data)
		return err
	})
}

// lines calls each for the lines of a listing.
func (c *session) lines(command string, each func(string)) error {
	return c.exchange("", command, func(data net.Conn) error {
		s := bufio.NewScanner(data)
		s.Buffer(nil, 64<<10)
		for s.Scan() {
			each(strings.TrimRight(s.Text(), "\r"))
		}
		return s.Err()
	})
}

// exchange sends a command, uses its data connection, and reads the answer that ends it. Verb is that of a file's transfer; empty:
// it is a listing, and a server that ends it without having begun it has nothing to list.
func (c *session) exchange(verb, command string, use func(data net.Conn) error) error {
	data, r, err := c.transfer(command)
	if err != nil {
		return err
	}
	if r.class() != preliminary {
		_ = data.Close()
		if verb == "" && r.class() == completed {
			return nil
		}
		return r.err()
	}
	return errors.Join(use(data), data.Close(), c.ended(verb, command))
}

// ended reads the answer after a transfer.
func (c *session) ended(verb, command string) error {
	r, err := c.final()
	switch {
	case err == nil && r.class() == completed:
		return nil
	case err == nil:
		return r.err()
	case verb != "":
		return c.lapsed("the answer that "+verb+" is done (226)", "give it a longer timeout, and keep firewalls from forgetting the control connection during a transfer", err)
	}
	return c.lapsed("the answer that "+command+" is done (226), after the data connection had ended", "have it send that answer; or have it tell sizes by SIZE or MLST, so that no listing is needed", err)
}

// transfer opens a data connection and sends a command that uses it.
func (c *session) transfer(command string) (net.Conn, reply, error) {
	if _, ok := c.features["PRET"]; ok { // servers that are several ask first what is to come
		if _, err := c.ask("PRET %s", command); err != nil {
			return nil, reply{}, err
		}
	}
	port, err := c.passive()
	if err != nil {
		return nil, reply{}, err
	}
	// The address that PASV names is often one behind a firewall: the server's own is the one that answers.
	data, err := c.open(net.JoinHostPort(c.host, strconv.Itoa(port)))
	if err != nil {
		return nil, reply{}, &lapse{fmt.Sprintf("the server answers, and takes no data connection on the port %d that it named: open its passive ports in the firewalls between", port), err}
	}
	if err = c.send(command); err != nil {
		_ = data.Close()
		return nil, reply{}, err
	}
	r, err := c.answer(command, c.receive)
	if err == nil && r.code == replyClosing {
		err = r.err()
	}
	if err != nil {
		_ = data.Close()
		return nil, reply{}, err
	}
	return data, r, nil
}

// passive returns the port of a data connection: by EPSV, or by PASV where the server refuses that once.
func (c *session) passive() (int, error) {
	if !c.oldPassive {
		r, err := c.ask("EPSV")
		if err != nil {
			return 0, err
		}
		if port, ok := extendedPort(r.text); ok && r.class() == completed {
			return port, nil
		}
		c.oldPassive = true
	}
	r, err := c.ask("PASV")
	if err != nil {
		return 0, err
	}
	if port, ok := passivePort(r.text); ok && r.class() == completed {
		return port, nil
	}
	return 0, r.err()
}

// extendedPort reads "Entering Extended Passive Mode (|||6446|)"; the delimiter may be any character.
func extendedPort(text string) (int, bool) {
	_, rest, _ := strings.Cut(text, "(")
	rest, _, ok := strings.Cut(rest, ")")
	if !ok || len(rest) < 5 {
		return 0, false
	}
	parts := strings.Split(rest, rest[:1])
	if len(parts) != 5 {
		return 0, false
	}
	port, err := strconv.Atoi(parts[3])
	return port, err == nil && port > 0 && port < 1<<16
}

// passivePort reads "Entering Passive Mode (h1,h2,h3,h4,p1,p2)", which some servers send without parentheses.
func passivePort(text string) (int, bool) {
	for field := range strings.FieldsSeq(text) {
		parts := strings.Split(strings.Trim(field, "()=.;"), ",")
		if len(parts) != 6 {
			continue
		}
		high, err1 := strconv.ParseUint(parts[4], 10, 8)
		low, err2 := strconv.ParseUint(parts[5], 10, 8)
		if port := int(high<<8 | low); err1 == nil && err2 == nil && port > 0 {
			return port, true
		}
	}
	return 0, false
}
