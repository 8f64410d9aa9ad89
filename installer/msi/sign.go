package main

import (
	"context"
	"errors"
	"fmt"
)

// signer signs what Windows runs, when there is a key.
type signer struct{ cert, key, stampURL string }

// sign copies a program or a package to another place, signed when there is a key.
func (s signer) sign(ctx context.Context, from, to string) error {
	if s.cert == "" && s.key == "" {
		return copyFile(from, to)
	}
	if s.cert == "" || s.key == "" {
		return errors.New("to sign, give both SIGN_CERT and SIGN_KEY")
	}
	args := []string{"sign", "-certs", s.cert, "-key", s.key, "-h", "sha256", "-n", "Inbasket", "-i", link}
	if s.stampURL != "" {
		args = append(args, "-ts", s.stampURL)
	}
	if err := tool(ctx, "", "osslsigncode", append(args, "-in", from, "-out", to)...); err != nil {
		return fmt.Errorf("sign %s: %w", from, err)
	}
	return nil
}
