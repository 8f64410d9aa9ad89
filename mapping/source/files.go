package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	slashpath "path"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// bundleMagic begins a bundle; a change of the format changes it.
const bundleMagic = "inbasket mapping bundle 1\n"

// maxFile bounds a file of a mapping.
const maxFile = 32 << 20

// Files reads what belongs to a mapping and remembers it for the bundle. Names are relative to the mapping's folder.
type Files struct {
	Main string
	From func(name string) ([]byte, error)
	Got  map[string][]byte
}

// Folder reads from a file system; name is the mapping's path in it.
func Folder(fsys fs.FS, name string) *Files {
	dir := slashpath.Dir(slashpath.Clean(name))
	return &Files{Main: slashpath.Base(name), Got: map[string][]byte{}, From: func(rel string) ([]byte, error) {
		return readLimited(fsys, slashpath.Join(dir, rel))
	}}
}

func readLimited(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxFile)
	}
	return fs.ReadFile(fsys, name)
}

// Read reads a file, and remembers it for the bundle.
func (f *Files) Read(name string) ([]byte, error) {
	name = slashpath.Clean(name)
	if b, ok := f.Got[name]; ok {
		return b, nil
	}
	b, err := f.From(name)
	if err != nil {
		return nil, err
	}
	f.Got[name] = b
	return b, nil
}

// Bytes writes all that was read: the mapping first, the others by name.
func (f *Files) Bytes() []byte {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(f.Got)), func(n string) bool { return n == f.Main })
	var b bytes.Buffer
	b.WriteString(bundleMagic)
	for _, n := range append([]string{f.Main}, names...) {
		putBytes(&b, []byte(n))
		putBytes(&b, f.Got[n])
	}
	return b.Bytes()
}

func putBytes(b *bytes.Buffer, p []byte) {
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
	b.Write(p)
}

var errBundle = errors.New("this is not a mapping bundle, or it is damaged")

// Open reads from a bundle only.
func Open(b []byte) (*Files, error) {
	rest, ok := bytes.CutPrefix(b, []byte(bundleMagic))
	if !ok {
		return nil, errBundle
	}
	f := &Files{Got: map[string][]byte{}, From: func(name string) ([]byte, error) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}}
	for len(rest) > 0 {
		var name, content []byte
		if name, rest, ok = takeBytes(rest); !ok {
			return nil, errBundle
		}
		if content, rest, ok = takeBytes(rest); !ok {
			return nil, errBundle
		}
		if f.Main == "" {
			f.Main = string(name)
		}
		f.Got[string(name)] = content
	}
	if f.Main == "" {
		return nil, errBundle
	}
	return f, nil
}

func takeBytes(b []byte) (head, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// Digest is what a submission is pinned to.
func Digest(b []byte) connectors.Digest { return sha256.Sum256(b) }

// PlainName tells whether a file name of a mapping stays where the mapping may look.
func PlainName(name string) bool {
	return name != "" && !slashpath.IsAbs(name) && !strings.ContainsAny(name, "\\:\x00")
}

// Message says why a file cannot be read, without its path.
func Message(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the file does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "the file may not be read"
	case errors.Is(err, fs.ErrInvalid):
		return "the file's name leads outside of the mapping's folder"
	}
	return "the file cannot be read"
}
