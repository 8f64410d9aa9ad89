package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/diag"
)

// Where a password stands within a longer text. Masking hides what only might be one; a warning is for what is one.
var (
	assigned   = regexp.MustCompile(`(?i)(?:^|[\s;&?,"'(])([a-z0-9_ -]*?[a-z0-9_-]+)\s*=\s*('[^']*'|"[^"]*"|[^\s;&"',)}]+)`)
	ofAddress  = regexp.MustCompile(`//[^\s/:@"']*:([^\s/"']+)@`)
	ofDriver   = regexp.MustCompile(`^[^\s/:@"']+[:/]([^\s"'/][^\s"']*)@[^\s"'@]+$`)
	addressKey = regexp.MustCompile(`(?i)dsn|conn|ur[il]|address|host`)
	noSecret   = regexp.MustCompile(`(?i)^(?:|true|false|yes|no|on|off|none|required|optional|[0-9]|[?:@$%{<].*|[a-z_]+=.*|\*+|x+)$`)
	secretWord = []string{"password", "passwd", "passwort", "passphrase", "pass", "pwd", "secret", "token", "apikey", "accesskey"}
)

// secretIn tells whether a password is written out within the value of a key, such as a connection string or an address.
func secretIn(key, text string) bool {
	for _, m := range assigned.FindAllStringSubmatch(text, -1) {
		if namesSecret(m[1]) && written(strings.Trim(m[2], `'"`)) {
			return true
		}
	}
	if m := ofAddress.FindStringSubmatch(text); m != nil && written(m[1]) {
		return true
	}
	m := ofDriver.FindStringSubmatch(text)
	return m != nil && addressKey.MatchString(key) && !strings.HasPrefix(text, "mailto:") && written(m[1])
}

// namesSecret tells whether the last word of a name is one for a secret: password, ssl_password, sslpassword; not
// bypass, passive or password_encryption.
func namesSecret(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	return slices.Contains(secretWord, last) || len(words) > 1 && slices.Contains(secretWord, words[len(words)-2]+last) ||
		strings.HasSuffix(last, "password") || strings.HasSuffix(last, "passwd") || strings.HasSuffix(last, "secret")
}

// written tells whether a value is a secret itself: not a reference, a placeholder, a word or nothing.
func written(value string) bool {
	return !noSecret.MatchString(value) && strings.ContainsRune(hide(value), '*')
}

// warnOfSecrets tells of passwords within connection strings and addresses, which a reference cannot replace.
func (l *loader) warnOfSecrets(key string, n *diag.Node) {
	if n.Kind == diag.Text && secretIn(key, n.Text) {
		p := n.Problem(CodeSecretInside, "a password seems to be written out within this text", "give it by a key of its own, such as password: ${credential:NAME}, and change it, since it stood in a file")
		l.c.Warnings = append(l.c.Warnings, p)
	}
	for _, p := range n.Pairs {
		l.warnOfSecrets(p.Key, p.Value)
	}
	for _, item := range n.Items {
		l.warnOfSecrets(key, item)
	}
}
