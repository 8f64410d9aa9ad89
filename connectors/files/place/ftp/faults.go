package ftp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net/textproto"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// answered reports that the server itself said no, so that the connection is still in step. 421 is
// its last word, and 425/426 leave a data connection behind.
func answered(err error) bool {
	var e *textproto.Error
	if !errors.As(err, &e) {
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist)
	}
	return e.Code != replyClosing && e.Code != replyNoData && e.Code != replyAborted
}

func replyCode(err error) int {
	var e *textproto.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// loginFault tells a refusal from a broken connection.
func loginFault(err error) error {
	if replyCode(err) == replyClosing || replyCode(err) == 0 {
		return fault("log in", err)
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeLogin, Op: "log in", Hint: "check user and password, and whether the server demands TLS", Err: err}
}

func dirFault(err error) error {
	if replyCode(err) == 0 || replyCode(err) == replyClosing {
		return fault("change into the folder", err)
	}
	return &connectors.Error{Class: connectors.TargetError, Code: place.CodeFolder, Op: "change into the folder", Hint: "create the folder on the server, or correct dir", Err: err}
}

// asTransfer names a broken connection in the middle of a file.
func asTransfer(e *connectors.Error) *connectors.Error {
	if e.Code == CodeConnect || e.Code == CodeSilent {
		e.Code = CodeTransfer
	}
	return e
}

// fault classes an error from which nothing became visible under a final name.
func fault(op string, err error) *connectors.Error {
	var known *connectors.Error
	if errors.As(err, &known) {
		return known
	}
	e := &connectors.Error{Class: connectors.TargetError, Code: CodeRefused, Op: op, Err: err}
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var left *lapse
	switch code := replyCode(err); {
	case errors.As(err, &record), errors.As(err, &verify), errors.As(err, &unknown):
		e.Code, e.Hint = CodeTLS, "check tls.ca, tls.server-name and the server's certificate"
	case code == 0 && errors.As(err, &left):
		e.Class, e.Code, e.Hint = connectors.Transient, CodeSilent, left.hint
	case code == 0:
		e.Class, e.Code, e.Hint = connectors.Transient, CodeConnect, "check address, firewall and service"
	case code == replyNotLoggedIn:
		e.Code, e.Hint = CodeLogin, "check user and password, and whether the server demands TLS"
	case code == replyNoSpace, code == replyOverQuota:
		e.Code, e.Hint = place.CodeDiskFull, "make room on the server"
	case code == replyClosing, code == replyNoData, code == replyAborted:
		e.Class, e.Code = connectors.Transient, CodeConnect
	case code < 500:
		e.Class = connectors.Transient
	case code == replyUnavailable, code == replyBadName:
		e.Code, e.Hint = place.CodePermission, "grant the user create, rename and delete in the folder"
	}
	return e
}
