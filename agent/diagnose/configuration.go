package diagnose

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors"
)

// spoken are the keys of configurations whose texts are words of the program, or of time. All other texts only say
// that they are set.
func spoken(key string) bool {
	switch key {
	case "level", "format", "mode", "verify", "encoding", "zone", "at":
		return true
	}
	return false
}

// hosts are the keys that name another machine: they get an alias, so that equal ones are seen.
func hosts(key string) bool {
	switch key {
	case "host", "address", "url", "server", "server-name", "proxy":
		return true
	}
	return false
}

// configOf copies the structure of a configuration.
func configOf(s Source, a *aliases) object {
	c := s.Config
	if c == nil {
		return nil
	}
	m := masker{a}
	o := object{"state": "(set)", "log": m.value(reflect.ValueOf(c.Log)), "monitor": c.Monitor != "", "control": object{"group": c.Control.Group != ""},
		"retention": m.value(reflect.ValueOf(c.Retention)), "files": len(c.Files), "warnings": codesOf(c)}
	if l := c.Listen; l != nil {
		o["listen"] = object{"tls": l.TLS != nil, "maxBody": l.MaxBody}
	}
	connector := func(d connectors.Definition, config any) object {
		return object{"type": typeOf(d), "settings": m.value(reflect.ValueOf(config))}
	}
	parts := object{}
	for _, x := range c.Inbaskets {
		parts[a.of(inbasket, x.Name)] = connector(x.Definition, x.Config)
	}
	o["inbaskets"], parts = parts, object{}
	for _, x := range c.Targets {
		one := connector(x.Definition, x.Config)
		one["options"] = m.value(reflect.ValueOf(x.TargetOptions))
		parts[a.of(target, x.Name)] = one
	}
	o["targets"], parts = parts, object{}
	for _, x := range c.Results {
		parts[a.of(source, x.Name)] = connector(x.Definition, x.Config)
	}
	o["results"], parts = parts, object{}
	for _, x := range c.FrontOffices {
		one := object{"tokens": len(x.Tokens)}
		if x.Push != nil {
			one["push"] = connector(x.Push.Definition, x.Push.Config)
		}
		parts[a.of(office, x.Name)] = one
	}
	o["frontOffices"], parts = parts, object{}
	for _, x := range c.Routes {
		parts[a.of(route, x.Name)] = m.route(x)
	}
	o["routes"] = parts
	return o
}

func codesOf(c *config.Config) (codes []string) {
	for _, w := range c.Warnings {
		codes = append(codes, code(w.Code))
	}
	return codes
}

// masker copies values so that only what is allowed stays.
type masker struct{ *aliases }

func (m masker) route(r config.Route) object {
	from := []string{}
	for _, name := range r.From {
		from = append(from, m.of(inbasket, name))
	}
	return object{"from": from, "frontOffice": m.of(office, r.FrontOffice), "match": r.Match != "", "decideWithin": r.DecideWithin.String()}
}

// value copies a configuration struct by its yaml keys.
func (m masker) value(v reflect.Value) any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return "(set)"
	}
	out := object{}
	m.fields(v, out)
	return out
}

func (m masker) fields(v reflect.Value, out object) {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		key, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		switch {
		case strings.Contains(options, "inline") && v.Field(i).Kind() == reflect.Struct:
			m.fields(v.Field(i), out)
		case !sf.IsExported() || key == "" || key == "-":
		default:
			if x := m.field(key, v.Field(i)); x != nil {
				out[key] = x
			}
		}
	}
}

// field copies one value; nil leaves it out.
func (m masker) field(key string, v reflect.Value) any {
	if v.Type() == reflect.TypeFor[connectors.Secret]() {
		if v.IsZero() {
			return nil
		}
		return "(secret)"
	}
	switch d := v.Interface().(type) {
	case time.Duration:
		return d.String()
	case config.Period:
		if d.Forever {
			return "forever"
		}
		return d.Duration.String()
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.String:
		return m.text(key, v.String())
	case reflect.Struct, reflect.Pointer, reflect.Interface:
		if v.Kind() != reflect.Struct && v.IsNil() {
			return nil
		}
		return m.value(v)
	case reflect.Slice, reflect.Map:
		return m.list(key, v)
	}
	return "(set)"
}

func (m masker) text(key, s string) any {
	switch {
	case s == "":
		return nil
	case spoken(key):
		return plain(s)
	case hosts(key):
		return m.of(host, s)
	}
	return "(set)"
}

func (m masker) list(key string, v reflect.Value) any {
	if v.Len() == 0 {
		return nil
	}
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.String || !spoken(key) {
		return fmt.Sprintf("(%d set)", v.Len())
	}
	var out []any
	for i := range v.Len() {
		out = append(out, m.text(key, v.Index(i).String()))
	}
	return out
}
