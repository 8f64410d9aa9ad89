package files

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"github.com/inbasket/inbasket/connectors"
)

// FTPConfig configures a folder behind FTP or FTPS.
type FTPConfig struct {
	Address  string            `yaml:"address" doc:"host:port of the server; the port is 21 if missing"`
	User     string            `yaml:"user" doc:"user name"`
	Password connectors.Secret `yaml:"password" doc:"password, by reference"`
	Dir      string            `yaml:"dir" doc:"folder on the server; empty for the login folder"`
	TLS      FTPTLSConfig      `yaml:"tls" doc:"encryption"`
	Temp     string            `yaml:"temp" doc:"temporary name in the same folder; {name} is the final name, {key} 8 letters and digits that no other delivery has"`
	Proof    string            `yaml:"proof" doc:"a file that must lie in the folder, so that a wrong folder is noticed"`
	Verify   string            `yaml:"verify" doc:"size: compare sizes; read-back: read the file again and compare its digest"`
	Encoding string            `yaml:"encoding" doc:"how the server reads file names: utf-8, iso-8859-1 or windows-1252"`
	Timeout  time.Duration     `yaml:"timeout" doc:"for connecting and for each read and write"`
}

// FTPTLSConfig configures the encryption of control and data connections.
type FTPTLSConfig struct {
	Mode       string `yaml:"mode" doc:"explicit (AUTH TLS) or none"`
	CA         string `yaml:"ca" doc:"PEM file of the authority that signed the server's certificate; empty for the system's"`
	ServerName string `yaml:"server-name" doc:"name in the server's certificate, when it is not the address"`
}

// FTPDefaults returns the defaults of an FTP target. Encryption must be chosen away, not chosen.
func FTPDefaults() FTPConfig {
	return FTPConfig{TLS: FTPTLSConfig{Mode: "explicit"}, Temp: DefaultTemp, Verify: "size", Encoding: "utf-8", Timeout: 30 * time.Second}
}

// Validate checks the configuration without any I/O.
func (c *FTPConfig) Validate() error {
	var errs []error
	if c.Address == "" || strings.ContainsAny(c.Address, " /@\r\n\x00") {
		errs = append(errs, fmt.Errorf("address %q is not host:port", c.Address))
	}
	for what, s := range map[string]string{"user": c.User, "dir": c.Dir, "password": string(c.Password)} {
		if strings.ContainsAny(s, "\r\n\x00") {
			errs = append(errs, fmt.Errorf("%s holds a line break", what))
		}
	}
	if c.User == "" {
		errs = append(errs, errors.New("user is missing"))
	}
	if c.TLS.Mode != "explicit" && c.TLS.Mode != "none" {
		errs = append(errs, fmt.Errorf("tls.mode %q is neither explicit nor none", c.TLS.Mode))
	}
	if c.Verify != "size" && c.Verify != "read-back" {
		errs = append(errs, fmt.Errorf("verify %q is neither size nor read-back", c.Verify))
	}
	if _, err := nameEncoding(c.Encoding); err != nil {
		errs = append(errs, err)
	}
	if c.Timeout <= 0 {
		errs = append(errs, errors.New("timeout must be positive"))
	}
	errs = append(errs, validTemp(c.Temp, c.Proof))
	return errors.Join(errs...)
}

func (c *FTPConfig) address() string {
	if _, _, err := net.SplitHostPort(c.Address); err == nil {
		return c.Address
	}
	return net.JoinHostPort(strings.Trim(c.Address, "[]"), "21")
}

// tlsConfig returns a configuration for one control connection. vsftpd and ProFTPD demand that data
// connections resume the session of their control connection: hence a name and a cache of its own for each.
func (c *FTPConfig) tlsConfig(env connectors.Env) (*tls.Config, error) {
	if c.TLS.Mode == "none" {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.TLS.ServerName, ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	if t.ServerName == "" {
		t.ServerName, _, _ = net.SplitHostPort(c.address())
	}
	if c.TLS.CA == "" {
		env.WatchTLS(t)
		return t, nil
	}
	pem, err := os.ReadFile(env.Path(c.TLS.CA))
	if err != nil {
		return nil, err
	}
	t.RootCAs = x509.NewCertPool()
	if !t.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("tls.ca holds no certificate")
	}
	env.WatchTLS(t)
	return t, nil
}

func (c *FTPConfig) isUTF8() bool {
	enc, err := nameEncoding(c.Encoding)
	return err == nil && enc == nil
}

// nameEncoding returns nil for UTF-8, in which names are sent as they are.
func nameEncoding(name string) (encoding.Encoding, error) {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8":
		return nil, nil
	case "iso-8859-1", "latin1":
		return charmap.ISO8859_1, nil
	case "windows-1252":
		return charmap.Windows1252, nil
	}
	return nil, fmt.Errorf("encoding %q is not utf-8, iso-8859-1 or windows-1252", name)
}
