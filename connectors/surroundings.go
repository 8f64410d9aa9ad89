package connectors

import "net"

// Surrounded is a connector's configuration, as Definition.Defaults returns it, that tells what of this
// machine and of the network the connector stands on: who writes a service's definition, and who looks for
// trouble, then need not know each connector. It does no I/O.
type Surrounded interface {
	// Surroundings takes the environment and the type of the definition that the configuration is of.
	Surroundings(e Env, typ string) Surroundings
}

// Surroundings are what a configured connector stands on. Paths are absolute.
type Surroundings struct {
	Folders      []WorkFolder
	Remote       []WorkFolder // those on servers; a path begins with the server and the account
	Certificates []CertificateFile
	Peers        []Peer
}

// WorkFolder is a folder that a connector works in, with more of its meaning than Folder has.
type WorkFolder struct {
	Path   string
	Use    string // forms, done, error, drop, answers, database or socket
	Write  bool   // it makes, renames or removes files there
	Made   bool   // the connector makes it when it is missing
	Beside string // folder that files are renamed from, which must lie on the same file system; empty: none
	Holds  string // path of a file that must be there, such as a database; empty: none
	Match  string // pattern of the files that wait there, alternatives separated by |; empty: none wait
}

// CertificateFile is a PEM file that a connector reads.
type CertificateFile struct {
	Use  string // the key of the configuration, such as tls.ca
	Path string
	Key  string // file of its private key; empty: certificates of an authority
}

// Peer is a server that a connector speaks TLS with.
type Peer struct {
	Address string // host:port
	Name    string // expected in the certificate
	// Greet says what comes before the handshake on a fresh connection; nil: nothing.
	Greet func(net.Conn) error
}
