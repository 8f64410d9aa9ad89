// Package page is the page of inbasket map edit: a form, the mapping and what becomes of the form side by side, in a browser on this machine.
// All that it shows comes from mapping/workbench.
package page

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/workbench"
)

// Options are what a page is told.
type Options struct {
	Mapping string // file
	Form    string // file; empty: those that the mapping's tests name
	Reveal  bool   // values of forms are shown as they are
	Clock   connectors.Clock
	Save    func(path string, text []byte) error // puts a text in the place of a file's, whole or not at all
	Catalog load.Catalog                         // what the configuration has; nil: any target will do
}

//go:embed page.html page.css page.js
var files embed.FS

var pageTemplate = template.Must(template.ParseFS(files, "page.html"))

// maxPosted bounds what the page may send: a mapping, three bytes for each of its own.
const maxPosted = 16 << 20

// Page answers a browser on this machine.
type Page struct {
	options Options
	token   string
	host    string // that requests must name, against pages of others that lead here under a name of theirs
	saving  sync.Mutex
}

// Listen opens a port of 127.0.0.1 for a page, and returns its address, which nobody can guess.
func Listen(o Options) (p *Page, l net.Listener, url string, err error) {
	if _, err := readText(o.Mapping); err != nil {
		return nil, nil, "", err
	}
	if l, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
		return nil, nil, "", err
	}
	p = &Page{options: o, token: rand.Text(), host: l.Addr().String()}
	return p, l, "http://" + p.host + "/" + p.token + "/", nil
}

// Serve answers until the context ends.
func (p *Page) Serve(ctx context.Context, l net.Listener) error {
	s := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 64 << 10}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ServeHTTP answers who knows the token, from this page alone.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "same-origin") // the address is the key
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Cache-Control", "no-store")
	if r.Host != p.host {
		http.Error(w, "this is not the address of the page", http.StatusMisdirectedRequest)
		return
	}
	token, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if subtle.ConstantTimeCompare([]byte(token), []byte(p.token)) != 1 {
		http.Error(w, "there is nothing here; open the address that inbasket map edit printed", http.StatusNotFound)
		return
	}
	switch {
	case r.Method == http.MethodGet && (name == "page.css" || name == "page.js"):
		http.ServeFileFS(w, r, files, name)
	case name != "":
		http.NotFound(w, r)
	case r.Method == http.MethodGet:
		p.first(w)
	case r.Method != http.MethodPost:
		head.Set("Allow", "GET, POST")
		http.Error(w, "this is read by GET, and sent by POST", http.StatusMethodNotAllowed)
	case r.Header.Get("Origin") != "http://"+p.host:
		http.Error(w, "this was not sent by the page itself", http.StatusForbidden)
	default:
		p.posted(w, r)
	}
}

// readText reads a file that is edited as text.
func readText(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	rest := bytes.ReplaceAll(text, []byte("\r\n"), nil)
	switch {
	case err != nil:
	case !utf8.Valid(text) || bytes.ContainsRune(text, 0):
		err = errors.New(path + " is no text in UTF-8: save it as UTF-8 first")
	case bytes.Contains(rest, []byte("\r")) || len(rest) < len(text) && bytes.Contains(rest, []byte("\n")):
		err = errors.New("the lines of " + path + " end in more than one way: save it with one kind of line end first")
	}
	return text, err
}

// first shows the file as it is on the disk.
func (p *Page) first(w http.ResponseWriter) {
	text, err := readText(p.options.Mapping)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	v := view{Text: shownText(text), Base: digest(text)}
	v.Saved = v.Text
	p.show(w, v)
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// shownText is a file's text as the page has it: lines end with LF, and no byte order mark stands before it.
func shownText(text []byte) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r\n", "\n")
}

// like writes a text as the file was written before.
func like(before []byte, text string) []byte {
	if bytes.Contains(before, []byte("\r\n")) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if bytes.HasPrefix(before, []byte("\ufeff")) {
		text = "\ufeff" + text
	}
	return []byte(text)
}

// posted shows what becomes of the text in the page, which is saved first where that is wanted.
func (p *Page) posted(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPosted)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "this cannot be read, or it is too much", http.StatusRequestEntityTooLarge)
		return
	}
	v := view{Text: strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"), Base: r.PostForm.Get("base"), Form: r.PostForm.Get("form")}
	if !utf8.ValidString(v.Text) {
		http.Error(w, "the text is not UTF-8", http.StatusBadRequest)
		return
	}
	p.saving.Lock()
	defer p.saving.Unlock()
	save := r.PostForm.Get("do") == "save"
	if !save && r.Context().Err() != nil { // a later text is on its way already
		return
	}
	now, err := readText(p.options.Mapping)
	switch {
	case err != nil:
		v.Trouble = "The file cannot be read any more. Your text is only on this page: copy it before you close it."
	case digest(now) != v.Base:
		v.Trouble = "The file was changed on the disk since this page read it. Nothing was saved: copy your text, and load the page anew."
	case save && shownText(now) == v.Text:
		v.Said, v.Saved = "Nothing to save.", v.Text
	case save:
		text := like(now, v.Text)
		if err := p.options.Save(p.options.Mapping, text); err != nil {
			v.Trouble = "The file could not be written; it is as it was: " + err.Error()
			break
		}
		v.Said, v.Base, v.Saved = "Saved.", digest(text), v.Text
	default:
		v.Saved = shownText(now)
	}
	p.show(w, v)
}

// form is the form that is looked at, and which there are.
func (p *Page) form(b *workbench.Bench, chosen string, samples []string) (raw []byte, name string, all []string) {
	own := ""
	if p.options.Form != "" {
		own = filepath.Base(p.options.Form)
		all = append(all, own)
	}
	for _, s := range samples {
		if s != own {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, "", nil
	}
	if name = all[0]; slices.Contains(all, chosen) {
		name = chosen
	}
	var err error
	if name == own {
		raw, err = os.ReadFile(p.options.Form)
	} else {
		raw, err = b.Sample(name)
	}
	if err != nil || raw == nil {
		raw = []byte{}
	}
	return raw, name, all
}

// show answers with the page.
func (p *Page) show(w http.ResponseWriter, v view) {
	b := &workbench.Bench{Name: filepath.Base(p.options.Mapping), Catalog: p.options.Catalog}
	b.Files = workbench.Over(os.DirFS(filepath.Dir(p.options.Mapping)), map[string][]byte{b.Name: []byte(v.Text)})
	raw, name, all := p.form(b, v.Form, b.Samples())
	v.File, v.Form, v.Forms, v.Reveal = b.Name, name, all, p.options.Reveal
	v.View = b.See(raw, mapping.Input{ID: "0000000000000", Reference: filepath.Base(name), Received: p.options.Clock.Now()}, p.options.Reveal)
	v.locate()
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, v); err != nil {
		http.Error(w, "the page cannot be made: a fault of Inbasket itself", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes()) // a browser that has gone needs no answer
}
