package installer

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// packagedUnit is the unit as packages install it; every other one is made of it.
//
//go:embed inbasket.service
var packagedUnit string

// Paths that the packaged unit names.
const (
	packagedProgram = "/usr/bin/inbasket"
	packagedConfig  = "/etc/inbasket/inbasket.yaml"
	stateParent     = "/var/lib"
)

// ownMark is the first line of a unit or script that is ours: nothing else is overwritten or removed.
const ownMark = `# Written by "inbasket service install".`

// unitText returns the unit of an instance.
func unitText(i Instance) string {
	service := i.Service()
	var b strings.Builder
	fmt.Fprintf(&b, "%s A second install writes it anew:\n# what is to be different goes into a drop-in, by: systemctl edit %s\n", ownMark, service)
	body := packagedUnit[strings.Index(packagedUnit, "[Unit]"):]
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		key, value, isSetting := strings.Cut(line, "=")
		if isSetting && !strings.HasPrefix(line, "#") {
			line = unitLine(i, key, value)
		}
		if line == "" && isSetting {
			continue
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// unitLine returns a setting as this instance needs it; empty: not at all.
func unitLine(i Instance, key, value string) string {
	service := i.Service()
	switch {
	case key == "Description" && i.Name != "" && service != DefaultName:
		value += " (" + i.Name + ")"
	case strings.HasPrefix(key, "Exec"):
		value = command(value, i)
	case key == "User":
		value = i.account()
	case key == "Group" && i.account() != DefaultName:
		return "" // the account's own first group
	case key == "WorkingDirectory":
		value = specifiers(filepath.Join(stateParent, service))
	case key == "StateDirectory", key == "SyslogIdentifier", key == "RuntimeDirectory", key == "CacheDirectory", key == "LogsDirectory":
		value = strings.ReplaceAll(value, DefaultName, service)
	case key == "LoadCredential" && i.oneByOne:
		return "" // the drop-in names each
	case key == "LoadCredential":
		id, _, _ := strings.Cut(value, ":")
		value = id + ":" + specifiers(CredentialFolder(i.Config))
	}
	return key + "=" + value
}

// command replaces the packaged program and configuration in a command line.
func command(line string, i Instance) string {
	words := strings.Fields(line)
	for n, word := range words {
		switch word {
		case packagedProgram:
			words[n] = quote(i.Program)
		case packagedConfig:
			words[n] = strings.ReplaceAll(quote(i.Config), "$", "$$")
		}
	}
	return strings.Join(words, " ")
}

func (i Instance) account() string {
	if i.Account == "" {
		return DefaultName
	}
	return i.Account
}

// quote returns a path as one word of a setting: unit files split at spaces, know escapes, and expand %.
func quote(path string) string {
	plain := !strings.ContainsAny(path, " \t\"'\\;:")
	path = specifiers(path)
	if plain {
		return path
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path) + `"`
}

// specifiers keeps a percent sign from being expanded.
func specifiers(path string) string { return strings.ReplaceAll(path, "%", "%%") }

// splitWords splits a setting's value as the service manager does, and undoes quote.
func splitWords(value string) []string {
	var out []string
	var word strings.Builder
	var quoted byte
	inWord := false
	for n := 0; n < len(value); n++ {
		switch c := value[n]; {
		case c == '\\' && n+1 < len(value):
			n++
			word.WriteByte(value[n])
			inWord = true
		case quoted != 0 && c == quoted:
			quoted = 0
		case quoted == 0 && (c == '"' || c == '\''):
			quoted, inWord = c, true
		case quoted == 0 && (c == ' ' || c == '\t'):
			if inWord {
				out = append(out, word.String())
				word.Reset()
				inWord = false
			}
		case c == '%' && n+1 < len(value) && value[n+1] == '%':
			n++
			word.WriteByte('%')
			inWord = true
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		out = append(out, word.String())
	}
	return out
}

// definition is what a unit says about the instance that it runs.
type definition struct{ program, config, account string }

// readUnit finds program, configuration and account in a unit.
func readUnit(text string) (d definition) {
	for key, value := range UnitSettings(text) {
		switch words := splitWords(value); {
		case key == "User":
			d.account = value
		case key == "ExecStart" && len(words) > 0:
			d.program = words[0]
			if n := slices.IndexFunc(words, func(w string) bool { return w == "--config" || w == "-c" }) + 1; n > 0 && n < len(words) {
				d.config = strings.ReplaceAll(words[n], "$$", "$")
			}
		}
	}
	if d.program != "" && d.account == "" {
		d.account = "root"
	}
	return d
}
