package mapping

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

// files reads what belongs to a mapping and remembers it for the bundle. Names are relative to the mapping's folder.
type files struct {
	main string
	from func(name string) ([]byte, error)
	got  map[string][]byte
}

// folderFiles reads from a file system; name is the mapping's path in it.
func folderFiles(fsys fs.FS, name string) *files {
	dir := slashpath.Dir(slashpath.Clean(name))
	return &files{main: slashpath.Base(name), got: map[string][]byte{}, from: func(rel string) ([]byte, error) {
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

func (f *files) read(name string) ([]byte, error) {
	name = slashpath.Clean(name)
	if b, ok := f.got[name]; ok {
		return b, nil
	}
	b, err := f.from(name)
	if err != nil {
		return nil, err
	}
	f.got[name] = b
	return b, nil
}

// bundle writes all that was read: the mapping first, the others by name.
func (f *files) bundle() []byte {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(f.got)), func(n string) bool { return n == f.main })
	var b bytes.Buffer
	b.WriteString(bundleMagic)
	for _, n := range append([]string{f.main}, names...) {
		putBytes(&b, []byte(n))
		putBytes(&b, f.got[n])
	}
	return b.Bytes()
}

func putBytes(b *bytes.Buffer, p []byte) {
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
	b.Write(p)
}

var errBundle = errors.New("this is not a mapping bundle, or it is damaged")

// bundleFiles reads from a bundle only.
func bundleFiles(b []byte) (*files, error) {
	rest, ok := bytes.CutPrefix(b, []byte(bundleMagic))
	if !ok {
		return nil, errBundle
	}
	f := &files{got: map[string][]byte{}, from: func(name string) ([]byte, error) {
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
		if f.main == "" {
			f.main = string(name)
		}
		f.got[string(name)] = content
	}
	if f.main == "" {
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

func digestOf(b []byte) connectors.Digest { return sha256.Sum256(b) }

// plainName tells whether a file name of a mapping stays where the mapping may look.
func plainName(name string) bool {
	return name != "" && !slashpath.IsAbs(name) && !strings.ContainsAny(name, "\\:\x00")
}

// FileMessage says why a file cannot be read, without its path.
func FileMessage(err error) string {
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
