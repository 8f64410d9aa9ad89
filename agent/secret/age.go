package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Age keeps all secrets in one file that is encrypted by age: a YAML block of names and texts. The file may
// be copied and kept under version control; the identity that opens it may not.
type Age struct {
	path       string
	identities []age.Identity
	values     map[string]string
}

// OpenAge decrypts the file at path. identity is the text of an age identity file; with several, each can
// open the file. A file that does not exist yet has no secrets. Errors have CodeKey or CodeAge.
func OpenAge(path, identity string) (*Age, error) {
	a := &Age{path: path, values: map[string]string{}}
	var err error
	if a.identities, err = age.ParseIdentities(strings.NewReader(identity)); err != nil {
		// Not its own words: they may quote the key.
		return nil, connectors.Errorf(connectors.ItemError, CodeKey, "read the age key", "make one by: inbasket secret keygen FILE", "it is no age identity")
	}
	return a, a.read()
}

// read decrypts the file as it is now.
func (a *Age) read() error {
	a.values = map[string]string{}
	sealed, err := readBounded(a.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed("read "+a.path, err)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), a.identities...)
	if err != nil {
		return a.unreadable("this key does not open it, or it is damaged")
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxStore+1))
	if err != nil || len(plain) > maxStore {
		return a.unreadable("it is damaged")
	}
	return a.parse(plain)
}

// change reads the file again, changes what is in it, and writes it. Nobody else changes it meanwhile.
func (a *Age) change(do func(values map[string]string) error) error {
	release, err := lockFolder(filepath.Dir(a.path))
	if err != nil {
		return failed("lock the folder of "+a.path, err)
	}
	defer release()
	if err := a.read(); err != nil {
		return err
	}
	next := maps.Clone(a.values)
	if err := do(next); err != nil {
		return err
	}
	return a.write(next)
}

func (a *Age) unreadable(why string) error {
	return connectors.Errorf(connectors.ItemError, CodeAge, "open "+a.path, "name the key that it was encrypted for, or restore the file", "%s", why)
}

// parse reads the decrypted text. Problems are told by their line only.
func (a *Age) parse(plain []byte) error {
	file, problems := diag.Parse(a.path, plain)
	root := file.Root()
	if len(problems) == 0 && root.Kind != diag.Map && root.Kind != diag.Null {
		problems = diag.Problems{root.Problem(CodeAge, "", "")}
	}
	for _, p := range root.Pairs {
		if p.Value.Kind == diag.Map || p.Value.Kind == diag.List || p.Value.Kind == diag.Null || CheckName(p.Key) != nil {
			problems = append(problems, file.Root().KeyProblem(p.Key, CodeAge, "", ""))
			continue
		}
		a.values[p.Key] = p.Value.Text
	}
	if len(problems) > 0 {
		return a.unreadable(fmt.Sprintf("line %d of its decrypted text is not NAME: text", problems[0].Line))
	}
	return nil
}

// Names returns the names of the secrets.
func (a *Age) Names() ([]string, error) { return slices.Sorted(maps.Keys(a.values)), nil }

// Get returns a secret.
func (a *Age) Get(name string) (string, error) {
	value, ok := a.values[name]
	if !ok {
		return "", missing(name)
	}
	return value, nil
}

// Set puts a secret into the file, and encrypts it anew for all its identities.
func (a *Age) Set(name, value string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return a.change(func(values map[string]string) error {
		values[name] = value
		return nil
	})
}

// Remove takes a secret out of the file.
func (a *Age) Remove(name string) error {
	return a.change(func(values map[string]string) error {
		if _, ok := values[name]; !ok {
			return missing(name)
		}
		delete(values, name)
		return nil
	})
}

func (a *Age) write(values map[string]string) error {
	recipients, err := a.recipients()
	if err != nil {
		return err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipients...)
	if err != nil {
		return failed("encrypt "+a.path, err)
	}
	e := json.NewEncoder(w) // a JSON text is a YAML text
	e.SetEscapeHTML(false)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, err = io.WriteString(w, name+": "); err == nil {
			err = e.Encode(values[name])
		}
		if err != nil {
			return failed("encrypt "+a.path, err)
		}
	}
	if err := w.Close(); err != nil {
		return failed("encrypt "+a.path, err)
	}
	if err := replace(a.path, sealed.Bytes()); err != nil {
		return failed("write "+a.path, err)
	}
	a.values = values
	return nil
}

func (a *Age) recipients() ([]age.Recipient, error) {
	var out []age.Recipient
	for _, i := range a.identities {
		switch i := i.(type) {
		case *age.X25519Identity:
			out = append(out, i.Recipient())
		case *age.HybridIdentity:
			out = append(out, i.Recipient())
		default:
			return nil, connectors.Errorf(connectors.ItemError, CodeKey, "encrypt "+a.path, "use a key of: inbasket secret keygen FILE", "nothing can be encrypted for this kind of key")
		}
	}
	return out, nil
}

// NewKey makes an age identity. text is the content of its file; public is what others encrypt for.
func NewKey() (text, public string, err error) {
	k, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", failed("make a key", err)
	}
	return fmt.Sprintf("# public key: %s\n%s\n", k.Recipient(), k), k.Recipient().String(), nil
}
