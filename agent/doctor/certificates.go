package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Days before the end of a certificate.
const (
	renewSoon = 30 * 24 * time.Hour
	renewNow  = 7 * 24 * time.Hour
)

// peerLimit is how long one server may take to show its certificate.
const peerLimit = 15 * time.Second

// certificates looks at the agent's own certificate, at those that connectors read, and at those that
// servers show.
func certificates(ctx context.Context, x *exam, n *notes) {
	if x.cfg == nil {
		return
	}
	if l := x.cfg.Listen; l != nil && l.TLS != nil {
		x.ownCertificate(l.TLS.Cert, l.TLS.Key, n)
	}
	type peer struct {
		name string
		of   connectors.Peer
		cas  []string
	}
	var peers []peer
	x.surroundings(func(_ connectors.Role, name string, s connectors.Surroundings) {
		var cas []string
		for _, c := range s.Certificates {
			if c.Key == "" {
				cas = append(cas, c.Path)
				x.authorities(name+" "+c.Use, c.Path, n)
				continue
			}
			x.pair(name+" "+c.Use, c.Path, c.Key, n)
		}
		for _, p := range s.Peers {
			peers = append(peers, peer{name, p, cas})
		}
	})
	each(n, peers, func(p peer, n *notes) { x.peer(ctx, p.name, p.of, n) })
	if n.empty() {
		n.ok("", "the configuration uses none")
	}
}

// ownCertificate looks at what front offices are shown.
func (x *exam) ownCertificate(cert, key string, n *notes) {
	chain, ok := x.pair("listen", cert, key, n)
	if !ok || len(chain) == 0 {
		return
	}
	leaf := chain[0]
	if len(leaf.DNSNames)+len(leaf.IPAddresses) == 0 {
		n.warn("listen", CodeCertName, "the certificate names no host (subjectAltName), and clients refuse it", "get one that names this machine as front offices call it")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: x.Roots, Intermediates: between, CurrentTime: x.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) && !selfSigned(leaf) && len(chain) == 1 {
		n.warn("listen", CodeCertChain, "the file holds the certificate alone, and this machine does not know who signed it",
			"add the intermediate certificates to the file; with an authority of your own, front offices must trust it")
	}
}

func selfSigned(c *x509.Certificate) bool { return c.CheckSignatureFrom(c) == nil }

// pair looks at a certificate with its private key.
func (x *exam) pair(subject, cert, key string, n *notes) (chain []*x509.Certificate, ok bool) {
	chain, err := readChain(cert)
	if err != nil {
		n.fail(subject, CodeCertUnreadable, cert+": "+why(err), "correct its path, or let the agent's account read it")
		return nil, false
	}
	if _, err := os.ReadFile(key); err != nil {
		n.fail(subject, CodeCertUnreadable, "its private key "+key+": "+why(err), "correct its path, or let the agent's account read it")
		return nil, false
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		n.fail(subject, CodeCertKey, cert+" and "+key+" do not belong together, or the key cannot be understood", "put certificate and key of one request there; the key without a pass phrase")
		return nil, false
	}
	x.expiry(subject, chain[0], n)
	return chain, true
}

// authorities looks at a file with the certificates of authorities: the one that ends last counts.
func (x *exam) authorities(subject, path string, n *notes) {
	list, err := readChain(path)
	if err != nil {
		n.fail(subject, CodeCertUnreadable, path+": "+why(err), "correct its path, or let the agent's account read it")
		return
	}
	last := list[0]
	for _, c := range list {
		if c.NotAfter.After(last.NotAfter) {
			last = c
		}
	}
	x.expiry(subject, last, n)
}

// expiry says how long a certificate is still valid.
func (x *exam) expiry(subject string, c *x509.Certificate, n *notes) {
	left := c.NotAfter.Sub(x.now)
	until := c.NotAfter.Local().Format("2006-01-02")
	switch {
	case x.now.Before(c.NotBefore):
		n.fail(subject, CodeCertExpired, "valid only from "+c.NotBefore.Local().Format("2006-01-02 15:04"), "look at the clock, or wait")
	case left <= 0:
		n.fail(subject, CodeCertExpired, "expired on "+until, "renew it; the agent reads its own certificate again by itself, others after inbasket reload")
	case left <= renewNow:
		n.fail(subject, CodeCertExpired, fmt.Sprintf("expires on %s, in %s", until, days(left)), "renew it now")
	case left <= renewSoon:
		n.warn(subject, CodeCertExpires, fmt.Sprintf("expires on %s, in %s", until, days(left)), "renew it")
	default:
		n.ok(subject, "valid until "+until)
	}
}

func days(d time.Duration) string {
	if d < 24*time.Hour {
		return "less than a day"
	}
	return count(int(d/(24*time.Hour)), "day")
}

// peer connects to a server and looks at the certificate that it shows. Whether it is trusted the target's own
// check tells: it knows what the configuration allows.
func (x *exam) peer(ctx context.Context, name string, p connectors.Peer, n *notes) {
	subject := name + " server"
	chain, err := shown(ctx, p)
	if err != nil || len(chain) == 0 {
		n.warn(subject, CodePeer, "the server's certificate could not be looked at", "see what the line of "+name+" says below")
		return
	}
	leaf := chain[0]
	x.expiry(subject, leaf, n)
	for _, c := range chain[1:] {
		if c.NotAfter.Before(leaf.NotAfter) {
			x.expiry(subject+" (intermediate)", c, n)
		}
	}
	if p.Name != "" && leaf.VerifyHostname(p.Name) != nil {
		n.warn(subject, CodeCertName, "its certificate is not for "+p.Name+" but for "+names(leaf), "use the name of the certificate, or have a new one made")
	}
}

func names(c *x509.Certificate) string {
	list := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	if len(list) == 0 {
		return "no host at all"
	}
	if len(list) > 3 {
		list = append(list[:3], "…")
	}
	return strings.Join(list, ", ")
}

// shown returns the certificates that a server shows, trusted or not. Nothing is said to it beyond the handshake.
func shown(ctx context.Context, p connectors.Peer) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, peerLimit)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // ends a server that is silent
	if p.Greet != nil {
		if err := p.Greet(conn); err != nil {
			return nil, err
		}
	}
	var chain []*x509.Certificate
	look := tls.Client(conn, &tls.Config{ServerName: p.Name, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // only looked at: an expired one is what is looked for
		VerifyConnection: func(st tls.ConnectionState) error {
			chain = st.PeerCertificates
			return nil
		}})
	err = look.HandshakeContext(ctx)
	if len(chain) > 0 { // a server that wants a certificate of us ends the handshake after it showed its own
		return chain, nil
	}
	return nil, err
}

// readChain reads all certificates of a PEM file.
func readChain(path string) (list []*x509.Certificate, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, raw = pem.Decode(raw); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("a certificate in it cannot be understood")
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("it holds no certificate (PEM)")
	}
	return list, nil
}
