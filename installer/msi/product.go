package main

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// upgradeCode is what all versions of the product have in common. It never changes: by it a new version finds
// the one that it replaces.
const upgradeCode = "6F1C9E0E-5F0B-4D0C-9B0B-2B8D3A6F7C11"

// link is where help is.
const link = "https://github.com/inbasket/inbasket"

// product is one version of the package.
type product struct {
	Version string // the program's own
	Number  string // what Windows Installer compares: three numbers
	time    time.Time
	signer  signer
}

var leading = regexp.MustCompile(`^v?(\d+)\.(\d+)\.(\d+)(?:[~+-].*)?$`)

// describe turns a version such as 1.2.3~rc.1 into a product. Windows Installer compares three numbers only, so
// builds before and after a version count as that version: each replaces the other.
func describe(version string, at time.Time) (product, error) {
	p := product{Version: version, time: at}
	m := leading.FindStringSubmatch(version)
	if m == nil {
		return p, fmt.Errorf("%q is no version; write one such as 1.2.3", version)
	}
	for i, limit := range []int{255, 255, 65535} {
		if n, err := strconv.Atoi(m[i+1]); err != nil || n > limit {
			return p, fmt.Errorf("%q: Windows Installer takes at most 255.255.65535", version)
		}
	}
	p.Number = strings.Join(m[1:4], ".")
	return p, nil
}

// identifier returns a UUID made from words: the same words give the same one.
func identifier(words ...string) string {
	sum := sha1.Sum([]byte(upgradeCode + "\x00" + strings.Join(words, "\x00"))) // as UUIDs of version 5 have it; no protection
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x50
	b[8] = b[8]&0x3f | 0x80
	x := strings.ToUpper(hex.EncodeToString(b))
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
