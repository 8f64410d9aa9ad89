// Package place is the contract of places where files lie: a local folder, a folder behind FTP. One place serves as
// in-basket, target and pick-up of answers alike; package files does that work over any of them.
//
// A path is a folder of the place and a base name, separated by a slash; without a folder it is in the place's own.
// What a folder's name means is the place's: a folder below its own, or an absolute one, or the beginning of a key.
// Folders are few and come from the configuration; base names come from forms and deliveries, and a place refuses what
// it could not keep as one name.
package place

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Place is somewhere that files lie. It may be used from several goroutines at once.
//
// Absence is an fs.ErrNotExist, a taken name an fs.ErrExist, and a file that may not be read an fs.ErrPermission in the
// error's chain. A connectors.Error of class Transient or TargetError says that the place is at fault, not the file; of class
// Uncertain that the effect may or may not have happened.
type Place interface {
	Reader
	Writer
	// Check tells whether files could be put here now. A file that it writes has the name trial, and is gone afterwards.
	Check(ctx context.Context, trial string) error
	// Traits tells what the place can tell; it asks nobody.
	Traits() Traits
	// Probe asks the place itself, before the first use, and again when the folder may be another one.
	Probe(ctx context.Context) Probe
	// Close releases connections. It may be called twice.
	Close() error
}

// Reader looks at files and reads them.
type Reader interface {
	// List begins a listing of a folder. A folder that is not there is an fs.ErrNotExist.
	List(ctx context.Context, folder string) (Listing, error)
	// Stat looks at one file, and never follows a link. It says fs.ErrNotExist only when it has seen that the place
	// itself is there: a share that is not mounted must not look like one that was emptied.
	Stat(ctx context.Context, path string) (Info, error)
	// Read reads a small file by one call: at most limit bytes, and how it was when they had been read.
	Read(ctx context.Context, path string, limit int64) (Content, error)
	// Open opens a file of any size. The context bounds the opening only.
	Open(ctx context.Context, path string) (File, error)
}

// Writer changes what lies at a place.
type Writer interface {
	// Put writes a file, over one of the same name, and returns when all bytes are known to be there: durably if asked, where
	// the place has such a thing.
	Put(ctx context.Context, path string, b connectors.Blob, durable bool) error
	// Rename moves a file to another name or folder, never over another file. One that makes the copy before the original
	// goes, as on another file system, has neither half a file nor none under the two names at any time.
	Rename(ctx context.Context, from, to string) error
	// Remove deletes a file; one that is gone is no error.
	Remove(ctx context.Context, path string) error
	// MakeFolder makes a folder; one that is there is no error.
	MakeFolder(ctx context.Context, folder string) error
	// Sync makes what Put, Rename and Remove did in a folder durable, where the place has such a thing.
	Sync(ctx context.Context, folder string) error
}

// Remote is the configuration C of a place behind a network: all that in-baskets, answers and targets need of it.
type Remote[C any] interface {
	*C
	// Validate checks the configuration without any I/O.
	Validate() error
	// Surroundings tells what of the system it stands on, but for the folders.
	Surroundings(e connectors.Env, typ string) connectors.Surroundings
	// Folder names a folder of the place among those of all servers and accounts; empty: the place's own.
	Folder(folder string) string
	// Shown is where the place lies, for people, and its own folder there.
	Shown() (server, dir string)
	// Open returns the place, which connects when first used; with readBack each file that is put there is read again.
	Open(env connectors.Env, readBack bool) Place
}

// Listing gives the entries of a folder in portions, in any order.
type Listing interface {
	// Next returns at most n entries, and none at the end.
	Next(n int) ([]Info, error)
	Close() error
}

// File is an open file.
type File interface {
	io.ReadCloser
	// Info tells how the file is now, or was when its bytes left the place.
	Info() (Info, error)
}

// Content is a file that was read whole.
type Content struct {
	Bytes []byte
	Info  Info
	Alone bool // surely nobody had it open for writing
}

// Kind of an entry.
type Kind uint8

// The kinds.
const (
	Regular Kind = iota
	Folder
	Special // a link, a pipe, a device: never followed or opened
)

// Unknown is a size that the place does not tell.
const Unknown = -2

// Info is what one look at a file saw.
type Info struct {
	Name    string // base name
	Kind    Kind
	Size    int64     // bytes, or Unknown
	Mtime   int64     // nanoseconds since 1970; 0 where it is not known
	Touched time.Time // when it was last changed in any way, also by renaming; zero where that is not known
	ID      ID
}

// ID tells a file from another one that has its name, size and time: volume and index, or the place's own identity of
// content. Zero where that is not known.
type ID struct{ Volume, Index uint64 }

// Traits are what differs between places.
type Traits struct {
	Listed bool // a listing tells of each file all that Stat would, at the price of one call: else its entries are names and kinds
	Moves  bool // Touched is also when a file came into its folder
	Dots   bool // names that begin with a dot are listed as well
}

// Probe is what a place itself has told.
type Probe struct {
	// Now is the place's clock, by which Touched is told; zero: not known, and then a file's age proves nothing.
	Now time.Time
	Own bool // an ID means one file for as long as it exists
}

// Errors of single files.
var (
	ErrBusy    = errors.New("a program has the file open for writing")
	ErrSpecial = errors.New("not a regular file")
)

// Locker is a Place that can keep others out of it. By tells who has the lock, as far as they said; with neither an
// unlock nor a name of somebody the place has no locks.
type Locker interface {
	// Lock takes the lock that lies in a folder for as long as this process lives or until unlock is called.
	Lock(folder, owner string) (unlock func(), taken bool, by string)
	// LockPath names the lock.
	LockPath(folder string) string
}

// Watcher is a Place that can tell of changes. They are a hint and never the truth.
type Watcher interface {
	// Watch signals wake, without blocking, when a name to keep was created or written.
	Watch(wake chan<- struct{}, keep func(name string) bool) (Watch, error)
}

// Watch collects the names that changes mention.
type Watch interface {
	// Take returns the names since the last call, and whether some were lost.
	Take() (names map[string]struct{}, lost bool)
	// Stale reports that the watch must be made anew: it failed, or the folder is another one now.
	Stale() bool
	Stop()
}

// Twin is a Place in which two names may be one file: a rename that ended half-way.
type Twin interface {
	OneFile(a, b string) bool
}

// Closed is a Place whose folder may be closed to listing, which its List does not tell from empty.
type Closed interface {
	// Lists tells whether the account may list the folder.
	Lists(ctx context.Context) error
}

// Join makes a path.
func Join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// Split takes a path apart.
func Split(path string) (folder, name string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:max(i, 1)], path[i+1:]
}

// AtFault tells an error of the place from one of a file.
func AtFault(err error) bool {
	var e *connectors.Error
	return errors.As(err, &e) && (e.Class == connectors.Transient || e.Class == connectors.TargetError) && !errors.Is(err, fs.ErrNotExist)
}

// SourceReader tells an error of our own stored bytes from one of the place, and ends when its context does.
type SourceReader struct {
	Ctx context.Context
	R   io.Reader
	Err error
}

// Read reads, unless the context has ended.
func (s *SourceReader) Read(p []byte) (int, error) {
	if err := s.Ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.R.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.Err = err
	}
	return n, err
}

// ContentError says that our own stored bytes could not be read.
func ContentError(err error) *connectors.Error {
	return &connectors.Error{Class: connectors.Transient, Code: CodeContent, Op: "read the stored content", Err: err}
}

// Portion is how many entries of a folder are read at once.
const Portion = 1024

// Each calls each for the entries of a folder.
func Each(ctx context.Context, p Reader, folder string, each func(Info) error) error {
	l, err := p.List(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // nothing was written
	for {
		list, err := l.Next(Portion)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			if err := each(e); err != nil {
				return err
			}
		}
	}
}

// Entries are a listing that was read.
type Entries []Info

// Next returns the next entries.
func (e *Entries) Next(n int) ([]Info, error) {
	n = min(n, len(*e))
	next := (*e)[:n]
	*e = (*e)[n:]
	return next, nil
}

// Close has nothing to release.
func (*Entries) Close() error { return nil }

// Unseen leaves the errors of a look that do not say that there is no such file: then nobody knows.
func Unseen(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrSpecial) || err != nil && connectors.ClassOf(err) == connectors.ItemError {
		return nil
	}
	return err
}

// AsClass returns err as an error of another class.
func AsClass(err error, c connectors.Class) error {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return err
	}
	n := *e
	n.Class = c
	return &n
}

// Trial is what a file holds that only tries a place out.
func Trial() connectors.Blob { return connectors.BytesBlob([]byte("inbasket check\n")) }

// Digest reads a file of any size.
func Digest(ctx context.Context, p Reader, path string) (sum connectors.Digest, err error) {
	f, err := p.Open(ctx, path)
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	_, err = io.Copy(h, &SourceReader{Ctx: ctx, R: f})
	return connectors.Digest(h.Sum(nil)), errors.Join(err, f.Close())
}

// DigestOf returns the digest of what a blob holds.
func DigestOf(b connectors.Blob) (connectors.Digest, error) {
	if b.Digest != (connectors.Digest{}) {
		return b.Digest, nil
	}
	r, err := b.Open()
	if err != nil {
		return connectors.Digest{}, ContentError(err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		_ = r.Close()
		return connectors.Digest{}, ContentError(err)
	}
	return connectors.Digest(h.Sum(nil)), r.Close()
}
