//go:build !linux

package local

import (
	"errors"
	"io"
	"os"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// renamesTouch: a rename leaves no time behind here.
const renamesTouch = false

func lstat(path string) (place.Info, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return place.Info{}, err
	}
	return infoOf(fi), nil
}

func readFile(path string, limit int64, _ bool) (c place.Content, err error) {
	f, err := openRegular(path)
	if isLink(err) {
		return c, place.ErrSpecial
	}
	if err != nil {
		return c, err
	}
	defer func() { _ = f.Close() }()
	c.Bytes = make([]byte, max(limit, 0))
	n, err := io.ReadFull(f, c.Bytes)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return c, err
	}
	c.Bytes = c.Bytes[:n:n]
	if c.Info, err = (file{f}).Info(); err == nil && c.Info.Kind != place.Regular {
		err = place.ErrSpecial
	}
	return c, err
}

// ownFileSystem is asked about leases, which are Linux's. On Windows a file that is being written cannot be opened in the first place.
func ownFileSystem(string) bool { return false }
