// Package backup writes the agent's journal and content store into one file while the agent goes on, verifies
// such files to the last byte, and restores them: all or nothing, whatever is killed meanwhile.
//
// A backup is a tar file. manifest.json comes first and tells what follows: the journal, the audit log, and the
// content that the journal refers to, each named by its SHA-256. It holds no configuration and no secret of the
// agent's, but everything that citizens wrote: it is to be kept like the state folder itself.
package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/connectors"
)

// Format is the version of the file's layout.
const Format = 1

const (
	manifestName = "manifest.json"
	sealName     = "manifest.sha256" // comes last: the digest of the manifest, in hex
	contentDir   = "content/"
	auditDir     = "audit/"
	maxManifest  = 16 << 20 // bytes
	maxMissing   = 100_000
)

// Manifest tells what a backup holds.
type Manifest struct {
	Format  int             `json:"inbasketBackup"`
	Version string          `json:"version"` // of the program that made it
	Agency  string          `json:"agency"`
	Made    time.Time       `json:"made"`
	Journal restoring.About `json:"journal"`
	Parts   []Part          `json:"parts"` // in the order in which they follow, before the content
	Content Content         `json:"content"`
}

// Part is one file of a backup beside the content.
type Part struct {
	Name   string            `json:"name"` // within the backup, with slashes
	Size   int64             `json:"size"`
	Digest connectors.Digest `json:"sha256"`
}

// Content counts the files that the journal refers to. Missing were not in the content store when the backup was
// made: they had been lost before.
type Content struct {
	Files   int64               `json:"files"`
	Bytes   int64               `json:"bytes"`
	Missing []connectors.Digest `json:"missing,omitempty"`
}

// damaged says that a backup is not what was written.
func damaged(format string, args ...any) error {
	return &connectors.Error{Class: connectors.ItemError, Code: CodeDamaged, Op: "read the backup", Hint: "take another backup; do not use this one",
		Err: fmt.Errorf(format, args...)}
}

// readManifest reads and checks what a backup says of itself, and returns its digest.
func readManifest(r io.Reader, size int64) (m Manifest, seal connectors.Digest, err error) {
	if size < 0 || size > maxManifest {
		return m, seal, damaged("its manifest has %d bytes", size)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxManifest))
	if err != nil {
		return m, seal, damaged("its manifest cannot be read: %w", err)
	}
	seal = sha256.Sum256(b)
	var head struct {
		Format int `json:"inbasketBackup"`
	}
	if err := json.Unmarshal(b, &head); err != nil || head.Format < 1 {
		return m, seal, damaged("it has no manifest of a backup")
	}
	if head.Format > Format {
		return m, seal, tooNew(fmt.Sprintf("its format is %d, this program reads up to %d", head.Format, Format))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&m); err != nil {
		return m, seal, damaged("its manifest is not understood: %w", err)
	}
	return m, seal, m.check()
}

func tooNew(why string) error {
	return &connectors.Error{Class: connectors.ItemError, Code: CodeTooNew, Op: "read the backup", Hint: "install the version that made it, or a later one", Err: errors.New(why)}
}

func (m *Manifest) check() error {
	if m.Journal.Schema > journal.Version() {
		return tooNew(fmt.Sprintf("its journal is of version %d, this program knows up to %d", m.Journal.Schema, journal.Version()))
	}
	if m.Content.Files < 0 || m.Content.Bytes < 0 || len(m.Content.Missing) > maxMissing {
		return damaged("its manifest counts wrongly")
	}
	seen := map[string]bool{}
	for _, p := range m.Parts {
		if p.Size < 0 || seen[p.Name] || !partName(p.Name) {
			return damaged("its manifest names a part that cannot be")
		}
		seen[p.Name] = true
	}
	if !seen[journal.FileName] {
		return damaged("it holds no journal")
	}
	return nil
}

// partName accepts the journal, and base names below audit: what a file names must never lead elsewhere.
func partName(name string) bool {
	if name == journal.FileName {
		return true
	}
	base, ok := strings.CutPrefix(name, auditDir)
	return ok && base != "" && base != "." && base != ".." && path.Base(base) == base && !strings.ContainsAny(base, "\\:\x00")
}
