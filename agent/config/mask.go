package config

import (
	"regexp"
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
	dark := func(s string) {
		for _, r := range s {
			if !strings.ContainsRune(` "'[,`, r) {
				r = '*'
			}
			out.WriteRune(r)
		}
	}
	at := 0
	for _, m := range harmless.FindAllStringIndex(value, -1) {
		dark(value[at:m[0]])
		out.WriteString(value[m[0]:m[1]])
		at = m[1]
	}
	dark(value[at:])
	return out.String()
}

func stars(s string) string { return strings.Repeat("*", utf8.RuneCountInString(s)) }
