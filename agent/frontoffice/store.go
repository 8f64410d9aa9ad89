package frontoffice

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/connectors"
)

// ContentOf makes the agent's content store fit the API.
func ContentOf(s *content.Store) Content { return store{s} }

type store struct{ s *content.Store }

func (s store) Put(ctx context.Context, r io.Reader, limit int64) (connectors.Blob, error) {
	return s.s.Put(ctx, r, limit)
}

func (s store) Open(d connectors.Digest) (io.ReadCloser, error) {
	f, err := s.s.Open(d)
	if errors.Is(err, content.ErrNotFound) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}
