package config

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/connectors"
)

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
