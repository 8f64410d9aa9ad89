package installer

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hidden are the folders of the machine that the unit keeps from the service: what lies in them must be put
// into its view, not only be opened.
var hidden = []string{"/home", "/root", "/run/user", "/tmp", "/var/tmp"}

// homes are those of them that ProtectHome closes.
var homes = hidden[:3]

// setting is one line of a drop-in.
type setting struct{ key, value string }

func (s setting) String() string { return s.key + "=" + s.value }

// openings returns the settings that open the folders of an instance, one path a line, so that a missing line
// can be named. A leading dash lets the service start while a folder is missing: only its target is down then.
func openings(i Instance) []setting {
	own := filepath.Join(stateParent, i.Service())
	writable := slices.Clone(i.Writable)
	if i.State != "" {
		writable = append(writable, i.State)
	}
	var out []setting
	home := false
	add := func(key, path string) { out = append(out, setting{key, quote("-" + path)}) }
	covers := func(dirs []string, path string) bool {
		return slices.ContainsFunc(dirs, func(dir string) bool { return inside(path, dir) })
	}
	writable = outermost(writable)
	for _, p := range writable {
		switch {
		case inside(p, own):
		case covers(hidden, p):
			add("BindPaths", p)
			home = home || covers(homes, p)
		default:
			add("ReadWritePaths", p)
		}
	}
	for _, p := range outermost(append(slices.Clone(i.Readable), i.Program, i.Config)) {
		if covers(hidden, p) && !covers(writable, p) {
			add("BindReadOnlyPaths", p)
			home = home || covers(homes, p)
		}
	}
	if home {
		out = append([]setting{{"ProtectHome", "tmpfs"}}, out...)
	}
	if i.oneByOne {
		for _, name := range slices.Sorted(maps.Keys(i.Credentials)) {
			out = append(out, setting{"LoadCredential", specifiers(name + ":" + i.Credentials[name])})
		}
	}
	return out
}

// resolve replaces links in the folders of an instance by what they lead to: the service is let through to folders,
// not to names. A folder that is hidden keeps the name that it is hidden by.
func (h *host) resolve(i Instance) Instance {
	i.oneByOne = h.old
	i.Writable, i.Readable = slices.Clone(i.Writable), slices.Clone(i.Readable)
	for n, p := range i.Writable {
		i.Writable[n] = h.real(p)
	}
	for n, p := range i.Readable {
		i.Readable[n] = h.real(p)
	}
	if i.State != "" {
		i.State = h.real(i.State)
	}
	return i
}

func (h *host) real(path string) string {
	path = h.follow(path)
	for _, dir := range hidden {
		if real := h.follow(dir); real != dir && inside(path, real) {
			rest, _ := filepath.Rel(real, path)
			return filepath.Join(dir, rest)
		}
	}
	return path
}

// follow returns where a path leads to, as far as it is there.
func (h *host) follow(path string) string {
	rest := ""
	for p := path; ; p = filepath.Dir(p) {
		real, err := filepath.EvalSymlinks(h.path(p))
		if err == nil {
			below, err := filepath.Rel(h.path("/"), real)
			if err != nil || !filepath.IsLocal(below) {
				return path
			}
			return filepath.Join("/", below, rest)
		}
		if p == filepath.Dir(p) {
			return path
		}
		rest = filepath.Join(filepath.Base(p), rest)
	}
}

// dropInName sorts before what a sysadmin writes by systemctl edit.
const dropInName = "50-inbasket-paths.conf"

// dropInText returns the drop-in of an instance; empty: none is needed.
func dropInText(i Instance) string {
	lines := openings(i)
	if len(lines) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("# Written by \"inbasket service\": the folders that " + oneLine(i.Config) + " names.\n" +
		"# After a change of it: inbasket service drop-in --write" + nameFlag(i.Name) + "\n[Service]\n")
	for _, s := range lines {
		b.WriteString(s.String() + "\n")
	}
	return b.String()
}

// oneLine keeps a path with a line break from ending a comment.
func oneLine(path string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(path) }

// missing compares the settings that an instance needs with the texts of its unit and drop-ins. Stale are
// those of ours, the text own, that nothing needs any more.
func missing(i Instance, texts []string, own string) (lack, stale []setting) {
	need := openings(i)
	have := map[setting]bool{}
	for _, text := range texts {
		for _, s := range settings(text) {
			have[s] = true
		}
	}
	for _, s := range need {
		if !have[s] && !wider(s, have) {
			lack = append(lack, s)
		}
	}
	for _, s := range settings(own) {
		if !slices.Contains(need, s) {
			stale = append(stale, s)
		}
	}
	return lack, stale
}

// wider tells whether a folder above the path of s is open.
func wider(s setting, have map[setting]bool) bool {
	if s.key == "ProtectHome" {
		return have[setting{"ProtectHome", "no"}]
	}
	if s.key == "LoadCredential" { // the sysadmin may keep it elsewhere
		name, _, _ := strings.Cut(s.value, ":")
		for h := range have {
			if h.key == s.key && strings.HasPrefix(h.value, name+":") {
				return true
			}
		}
		return false
	}
	path := strings.TrimPrefix(splitWords(s.value)[0], "-")
	for h := range have {
		if h.key != s.key && !(s.key == "BindReadOnlyPaths" && h.key == "BindPaths") {
			continue
		}
		if inside(path, strings.TrimPrefix(splitWords(h.value)[0], "-")) {
			return true
		}
	}
	return false
}

// settings returns the lines of a drop-in or unit that open paths, one path each.
func settings(text string) []setting {
	var out []setting
	for key, value := range UnitSettings(text) {
		switch key {
		case "ProtectHome", "LoadCredential":
			out = append(out, setting{key, value})
		case "ReadWritePaths", "BindPaths", "BindReadOnlyPaths":
			for _, word := range splitWords(value) {
				out = append(out, setting{key, quote(word)})
			}
		}
	}
	return out
}

// dropIns returns the texts of a service's drop-ins, and ours of them. What cannot be read systemd will complain of.
func (m *systemd) dropIns(service string) (texts []string, own string) {
	files, _ := filepath.Glob(m.h.path(filepath.Join(dropInDir(service), "*.conf")))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		texts = append(texts, string(b))
		if filepath.Base(f) == dropInName {
			own = string(b)
		}
	}
	return texts, own
}

// environment returns what the drop-ins of a service add to its environment: a configuration may take secrets from
// there, and is checked before systemd could tell.
func (m *systemd) environment(service string) (out []string) {
	texts, _ := m.dropIns(service)
	for _, text := range texts {
		for key, value := range UnitSettings(text) {
			switch key {
			case "Environment":
				out = append(out, splitWords(value)...)
			case "EnvironmentFile":
				out = append(out, m.variables(strings.TrimPrefix(value, "-"))...)
			}
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return !strings.Contains(s, "=") })
}

// variables reads a file of NAME=value lines.
func (m *systemd) variables(path string) []string {
	var out []string
	text, _ := m.h.read(path)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		out = append(out, name+"="+value)
	}
	return out
}
