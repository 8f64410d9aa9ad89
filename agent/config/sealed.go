package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/connectors"
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

// SecretStore opens the place for sealed secrets that belongs to a configuration file, also when the file is
// wrong otherwise: the first secrets are set before everything else is right. On Windows that is the
// folder secrets beside the file, elsewhere the age file that secrets.age names. key is the path of the age
// key; empty: the reference in the file is read. kind is age or dpapi, as references name it.
func SecretStore(path, key string, getenv func(string) string) (store secret.Store, kind string, err error) {
	c, err := look(path, "name the file by --config")
	if err != nil {
		return nil, "", err
	}
	l := &loader{options: Options{Getenv: getenv}, c: c}
	v := newVault(l)
	if v.config == nil {
		if runtime.GOOS == "windows" {
			return v.folder, "dpapi", nil
		}
		return nil, "", connectors.Errorf(connectors.TargetError, CodeVault, "find the place for secrets",
			fmt.Sprintf("make a key by: inbasket secret keygen FILE; it prints what to write here, such as secrets: {age: {file: %s, identity: \"${file:FILE}\"}}. Or under systemd without an age file: systemd-creds encrypt --name=NAME - FILE, LoadCredentialEncrypted= and ${credential:NAME}", defaultAgeFile),
			"%s has no secrets.age", path)
	}
	a, err := v.openOrNew(key)
	l.mask(l.problems)
	if len(l.problems) > 0 {
		return nil, "", l.problems
	}
	return a, "age", err
}

// handedOver returns the file that systemd hands to the service as the age key, where installing the service
// put it; empty: the key comes from elsewhere, or this is the service.
func (v *vault) handedOver() string {
	id := v.config.Identity
	if id == nil || v.l.options.Getenv("CREDENTIALS_DIRECTORY") != "" {
		return ""
	}
	m := reference.FindStringSubmatch(id.Text)
	if m[1] != "credential" || secret.CheckName(m[2]) != nil {
		return ""
	}
	path := filepath.Join(v.l.c.Dir, "credentials", m[2])
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// openOrNew is open for a store that need not exist yet, with a key that somebody names.
func (v *vault) openOrNew(key string) (*secret.Age, error) {
	identity := ""
	if key == "" {
		key = v.handedOver()
	}
	if key != "" {
		value, _, err := readSecret(key)
		if err != nil {
			return nil, connectors.Errorf(connectors.ItemError, secret.CodeKey, "read the age key", "name the file of the key by --identity", "%s: %s", key, reason(err))
		}
		identity = value
	} else {
		var err error
		if identity, err = v.key(); err != nil {
			return nil, connectors.Errorf(connectors.ItemError, secret.CodeKey, "read the age key",
				"name the file of the key by --identity: what a service manager hands to the agent is not there for a command", "%w", err)
		}
	}
	return secret.OpenAge(v.l.c.Abs(v.config.File), identity)
}
