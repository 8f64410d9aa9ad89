// Package diagnose makes what an office may send to the maintainers when something does not work: copies of
// figures, codes, times and configured structure; of texts what a list allows. Nothing else is taken over: no form,
// no reference, no file name, no secret, no free text, no host.
package diagnose

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
)

// Source is what diagnostics are made from. What is nil or empty is left out.
type Source struct {
	At          time.Time
	Version     string
	Commit      string
	Config      *config.Config
	Status      *control.Status
	Examination *control.Examination
	Inspection  *checking.Inspection
	Summary     *journal.Summary
	ParkedBy    map[string]int64 // code to parked submissions
	History     []checking.Trail // the last changes, newest first
	Internals   *control.Internals
	Log         []byte // the end of the log, one JSON object a line
	Service     *doctor.Service
	Limits      doctor.Limits
	Disk        doctor.Disk
	Getenv      func(string) string
	Names       bool // the office's own names may be told: of targets, routes, mappings, in-baskets, front offices
}

// File is one file of the bundle.
type File struct {
	Name    string `json:"name"`
	Why     string `json:"why"` // why it is in
	Content string `json:"content"`
}

// Entry is a file as the manifest lists it.
type Entry struct {
	Name   string `json:"name"`
	Why    string `json:"why"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

// Manifest lists everything in a bundle.
type Manifest struct {
	Format  string    `json:"format"`
	At      time.Time `json:"at"`
	Version string    `json:"version"`
	Note    string    `json:"note"`
	Files   []Entry   `json:"files"`
}

const (
	format = "inbasket-diagnostics/1"
	note   = "Figures, times and switches, and of texts what a list allows. No forms, references, file names, secrets, hosts or free text are in here."
)

// Collect makes the files. The first one is the manifest.
func Collect(s Source) ([]File, error) {
	a := newAliases(s)
	m := masker{a}
	var files []File
	add := func(name, why string, content any) error {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(content); err != nil {
			return err
		}
		files = append(files, File{name, why, b.String()})
		return nil
	}
	for _, part := range []struct {
		name, why string
		content   any
		there     bool
	}{
		{"program.json", "which version runs on which system", m.program(s), true},
		{"config.json", "how the agent is put together: types, figures and switches; texts only say that they are set", m.copy(s.Config), s.Config != nil},
		{"status.json", "what the running agent does: counts, times, codes", m.copy(s.Status), s.Status != nil},
		{"journal.json", "how the journal stands: sizes, counts by state, parked by code", m.journal(s), s.Inspection != nil},
		{"history.json", "the last changes of submissions: time, kind, target, code", m.copy(s.History), len(s.History) > 0},
		{"doctor.json", "what doctor found: area, level, code", m.copy(s.Examination), s.Examination != nil},
		{"service.json", "how the service manager sees the agent", m.copy(s.Service), s.Service != nil},
		{"log.json", "the end of the log: time, level, code, and messages that the program knows by heart", logOf(s, a), len(s.Log) > 0},
		{"environment.json", "which settings of the environment are set, without their values", environmentOf(s), s.Getenv != nil},
	} {
		if !part.there {
			continue
		}
		if err := add(part.name, part.why, part.content); err != nil {
			return nil, err
		}
	}
	if v := s.Internals; v != nil {
		files = append(files,
			File{"metrics.txt", "the agent's metrics", string(metricsOf(v.Metrics, a))},
			File{"goroutines.txt", "what each thread of the program does: names of functions and lines of its source", string(goroutinesOf(v.Goroutines))})
	}
	first, err := manifest(s, files)
	if err != nil {
		return nil, err
	}
	return append([]File{first}, files...), nil
}

func manifest(s Source, files []File) (File, error) {
	m := Manifest{Format: format, At: s.At.UTC(), Version: plain(s.Version), Note: note}
	for _, f := range files {
		sum := sha256.Sum256([]byte(f.Content))
		m.Files = append(m.Files, Entry{f.Name, f.Why, len(f.Content), hex.EncodeToString(sum[:])})
	}
	b, err := json.MarshalIndent(m, "", "  ")
	return File{"manifest.json", "lists everything in here", string(b) + "\n"}, err
}

// Write writes the files as a zip archive.
func Write(w io.Writer, at time.Time, files []File) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		part, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: at.UTC()})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(part, f.Content); err != nil {
			return err
		}
	}
	return z.Close()
}
