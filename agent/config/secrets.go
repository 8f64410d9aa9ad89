package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// reference is how a secret is given: by where it lies, never itself.
var reference = regexp.MustCompile(`^\$\{(env|file|credential|age|dpapi):([^}]*)\}$`)

const howToRefer = "write ${env:NAME}, ${file:PATH}, ${credential:NAME}, ${age:NAME} or ${dpapi:NAME}"

// secret is the hook of diag for every connectors.Secret.
func (l *loader) secret(n *diag.Node) (string, diag.Problems) {
	if !reference.MatchString(n.Text) {
		l.literals = append(l.literals, n.Text)
		return "", diag.Problems{n.Problem(CodeSecret, "a secret is written out here", howToRefer+"; change the secret, since it stood in a file")}
	}
	value, problems := l.resolve(n, true)
	if value != "" {
		l.held[l.holder] = append(l.held[l.holder], held{n, connectors.Secret(value)})
	}
	return value, problems
}

// resolve reads what a reference names. A problem becomes a warning when the configuration is only checked.
func (l *loader) resolve(n *diag.Node, guarded bool) (string, diag.Problems) {
	m := reference.FindStringSubmatch(n.Text)
	var value string
	var err error
	switch kind, name := m[1], m[2]; kind {
	case "env":
		value, err = l.fromEnv(name)
	case "file":
		value, err = l.fromFile(n, name, guarded)
	case "age":
		value, err = l.vault.age(name)
	case "dpapi":
		value, err = l.vault.dpapi(name)
	default:
		value, err = l.fromCredential(name)
	}
	if err == nil && value == "" {
		err = errors.New("it is empty")
	}
	if err == nil {
		return value, nil
	}
	why, next := inWords(err)
	p := n.Problem(CodeSecret, "the secret cannot be read: "+why, next)
	if l.options.Lenient {
		l.c.Warnings = append(l.c.Warnings, p)
		l.unread++
		return "", nil
	}
	return "", diag.Problems{p}
}

func (l *loader) fromEnv(name string) (string, error) {
	value := l.options.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("the environment variable %s is not set", name)
	}
	return value, nil
}

func (l *loader) fromCredential(name string) (string, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, `/\`) {
		return "", fmt.Errorf("%q cannot be the name of a credential", name)
	}
	dir := l.options.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", fmt.Errorf("there are no credentials here: CREDENTIALS_DIRECTORY is not set (systemd sets it by LoadCredential=%s:PATH)", name)
	}
	if !filepath.IsAbs(dir) {
		return "", errors.New("CREDENTIALS_DIRECTORY is no absolute path")
	}
	value, _, err := readSecret(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) { // the unit hands over a whole folder, whose files systemd names so
		if of, _, err := readSecret(filepath.Join(dir, "inbasket_"+name)); err == nil {
			return of, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("credential %s: %s", name, reason(err))
	}
	return value, nil
}

func (l *loader) fromFile(n *diag.Node, name string, guarded bool) (string, error) {
	path := l.c.Abs(name)
	value, info, err := readSecret(path)
	if err != nil {
		return "", fmt.Errorf("%s: %s", name, reason(err))
	}
	if !guarded {
		return value, nil
	}
	if why, cure := exposed(path, info); why != "" {
		l.add(n.Problem(CodeSecretMode, why, cure))
	}
	return value, nil
}

// inWords returns what an error says and what to do about it. Errors of package secret hold no secret.
func inWords(err error) (why, next string) {
	var coded *connectors.Error
	if errors.As(err, &coded) && coded.Err != nil {
		return coded.Op + ": " + reason(coded.Err), coded.Hint
	}
	return err.Error(), ""
}

// readSecret reads a regular file without its last line ending.
func readSecret(path string) (string, fs.FileInfo, error) {
	info, err := os.Stat(path) // before Open, which would wait for the writer of a pipe
	if err != nil {
		return "", nil, err
	}
	if !info.Mode().IsRegular() {
		return "", nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil { // of what is read, not of what took its place
		return "", nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, secret.MaxSize+1))
	if err != nil {
		return "", nil, err
	}
	if len(b) > secret.MaxSize {
		return "", nil, errors.New("larger than 64 KiB")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), info, nil
}

var tokenHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// token reads the hash of a front office's token. It is no secret, but the token itself would be.
func (l *loader) token(n *diag.Node) (string, bool) {
	text := n.Text
	if reference.MatchString(text) {
		value, problems := l.resolve(n, false)
		l.add(problems...)
		if value == "" {
			return "", false
		}
		text = value
	}
	text = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "sha256:")
	if tokenHash.MatchString(text) {
		return text, true
	}
	l.literals = append(l.literals, n.Text)
	l.add(n.Problem(CodeToken, "this is not the SHA-256 of a token (64 hexadecimal digits)", "make a token and its hash by: inbasket token new OFFICE"))
	return "", false
}

// held is a secret of a connector and the reference that gave it.
type held struct {
	at    *diag.Node
	value connectors.Secret
}

// holder is the key of a connector in a section.
func holder(role connectors.Role, name string) string { return string(role) + " " + name }

// anew reads a reference as a load would do now.
func (l *loader) anew(n *diag.Node) (string, error) {
	again := &loader{options: Options{Getenv: l.options.Getenv}, c: &Config{Dir: l.c.Dir, file: l.c.file}}
	again.vault = newVault(again)
	value, problems := again.resolve(n, false)
	return value, problems.Err()
}

// reader returns what reads secrets of one connector again. It knows references by the values that they gave, also
// those that it has read itself.
func (c *Config) reader(holder string) func(connectors.Secret) (connectors.Secret, error) {
	if c.held == nil { // not loaded from a file
		return nil
	}
	var mu sync.Mutex
	known := map[connectors.Secret][]*diag.Node{}
	for _, h := range c.held(holder) {
		known[h.value] = append(known[h.value], h.at)
	}
	return func(old connectors.Secret) (connectors.Secret, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, n := range known[old] {
			value, err := c.resolve(n)
			if err != nil {
				return "", err
			}
			if now := connectors.Secret(value); now != old {
				known[now] = append(known[now], n)
				return now, nil
			}
		}
		return old, nil
	}
}
