package secret

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Store keeps secrets by name. Its errors are connectors.Error and never hold a secret.
type Store interface {
	Names() ([]string, error)        // sorted
	Get(name string) (string, error) // CodeMissing: there is none
	Set(name, value string) error    // replaces
	Remove(name string) error        // CodeMissing: there is none
}

// validName keeps names fit for file names on every system, and for references.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckName tells whether a secret may have this name. The error is a connectors.Error with CodeName.
func CheckName(name string) error {
	if validName.MatchString(name) && !strings.HasSuffix(name, ".") {
		return nil
	}
	return connectors.Errorf(connectors.ItemError, CodeName, "name a secret",
		"use letters A to Z, digits, dot, dash and underscore; at most 64", "%q cannot be the name of a secret", name)
}

// Folder keeps each secret in a file of its own, sealed by the operating system. It lies beside the
// configuration, not in the state folder, and belongs to one machine.
type Folder struct {
	dir        string
	seal, open func([]byte) ([]byte, error)
}

// sealedSuffix ends the names of files with a sealed secret.
const sealedSuffix = ".dpapi"

// NewFolder returns the store in dir, sealed by Protect. Nothing is opened or made yet.
func NewFolder(dir string) *Folder { return &Folder{dir: dir, seal: Protect, open: Unprotect} }

// Names returns the names of the secrets in the folder; none when there is no folder.
func (f *Folder) Names() ([]string, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("list the secrets in "+f.dir, err)
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), sealedSuffix); ok && validName.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Get opens one secret.
func (f *Folder) Get(name string) (string, error) {
	path, err := f.path(name)
	if err != nil {
		return "", err
	}
	sealed, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", missing(name)
	}
	if err != nil {
		return "", failed("read the sealed secret "+name, err)
	}
	plain, err := f.open(sealed)
	return string(plain), err
}

// Set seals a secret and puts it in place of the one before.
func (f *Folder) Set(name, value string) error {
	path, err := f.path(name)
	if err != nil {
		return err
	}
	sealed, err := f.seal([]byte(value))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return failed("make the folder for secrets", err)
	}
	return failed("write the secret "+name, replace(path, sealed))
}

// Remove forgets a secret.
func (f *Folder) Remove(name string) error {
	path, err := f.path(name)
	if err != nil {
		return err
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return missing(name)
	}
	return failed("remove the secret "+name, err)
}

func (f *Folder) path(name string) (string, error) {
	return filepath.Join(f.dir, name+sealedSuffix), CheckName(name)
}

func missing(name string) error {
	return connectors.Errorf(connectors.ItemError, CodeMissing, "read the secret "+name,
		"set it by: inbasket secret set "+name, "there is no secret of this name")
}

// failed makes an error of the file system one with a code; nil stays nil.
func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeFile, Op: op, Hint: "look at the path and the rights of its folder", Err: err}
}
