// Package lsp speaks the Language Server Protocol with an editor of mapping files: what is wrong while one types, what may be written at a
// place, what stands there, and changes that mend a mistake. All of it comes from mapping/workbench.
package lsp

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/creachadair/jrpc2"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/workbench"
)

// Options are what a server is told.
type Options struct {
	In      io.Reader
	Out     io.Writer
	Version string
	Catalog load.Catalog // what the configuration has; nil: any target will do
}

// document is a file that is open in the editor.
type document struct {
	path    string // "" where it is no file
	text    string
	version int
}

// server is one conversation with an editor.
type server struct {
	options Options
	rpc     *jrpc2.Server
	exit    chan struct{} // closed once the editor says so
	leaving sync.Once
	dirty   chan struct{} // something must be checked

	mu      sync.Mutex
	open    map[string]document       // by URI
	told    map[string]bool           // URIs that have diagnostics
	found   map[string][]diag.Problem // of each open mapping, as it was last checked
	orderly bool                      // shutdown came before exit
}

// Serve speaks with an editor until it says exit or hangs up. It tells whether the editor took leave as the protocol wants.
func Serve(ctx context.Context, o Options) (orderly bool, err error) {
	s := &server{options: o, exit: make(chan struct{}), dirty: make(chan struct{}, 1), open: map[string]document{}, told: map[string]bool{}, found: map[string][]diag.Problem{}}
	s.rpc = jrpc2.NewServer(s, &jrpc2.ServerOptions{AllowPush: true, DisableBuiltin: true, Concurrency: 1})
	s.rpc.Start(&frames{in: bufio.NewReader(o.In), out: o.Out})
	ended := make(chan error, 1)
	go func() { ended <- s.rpc.Wait() }()
	for {
		select {
		case <-s.dirty:
			s.check(ctx)
			continue
		case <-s.exit:
		case err = <-ended:
		case <-ctx.Done():
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.orderly, err
	}
}

// method is what answers one kind of message.
type method = func(s *server, p params) any

// methods answer messages; notes that are none of them are passed over, and questions are refused.
var methods = map[string]method{
	"initialize":              (*server).initialize,
	"shutdown":                (*server).shutdown,
	"exit":                    (*server).leave,
	"textDocument/didOpen":    (*server).didOpen,
	"textDocument/didChange":  (*server).didChange,
	"textDocument/didSave":    (*server).didSave,
	"textDocument/didClose":   (*server).didClose,
	"textDocument/completion": (*server).completion,
	"textDocument/hover":      (*server).hover,
	"textDocument/codeAction": (*server).codeAction,
}

// Assign finds what answers a message.
func (s *server) Assign(_ context.Context, name string) jrpc2.Handler {
	m := methods[name]
	if m == nil {
		return nil
	}
	return func(_ context.Context, r *jrpc2.Request) (answer any, err error) {
		defer func() {
			if recover() != nil { // of one question; the next one may be answered
				answer, err = nil, jrpc2.Errorf(jrpc2.InternalError, "a fault of Inbasket itself [%s]", workbench.CodeFailed)
			}
		}()
		var p params
		if err := r.UnmarshalParams(&p); err != nil {
			return nil, err
		}
		return m(s, p), nil
	}
}

func (s *server) initialize(params) any {
	return object{
		"serverInfo": object{"name": "inbasket", "version": s.options.Version},
		"capabilities": object{
			"positionEncoding":   "utf-16",
			"textDocumentSync":   object{"openClose": true, "change": 1, "save": true},
			"completionProvider": object{"triggerCharacters": []string{".", "|", "\"", " "}},
			"hoverProvider":      true,
			"codeActionProvider": object{"codeActionKinds": []string{"quickfix"}},
		},
	}
}

func (s *server) shutdown(params) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orderly = true
	return nil
}

func (s *server) leave(params) any {
	s.leaving.Do(func() { close(s.exit) })
	return nil
}

// recheck has all open mappings checked: what one says may hang on any other file that is open.
func (s *server) recheck() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

func (s *server) didOpen(p params) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[p.TextDocument.URI] = document{path: pathOf(p.TextDocument.URI), text: p.TextDocument.Text, version: p.TextDocument.Version}
	s.recheck()
	return nil
}

// didChange is told the whole text, as initialize asks for.
func (s *server) didChange(p params) any {
	if n := len(p.ContentChanges); n > 0 {
		p.TextDocument.Text = p.ContentChanges[n-1].Text
		s.didOpen(p)
	}
	return nil
}

func (s *server) didSave(params) any {
	s.recheck()
	return nil
}

func (s *server) didClose(p params) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, p.TextDocument.URI)
	delete(s.found, p.TextDocument.URI)
	s.recheck()
	return nil
}

// isMapping tells a mapping from other YAML files.
var isMapping = regexp.MustCompile(`(?m)^["']?mapping["']? *:`)

// bench is the workbench of a document; false: it is no mapping that is a file.
func (s *server) bench(uri string) (*workbench.Bench, document, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.open[uri]
	if d.path == "" || !isMapping.MatchString(d.text) {
		return nil, d, false
	}
	folder, texts := filepath.Dir(d.path), map[string][]byte{}
	for _, other := range s.open {
		if rel, err := filepath.Rel(folder, other.path); err == nil && other.path != "" && !strings.HasPrefix(rel, "..") {
			texts[filepath.ToSlash(rel)] = []byte(other.text)
		}
	}
	return &workbench.Bench{Files: workbench.Over(os.DirFS(folder), texts), Name: filepath.Base(d.path), Catalog: s.options.Catalog}, d, true
}

// check checks all open mappings, and tells the editor what it found in them and in the files beside them.
func (s *server) check(ctx context.Context) {
	s.mu.Lock()
	all := make([]string, 0, len(s.open))
	versions := map[string]int{}
	for uri, d := range s.open {
		all = append(all, uri)
		versions[uri] = d.version
	}
	s.mu.Unlock()
	slices.Sort(all)
	now := map[string][]diagnostic{}
	for _, uri := range all {
		b, d, ok := s.bench(uri)
		if !ok {
			continue
		}
		versions[uri], now[uri] = d.version, append(now[uri], []diagnostic{}...)
		c := b.Check()
		s.mu.Lock()
		s.found[uri] = slices.Concat(c.Problems, c.Warnings)
		s.mu.Unlock()
		for i, p := range slices.Concat(c.Problems, c.Warnings) {
			at := uri
			if p.File != b.Name {
				at = s.uriOf(filepath.Join(filepath.Dir(d.path), filepath.FromSlash(p.File)))
			}
			now[at] = append(now[at], diagnosticOf(p, i >= len(c.Problems)))
		}
	}
	for uri := range s.told {
		if now[uri] == nil {
			now[uri] = nil
		}
	}
	for uri, found := range now {
		p := published{URI: uri, Diagnostics: found}
		if v, is := versions[uri]; is {
			p.Version = &v
		}
		if p.Diagnostics == nil {
			p.Diagnostics = []diagnostic{}
		}
		s.told[uri] = len(found) > 0
		_ = s.rpc.Notify(ctx, "textDocument/publishDiagnostics", p) // an editor that hung up ends the conversation by itself
	}
}

func diagnosticOf(p diag.Problem, warning bool) diagnostic {
	d := diagnostic{Severity: 1, Code: p.Code, Source: "inbasket", Message: p.Message}
	if warning {
		d.Severity = 2
	}
	if p.Suggestion != "" {
		d.Message += "\n" + p.Suggestion
	}
	if p.Line > 0 {
		from, to := workbench.Span(p)
		d.Range = part(p.Line-1, p.Source, from, to)
	}
	return d
}
