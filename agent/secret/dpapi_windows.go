package secret

import (
	"errors"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/inbasket/inbasket/connectors"
)

// entropy goes into every seal, so that what another program of this machine sealed is not taken for ours,
// and the other way round. It is no secret.
const entropy = "inbasket secret, version 1"

// Protect seals a secret for this machine: any account that can read the sealed bytes here can open them, and
// no other machine can. So the file with them needs a closed ACL. The seal is made for the machine and not
// for an account because an administrator sets what the service's virtual account reads.
// The error is a connectors.Error with CodeSeal.
func Protect(plain []byte) ([]byte, error) {
	const op = "seal a secret"
	if len(plain) == 0 || len(plain) > MaxSize {
		return nil, connectors.Errorf(connectors.ItemError, CodeSeal, op, "give a secret of 1 byte to 64 KiB", "a secret of %d bytes", len(plain))
	}
	in, salt, out := blob(plain), blob([]byte(entropy)), windows.DataBlob{}
	err := windows.CryptProtectData(&in, nil, &salt, 0, nil,
		windows.CRYPTPROTECT_LOCAL_MACHINE|windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	runtime.KeepAlive(plain)
	if err != nil {
		return nil, connectors.Errorf(connectors.TargetError, CodeSeal, op, "look whether the service CryptSvc runs", "DPAPI: %w", err)
	}
	return take(out), nil
}

// Unprotect opens what Protect sealed on this machine. The error is a connectors.Error with CodeOpen.
func Unprotect(sealed []byte) ([]byte, error) {
	const (
		op   = "open a sealed secret"
		hint = "it was sealed on another machine, or the file is damaged: set it again by inbasket secret set NAME"
	)
	if len(sealed) == 0 {
		return nil, connectors.Errorf(connectors.TargetError, CodeOpen, op, hint, "it is empty")
	}
	in, salt, out := blob(sealed), blob([]byte(entropy)), windows.DataBlob{}
	err := windows.CryptUnprotectData(&in, nil, &salt, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	runtime.KeepAlive(sealed)
	if err != nil {
		return nil, connectors.Errorf(connectors.TargetError, CodeOpen, op, hint, "DPAPI: %w", err)
	}
	plain := take(out)
	if len(plain) == 0 {
		return nil, connectors.Errorf(connectors.TargetError, CodeOpen, op, hint, "%w", errors.New("nothing is in it"))
	}
	return plain, nil
}

// blob points DPAPI at bytes; they must be kept alive until the call is over.
func blob(b []byte) windows.DataBlob {
	return windows.DataBlob{Size: uint32(len(b)), Data: unsafe.SliceData(b)}
}

// take copies what DPAPI allocated, wipes it and gives it back.
func take(out windows.DataBlob) []byte {
	if out.Data == nil {
		return nil
	}
	theirs := unsafe.Slice(out.Data, out.Size)
	ours := append([]byte(nil), theirs...)
	clear(theirs)
	_, _ = windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data))) // it can fail for a wrong pointer only
	return ours
}
