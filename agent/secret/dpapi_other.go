//go:build !windows

package secret

import "github.com/inbasket/inbasket/connectors"

// Protect is for Windows; elsewhere it returns a connectors.Error with CodeSystem.
func Protect([]byte) ([]byte, error) { return nil, notHere("seal a secret") }

// Unprotect is for Windows; elsewhere it returns a connectors.Error with CodeSystem.
func Unprotect([]byte) ([]byte, error) { return nil, notHere("open a sealed secret") }

func notHere(op string) error {
	return connectors.Errorf(connectors.TargetError, CodeSystem, op,
		"use ${credential:NAME}, ${age:NAME} or ${file:PATH}", "DPAPI is a part of Windows")
}
