package config

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/diag"
)

// secretKey finds keys that sound like a secret's, also misspelt ones, and what is written behind them.
var secretKey = regexp.MustCompile(`(?i)([a-z0-9_-]*(?:pass|pasw|pwd|secret|token|credential|private)[a-z0-9_-]*["']?\s*:\s*)(\[[^\]]*|"[^"]*|'[^']*|[^\s\[\]{},#"'][^,}\]#]*)`)

// harmless are values that may be shown: references, and the hashes of tokens.
var harmless = regexp.MustCompile(`\$\{(?:env|file|credential|age|dpapi):[^}\s]*\}|\b(?i:sha256:)?[0-9a-fA-F]{64}\b`)

// secretLook finds secrets that can be told by their look: tokens and age keys.
var secretLook = regexp.MustCompile(`ibk_[A-Za-z0-9_]+|(?i:AGE-SECRET-KEY-[A-Z0-9-]+)`)

// secretInside finds passwords within connection strings and addresses: password=… and //user:…@host.
var secretInside = regexp.MustCompile(`(?i)([a-z0-9_-]*(?:pass|pasw|pwd|secret|token)[a-z0-9_-]*\s*=\s*)('[^']*'|[^\s;&"',}]+)|(//[^\s/:@"']*:|["' ][^\s/:@"']+[:/])([^\s"']+)(@)`)

// mask hides secrets that were written out from all source lines, for problems are printed and mailed.
func (l *loader) mask(problems diag.Problems) {
	for i := range problems {
		for _, secret := range l.literals {
			if secret != "" {
				problems[i].Source = strings.ReplaceAll(problems[i].Source, secret, stars(secret))
			}
		}
	}
	maskLooks(problems)
}

// maskLooks hides what looks like a secret, for files that could not be read far enough to tell.
func maskLooks(problems diag.Problems) {
	for i := range problems {
		s := secretLook.ReplaceAllStringFunc(problems[i].Source, stars)
		s = secretInside.ReplaceAllStringFunc(s, func(found string) string {
			m := secretInside.FindStringSubmatch(found)
			return m[1] + hide(m[2]) + m[3] + hide(m[4]) + m[5]
		})
		problems[i].Source = secretKey.ReplaceAllStringFunc(s, func(found string) string {
			m := secretKey.FindStringSubmatch(found)
			return m[1] + hide(m[2])
		})
	}
}

// hide puts stars in place of everything but what is harmless and the punctuation around it: the caret
// stays right.
func hide(value string) string {
	var out strings.Builder
	hidden := func(s string) {
		for _, r := range s {
			if !strings.ContainsRune(` "'[,`, r) {
				r = '*'
			}
			out.WriteRune(r)
		}
	}
	at := 0
	for _, m := range harmless.FindAllStringIndex(value, -1) {
		hidden(value[at:m[0]])
		out.WriteString(value[m[0]:m[1]])
		at = m[1]
	}
	hidden(value[at:])
	return out.String()
}

func stars(s string) string { return strings.Repeat("*", utf8.RuneCountInString(s)) }

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
