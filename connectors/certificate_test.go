package connectors

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"
)

// selfSigned returns a certificate for localhost that ends at a time.
func selfSigned(t *testing.T, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestWatchTLS(t *testing.T) {
	day := time.Now().Truncate(time.Second).UTC()
	server, client := selfSigned(t, day.Add(24*time.Hour)), selfSigned(t, day.Add(36*time.Hour))
	roots := x509.NewCertPool()
	roots.AddCert(server.Leaf)
	refused := errors.New("refused by who was there first")
	for name, verdict := range map[string]error{"accepted": nil, "refused": refused} {
		told := map[string]time.Time{}
		conf := &tls.Config{ServerName: "localhost", RootCAs: roots, Certificates: []tls.Certificate{client}, MinVersion: tls.VersionTLS12,
			VerifyConnection: func(tls.ConnectionState) error { return verdict }}
		Env{Certificate: func(c Certificate) { told[c.Whose] = c.Until }}.WatchTLS(conf)
		if !told[WhoseAgent].Equal(client.Leaf.NotAfter) {
			t.Errorf("%s: %v before the first handshake", name, told)
		}
		ours, theirs := net.Pipe()
		go func() {
			s := tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{server}, MinVersion: tls.VersionTLS12})
			_ = s.Handshake()
			_ = s.Close()
		}()
		if err := tls.Client(ours, conf).Handshake(); !errors.Is(err, verdict) {
			t.Errorf("%s: %v", name, err)
		}
		ours.Close()
		if !told[WhosePeer].Equal(server.Leaf.NotAfter) {
			t.Errorf("%s: %v after the handshake", name, told)
		}
	}
	Env{}.WatchTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	Env{Certificate: func(Certificate) { t.Error("told without a configuration") }}.WatchTLS(nil)
}
