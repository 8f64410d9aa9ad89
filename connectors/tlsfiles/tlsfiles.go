// Package tlsfiles is the part of a configuration that all encrypted connections have alike: the files of authorities and of
// the client's certificate, how they are loaded, and what it means that they are not there yet.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/inbasket/inbasket/connectors"
)

// Config names the files. A connector's own block tls holds it inline, so that the keys are spelled alike everywhere.
type Config struct {
	CA   string `yaml:"ca" doc:"PEM file with the authorities that the other side's certificate may be signed by; empty: the system's"`
	Cert string `yaml:"cert" doc:"PEM file with the client's certificate"`
	Key  string `yaml:"key" doc:"PEM file with the client's private key"`
}

// Validate does no I/O.
func (c Config) Validate() error {
	if (c.Cert == "") != (c.Key == "") {
		return errors.New("tls.cert and tls.key go together")
	}
	return nil
}

// AbsentError says that a file cannot be read now: a share that is not mounted yet is no reason for the agent not to start,
// and none to go on without encryption.
type AbsentError struct{ Err error }

// Error names the key of the file.
func (e *AbsentError) Error() string { return e.Err.Error() }

// Unwrap returns what reading the file said.
func (e *AbsentError) Unwrap() error { return e.Err }

// Absent looks for the files; nil: all of them can be read. Else it is an AbsentError.
func (c Config) Absent(e connectors.Env) error {
	for _, f := range []struct{ key, path string }{{"tls.ca", c.CA}, {"tls.cert", c.Cert}, {"tls.key", c.Key}} {
		if f.path == "" {
			continue
		}
		r, err := os.Open(e.Path(f.path))
		if err != nil {
			return &AbsentError{fmt.Errorf("%s: %w", f.key, err)}
		}
		_ = r.Close() // nothing was written
	}
	return nil
}

// Load reads the files. Authorities of the file are trusted alone, or beside those of roots. Who watches certificates is
// told by WatchTLS, once the connector has completed the configuration.
func (c Config) Load(e connectors.Env, roots *x509.CertPool) (*tls.Config, error) {
	if err := c.Absent(e); err != nil {
		return nil, err
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(e.Path(c.CA))
		if err != nil {
			return nil, &AbsentError{fmt.Errorf("tls.ca: %w", err)}
		}
		if t.RootCAs = roots; roots == nil {
			t.RootCAs = x509.NewCertPool()
		}
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("tls.ca holds no certificate")
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(e.Path(c.Cert), e.Path(c.Key))
		if err != nil {
			return nil, fmt.Errorf("tls.cert: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// Surroundings lists the files for who looks at their dates.
func (c Config) Surroundings(e connectors.Env) (list []connectors.CertificateFile) {
	if c.CA != "" {
		list = append(list, connectors.CertificateFile{Use: "tls.ca", Path: e.Path(c.CA)})
	}
	if c.Cert != "" {
		list = append(list, connectors.CertificateFile{Use: "tls.cert", Path: e.Path(c.Cert), Key: e.Path(c.Key)})
	}
	return list
}
