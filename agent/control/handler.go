package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"reflect"
	"strconv"
)

// Handler answers one order.
type Handler struct {
	name  string
	serve http.HandlerFunc
}

// Handle answers an order whose request and answer are JSON. Who gives it stands in the field By of the request, where it
// has one: as the operating system says, never as the request does.
func Handle[Request, Answer any](name string, do func(context.Context, Request) (Answer, error)) Handler {
	return Handler{name, func(w http.ResponseWriter, r *http.Request) {
		var req Request
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
		d.DisallowUnknownFields()
		if err := d.Decode(&req); err != nil {
			fail(w, unreadable("order"))
			return
		}
		if by := reflect.ValueOf(&req).Elem().FieldByName("By"); by.IsValid() {
			by.SetString(actor(r))
		}
		var answer Answer
		var err error
		if c, ok := any(req).(interface{ Check() error }); ok {
			err = c.Check()
		}
		if err == nil {
			answer, err = do(r.Context(), req)
		}
		if err != nil {
			fail(w, errorOf(err))
			return
		}
		reply(w, http.StatusOK, answer)
	}}
}

func unreadable(what string) *Error {
	return &Error{Code: CodeProtocol, Message: "the " + what + " cannot be read", Hint: "command and agent must be of one version", Status: http.StatusBadRequest}
}

// HandleDecision reads a decision first and then streams the documents behind it.
func HandleDecision(name string, do func(context.Context, DecideRequest) (Settled, error)) Handler {
	return Handler{name, func(w http.ResponseWriter, r *http.Request) {
		var req DecideRequest
		parts, err := r.MultipartReader()
		if err == nil {
			var part *multipart.Part
			if part, err = parts.NextPart(); err == nil {
				err = json.NewDecoder(io.LimitReader(part, maxRequest)).Decode(&req)
			}
		}
		if err != nil {
			fail(w, unreadable("decision"))
			return
		}
		req.By, req.Documents = actor(r), documents(parts)
		settled, err := do(r.Context(), req)
		if err != nil {
			fail(w, errorOf(err))
			return
		}
		reply(w, http.StatusOK, settled)
	}}
}

func documents(parts *multipart.Reader) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for {
			part, err := parts.NextPart()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Document{}, fmt.Errorf("read the documents: %w", err))
				return
			}
			name := path.Base(part.FileName())
			if !yield(Document{Name: name, ContentType: part.Header.Get("Content-Type"), Body: part}, nil) {
				return
			}
		}
	}
}

// HandleForm streams what a citizen wrote.
func HandleForm(name string, do func(context.Context, FormRequest) (Form, error)) Handler {
	return Handler{name, func(w http.ResponseWriter, r *http.Request) {
		var req FormRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&req); err != nil {
			fail(w, unreadable("order"))
			return
		}
		req.By = actor(r)
		f, err := do(r.Context(), req)
		var body io.ReadCloser
		if err == nil {
			body, err = f.Blob.Open()
		}
		if err != nil {
			fail(w, errorOf(err))
			return
		}
		defer body.Close()
		h := w.Header()
		h.Set("Content-Type", f.ContentType)
		h.Set("Content-Length", strconv.FormatInt(f.Blob.Size, 10))
		if f.Name != "" {
			h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		}
		w.WriteHeader(http.StatusOK)
		_, _ = io.Copy(w, body) // a length that falls short tells the caller
	}}
}

// errorTrailer carries why a stream ended before its end.
const errorTrailer = "Inbasket-Error"

// HandleBackup streams; what goes wrong after the first byte follows as a trailer.
func HandleBackup(name string, do func(context.Context, BackupRequest) (Nothing, error)) Handler {
	return Handler{name, func(w http.ResponseWriter, r *http.Request) {
		out := &started{w: w}
		w.Header().Set("Trailer", errorTrailer)
		w.Header().Set("Content-Type", "application/x-tar")
		_, err := do(r.Context(), BackupRequest{By: actor(r), To: out})
		switch {
		case err == nil:
		case !out.begun:
			w.Header().Del("Trailer")
			fail(w, errorOf(err))
		default:
			b, e := json.Marshal(errorOf(err))
			if e == nil {
				w.Header().Set(errorTrailer, string(b))
			}
		}
	}}
}

// started knows whether something was written.
type started struct {
	w     io.Writer
	begun bool
}

func (s *started) Write(p []byte) (int, error) {
	s.begun = true
	return s.w.Write(p)
}
