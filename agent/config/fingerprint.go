package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// pointing are the keys of connectors that say which system is meant, rather than how it is spoken to.
var pointing = map[string]bool{
	"address": true, "host": true, "port": true, "server": true, "url": true, "dsn": true, "database": true,
	"schema": true, "service": true, "path": true, "dir": true, "folder": true, "file": true, "ledger-table": true,
}

// fingerprint is equal for two configurations that point to the same system. It is short and holds no
// secret: logins and passwords change without the system being another.
func fingerprint(typ string, config any) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", typ)
	hashFields(reflect.ValueOf(config), func(key string, v any) { fmt.Fprintf(h, "%s=%v\n", key, v) })
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func hashFields(v reflect.Value, put func(key string, v any)) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		switch {
		case !sf.IsExported() || sf.Type == reflect.TypeFor[connectors.Secret]():
		case strings.Contains(options, "inline"):
			hashFields(v.Field(i), put)
		case pointing[name] && sf.Type.Kind() == reflect.String:
			put(name, anonymous(v.Field(i).String()))
		case pointing[name]:
			put(name, v.Field(i).Interface())
		}
	}
}

var login = regexp.MustCompile(`(?i)\b(user|user id|uid|password|passwd|pwd)\s*=\s*('[^']*'|[^\s;&]*)`)

// anonymous removes login and password from a connection string.
func anonymous(s string) string {
	if u, err := url.Parse(s); err == nil && u.Host != "" && u.User != nil {
		u.User = nil
		s = u.String()
	}
	return strings.TrimSpace(login.ReplaceAllString(s, ""))
}
