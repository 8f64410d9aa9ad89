package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"

	"github.com/emersion/go-smtp"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/tlsfiles"
)

// reply is what the server said, or nil when err is something else.
func reply(err error) (r *smtp.SMTPError) {
	errors.As(err, &r)
	return r
}

// replyClass is the first digit of what the server said; 0: it said nothing.
func replyClass(err error) int {
	if r := reply(err); r != nil {
		return r.Code / 100
	}
	return 0
}

// refusal tells whether the server refused something, for now or for good; all other errors are none that it is to give.
func refusal(err error) bool { return replyClass(err) == 4 || replyClass(err) == 5 }

// broken tells that a connection is of no more use after err.
func broken(err error) bool { return !refusal(err) || reply(err).Code == 421 }

// failure makes an error before the end of a mail, or a refusal of the whole of it, one that the agent can act on: nothing was sent.
// refused is the code of a refusal for good.
func failure(op string, err error, refused string) *connectors.Error {
	e := &connectors.Error{Class: connectors.TargetError, Code: refused, Op: op, Err: err}
	var absent *tlsfiles.AbsentError
	var content *contentError
	var network net.Error
	switch r := reply(err); {
	case r != nil && !refusal(err):
		e.Class, e.Code = connectors.Transient, CodeConnection
	case r != nil && r.Code/100 == 4:
		e.Class, e.Code = connectors.Transient, CodeBusy
	case r != nil && r.EnhancedCode == smtp.EnhancedCode{5, 2, 2}: // its mailbox is full
		e.Code = CodeRecipient
	case r != nil && (r.Code == 552 || r.EnhancedCode == smtp.EnhancedCode{5, 3, 4}) && refused != CodeRecipient:
		e.Class, e.Code = connectors.ItemError, CodeTooLarge
	case r != nil && refused == CodeRejected:
		e.Class = connectors.ItemError
	case r != nil:
	case errors.As(err, &absent):
		e.Code = CodeTLSFile
	case errors.As(err, &content):
		e.Code = CodeContent
	case aboutTLS(err):
		e.Code = CodeTLS
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Class, e.Code = connectors.Transient, CodeConnection
	}
	return e
}

func aboutTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &header) || errors.As(err, &alert) || errors.As(err, &unknown) || errors.As(err, &host)
}
