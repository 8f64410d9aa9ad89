package installer

import (
	"iter"
	"strings"
)

// UnitSettings are the settings in the section [Service] of a unit and its drop-ins, in their order.
func UnitSettings(text string) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		section, pending := "", ""
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
				continue
			}
			if part, more := strings.CutSuffix(line, `\`); more {
				pending += part + " "
				continue
			}
			line, pending = pending+line, ""
			if strings.HasPrefix(line, "[") {
				section = line
			}
			key, value, ok := strings.Cut(line, "=")
			if ok && section == "[Service]" && !yield(strings.TrimSpace(key), strings.TrimSpace(value)) {
				return
			}
		}
	}
}
