package connectors

import (
	"regexp"
	"strings"
)

// Second is where a second statement begins in what is to be one; -1: nowhere. Blocks of procedural languages are one statement.
func Second(sql string) int {
	head := strings.TrimSpace(sql)
	for strings.HasPrefix(head, "--") || strings.HasPrefix(head, "/*") {
		head = strings.TrimSpace(head[Skip(head):])
	}
	if routine.MatchString(head) && !begins.MatchString(head) && blockEnd.MatchString(head) {
		return -1
	}
	ended := false
	for i := 0; i < len(sql); {
		n := Skip(sql[i:])
		if n == 0 {
			n = len(dollars(sql[i:]))
		}
		comment := strings.HasPrefix(sql[i:], "--") || strings.HasPrefix(sql[i:], "/*")
		switch {
		case sql[i] == ';':
			ended = true
		case ended && !comment && strings.TrimSpace(sql[i:i+1]) != "":
			return i
		}
		i += max(n, 1)
	}
	return -1
}

var (
	routine  = regexp.MustCompile(`(?is)^(?:<<\s*\w+\s*>>\s*)?(?:declare|begin|create\b.*?\b(?:trigger|procedure|function))\b`)
	begins   = regexp.MustCompile(`(?i)^begin\s*(?:;|transaction\b|work\b|deferred\b|immediate\b|exclusive\b)`)
	blockEnd = regexp.MustCompile(`(?is)\bend(?:\s+\w+)?\s*;?\s*/?\s*(?:(?:--[^\n]*|/\*.*?\*/)\s*)*$`)
	dollar   = regexp.MustCompile(`^\$(?:[A-Za-z_]\w*)?\$`)
)

// dollars is the text in dollars of PostgreSQL that a statement begins with, or "".
func dollars(s string) string {
	tag := dollar.FindString(s)
	if tag == "" {
		return ""
	}
	if end := strings.Index(s[len(tag):], tag); end >= 0 {
		return s[:end+2*len(tag)]
	}
	return s
}
