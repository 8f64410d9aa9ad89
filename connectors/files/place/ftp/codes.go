package ftp

// Codes of errors of FTP, as docs/errors.md lists them.
const (
	CodeConnect   = "ftp.connect"     // the server cannot be reached; check address, firewall and service
	CodeSilent    = "ftp.silent"      // the server is there, and left out an answer or a data connection; the hint says which, and what to do
	CodeLogin     = "ftp.login"       // the server refuses user or password
	CodeTLS       = "ftp.certificate" // TLS failed; check tls.ca, tls.server-name and the server's certificate
	CodeTransfer  = "ftp.transfer"    // the connection broke during the transfer; it is tried again
	CodeTruncated = "ftp.truncated"   // the server kept fewer bytes than were sent; it is tried again
	CodeRefused   = "ftp.refused"     // the server refuses a command; its answer is kept with the submission
)
