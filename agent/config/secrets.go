package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/diag"
)

// reference is how a secret is given: by where it lies, never itself.
var reference = regexp.MustCompile(`^\$\{(env|file|credential):([^}]*)\}$`)

const howToRefer = "write ${env:NAME}, ${file:PATH} or ${credential:NAME}"

// maxSecret bounds a file with a secret, in bytes.
const maxSecret = 64 << 10

// secret is the hook of diag for every connectors.Secret.
func (l *loader) secret(n *diag.Node) (string, diag.Problems) {
	if !reference.MatchString(n.Text) {
		l.literals = append(l.literals, n.Text)
		return "", diag.Problems{n.Problem(CodeSecret, "a secret is written out here", howToRefer+"; change the secret, since it stood in a file")}
	}
	return l.resolve(n, true)
}

// mask hides secrets that were written out from all source lines, for problems are printed and mailed.
func (l *loader) mask(problems diag.Problems) {
	for i := range problems {
		for _, secret := range l.literals {
			if secret != "" {
				stars := strings.Repeat("*", utf8.RuneCountInString(secret)) // as wide: the caret stays right
				problems[i].Source = strings.ReplaceAll(problems[i].Source, secret, stars)
			}
		}
	}
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
	default:
		value, err = l.fromCredential(name)
	}
	if err == nil && value == "" {
		err = errors.New("it is empty")
	}
	if err == nil {
		return value, nil
	}
	p := n.Problem(CodeSecret, "the secret cannot be read: "+err.Error(), "")
	if l.options.Lenient {
		l.c.Warnings = append(l.c.Warnings, p)
		l.dark++
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
	value, err := readSecret(filepath.Join(dir, name))
	if err != nil {
		return "", fmt.Errorf("credential %s: %s", name, reason(err))
	}
	return value, nil
}

func (l *loader) fromFile(n *diag.Node, name string, guarded bool) (string, error) {
	path := l.c.Abs(name)
	value, err := readSecret(path)
	if err != nil {
		return "", fmt.Errorf("%s: %s", name, reason(err))
	}
	if why, wide := exposed(path); guarded && wide {
		l.add(n.Problem(CodeSecretMode, "the file of this secret "+why, "chmod 600 "+path))
	}
	return value, nil
}

// readSecret reads a regular file without its last line ending.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxSecret {
		return "", errors.New("larger than 64 KiB")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
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
