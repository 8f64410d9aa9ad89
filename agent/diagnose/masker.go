package diagnose

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

type object = map[string]any

// masker copies values so that only what is allowed stays: figures, times, switches, and words that have a type of their own. What
// becomes of a text is said by texts for the field that holds it; in configurations by words and hosts for its key, or it only says that it is set.
type masker struct{ *aliases }

// words are the keys of configurations whose texts are words of the program, or of time.
var words = []string{"level", "format", "mode", "verify", "encoding", "zone", "at"}

// hosts are the keys that name another machine: they get an alias, so that equal ones are seen.
var hosts = []string{"host", "address", "url", "server", "server-name", "proxy"}

var texts = map[string]func(*aliases, string) string{
	"Trouble.Code": coded, "WaitingItem.Code": coded, "Notice.Code": coded, "Finding.Code": coded, "Trail.Code": coded, "Problem.Code": coded,
	"Status.Version": worded, "SourceStatus.Type": worded, "TargetStatus.Type": worded, "TargetStatus.Circuit": worded, "TargetStatus.Guarantee": worded,
	"OfficeStatus.Push": worded, "Finding.Area": worded, "Disk.Network": worded, "Service.Manager": worded, "Service.Detail": worded,
	"TargetStatus.Name": named(target), "OfficeStatus.Name": named(office), "FrontOffice.Name": named(office), "Route.FrontOffice": named(office),
	"RouteSummary.Route": named(route), "Route.Name": named(route), "Plan.Name": planned, "SourceStatus.Name": taken, "Connector.Name": (*aliases).any,
	"TargetSummary.Target": named(target), "Examination.Version": worded, "Route.From": (*aliases).any, "Trail.Target": (*aliases).any, "Finding.Subject": subject, "Trail.What": what, "Service.Account": account,
	"Inspection.Damage": said, "Service.Definition": said, "Status.Monitor": said, "Status.FrontOffice": said, "Config.Monitor": said,
}

func coded(_ *aliases, s string) string  { return code(s) }
func worded(_ *aliases, s string) string { return plain(s) }
func said(*aliases, string) string       { return "(set)" }

func named(kind string) func(*aliases, string) string {
	return func(a *aliases, s string) string { return a.of(kind, s) }
}

// planned lets a mapping's name be told like the configured ones.
func planned(a *aliases, s string) string {
	a.own[s] = true
	return a.of(plan, s)
}

// taken is a source of forms or of results.
func taken(a *aliases, s string) string {
	if alias := a.any(s); alias != "other" {
		return alias
	}
	return a.of(source, s)
}

// subject begins with a name, such as "permits done".
func subject(a *aliases, s string) string {
	first, _, _ := strings.Cut(s, " ")
	return a.any(first)
}

// what a line of the history is about; its words are those of the program.
func what(_ *aliases, s string) string {
	if len(s) > 30 || strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && r != ' ' }) {
		return "other"
	}
	return s
}

// account says only whether it is the usual one.
func account(_ *aliases, s string) string {
	if s == "inbasket" || s == "root" {
		return s
	}
	return "another"
}

// value copies a value; nil leaves it out. field is the type and the field that hold it, key is what the configuration file calls it.
func (m masker) value(v reflect.Value, field, key string) any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case connectors.Secret:
		if x == "" {
			return nil
		}
		return "(secret)"
	case connectors.Digest:
		return hex.EncodeToString(x[:])
	case connectors.Definition:
		return strings.ToLower(x.Type)
	case journal.ID:
		return x.String()
	case time.Duration:
		return x.String()
	case time.Time:
		if x.IsZero() {
			return nil
		}
		return x
	case config.Period:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16,
		reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return v.Interface()
	case reflect.String:
		return m.text(v, field, key)
	case reflect.Struct:
		out := object{}
		m.fields(v, out)
		return out
	case reflect.Slice, reflect.Map:
		return m.list(v, field, key)
	case reflect.Func:
		return nil
	}
	return "(set)"
}

func (m masker) fields(v reflect.Value, out object) {
	t := v.Type()
	fromFile := false
	for i := range t.NumField() {
		_, tagged := t.Field(i).Tag.Lookup("yaml")
		fromFile = fromFile || tagged
	}
	for i := range t.NumField() {
		sf := t.Field(i)
		key, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		name := key
		if !fromFile {
			name = strings.ToLower(sf.Name[:1]) + sf.Name[1:]
			if tag, _, _ := strings.Cut(sf.Tag.Get("json"), ","); tag != "" && tag != "-" {
				name = tag
			}
		}
		switch {
		case (sf.Anonymous || strings.Contains(options, "inline")) && v.Field(i).Kind() == reflect.Struct:
			m.fields(v.Field(i), out)
		case !sf.IsExported() || name == "" || name == "-":
		default:
			if x := m.value(v.Field(i), t.Name()+"."+sf.Name, key); x != nil {
				out[name] = x
			}
		}
	}
}

func (m masker) text(v reflect.Value, field, key string) any {
	s := v.String()
	rule := texts[field]
	switch {
	case s == "":
		return nil
	case rule != nil:
		return rule(m.aliases, s)
	case v.Type().PkgPath() != "" || slices.Contains(words, key):
		return plain(s)
	case slices.Contains(hosts, key):
		return m.of(host, s)
	case key == "":
		return nil
	}
	return "(set)"
}

// list copies lists of what has fields or a rule, and counts by words; of other lists and maps it says how long they are.
func (m masker) list(v reflect.Value, field, key string) any {
	element := v.Type().Elem()
	switch {
	case v.Len() == 0:
		return nil
	case v.Kind() == reflect.Map && v.Type().Key().PkgPath() != "" && element.Kind() == reflect.Int64:
		out := object{}
		for _, k := range v.MapKeys() {
			out[plain(k.String())] = v.MapIndex(k).Int()
		}
		return out
	case v.Kind() == reflect.Slice && (element.Kind() == reflect.Struct || element.Kind() == reflect.String && (texts[field] != nil || slices.Contains(words, key))):
		var out []any
		for i := range v.Len() {
			out = append(out, m.value(v.Index(i), field, key))
		}
		return out
	}
	return fmt.Sprintf("(%d set)", v.Len())
}
