package servers

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// StartVSFTPD starts a private vsftpd. Its user is vsftpd's anonymous user with a password list, so that
// neither PAM nor accounts of the machine are touched.
func StartVSFTPD(o FTPOptions) (*FTP, error) {
	vsftpd, err := program([]string{"/usr/sbin"}, "vsftpd")
	if err != nil {
		return nil, err
	}
	dir, err := privateDir("vsftpd")
	if err != nil {
		return nil, err
	}
	f, err := startVSFTPD(o, vsftpd, dir)
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("vsftpd: %w", err)
	}
	return f, nil
}

func startVSFTPD(o FTPOptions, vsftpd, dir string) (*FTP, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	f := &FTP{
		Addr: fmt.Sprintf("127.0.0.1:%d", port), User: "ftp", Password: "test-only",
		Dir: "/IN", Root: filepath.Join(dir, "root", "IN"), dir: dir,
	}
	account, err := f.root()
	if err != nil {
		return nil, err
	}
	list := filepath.Join(dir, "passwords")
	if err := os.WriteFile(list, []byte(f.Password+"\n"), 0o600); err != nil {
		return nil, err
	}
	lines := []string{
		"listen=YES", "listen_ipv6=NO", "background=NO", "listen_address=127.0.0.1", fmt.Sprintf("listen_port=%d", port),
		"local_enable=NO", "anonymous_enable=YES", "ftp_username=" + account, "nopriv_user=nobody",
		"secure_email_list_enable=YES", "email_password_file=" + list,
		"anon_root=" + filepath.Dir(f.Root), "anon_world_readable_only=NO", "anon_umask=022",
		"write_enable=YES", "anon_upload_enable=YES", "anon_mkdir_write_enable=YES", "anon_other_write_enable=YES",
		// The sandboxes of 3.0.3 kill sessions on newer kernels and in containers.
		"seccomp_sandbox=NO", "isolate=NO", "isolate_network=NO",
		"pasv_enable=YES", "port_enable=NO", "xferlog_enable=YES", "vsftpd_log_file=" + filepath.Join(dir, "vsftpd.log"),
	}
	if os.Getuid() != 0 {
		lines = append(lines, "run_as_launching_user=YES")
	}
	if o.TLS {
		tls, err := f.tls()
		if err != nil {
			return nil, err
		}
		lines = append(lines, tls...)
	}
	conf := filepath.Join(dir, "vsftpd.conf")
	if err := os.WriteFile(conf, []byte(strings.Join(append(lines, o.Settings...), "\n")+"\n"), 0o600); err != nil {
		return nil, err
	}
	f.proc = &process{argv: []string{vsftpd, conf}, dir: dir, die: syscall.SIGKILL}
	if err := f.Start(); err != nil {
		f.Kill()
		return nil, err
	}
	return f, nil
}

// root makes the folder that clients see and returns the name of the account that owns it.
func (f *FTP) root() (string, error) {
	if err := os.MkdirAll(f.Root, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"ftp", "nobody"} {
		cred, err := credential(name)
		if err == nil {
			return name, give(f.Root, cred)
		}
	}
	return "", fmt.Errorf("user nobody: %w", ErrMissing)
}

// tls writes CA, certificate and key and returns the settings.
func (f *FTP) tls() ([]string, error) {
	ca, cert, key, err := certificates()
	if err != nil {
		return nil, err
	}
	f.CAFile = filepath.Join(f.dir, "ca.pem")
	certFile, keyFile := filepath.Join(f.dir, "cert.pem"), filepath.Join(f.dir, "key.pem")
	for name, b := range map[string][]byte{f.CAFile: ca, certFile: cert, keyFile: key} {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			return nil, err
		}
	}
	return []string{
		"ssl_enable=YES", "allow_anon_ssl=YES", "force_anon_logins_ssl=YES", "force_anon_data_ssl=YES",
		"ssl_tlsv1=YES", "ssl_sslv2=NO", "ssl_sslv3=NO", "ssl_ciphers=HIGH", "require_ssl_reuse=YES",
		"rsa_cert_file=" + certFile, "rsa_private_key_file=" + keyFile,
	}, nil
}

func (f *FTP) greets() error {
	c, err := net.DialTimeout("tcp", f.Addr, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "220") {
		err = fmt.Errorf("greeting %q", line)
	}
	return err
}
