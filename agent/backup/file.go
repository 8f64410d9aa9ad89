package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/durable"
)

// partSuffix ends the name of a backup that is not complete.
const partSuffix = ".inbasket-part"

// Save writes a backup to a file, which must not exist, and verifies it by reading it back. Until it is verified it
// bears a temporary name; after an error nothing is left.
func Save(ctx context.Context, file string, write func(io.Writer) error) (m Manifest, err error) {
	if _, err := os.Lstat(file); err == nil {
		return m, exists(file)
	}
	if err := reachable(file); err != nil {
		return m, err
	}
	temp := file + partSuffix
	own := &part{path: temp}
	defer func() {
		if err != nil && own.file != nil {
			_ = os.Remove(temp) // the first error is the one that matters
		}
	}()
	err = write(own)
	if own.err != nil {
		err = writeError(own.err)
	}
	if err = errors.Join(err, own.close(err == nil)); err != nil {
		return m, err
	}
	if m, err = VerifyFile(ctx, temp); err != nil {
		return m, err
	}
	if _, err := os.Lstat(file); err == nil {
		return m, exists(file)
	}
	if err := durable.Rename(temp, file); err != nil {
		return m, writeError(err)
	}
	return m, syncDir(filepath.Dir(file))
}

func exists(file string) error {
	return &connectors.Error{Class: connectors.ItemError, Code: CodeExists, Op: "write the backup " + file,
		Hint: "name another file, or a folder and it is named by agency and time", Err: fs.ErrExist}
}

func writeError(err error) error {
	return &connectors.Error{Class: connectors.TargetError, Code: CodeWrite, Op: "write the backup",
		Hint: "make room or mend the rights where it should lie; nothing half is left there", Err: err}
}

// reachable tells at once, not after the journal was copied, that the folder is not there.
func reachable(file string) error {
	_, err := os.Stat(filepath.Dir(file))
	if err != nil {
		return writeError(err)
	}
	return nil
}

// part is the file under its temporary name. It is made when the first byte comes: who makes a backup is then the only
// one, and what lies under that name is what an interrupted one left. It tells errors of the file from those of what
// is written.
type part struct {
	path string
	file *os.File
	err  error
}

func (o *part) Write(p []byte) (n int, err error) {
	if o.file == nil && o.err == nil {
		if err := os.Remove(o.path); err == nil || errors.Is(err, fs.ErrNotExist) {
			o.file, o.err = os.OpenFile(o.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // never through another's link
		} else {
			o.err = err
		}
	}
	if o.err == nil {
		n, o.err = o.file.Write(p)
	}
	return n, o.err
}

// close closes the file, and makes it durable if it is whole.
func (o *part) close(whole bool) (err error) {
	if o.file == nil {
		if whole {
			return damaged("nothing was written")
		}
		return nil
	}
	if whole {
		err = o.file.Sync()
	}
	if err = errors.Join(err, o.file.Close()); err != nil && whole {
		return writeError(err)
	}
	return nil
}

// prefix is what the names of an agency's backups begin with.
func prefix(agency string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r > 127 && r != 0xFFFD:
			return r
		}
		return '-'
	}, agency)
	clean = strings.Trim(clean, "-")
	if len(clean) > 100 || clean == "" {
		clean = "agent"
	}
	return "inbasket-" + clean + "-"
}

const nameTime = "20060102T150405Z"

// Name is how a backup is called that is written into a folder.
func Name(agency string, at time.Time) string {
	return prefix(agency) + at.UTC().Format(nameTime) + ".tar"
}

// Prune removes the oldest backups of an agency in a folder, by the time in their names, and leaves keep of them.
// It returns what it removed.
func Prune(dir, agency string, keep int) (removed []string, err error) {
	names, _, err := named(dir, agency, ".tar")
	if err != nil {
		return nil, err
	}
	return remove(dir, names[:max(0, len(names)-max(keep, 1))], "remove an old backup")
}

// staleAfter is how long no backup takes.
const staleAfter = 24 * time.Hour

// Sweep removes what backups of an agency left half in a folder that were killed long before at: it holds what citizens
// wrote. It returns what it removed.
func Sweep(dir, agency string, at time.Time) (removed []string, err error) {
	names, times, err := named(dir, agency, ".tar"+partSuffix)
	if err != nil {
		return nil, err
	}
	return remove(dir, slices.DeleteFunc(names, func(name string) bool { return at.Sub(times[name]) < staleAfter }), "remove what an interrupted backup left")
}

// named lists an agency's files in a folder that are called as a backup with this ending, the oldest first, with the times in their names.
func named(dir, agency, ending string) (names []string, times map[string]time.Time, err error) {
	entries, err := os.ReadDir(dir)
	times = map[string]time.Time{}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), prefix(agency))
		stamp, ends := strings.CutSuffix(rest, ending)
		at, wrong := time.Parse(nameTime, stamp)
		if ours && ends && wrong == nil && e.Type().IsRegular() {
			names, times[e.Name()] = append(names, e.Name()), at
		}
	}
	return names, times, err
}

func remove(dir string, names []string, what string) (removed []string, err error) {
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return removed, fmt.Errorf("%s: %w", what, err)
		}
		removed = append(removed, name)
	}
	return removed, nil
}
