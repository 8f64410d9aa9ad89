package config

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Reference writes the reference of the configuration file as Markdown, from the same structs that read it.
func Reference(w io.Writer, reg connectors.Registry) {
	doc := defaultDocument()
	fmt.Fprint(w, referenceHead)
	fields(w, "", reflect.ValueOf(doc), 0)
	section(w, "listen", "", reflect.ValueOf(DefaultListen()))
	fmt.Fprintf(w, "\n## monitor\n\nAn address (`monitor: %s`), or `off`. It serves `/healthz`, `/readyz` and `/metrics`.\n", DefaultMonitor)
	section(w, "log", "", reflect.ValueOf(DefaultLog()))
	section(w, "control", "", reflect.ValueOf(Control{}))
	types(w, reg, connectors.RoleInbasket, "Each entry has a name and the block of exactly one connector.", nil)
	types(w, reg, connectors.RoleTarget, "Each entry has a name, the block of exactly one connector, and these keys:", DefaultTarget())
	types(w, reg, connectors.RoleResults, "Each entry has a name and the block of exactly one connector. A mapping's `answer.from` names the entry.", nil)
	types(w, reg, connectors.RoleFrontOffice, "Each entry has a name and, for push, the block of one connector; and these keys:", office{})
	section(w, "routes", "Each entry has a name and these keys:", reflect.ValueOf(route{}))
}

const referenceHead = `# The configuration file

<!-- Made by "go generate ./agent/cmd/inbasket"; do not edit. -->

One YAML file, read strictly: an unknown key is an error. Relative paths start at the file's folder. Entries of
` + "`inbaskets`, `targets`, `results`, `front-offices` and `routes`" + ` may also stand in files ` + "`conf.d/*.yaml`" + ` beside it.
Durations are written ` + "`90s`, `24h`, `30d`; sizes `500kB`, `8MiB`" + `. Secrets are given by reference only:
` + "`${credential:NAME}`" + ` (systemd's LoadCredential), ` + "`${dpapi:NAME}`" + ` (sealed by Windows), ` + "`${age:NAME}`" + ` (in the age
file of ` + "`secrets.age`), `${file:PATH}`, `${env:NAME}`" + `.

`

func section(w io.Writer, name, text string, v reflect.Value) {
	fmt.Fprintf(w, "\n## %s\n\n", name)
	if text != "" {
		fmt.Fprintf(w, "%s\n\n", text)
	}
	fields(w, "", v, 0)
}

func types(w io.Writer, reg connectors.Registry, role connectors.Role, text string, common any) {
	fmt.Fprintf(w, "\n## %s\n\n%s\n", role, text)
	if common != nil {
		fmt.Fprintln(w)
		fields(w, "", reflect.ValueOf(common), 0)
	}
	for _, d := range reg {
		if d.Role == role {
			fmt.Fprintf(w, "\n### %s: %s\n\n%s\n\n", role, d.Type, sentence(d.Summary))
			fields(w, "", reflect.ValueOf(d.Defaults()), 0)
		}
	}
}

// fields writes one line for each key, those of blocks below theirs.
func fields(w io.Writer, prefix string, v reflect.Value, depth int) {
	v = structOf(v)
	if !v.IsValid() || depth > 4 {
		return
	}
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		if strings.Contains(options, "inline") {
			fields(w, prefix, v.Field(i), depth)
			continue
		}
		if !sf.IsExported() || name == "" || name == "-" {
			continue
		}
		fmt.Fprintf(w, "- `%s%s`%s: %s%s\n", prefix, name, kindOf(sf.Type, options), strings.TrimSuffix(sf.Tag.Get("doc"), "."), defaultOf(v.Field(i), options))
		if inner := structOf(v.Field(i)); inner.IsValid() && prefix+name != "listen" && prefix+name != "monitor" && !(prefix == "" && (name == "log" || name == "control") && v.Type() == reflect.TypeFor[document]()) {
			fields(w, prefix+name+".", v.Field(i), depth+1)
		}
	}
}

// structOf returns the struct that a value is, points to, or could point to.
func structOf(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v = reflect.New(v.Type().Elem())
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return v
}

func kindOf(t reflect.Type, options string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	kind := ""
	switch {
	case t == reflect.TypeFor[connectors.Secret]():
		kind = "secret"
	case t == reflect.TypeFor[time.Duration]():
		kind = "duration"
	case t.Kind() == reflect.String:
		kind = "text"
	case t.Kind() == reflect.Bool:
		kind = "true or false"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		kind = "number"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		kind = "list of texts"
	}
	if strings.Contains(options, "one") {
		kind = "text or list of texts"
	}
	if strings.Contains(options, "required") {
		kind = strings.TrimPrefix(kind+", required", ", ")
	}
	if kind == "" {
		return ""
	}
	return " (" + kind + ")"
}

func defaultOf(v reflect.Value, options string) string {
	if v.IsZero() || strings.Contains(options, "required") {
		return ""
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return fmt.Sprintf("; default `%s`", short(x))
	case string, bool, int, int64, float64:
		return fmt.Sprintf("; default `%v`", x)
	case []string:
		b, err := json.Marshal(x)
		if err != nil {
			return ""
		}
		return fmt.Sprintf("; default `%s`", b)
	}
	return ""
}

// sentence gives a summary its capital letter and full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// short prints 5m0s as 5m and 24h0m0s as 24h.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
