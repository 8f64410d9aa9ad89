package connectors

import (
	"crypto/tls"
	"time"
)

// Whose certificate it is.
const (
	WhoseAgent = "agent" // shown by us
	WhosePeer  = "peer"  // shown by the other side
)

// Certificate is one that a connection depends on, as far as who watches its expiry must know.
type Certificate struct {
	Whose string // WhoseAgent or WhosePeer
	Until time.Time
}

// WatchTLS makes conf tell Env.Certificate until when its own certificates are valid, now, and those of the
// other side at each handshake that passes the usual checks. What conf verifies stays the same.
func (e Env) WatchTLS(conf *tls.Config) {
	if e.Certificate == nil || conf == nil {
		return
	}
	for i := range conf.Certificates {
		if leaf := conf.Certificates[i].Leaf; leaf != nil {
			e.Certificate(Certificate{Whose: WhoseAgent, Until: leaf.NotAfter})
		}
	}
	verify := conf.VerifyConnection
	conf.VerifyConnection = func(st tls.ConnectionState) error {
		if len(st.PeerCertificates) > 0 {
			e.Certificate(Certificate{Whose: WhosePeer, Until: st.PeerCertificates[0].NotAfter})
		}
		if verify == nil {
			return nil
		}
		return verify(st)
	}
}
