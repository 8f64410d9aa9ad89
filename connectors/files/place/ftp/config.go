package ftp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/tlsfiles"
)

// Config configures a folder behind FTP or FTPS.
type Config struct {
	Address  string            `yaml:"address" doc:"host:port of the server; the port is 21 if missing"`
	User     string            `yaml:"user" doc:"user name"`
	Password connectors.Secret `yaml:"password" doc:"password, by reference"`
	Dir      string            `yaml:"dir" doc:"folder on the server; empty for the login folder"`
	TLS      TLSConfig         `yaml:"tls" doc:"encryption"`
	Encoding string            `yaml:"encoding" doc:"how the server reads file names: utf-8, iso-8859-1 or windows-1252"`
	Timeout  time.Duration     `yaml:"timeout" doc:"for connecting and for each read and write"`
}

// TLSConfig configures the encryption of control and data connections.
type TLSConfig struct {
	Mode            string `yaml:"mode" doc:"explicit (AUTH TLS) or none"`
	tlsfiles.Config `yaml:",inline"`
	ServerName      string `yaml:"server-name" doc:"name in the server's certificate, when it is not the address"`
}

// Defaults returns the defaults of a connection. Encryption must be chosen away, not chosen.
func Defaults() Config {
	return Config{TLS: TLSConfig{Mode: "explicit"}, Encoding: "utf-8", Timeout: 30 * time.Second}
}

// Validate checks the configuration without any I/O.
func (c *Config) Validate() error {
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
	if err := c.TLS.Validate(); err != nil {
		errs = append(errs, err)
	}
	if _, err := place.NameEncoding(c.Encoding); err != nil {
		errs = append(errs, err)
	}
	if c.Timeout <= 0 {
		errs = append(errs, errors.New("timeout must be positive"))
	}
	return errors.Join(errs...)
}

// Server is host and port.
func (c *Config) Server() string {
	if _, _, err := net.SplitHostPort(c.Address); err == nil {
		return c.Address
	}
	return net.JoinHostPort(strings.Trim(c.Address, "[]"), "21")
}

// Shown is where the place lies.
func (c *Config) Shown() (server, dir string) { return "ftp://" + c.Server(), c.Dir }

// Open returns the place; it connects when first used.
func (c *Config) Open(env connectors.Env, readBack bool) place.Place { return New(env, *c, readBack) }

// Folder names a folder of the place among those of all servers and accounts. Two accounts of one server may see one folder
// under two names, or two under one: that is not known.
func (c *Config) Folder(folder string) string {
	if !path.IsAbs(folder) {
		folder = path.Join(c.Dir, folder)
	}
	return "ftp://" + c.User + "@" + strings.ToLower(c.Server()) + "/" + path.Clean(folder)
}

// tlsConfig returns a configuration for one control connection. vsftpd and ProFTPD demand that data
// connections resume the session of their control connection: hence a name and a cache of its own for each.
func (c *Config) tlsConfig(env connectors.Env) (*tls.Config, error) {
	if c.TLS.Mode == "none" {
		return nil, nil
	}
	t, err := c.TLS.Load(env, nil)
	if err != nil {
		return nil, err
	}
	t.ServerName, t.ClientSessionCache = c.TLS.ServerName, tls.NewLRUClientSessionCache(8)
	if t.ServerName == "" {
		t.ServerName, _, _ = net.SplitHostPort(c.Server())
	}
	env.WatchTLS(t)
	return t, nil
}

func (c *Config) isUTF8() bool {
	enc, err := place.NameEncoding(c.Encoding)
	return err == nil && enc == nil
}
