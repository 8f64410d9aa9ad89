package files

import (
	"context"
	"errors"
	"io"

	"github.com/inbasket/inbasket/connectors"
)

// Place is somewhere that files are put: a local folder, a folder behind FTP. Names are base names that
// checkName accepts. Errors are connectors.Error; absence is an fs.ErrNotExist and a taken name an
// fs.ErrExist in their chain.
type Place interface {
	// Stat returns the size of a file, or unknownSize. It says ErrNotExist only when it has seen that the folder
	// itself is there: a share that is not mounted must not look like one that was emptied.
	Stat(ctx context.Context, name string) (int64, error)
	// Digest reads a file and returns the digest of what it holds. An error of class Uncertain means that the file
	// is there and may not be read.
	Digest(ctx context.Context, name string) (connectors.Digest, error)
	// Put writes a file, over one of the same name, and returns when all bytes are known to be there.
	Put(ctx context.Context, name string, b connectors.Blob) error
	// Commit renames from to to, never over another file. An error of class Uncertain means that it may
	// or may not have happened.
	Commit(ctx context.Context, from, to string) error
	// Remove deletes a file; one that is gone is no error.
	Remove(ctx context.Context, name string) error
	// Sync makes what Put and Commit did durable, where the place has such a thing.
	Sync(ctx context.Context) error
}

// sourceReader tells an error of our own stored bytes from one of the place.
type sourceReader struct {
	r   io.Reader
	err error
}

func (s *sourceReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func contentError(err error) *connectors.Error {
	return &connectors.Error{Class: connectors.Transient, Code: CodeContent, Op: "read the stored content", Err: err}
}
