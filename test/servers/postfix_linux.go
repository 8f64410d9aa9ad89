package servers

import (
	"fmt"
	"io/fs"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// StartPostfix starts a private Postfix that delivers into mailboxes of its own folder and sends nothing further. It needs root.
func StartPostfix() (*Mail, error) {
	master, err := program([]string{"/usr/lib/postfix/sbin"}, "master")
	if err != nil {
		return nil, err
	}
	if os.Getuid() != 0 {
		return nil, fmt.Errorf("postfix needs root: %w", ErrMissing)
	}
	dir, err := privateDir("postfix")
	if err != nil {
		return nil, err
	}
	m, err := startPostfix(master, dir)
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("postfix: %w", err)
	}
	return m, nil
}

func startPostfix(master, dir string) (*Mail, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	m := &Mail{Addr: fmt.Sprintf("127.0.0.1:%d", port), To: "clerk@agency.example.test", CAFile: filepath.Join(dir, "ca.pem"), dir: dir}
	owner, err := credential("postfix")
	if err != nil {
		return nil, err
	}
	boxes, err := credential("nobody")
	if err != nil {
		return nil, err
	}
	for name, c := range map[string]*syscall.Credential{"etc": nil, "spool": nil, "data": owner, "mail": boxes} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return nil, err
		}
		if err := give(filepath.Join(dir, name), c); err != nil {
			return nil, err
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	ca, cert, key, err := certificates()
	if err != nil {
		return nil, err
	}
	main := strings.NewReplacer("DIR", dir, "UID", fmt.Sprint(boxes.Uid), "GID", fmt.Sprint(boxes.Gid)).Replace(postfixMain)
	for name, b := range map[string]string{"ca.pem": string(ca), "etc/cert.pem": string(key) + string(cert), "etc/main.cf": main,
		"etc/master.cf": fmt.Sprintf("%d inet n - n - - smtpd\n", port) + postfixMaster} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b), 0o644); err != nil {
			return nil, err
		}
	}
	if err := run(nil, dir, "/usr/sbin/postfix", "-c", filepath.Join(dir, "etc"), "check"); err != nil {
		return nil, err
	}
	m.proc = &process{argv: []string{master, "-c", filepath.Join(dir, "etc"), "-d"}, dir: dir, die: syscall.SIGTERM}
	if err := m.proc.start(); err != nil {
		return nil, err
	}
	if err := until(m.proc, m.greets); err != nil {
		m.proc.kill()
		return nil, err
	}
	return m, nil
}

func (m *Mail) greets() error {
	c, err := net.DialTimeout("tcp", m.Addr, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, _, err = textproto.NewConn(c).ReadResponse(220)
	return err
}

// Close ends it and removes its folder with all mail.
func (m *Mail) Close() {
	m.proc.kill()
	os.RemoveAll(m.dir)
}

// Received returns the mails in the mailboxes, once nothing is under way any more.
func (m *Mail) Received() ([]string, error) {
	deadline := time.Now().Add(time.Minute)
	for m.queued() > 0 {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("mail is still queued after a minute: %s", m.proc.tail())
		}
		time.Sleep(20 * time.Millisecond)
	}
	names, err := filepath.Glob(filepath.Join(m.dir, "mail", "*", "new", "*"))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, string(b))
	}
	return all, nil
}

func (m *Mail) queued() (n int) {
	for _, q := range []string{"maildrop", "incoming", "active", "deferred"} {
		_ = filepath.WalkDir(filepath.Join(m.dir, "spool", q), func(_ string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				n++
			}
			return nil
		})
	}
	return n
}

const postfixMain = `compatibility_level = 3.6
queue_directory = DIR/spool
data_directory = DIR/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
default_transport = error:nothing leaves this machine
virtual_mailbox_domains = agency.example.test
virtual_mailbox_base = DIR/mail
virtual_mailbox_maps = inline:{clerk@agency.example.test=clerk/, registry@agency.example.test=registry/}
virtual_uid_maps = static:UID
virtual_gid_maps = static:GID
virtual_minimum_uid = 1
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_chain_files = DIR/etc/cert.pem
message_size_limit = 5242880
maillog_file = DIR/log
maillog_file_prefixes = DIR
alias_maps =
`

const postfixMaster = `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`
