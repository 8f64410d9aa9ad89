package config

import (
	"encoding/json"
	"maps"
	"reflect"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// EditorSchema is the JSON Schema of the configuration file, for editors. What may stand in conf.d as well is not demanded.
func EditorSchema(reg connectors.Registry) ([]byte, error) {
	var e diag.Editor
	e.Own = func(t reflect.Type) diag.Object {
		switch t {
		case reflect.TypeFor[listen]():
			return e.Block(reflect.TypeFor[Listen]())
		case reflect.TypeFor[monitor]():
			return diag.Object{"anyOf": []any{diag.Object{"type": "string"}, e.Block(t)}}
		case reflect.TypeFor[Rate]():
			return diag.Object{"type": "string", "pattern": "^[0-9 ]+/ *(s|min|h)$"}
		case reflect.TypeFor[Period]():
			return diag.Object{"type": "string", "pattern": "^([0-9].*|forever)$"}
		}
		return nil
	}
	s := e.Block(reflect.TypeFor[document]())
	delete(s, "required")
	keys := s["properties"].(diag.Object)
	for key, x := range map[string]struct {
		role   connectors.Role
		common any // keys of an entry beside its connector's
	}{
		"inbaskets": {connectors.RoleInbasket, struct{}{}}, "targets": {connectors.RoleTarget, TargetOptions{}},
		"results": {connectors.RoleResults, struct{}{}}, "front-offices": {connectors.RoleFrontOffice, office{}},
	} {
		entry := e.Block(reflect.TypeOf(x.common))
		of := entry["properties"].(diag.Object)
		var types []any
		for _, d := range reg {
			if d.Role == x.role {
				block := maps.Clone(e.Schema(reflect.TypeOf(d.Defaults())))
				block["description"] = d.Summary
				of[d.Type] = block
				types = append(types, diag.Object{"required": []string{d.Type}})
			}
		}
		if x.role != connectors.RoleFrontOffice {
			entry["oneOf"] = types
		}
		section := keys[key].(diag.Object)
		section["type"], section["additionalProperties"] = []string{"object", "null"}, entry
	}
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", "Inbasket configuration"
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}
