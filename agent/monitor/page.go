package monitor

import (
	"bytes"
	"context"
	"net/http"
)

// Page returns the metrics as their page tells them.
func Page(ctx context.Context, h Health, m *Metrics) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return "", err
	}
	var page pageWriter
	Handler(h, m).ServeHTTP(&page, req)
	return page.body.String(), nil
}

// pageWriter keeps what a handler answers.
type pageWriter struct {
	header http.Header
	body   bytes.Buffer
}

// Header returns the answer's header.
func (p *pageWriter) Header() http.Header {
	if p.header == nil {
		p.header = http.Header{}
	}
	return p.header
}

// WriteHeader does nothing: the body says what is the matter.
func (p *pageWriter) WriteHeader(int) {}

// Write keeps the body.
func (p *pageWriter) Write(b []byte) (int, error) { return p.body.Write(b) }
