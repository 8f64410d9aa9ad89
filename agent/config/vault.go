package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/mapping/diag"
)

// sealed says where secrets lie that are kept sealed.
type sealed struct {
	Age *ageFile `yaml:"age" doc:"one file encrypted by age, for references ${age:NAME}"`
}

// ageFile names the age file and what opens it.
type ageFile struct {
	File     string     `yaml:"file" doc:"the encrypted file; secrets.age beside the configuration by default"`
	Identity *diag.Node `yaml:"identity,required" doc:"reference to the age key, such as ${credential:age-key}"`
}

const (
	defaultAgeFile = "secrets.age"
	sealedDir      = "secrets" // beside the configuration: what Windows has sealed
)

// vault opens sealed secrets, each store once a load.
type vault struct {
	l      *loader
	config *ageFile // nil: not configured
	opened bool
	store  *secret.Age
	err    error // why it is not open
	folder *secret.Folder
}

// newVault finds out what the file says of sealed secrets, before the rest of it is decoded.
func newVault(l *loader) *vault {
	v := &vault{l: l, folder: secret.NewFolder(filepath.Join(l.c.Dir, sealedDir))}
	v.config = ageOf(l.c.file)
	if v.config == nil {
		return v
	}
	if id := v.config.Identity; id != nil && !reference.MatchString(id.Text) {
		l.literals = append(l.literals, id.Text)
		l.add(id.Problem(CodeSecret, "the age key is written out here", "refer to it by ${credential:NAME} or ${file:PATH}; make another key, since this one stood in a file"))
		v.config.Identity = nil
	}
	return v
}

// ageOf reads the block secrets.age. What is wrong with it is told when the whole file is decoded.
func ageOf(file *diag.File) *ageFile {
	block, ok := file.Root().Get("secrets")
	if !ok {
		return nil
	}
	n, ok := block.Get("age")
	if !ok || n.Kind != diag.Map {
		return nil
	}
	c := &ageFile{File: defaultAgeFile}
	if f, ok := n.Get("file"); ok && f.Text != "" {
		c.File = f.Text
	}
	c.Identity, _ = n.Get("identity")
	return c
}

// age returns a secret of the age file.
func (v *vault) age(name string) (string, error) {
	if v.config == nil {
		return "", errors.New("secrets.age is not configured: name the file and its key there")
	}
	if err := secret.CheckName(name); err != nil {
		return "", err
	}
	if !v.opened {
		v.opened = true
		v.store, v.err = v.open()
	}
	if v.err != nil {
		return "", v.err
	}
	return v.store.Get(name)
}

// key reads what opens the age file.
func (v *vault) key() (string, error) {
	id := v.config.Identity
	if id == nil {
		return "", errors.New("secrets.age has no key that can be used")
	}
	if m := reference.FindStringSubmatch(id.Text); m[1] == "age" {
		return "", errors.New("the key of the age file cannot lie in the age file")
	}
	key, problems := v.l.resolve(id, true)
	if len(problems) > 0 {
		return "", errors.New(problems[0].Message)
	}
	if key == "" {
		return "", errors.New("it cannot be read here")
	}
	return key, nil
}

func (v *vault) open() (*secret.Age, error) {
	key, err := v.key()
	if err != nil {
		return nil, fmt.Errorf("the age key: %w", err)
	}
	path := v.l.c.Abs(v.config.File)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s: %s", v.config.File, reason(err))
	}
	return secret.OpenAge(path, key)
}

// dpapi returns a secret that Windows has sealed.
func (v *vault) dpapi(name string) (string, error) {
	if err := secret.CheckName(name); err != nil {
		return "", err
	}
	return v.folder.Get(name)
}
